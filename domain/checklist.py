"""What to look at before a period is closed: a code, how many, and whether it stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.problem import Problem, Severity


class Weight(StrEnum):
    """Whether an item stands in the way of a close."""

    BLOCKING = "BLOCKING"  # nobody closes over it
    WARNING = "WARNING"  # whoever closes says that it was seen


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """One thing that is not as it should be; ``code`` names its sentence."""

    code: str
    count: int
    weight: Weight
    values: Mapping[str, str] = field(default_factory=dict)

    def problem(self) -> Problem:
        """Say it as a problem, as a refused close lists it."""
        severity = Severity.ERROR if self.weight is Weight.BLOCKING else Severity.WARNING
        values = {"count": str(self.count), **self.values}
        return Problem(code=self.code, path=self.code, values=values, severity=severity)
