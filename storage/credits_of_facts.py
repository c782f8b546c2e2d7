"""Whom some facts count for by the rules of credit, in whatever revision they stood."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from domain.credit import Dated as DatedBy
from domain.credit import DatedRule, RuleKind
from domain.knowledge import Knowledge
from storage.crediting import Crediting, asks_for_seats, facts_about
from storage.tables import fact

_AT_ONCE = 1_000


class CreditsOfFacts:
    """The rules of a legal entity about facts of some kinds, applied to a few of them."""

    def __init__(
        self, connection: Connection, entity_id: str, at: Knowledge, kinds: Collection[str]
    ) -> None:
        self._crediting = Crediting(connection, entity_id, at)
        self._rules = [each for each in self._crediting.rules() if each.rule.fact in kinds]

    @property
    def asks_for_seats(self) -> bool:
        """Say whether some rule depends on who stands where."""
        return any(asks_for_seats(each.rule) for each in self._rules)

    def people(self, numbers: Sequence[int]) -> frozenset[str] | None:
        """Name whom they are credited to; None where that depends on the period they count in."""
        if any(_is_by_period(each) for each in self._rules):
            return None
        found = set[str]()
        for kind in sorted({each.rule.fact for each in self._rules}):
            rules = [each for each in self._rules if each.rule.fact == kind]
            for start in range(0, len(numbers), _AT_ONCE):
                found |= self._people(rules, kind, numbers[start : start + _AT_ONCE])
        return frozenset(found)

    def _people(self, rules: Sequence[DatedRule], kind: str, numbers: Sequence[int]) -> set[str]:
        query = facts_about(rules, kind).where(fact.c.seq.in_(numbers))
        return {
            each.person
            for _, outcome in self._crediting.outcomes(rules, query)
            for each in outcome.credits
        }


def _is_by_period(dated: DatedRule) -> bool:
    roll_up = dated.rule.roll_up
    return (
        dated.rule.kind is RuleKind.ROLL_UP
        and roll_up is not None
        and roll_up.dated is DatedBy.PERIOD_END
    )
