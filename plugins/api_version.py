"""Whether a distribution was written for our contract, read from its metadata before any import."""

from __future__ import annotations

import re
from collections.abc import Iterable

from connectors.contract import API_VERSION

DISTRIBUTION = "attain-plugin-api"
_NAME = re.compile(r"^\s*([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)\)?")
_CLAUSE = re.compile(r"^(>=|<=|==|!=|~=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?$")


def declared(requirements: Iterable[str] | None) -> str | None:
    """Return what the distribution says of the contract, such as ``>=1.0,<2``; None if nothing."""
    for requirement in requirements or ():
        found = _NAME.match(requirement)
        if found and re.sub(r"[-_.]+", "-", found.group(1)).lower() == DISTRIBUTION:
            return found.group(2).strip()
    return None


def accepts(clauses: str, version: str = API_VERSION) -> bool:
    """Say whether ``version`` satisfies the clauses; what cannot be understood does not.

    ``accepts(">=1.0,<2", "1.3")`` is true, ``accepts(">=2", "1.3")`` is false.
    """
    ours = _numbers(version)
    for clause in filter(None, (part.strip() for part in clauses.split(","))):
        found = _CLAUSE.match(clause)
        if found is None or not _holds(found.group(1), _numbers(found.group(2)), ours, found[3]):
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _holds(operator: str, wanted: tuple[int, ...], ours: tuple[int, ...], wild: str | None) -> bool:
    if wild:
        prefix = (ours + (0,) * len(wanted))[: len(wanted)]
        return (prefix == wanted) is (operator == "==") and operator in ("==", "!=")
    width = max(len(wanted), len(ours))
    left, right = ours + (0,) * (width - len(ours)), wanted + (0,) * (width - len(wanted))
    if operator == "~=":
        return left >= right and ours[: len(wanted) - 1] == wanted[:-1]
    return {
        ">=": left >= right,
        "<=": left <= right,
        ">": left > right,
        "<": left < right,
        "==": left == right,
        "!=": left != right,
    }[operator]
