"""What the law of a place lets be taken back from pay: a policy pack, data and never code.

A pack has a key, a version, a hash and a source. It speaks of *clawback*: what was earned before
and is taken back now. The recovery of a draw is no clawback: it is agreed in the plan, and never
takes more than what exceeds the draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.document import DocumentReader, decimal_text, document_hash, without_absent
from domain.exact import RATIO_ONE
from domain.metric import read_key
from domain.problem import Problem
from domain.scorecard import read_at_least

POLICY_FORMAT = "attain.pay_policy/1"


class WageBase(StrEnum):
    """What counts as the wage of the month when a limit is taken of it."""

    RECORDED = "RECORDED"  # the recorded wage alone: the lower limit, the safe side
    RECORDED_AND_DUE = "RECORDED_AND_DUE"  # and what this pay sheet pays beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPolicy:
    """The limits of a clawback; both hold at once, and what exceeds them is carried forward.

    Where a limit needs a wage or a minimum wage that nobody has recorded, nothing is taken back.
    """

    key: str
    version: str
    name: Mapping[str, str] = field(hash=False)
    source: Mapping[str, str] = field(hash=False)  # the law, and where it stands, in both languages
    wage: WageBase
    share_of_wage: int | None  # at most this part of the month's wage
    keeps_minimum_wage: bool  # and what is left is not below the minimum wage of the region

    @property
    def needs_wage(self) -> bool:
        """Say whether anything can be taken back without knowing the wage."""
        return self.share_of_wage is not None or self.keeps_minimum_wage

    @property
    def hash(self) -> str:
        """The SHA-256 of the canonical document."""
        return document_hash(encode_policy(self))


def decode_policy(document: object) -> tuple[PayPolicy | None, tuple[Problem, ...]]:
    """Read a policy; every problem is reported with its path."""
    reader = DocumentReader(document)
    if not isinstance(document, Mapping):
        return None, tuple(reader.problems)
    reader.format(POLICY_FORMAT)
    key, version = read_key(reader, "key"), reader.text("version")
    name, source = reader.texts("name"), reader.texts("source")
    inner = reader.child("clawback")
    wage = keeps = share = None
    if inner is not None:
        wage = inner.choice("wage", WageBase)
        share = read_at_least(inner, "shareOfWage", "RATIO", required=False)
        if share is not None and share > RATIO_ONE:
            values = {"field": "shareOfWage", "low": "0", "high": "1"}
            inner.note("number_out_of_range", inner.at("shareOfWage"), values)
        keeps = inner.flag("keepsMinimumWage")
        inner.finish()
    reader.finish()
    if reader.failed or not (key and version and name and source and wage) or keeps is None:
        return None, tuple(reader.problems)
    policy = PayPolicy(
        key=key,
        version=version,
        name=name,
        source=source,
        wage=wage,
        share_of_wage=share,
        keeps_minimum_wage=keeps,
    )
    return policy, tuple(reader.problems)


def encode_policy(policy: PayPolicy) -> dict[str, object]:
    """Write a policy as its canonical document; decoding it gives an equal policy."""
    share = policy.share_of_wage
    return {
        "format": POLICY_FORMAT,
        "key": policy.key,
        "version": policy.version,
        "name": dict(policy.name),
        "source": dict(policy.source),
        "clawback": without_absent(
            {
                "wage": policy.wage.value,
                "shareOfWage": None if share is None else decimal_text(share, "RATIO"),
                "keepsMinimumWage": policy.keeps_minimum_wage,
            }
        ),
    }
