"""What every kind of component can do: be read, be written, name its inputs, become lines.

A new kind is a file beside this one with one class, and its line in `domain/kinds/registry.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from domain.component import Condition, Kind, Terms
from domain.document import DocumentReader
from domain.plan_reader import PlanReader
from domain.program import Cohort, Input, LineSpec, Need
from domain.scorecard import MissingInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Component(ABC):
    """What every component has. ``id`` names its lines: ``base_bonus.amount``."""

    kind: ClassVar[Kind]
    truth_codes: ClassVar[tuple[str, ...]] = ()  # sentences that are said or denied
    amount_codes: ClassVar[tuple[str, ...]] = ()  # sentences of amounts, also when there is none
    step_codes: ClassVar[tuple[str, ...]] = ()  # all other sentences of its lines
    limited: ClassVar[bool] = True  # it may have a cap and a floor of its own

    id: str
    name: Mapping[str, str]
    missing: MissingInput
    cap: int | None = None
    floor: int | None = None

    @classmethod
    @abstractmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own, as the arguments of its class.

        An argument that could not be read is None, and a problem was noted.
        """

    @abstractmethod
    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own; None is left out."""

    @property
    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics whose value of the period it reads; `SCORE` is the score."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The keys of the metrics of which it reads the person's target of the period."""
        return ()

    def inputs(self, terms: Terms) -> tuple[Input, ...]:
        """Name what it reads beyond metrics and targets of the period."""
        return ()

    def cohorts(self, terms: Terms) -> tuple[Cohort, ...]:
        """Name the comparisons it needs."""
        return ()

    def needs(self, terms: Terms) -> tuple[Need, ...]:
        """Name what somebody must gather for `inputs`."""
        return ()

    def parts(self, terms: Terms) -> tuple[str, ...]:
        """Name the things of its own that have several names below them."""
        limits = [name.removesuffix(".amount") for name in self.pay_names[1:]]
        return (*limits, *(need.name for need in self.needs(terms)))

    @property
    def pay_names(self) -> tuple[str, ...]:
        """The names of its pay lines: the amount, and what its own cap and floor change."""
        limits = {"cap": self.cap, "floor": self.floor}
        changed = (f"{self.id}.{name}.amount" for name, each in limits.items() if each is not None)
        return (f"{self.id}.amount", *changed)

    @property
    def takes_away(self) -> bool:
        """Say whether it is a gate, which pays only by taking away."""
        return False

    @property
    def keeps_losses(self) -> bool:
        """Say whether, as a gate, it leaves negative amounts with the person."""
        return False

    @property
    def passed(self) -> str:
        """The name of the line that says whether, as a gate, it is open."""
        return f"{self.id}.passed"

    def stops(self, identity: str) -> bool:
        """Say whether, as a gate, it takes away what a component before it pays."""
        return False

    @abstractmethod
    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines, of which one is ``<id>.amount``; ``earlier`` stand before it."""


def with_minimum(metric: str, minimum: Condition | None) -> tuple[str, ...]:
    """Name a metric, and that of the minimum if there is one."""
    return (metric,) if minimum is None else (metric, minimum.metric)
