"""Prefixed, time-ordered ids: what they look like. They are made in ``actions``, never here."""

from __future__ import annotations

from functools import lru_cache
from typing import NewType

EntityId = NewType("EntityId", str)
PersonId = NewType("PersonId", str)
UnitId = NewType("UnitId", str)
PlatformId = NewType("PlatformId", str)
AssignmentId = NewType("AssignmentId", str)
AccountId = NewType("AccountId", str)
IdentityId = NewType("IdentityId", str)
ConnectionId = NewType("ConnectionId", str)
SyncRunId = NewType("SyncRunId", str)
RecordId = NewType("RecordId", str)
FactId = NewType("FactId", str)
MetricId = NewType("MetricId", str)
ScorecardId = NewType("ScorecardId", str)
PlanId = NewType("PlanId", str)
PlanVersionId = NewType("PlanVersionId", str)
GoalId = NewType("GoalId", str)
CalcRunId = NewType("CalcRunId", str)
ResultId = NewType("ResultId", str)

# One prefix per noun: the id says what it is, in a log line as in the API.
PREFIXES: dict[str, str] = {
    "ent": "LegalEntity",
    "per": "Person",
    "unit": "OrgUnit",
    "plat": "Platform",
    "asg": "Assignment",
    "acc": "Account",
    "idn": "Identity",
    "lnk": "IdentityLink",
    "con": "Connection",
    "run": "SyncRun",
    "rec": "Record",
    "qrn": "Quarantined",
    "fact": "Fact",
    "met": "Metric",
    "card": "Scorecard",
    "plan": "Plan",
    "pver": "PlanVersion",
    "ppol": "PlanPolicy",
    "poff": "PlanOffer",
    "goal": "Goal",
    "calc": "CalculationRun",
    "res": "Result",
    "ses": "Session",
    "vtk": "VendorToken",
    "grant": "RoleGrant",
    "del": "Delegation",
    "why": "AccessReason",
    "set": "EntitySetting",
    "alog": "AccountLogin",
    "pack": "PackLayer",
    "pcon": "PackContent",
    "crul": "CreditRule",
    "led": "LedgerEntry",
    "job": "Job",
    "pset": "PaySetting",
    "wage": "Wage",
    "mwag": "MinimumWage",
    "pbat": "PayBatch",
    "ptot": "PayTotal",
    "psht": "PaySheet",
    "pbal": "PayBalanceEntry",
    "psea": "PaySeal",
    "reop": "PeriodReopening",
    "cor": "CorrectionLine",
    "disp": "Dispute",
    "evi": "DisputeEvidence",
    "tri": "PlanTrial",
    "old": "OldResults",
    "tal": "TalentRules",
    "sug": "Suggestion",
    "note": "ManagerNote",
    "chk": "ConnectionTest",
    "brk": "BreakerReset",
    "hook": "HookDelivery",
    "push": "PushedResource",
}

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
ID_DIGITS = 26
_PAIRS = [f"{first}{second}" for first in _ALPHABET for second in _ALPHABET]
_LOW_BITS, _LOW = 60, 0xFFF_FFFF_FFFF_FFFF


def format_id(prefix: str, number: int) -> str:
    """Write a 128-bit number under a prefix: ``format_id("per", 0)`` is ``per_`` and 26 zeros."""
    if prefix not in PREFIXES:
        raise KeyError(f"no noun has the prefix {prefix}")
    low = number & _LOW
    # Ids are made by the million, many of one beginning: two digits at a time, the first ones once.
    return (
        f"{prefix}_{_beginning(number >> _LOW_BITS)}{_PAIRS[low >> 50]}{_PAIRS[low >> 40 & 1023]}"
        f"{_PAIRS[low >> 30 & 1023]}{_PAIRS[low >> 20 & 1023]}{_PAIRS[low >> 10 & 1023]}"
        f"{_PAIRS[low & 1023]}"
    )


@lru_cache(maxsize=64)
def _beginning(high: int) -> str:
    return "".join(_PAIRS[high >> place & 1023] for place in range(60, -1, -10))


def noun_of(identifier: str) -> str | None:
    """Return the noun an id speaks of, or None when the text is no id of ours."""
    prefix, _, digits = identifier.partition("_")
    if len(digits) != ID_DIGITS or any(digit not in _ALPHABET for digit in digits):
        return None
    return PREFIXES.get(prefix)
