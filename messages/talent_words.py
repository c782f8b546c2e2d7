"""Suggestions about people in sentences: what a rule looks for, what was found, who decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from domain.talent import TalentKind, TalentOutcome, TalentRule
from messages.render import Quantity, Value


class Words(Protocol):
    """Renders a code and its values in one language."""

    def __call__(self, code: str, values: Mapping[str, Value]) -> str:
        """Return the sentence."""
        ...


def evidence_text(words: Words, kind: TalentKind, period: str, values: Mapping[str, str]) -> str:
    """Say what one period is evidence of."""
    told: dict[str, Value] = {"period": period, **values}
    for name in ("score", "points", "full"):
        if name in values:
            told[name] = Quantity(num=int(values[name]), unit="POINT")
    if "wanted_twice" in values:
        twice, points = int(values["wanted_twice"]), int(values["points"])
        told["wanted"] = Quantity(num=twice, den=2, unit="POINT")
        told["lost"] = Quantity(num=twice - 2 * points, den=2, unit="POINT")
    for name in ("value", "average"):
        if name in values:
            num, _, den = values[name].partition("/")
            told[name] = Quantity(num=int(num), den=int(den), unit=values["unit"])
    return words(f"talent_evidence_{kind.value.lower()}", told)


def explained(words: Words, rule: TalentRule, outcome: TalentOutcome) -> list[str]:
    """Say what a rule looks for, what follows, and that a person decides (and how to object)."""
    return [
        words(_code(rule), _told(words, rule)),
        words(f"talent_counts_{rule.counts.value.lower()}", {}),
        words(f"talent_proposes_{outcome.value.lower()}", {}),
        words("talent_a_person_decides", {}),
    ]


def _code(rule: TalentRule) -> str:
    code = f"talent_rule_{rule.kind.value.lower()}"
    for choice in (rule.average, rule.against):
        if choice is not None:
            code = f"{code}_{choice.value.lower()}"
    return code


def _told(words: Words, rule: TalentRule) -> dict[str, Value]:
    told: dict[str, Value] = {
        "periods": str(rule.periods),
        "cadence": words(f"talent_cadence_{rule.cadence.value.lower()}", {}),
        "measure": rule.measure or "",
        "metrics": ", ".join(rule.metrics),
        "platforms": str(rule.platforms),
        "above": Quantity(num=rule.above, unit="RATIO"),
        "least": Quantity(num=rule.least_lost, unit="POINT"),
    }
    if rule.peer_group is not None:
        told["group"] = words(f"talent_group_{rule.peer_group.value.lower()}", {})
    if rule.share is not None:
        told["share"] = Quantity(num=rule.share.share, unit="RATIO")
    if rule.score is not None:
        told["score"] = Quantity(num=rule.score, unit="POINT")
    return told
