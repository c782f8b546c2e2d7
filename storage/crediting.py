"""The credits of facts: decided from what was known, or read back from what a run froze.

Most facts count wholly for whom their source names: these stay rows of the database. Only what a
published rule is about comes here, is decided by ``domain/crediting.py``, and goes back into the
sums as a list (``storage/credited.py``). Where no rule is published there is nothing to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from domain.credit import CreditRule, DatedRule, RuleKind, WhoBy
from domain.crediting import Credit, Outcome, Transaction, credit
from domain.knowledge import Knowledge
from storage.carrying import Widening, widened
from storage.credit_rules import PUBLISHED, credit_rules
from storage.fact_rows import Window, holding, linked, standing
from storage.seating import Few, seating
from storage.tables import fact, identity_link


@dataclass(frozen=True, kw_only=True)
class Ruled:
    """A fact that a rule concerns, and what became of it."""

    seq: int
    fact_id: str
    day: date
    named: str | None
    outcome: Outcome

    @cached_property
    def is_plain(self) -> bool:
        """Whether the database may count it for whom the source names."""
        return self.outcome.is_plain(self.named)

    @cached_property
    def beside(self) -> tuple[Credit, ...]:
        """The credits that the database does not find by itself."""
        if not self.is_plain:
            return self.outcome.credits
        # The source's own is the only DIRECT one there can be.
        return tuple(each for each in self.outcome.credits if each.kind != "DIRECT")


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByPerson:
    """The same facts by person: those set aside of whom they name, and what comes beside."""

    aside: Mapping[str, Mapping[int, Ruled]]
    beside: Mapping[str, Mapping[int, Ruled]]

    def followed(self, gone: Iterable[Ruled], added: Iterable[Ruled]) -> _ByPerson:
        """Be without some facts, and with others."""
        gone, added = list(gone), list(added)
        return _ByPerson(
            aside=_moved(self.aside, gone, added, _set_aside),
            beside=_moved(self.beside, gone, added, _credited_beside),
        )


_NOTHING = _ByPerson(aside={}, beside={})


def _moved(
    before: Mapping[str, Mapping[int, Ruled]],
    gone: Iterable[Ruled],
    added: Iterable[Ruled],
    people_of: Callable[[Ruled], Iterable[str]],
) -> Mapping[str, Mapping[int, Ruled]]:
    found, own = dict(before), dict[str, dict[int, Ruled]]()

    def of(person: str) -> dict[int, Ruled]:
        if person not in own:
            found[person] = own[person] = dict(before.get(person, {}))
        return own[person]

    for ruled in gone:
        for person in people_of(ruled):
            of(person).pop(ruled.seq, None)
    for ruled in added:
        for person in people_of(ruled):
            of(person)[ruled.seq] = ruled
    return found


def _set_aside(ruled: Ruled) -> Iterable[str]:
    return () if ruled.is_plain or ruled.named is None else (ruled.named,)


def _credited_beside(ruled: Ruled) -> Iterable[str]:
    return {each.person for each in ruled.beside}


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What became of the facts of one kind and window that rules concern, by number."""

    facts: Mapping[int, Ruled]
    kept: _ByPerson | None = field(default=None, compare=False, repr=False)

    def aside(self, people: Iterable[str] | None = None) -> list[int]:
        """Name the facts that do not count wholly for whom, of some ``people``, they name."""
        if people is None:
            return [each.seq for each in self.facts.values() if not each.is_plain]
        return [number for each in people for number in self._by_person.aside.get(each, ())]

    def beside(self, people: Iterable[str] | None = None) -> Iterator[tuple[Ruled, Credit]]:
        """Yield every credit, of some ``people``, that the database does not find by itself."""
        if people is None:
            for each in self.facts.values():
                for found in each.beside:
                    yield each, found
            return
        for person in people:
            for each in self._by_person.beside.get(person, {}).values():
                for found in each.beside:
                    if found.person == person:
                        yield each, found

    def followed(self, gone: Collection[int], added: Mapping[int, Ruled]) -> Decided:
        """Be without some facts, and with others."""
        before = [self.facts[number] for number in gone if number in self.facts]
        facts = {number: each for number, each in self.facts.items() if number not in gone}
        kept = self._by_person.followed(before, added.values())
        return Decided(facts={**facts, **added}, kept=kept)

    @cached_property
    def _by_person(self) -> _ByPerson:
        return self.kept or _NOTHING.followed((), self.facts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Credits that were decided at an instant before, and which facts have changed since.

    Between the two no rule has changed and nothing else that crediting reads. ``changed`` are all
    revisions of those facts, by number.
    """

    rules: tuple[DatedRule, ...] | None
    decided: Mapping[tuple[str, Window], Decided | None]
    changed: tuple[int, ...]


class TooManyRuled(Exception):  # noqa: N818 - nothing went wrong: it is more than was asked for
    """More facts are credited by rules than whoever asks can keep."""


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
        followed: Followed | None = None,
        most: int | None = None,
    ) -> None:
        self._connection = connection
        self._entity_id = entity_id
        self._at = at
        self._rules = rules if followed is None else followed.rules
        self._followed = followed
        self._most = most
        self._decided: dict[tuple[str, Window], Decided | None] = {}
        # Sums of named people: who evaluates them by many knowledges asks for the same ones again.
        self.sums: dict[Hashable, dict[str, int]] = {}

    @property
    def decided(self) -> Mapping[tuple[str, Window], Decided]:
        """Everything that was decided so far, by kind and window."""
        return {key: found for key, found in self._decided.items() if found is not None}

    @property
    def asked(self) -> tuple[tuple[str, Window], ...]:
        """Name everything that was decided, whether or not a rule concerns any of it."""
        return tuple(self._decided)

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

    def followed_by(self, changed: Sequence[int]) -> Followed:
        """Let what was decided hold on, but for facts that have changed."""
        decided = dict(self._decided)
        return Followed(rules=self._rules, decided=decided, changed=tuple(changed))

    def _decide(self, kind: str, window: Window) -> Decided | None:
        rules = [each for each in self.rules() if each.rule.fact == kind and _meets(each, window)]
        if not rules:
            return None
        followed = self._followed
        before = None if followed is None else followed.decided.get((kind, window))
        if followed is None or before is None:
            return Decided(facts=self._ruled(rules, kind, window))
        if not followed.changed:
            return before
        added = self._ruled(rules, kind, window, followed.changed)
        return before.followed(set(followed.changed), added)

    def _ruled(
        self,
        rules: Sequence[DatedRule],
        kind: str,
        window: Window,
        numbers: Sequence[int] | None = None,
    ) -> dict[int, Ruled]:
        """Apply the rules to the facts that stand, of all or of some numbers."""
        query = facts_about(rules, kind).where(*standing(self._entity_id, window, self._at))
        if numbers is not None:
            query = query.where(fact.c.seq.in_(numbers))
        if self._most is not None:
            query = query.limit(self._most + 1)
        found: dict[int, Ruled] = {}
        for row, outcome in self.outcomes(rules, query, window, few=numbers is not None):
            if not outcome.is_untouched(row.person_id):
                found[row.seq] = Ruled(
                    seq=row.seq,
                    fact_id=row.id,
                    day=row.business_date,
                    named=row.person_id,
                    outcome=outcome,
                )
        return found

    def outcomes(
        self,
        rules: Sequence[DatedRule],
        query: Select[*tuple[Any, ...]],
        window: Window | None = None,
        *,
        few: bool = True,
    ) -> Iterator[tuple[Row[Any], Outcome]]:
        """Yield the facts that a query finds, and what becomes of each.

        Without a ``window`` in which they count they are taken by their own days.
        """
        with widened(self._connection, Widening.CREDIT):
            joined = query.join(identity_link, linked(self._at), isouter=True)
            rows = self._connection.execute(joined.order_by(fact.c.seq)).all()
            if not rows:
                return
            if self._most is not None and len(rows) > self._most:
                raise TooManyRuled
            window = window or _days_of(rows)
            found = seating(
                self._connection,
                self._entity_id,
                window,
                self._at,
                _names(rules, rows),
                with_seats=any(asks_for_seats(each.rule) for each in rules),
                asked=_few(rules, rows) if few else None,
            )
        for row in rows:
            sold = Transaction(
                kind=row.kind,
                day=row.business_date,
                quantity=row.quantity,
                attributes=row.attributes,
                named=row.person_id,
            )
            yield row, credit(sold, rules, found, window[1] - timedelta(days=1))


def _days_of(rows: Sequence[Row[Any]]) -> Window:
    days = [row.business_date for row in rows]
    return min(days), max(days) + timedelta(days=1)


def facts_about(rules: Sequence[DatedRule], kind: str) -> Select[*tuple[Any, ...]]:
    """Select the facts that any of some rules is about; outside, whom each names is joined."""
    return (
        select(
            fact.c.seq,
            fact.c.id,
            fact.c.kind,
            fact.c.business_date,
            fact.c.quantity,
            fact.c.attributes,
            identity_link.c.person_id,
        )
        .select_from(fact)
        .where(fact.c.kind == kind, or_(*(and_(*_about(each)) for each in rules)))
    )


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


def asks_for_seats(rule: CreditRule) -> bool:
    """Say whether who stood where decides anything of a rule."""
    return (
        rule.kind is RuleKind.ROLL_UP
        or not rule.scope.is_open
        or any(each.who is WhoBy.POSITION for each in rule.receivers)
    )


def _few(rules: Iterable[DatedRule], rows: Iterable[Any]) -> Few:
    receivers = [each for dated in rules for each in dated.rule.receivers]
    people = {each.person for each in receivers if each.person}
    return Few(
        people=frozenset(people | {row.person_id for row in rows if row.person_id}),
        positions=frozenset(each.position for each in receivers if each.position),
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
