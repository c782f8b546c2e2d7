"""The credits of facts: decided from what was known, or read back from what a run froze.

Most facts count wholly for whom their source names: these stay rows of the database. Only what a
published rule is about comes here, is decided by ``domain/crediting.py``, and goes back into the
sums as a list (``storage/credited.py``). Where no rule is published there is nothing to decide.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from domain.credit import CreditRule, DatedRule, RuleKind, WhoBy
from domain.crediting import Credit, Outcome, Transaction, credit
from domain.knowledge import Knowledge
from storage.carrying import Widening, widened
from storage.credit_rules import PUBLISHED, credit_rules
from storage.fact_rows import Window, holding, linked, standing
from storage.seating import seating
from storage.tables import fact, identity_link


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A fact that a rule concerns, and what became of it."""

    seq: int
    fact_id: str
    day: date
    named: str | None
    outcome: Outcome

    @property
    def is_plain(self) -> bool:
        """Whether the database may count it for whom the source names."""
        return self.outcome.is_plain(self.named)

    @property
    def beside(self) -> tuple[Credit, ...]:
        """The credits that the database does not find by itself."""
        if not self.is_plain:
            return self.outcome.credits
        # The source's own is the only DIRECT one there can be.
        return tuple(each for each in self.outcome.credits if each.kind != "DIRECT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of the facts of one kind and window that rules concern, by number."""

    facts: Mapping[int, Ruled]

    @property
    def aside(self) -> list[int]:
        """The facts that do not count wholly for whom their source names."""
        return [each.seq for each in self.facts.values() if not each.is_plain]

    def beside(self) -> Iterator[tuple[Ruled, Credit]]:
        """Yield every credit that the database does not find by itself."""
        for each in self.facts.values():
            for found in each.beside:
                yield each, found


class Credits(Protocol):
    """Whoever knows the credits of a legal entity."""

    def of(self, kind: str, window: Window) -> Decided | None:
        """Return what became of the facts of a kind; None where no rule concerns any of them."""


class Crediting:
    """Credits decided afresh from what was known; what is asked twice is decided once."""

    def __init__(
        self,
        connection: Connection,
        entity_id: str,
        at: Knowledge,
        rules: tuple[DatedRule, ...] | None = None,  # where somebody has read them
    ) -> None:
        self._connection = connection
        self._entity_id = entity_id
        self._at = at
        self._rules = rules
        self._decided: dict[tuple[str, Window], Decided | None] = {}
        # Sums of named people: who evaluates them by many knowledges asks for the same ones again.
        self.sums: dict[Hashable, dict[str, int]] = {}

    @property
    def decided(self) -> Mapping[tuple[str, Window], Decided]:
        """Everything that was decided so far, by kind and window."""
        return {key: found for key, found in self._decided.items() if found is not None}

    def of(self, kind: str, window: Window) -> Decided | None:
        """Return what became of the facts of a kind; None where no rule concerns any of them."""
        if (kind, window) not in self._decided:
            self._decided[kind, window] = self._decide(kind, window)
        return self._decided[kind, window]

    def rules(self) -> tuple[DatedRule, ...]:
        """Return every published rule of the legal entity, whatever its days."""
        if self._rules is None:
            with widened(self._connection, Widening.CREDIT):
                found = credit_rules(
                    self._connection,
                    self._entity_id,
                    known_at=self._at.rules,
                    state=PUBLISHED,
                )
            self._rules = tuple(each.dated for each in found)
        return self._rules

    def _decide(self, kind: str, window: Window) -> Decided | None:
        rules = [each for each in self.rules() if each.rule.fact == kind and _meets(each, window)]
        if not rules:
            return None
        as_of = window[1] - timedelta(days=1)
        with widened(self._connection, Widening.CREDIT):
            rows = list(self._matched(rules, kind, window))
            found = seating(
                self._connection,
                self._entity_id,
                window,
                self._at,
                _names(rules, rows),
                with_seats=any(_asks_for_seats(each.rule) for each in rules),
            )
        ruled = {}
        for row in rows:
            sold = Transaction(
                kind=kind,
                day=row.business_date,
                quantity=row.quantity,
                attributes=row.attributes,
                named=row.person_id,
            )
            outcome = credit(sold, rules, found, as_of)
            if outcome.is_untouched(row.person_id):
                continue
            ruled[row.seq] = Ruled(
                seq=row.seq,
                fact_id=row.id,
                day=row.business_date,
                named=row.person_id,
                outcome=outcome,
            )
        return Decided(facts=ruled)

    def _matched(self, rules: Iterable[DatedRule], kind: str, window: Window) -> Iterator[Any]:
        """Read the facts that any of the rules is about, whether or not somebody is linked."""
        about = [and_(*_about(each)) for each in rules]
        query = (
            select(
                fact.c.seq,
                fact.c.id,
                fact.c.business_date,
                fact.c.quantity,
                fact.c.attributes,
                identity_link.c.person_id,
            )
            .select_from(fact)
            .join(identity_link, linked(self._at), isouter=True)
            .where(
                *standing(self._entity_id, window, self._at), fact.c.kind == kind, or_(*about)
            )
            .order_by(fact.c.seq)
        )  # fmt: skip
        yield from self._connection.execute(query)


def _meets(dated: DatedRule, window: Window) -> bool:
    return dated.valid_from < window[1] and (dated.valid_to or date.max) > window[0]


def _about(dated: DatedRule) -> Iterator[Any]:
    yield fact.c.business_date >= dated.valid_from
    if dated.valid_to is not None:
        yield fact.c.business_date < dated.valid_to
    yield from holding(dated.rule.where)
    if dated.rule.one_of:
        yield or_(*(_says(attribute) for attribute in dated.rule.one_of))


def _says(attribute: str) -> ColumnElement[bool]:
    """Keep facts in which an attribute is not empty; what is only white is seen later."""
    return func.coalesce(fact.c.attributes[attribute].as_string(), "") != ""


def _asks_for_seats(rule: CreditRule) -> bool:
    return (
        rule.kind is RuleKind.ROLL_UP
        or not rule.scope.is_open
        or any(each.who is WhoBy.POSITION for each in rule.receivers)
    )


def _names(rules: Iterable[DatedRule], rows: Iterable[Any]) -> dict[str, set[str]]:
    """Collect the names that attributes give, by the namespace they are looked up in."""
    wanted = {
        (each.namespace, each.attribute)
        for dated in rules
        for each in dated.rule.receivers
        if each.namespace and each.attribute
    }
    found: dict[str, set[str]] = {namespace: set() for namespace, _ in wanted}
    for row in rows if wanted else ():
        for namespace, attribute in wanted:
            name = (row.attributes.get(attribute) or "").strip()
            if name:
                found[namespace].add(name)
    return {namespace: names for namespace, names in found.items() if names}
