"""How a run of a connection ends, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from storage.engine import Writing

# Told within each commit how many rows were read, and of how many where the source says so.
Told: TypeAlias = Callable[[Writing, int, int | None], None]


def tell_nobody(_writing: Writing, _done: int, _total: int | None) -> None:
    """Tell nobody how far a run is."""


class Outcome(StrEnum):
    """How a run ended. A run that brought nothing is not a success unless nothing was new."""

    SUCCEEDED = "succeeded"
    EMPTY_EXPECTED = "succeeded_empty_expected"
    SUSPICIOUS = "suspicious"  # what is odd was not applied and waits for a person
    PARTIAL = "partial"  # some rows are in quarantine
    QUARANTINED = "quarantined"  # too many rows are bad: stopped
    FAILED = "failed"
    PAUSED = "paused"  # a person must renew the access, or the source wants us to wait
    DAYS_READ = "days_read"  # days were read again; of what is new since nothing is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a run came to."""

    run_id: str
    outcome: Outcome
    counts: Mapping[str, int]
    code: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
