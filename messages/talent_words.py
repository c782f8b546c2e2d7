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


def evidence_text(words: Words, kind: TalentKind, period: str, values: Mapping[str, str]) -> str:
    """Say what one period is evidence of."""
    told: dict[str, Value] = {"period": period, **values}
    if "score" in values:
        told["score"] = Quantity(num=int(values["score"]), unit="POINT")
    return words(f"talent_evidence_{kind.value.lower()}", told)


def explained(words: Words, rule: TalentRule, outcome: TalentOutcome) -> list[str]:
    """Say what a rule looks for, what follows, and that a person decides (and how to object)."""
    told: dict[str, Value] = {
        "periods": str(rule.periods),
        "cadence": words(f"talent_cadence_{rule.cadence.value.lower()}", {}),
        "measure": rule.measure or "",
        "group": words(f"talent_group_{rule.peer_group.value.lower()}", {})
        if rule.peer_group is not None
        else "",
    }
    if rule.share is not None:
        told["share"] = Quantity(num=rule.share.share, unit="RATIO")
    if rule.score is not None:
        told["score"] = Quantity(num=rule.score, unit="POINT")
    return [
        words(f"talent_rule_{rule.kind.value.lower()}", told),
        words(f"talent_counts_{rule.counts.value.lower()}", {}),
        words(f"talent_proposes_{outcome.value.lower()}", {}),
        words("talent_a_person_decides", {}),
    ]
