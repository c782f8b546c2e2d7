"""What the linter says about a plan: a finding, its weight, and the two people that prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

# A value of a sentence: a text, or (number, unit) as the core keeps it.
FindingValue: TypeAlias = str | tuple[int, str]
_NO_VALUES: Mapping[str, FindingValue] = MappingProxyType({})


class FindingWeight(StrEnum):
    """How much a finding stops."""

    ERROR = "ERROR"  # publishing needs a reason that is kept
    WARNING = "WARNING"  # kept with the version, a person should look
    INFO = "INFO"  # kept with the version, good to know


class FindingCode(StrEnum):
    """What can be found; each has a sentence in both languages and an example in the docs."""

    PAY_FALLS = "PAY_FALLS"
    CLIFF = "CLIFF"
    THRESHOLD = "THRESHOLD"
    UNREACHABLE_COMPONENT = "UNREACHABLE_COMPONENT"
    DEAD_TIER = "DEAD_TIER"
    DEAD_CONDITION = "DEAD_CONDITION"
    NO_CAP = "NO_CAP"
    ENDLESS_ACCELERATOR = "ENDLESS_ACCELERATOR"
    PAID_TWICE = "PAID_TWICE"
    PLANS_OVERLAP = "PLANS_OVERLAP"
    CAP_BELOW_TARGET = "CAP_BELOW_TARGET"
    FLOOR_ABOVE_TARGET = "FLOOR_ABOVE_TARGET"
    ORDER_DECIDES = "ORDER_DECIDES"
    OUTAGE_PAYS_NOTHING = "OUTAGE_PAYS_NOTHING"
    HALF_WITHOUT_REWARD = "HALF_WITHOUT_REWARD"
    NO_PRORATION = "NO_PRORATION"
    PERCENT_ON_PERCENT = "PERCENT_ON_PERCENT"
    ADMINISTRATIVE_METRIC = "ADMINISTRATIVE_METRIC"
    MORE_LOSE_THAN_WIN = "MORE_LOSE_THAN_WIN"
    NOBODY_REACHES = "NOBODY_REACHES"
    NOT_SEARCHED_COMPLETELY = "NOT_SEARCHED_COMPLETELY"
    SECTIONS_OVERLAP = "SECTIONS_OVERLAP"
    SECTIONS_GAP = "SECTIONS_GAP"
    SECTIONS_END = "SECTIONS_END"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One person of a proof: what he has, and what the plan (or ``document``) pays for it."""

    inputs: Mapping[str, int | None]
    payout: int | None
    document: Mapping[str, object] | None = None  # another plan than the one that is checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person should know before the plan is published.

    ``component`` is the id of the component it is about, empty for the whole plan. ``witness``
    holds two people who prove it; running the plan on them gives these payouts again.
    """

    code: FindingCode
    weight: FindingWeight
    component: str = ""
    values: Mapping[str, FindingValue] = field(default_factory=lambda: _NO_VALUES)
    witness: tuple[Case, ...] = ()


def write_finding(finding: Finding) -> dict[str, object]:
    """Write a finding as JSON, to be kept with the version it is about."""
    return {
        "code": finding.code.value,
        "weight": finding.weight.value,
        "component": finding.component,
        "values": {
            name: value if isinstance(value, str) else {"number": str(value[0]), "unit": value[1]}
            for name, value in finding.values.items()
        },
        "witness": [
            {
                "inputs": {
                    name: None if value is None else str(value)
                    for name, value in case.inputs.items()
                },
                "payout": None if case.payout is None else str(case.payout),
                "document": case.document,
            }
            for case in finding.witness
        ],
    }


def read_finding(written: Mapping[str, Any]) -> Finding:
    """Read a finding that was kept."""
    return Finding(
        code=FindingCode(written["code"]),
        weight=FindingWeight(written["weight"]),
        component=str(written["component"]),
        values={
            name: value if isinstance(value, str) else (int(value["number"]), value["unit"])
            for name, value in written["values"].items()
        },
        witness=tuple(
            Case(
                inputs={
                    name: None if value is None else int(value)
                    for name, value in each["inputs"].items()
                },
                payout=None if each["payout"] is None else int(each["payout"]),
                document=each["document"],
            )
            for each in written["witness"]
        ),
    )
