"""What every kind of golden case comes to: rows with what is expected, the numbers, the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from messages.render import Catalogue, Locale

Row = Mapping[str, Any]
Numbers = Mapping[str, Fraction | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One case, calculated. A row has ``expected``, and may have ``held`` and ``checked``."""

    rows: Sequence[Row]
    numbers: Sequence[Numbers]
    page: Callable[[Catalogue, Locale], str]


def plain_name(row: Row) -> str:
    """Give what a row of a case is called, for whoever reads no language."""
    name = row["name"]
    return str(name if isinstance(name, str) else name["en"])


def name_in(row: Row, locale: Locale) -> str:
    """Give what a row of a case is called: one name, or one in each language."""
    name = row["name"]
    return str(name if isinstance(name, str) else name[locale.value])


def faults_of(answer: Answer) -> list[str]:
    """List every number of a case that is not what it should be; a case must expect something."""
    found = []
    checked = 0
    for row, numbers in zip(answer.rows, answer.numbers, strict=True):
        for name, wanted in row.get("expected", {}).items():
            checked += 1
            if numbers[name] != Fraction(wanted):
                found.append(f"{plain_name(row)}: {name} is {numbers[name]} and not {wanted}")
        for name in row.get("held", ()):
            checked += 1
            if numbers[name] is not None:
                found.append(f"{plain_name(row)}: {name} is {numbers[name]} and not held back")
    return found if checked else ["nothing is expected"]
