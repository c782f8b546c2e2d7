"""The front door: the names that a plug-in author may rely on, and the guard before them.

Names are looked up when they are first used, so that ``attain --help`` imports nothing of them.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from attain.guard import refuse_hidden_rooms

refuse_hidden_rooms(Path(__file__).resolve().parent.parent)

if TYPE_CHECKING:
    from domain.problem import Problem, Refused, Severity

# Name and the module it comes from; a name here is a promise to people outside.
_HOMES = {
    "Problem": "domain.problem",
    "Refused": "domain.problem",
    "Severity": "domain.problem",
}

__all__ = ["Problem", "Refused", "Severity"]


def __getattr__(name: str) -> object:
    """Fetch a public name from its room on first use."""
    if name not in _HOMES:
        raise AttributeError(f"attain has no public name '{name}'")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names although they are not fetched yet."""
    return sorted(__all__)
