"""What a clause of a plan's text is made of: a code, and values that a language can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Steps of a unit: money, a percentage, a count."""

    steps: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A ratio that multiplies: 1.2, never 120 %. In RATIO steps."""

    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricName:
    """A metric, by what it is called."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentName:
    """A component of the same plan, by what it is called."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word or a half-sentence that the catalogue knows by a code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Several values in their order."""

    each: tuple[Said, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A text that the document has in every language."""

    by_language: Mapping[str, str]


Said: TypeAlias = (
    int | str | date | Amount | Factor | MetricName | ComponentName | Word | Many | Texts
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One sentence of a plan's text.

    ``id`` is permanent: it names the component by its id and the field by its name, so that it
    stays when components change their places. ``path`` is the JSON path of the rule it says.
    """

    id: str
    path: str
    code: str
    values: Mapping[str, Said]

    @property
    def component(self) -> str | None:
        """The id of the component it is about; None for what is about the whole plan."""
        start, _, rest = self.id.partition(":")
        return rest.partition(":")[0] if start == "component" else None
