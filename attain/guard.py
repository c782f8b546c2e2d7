"""Refuse to start when another package hides one of our rooms.

Our rooms have plain names (``api``, ``plugins``). A folder of that name in the working directory,
or a package of that name installed beside us, would be imported instead of ours without a word:
pay would then be computed by code that nobody reviewed.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROOMS = ("api", "actions", "plugins", "storage", "connectors", "messages", "domain")


class RoomHidden(ImportError):  # noqa: N818 - named after what is wrong, like Refused
    """Another package stands where one of ours should be."""


def refuse_hidden_rooms(home: Path) -> None:
    """Raise RoomHidden, naming the folder in the way, unless every room lies in ``home``."""
    for room in ROOMS:
        spec = find_spec(room)
        expected = home / room / "__init__.py"
        if spec is None:
            raise RoomHidden(f"Attain is not complete: {expected} cannot be imported.")
        places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
        if [Path(place).resolve() for place in places] != [expected.resolve()]:
            raise RoomHidden(
                f"Attain does not start: '{room}' would be imported from {', '.join(places)} "
                f"instead of {expected.parent}. Start it with the command 'attain', with "
                f"'python -P -m attain' or from another folder; if the other '{room}' is an "
                f"installed package, give Attain an environment of its own."
            )
