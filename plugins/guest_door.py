"""Where the process of a guest begins: our own rooms are found, whatever else may not be read.

Run as a file by the process host, behind its fence. A checkout of ours may hold a company's data:
its folder is not shown to a guest, so that Python cannot look for our rooms in it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

# What of ours a plug-in may import; nothing in these folders is anybody's.
ROOMS = ("attain", "connectors", "domain", "messages", "plugins")


class Shown:
    """Finds modules by the files that are named, and no others."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module at the top; what lies in a package is found beside it."""
        file = self.files.get(name)
        if file is None:
            return None
        folder, _, last = file.rpartition("/")
        within = [folder] if last.startswith("__init__.") else None
        return spec_from_file_location(name, file, submodule_search_locations=within)


def main() -> None:
    """Show our rooms and let the guest in."""
    root = __file__.rpartition("/")[0].rpartition("/")[0]
    shown = Shown({room: f"{root}/{room}/__init__.py" for room in ROOMS})
    sys.meta_path.insert(0, shown)
    from plugins.guest import serve

    serve(shown.files)


if __name__ == "__main__":
    main()
