"""Credit rules: whose a fact is, and with what share, as dated documents that never change.

A rule says which facts it is about, what kind of credit it gives and to whom. Rules that decide the
same thing compete by their rank; two of one rank that both fit are a problem, never a choice.
``crediting`` applies them; ``credit_document`` reads and writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.metric import Condition, Operator

CREDIT_FORMAT = "attain.credit/1"
WHOLE = 1_000_000  # a share of everything, in millionths


class RuleKind(StrEnum):
    """What a rule does with the facts it is about."""

    DIRECT = "DIRECT"
    SPLIT = "SPLIT"
    ROLL_UP = "ROLL_UP"
    OVERLAY = "OVERLAY"
    EXCLUDE = "EXCLUDE"


class WhoBy(StrEnum):
    """How a rule names somebody."""

    NAMED = "NAMED"  # whom the source names as the seller
    ATTRIBUTE = "ATTRIBUTE"  # whom an attribute of the fact names, found by the dated links
    PERSON = "PERSON"
    POSITION = "POSITION"  # whoever holds a position on the day of the fact


class ShareBy(StrEnum):
    """Where a share comes from."""

    FIXED = "FIXED"
    ATTRIBUTE = "ATTRIBUTE"
    REST = "REST"  # what the others leave of the total


class ShareUnit(StrEnum):
    """How an attribute writes a share."""

    RATIO = "RATIO"  # 0.4
    PERCENT = "PERCENT"  # 40, with or without the sign


class Absent(StrEnum):
    """What it means that the attribute which names somebody is not there or empty."""

    SKIP = "SKIP"
    ERROR = "ERROR"


class Dated(StrEnum):
    """On which day the organisation above somebody is looked at."""

    FACT_DAY = "FACT_DAY"
    PERIOD_END = "PERIOD_END"


class Vacancy(StrEnum):
    """What becomes of the level of a unit that nobody leads."""

    LAPSES = "LAPSES"
    PASSES_UP = "PASSES_UP"


class CoLeaders(StrEnum):
    """What becomes of a level that several people lead."""

    EACH = "EACH"
    REFUSE = "REFUSE"


class IfOwner(StrEnum):
    """What a specialist gets beside an own direct credit or share of the same fact."""

    SKIP = "SKIP"
    CREDIT = "CREDIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Somebody who gets credit, and how much of it."""

    who: WhoBy
    attribute: str | None = None  # and ``namespace``: where that name is linked to a person
    namespace: str | None = None
    absent: Absent | None = None
    person: str | None = None
    position: str | None = None
    unit: str | None = None  # of a position: held in this unit or below; else nearest above
    share_of: ShareBy
    share: int | None = None  # in millionths
    share_attribute: str | None = None
    share_unit: ShareUnit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """How far up it goes: ``shares`` of the levels from the nearest, or one for ``every`` level."""

    every: int | None
    shares: tuple[int, ...]
    dated: Dated
    vacancy: Vacancy
    co_leaders: CoLeaders

    def share_of(self, level: int) -> int | None:
        """Return the share of a level (from 1), or None when it gets nothing."""
        if self.every is not None:
            return self.every
        return dict(enumerate(self.shares, start=1)).get(level)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditScope:
    """Whose facts a rule is about, by where the seller stands on the day; empty is no limit."""

    units: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Say whether it limits nothing, so that nobody needs to be found."""
        return not (self.units or self.platforms or self.positions)

    def covers(self, above: tuple[str, ...], platform: str | None, position: str) -> bool:
        """Say whether somebody in the first unit of ``above`` (the rest lie over it) is meant."""
        return (
            (not self.units or any(unit in self.units for unit in above))
            and (not self.platforms or platform in self.platforms)
            and (not self.positions or position in self.positions)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRule:
    """One rule; which of the last fields are filled depends on ``kind``."""

    key: str
    name: Mapping[str, str]
    kind: RuleKind
    rank: int
    fact: str
    where: tuple[Condition, ...]
    scope: CreditScope
    receivers: tuple[Receiver, ...] = ()  # SPLIT, OVERLAY
    total: int | None = None  # SPLIT: what the shares come to; above 1 is over-assignment
    roll_up: RollUp | None = None
    role: str | None = None  # OVERLAY: as what; rules of different roles do not compete
    if_owner: IfOwner | None = None
    reason: Mapping[str, str] | None = None  # EXCLUDE

    @property
    def lane(self) -> str:
        """Name what it decides: rules of one lane compete by rank.

        DIRECT and SPLIT both decide who sold it, so an order that is not to be split is named by
        a DIRECT rule of a higher rank.
        """
        if self.kind in {RuleKind.DIRECT, RuleKind.SPLIT}:
            return "OWNER"
        return f"OVERLAY:{self.role}" if self.kind is RuleKind.OVERLAY else self.kind.value

    def is_about(self, kind: str, attributes: Mapping[str, str]) -> bool:
        """Say whether a fact is meant, before anybody asks who sold it."""
        needed = self.one_of
        return (
            self.fact == kind
            and all(_holds(each, attributes) for each in self.where)
            and (not needed or any((attributes.get(each) or "").strip() for each in needed))
        )

    @property
    def one_of(self) -> tuple[str, ...]:
        """The attributes of which one must name somebody, or the rule is not about a fact.

        So it is with a split between the seller and whoever else is named: a fact that names
        nobody else is as if there were no rule, and most facts are such.
        """
        others = [each for each in self.receivers if each.who is not WhoBy.NAMED]
        rest = [each for each in self.receivers if each.who is WhoBy.NAMED]
        is_optional = all(each.absent is Absent.SKIP for each in others)
        is_rest = len(rest) == 1 and rest[0].share_of is ShareBy.REST
        if self.kind is RuleKind.SPLIT and self.total == WHOLE and is_optional and is_rest:
            return tuple(each.attribute for each in others if each.attribute is not None)
        return ()

    @property
    def attributes_read(self) -> frozenset[str]:
        """The attributes of a fact that say who gets how much."""
        found = (name for each in self.receivers for name in (each.attribute, each.share_attribute))
        return frozenset(name for name in found if name is not None)


def _holds(condition: Condition, attributes: Mapping[str, str]) -> bool:
    is_among = attributes.get(condition.attribute) in condition.values
    return is_among if condition.operator is Operator.IN else not is_among


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRule:
    """A published version of a rule, for facts of the days ``[valid_from, valid_to)``."""

    id: str
    rule: CreditRule
    valid_from: date
    valid_to: date | None

    def holds(self, day: date) -> bool:
        """Say whether it speaks of facts of that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)
