"""Whose a fact is: rules, links and the organisation in, credits out, and never a guess.

A fact is CREDITED, EXCLUDED or an ERROR, and nothing else. An error credits nobody, not even
those parts that are clear: half a credit is a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.credit import WHOLE, CreditRule, Dated, DatedRule, IfOwner, RuleKind, ShareBy
from domain.credit_kind import CreditKind
from domain.exact import muldiv
from domain.problem import Problem
from domain.receiving import Unclear, person_of, share_of
from domain.rolling_up import Base, rolled_up
from domain.seating import Seating
from domain.split import split


class CoverageStatus(StrEnum):
    """What became of a fact: one of three, for every fact there is."""

    CREDITED = "CREDITED"
    EXCLUDED = "EXCLUDED"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What crediting sees of a fact; ``named`` is whom its identity is linked to on its day."""

    kind: str
    day: date
    quantity: int
    attributes: Mapping[str, str]
    named: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A part of a fact that counts for somebody; ``share`` is in millionths of the fact."""

    person: str
    kind: CreditKind
    share: int
    quantity: int
    rule: str | None = None  # the id of the version; None: nobody ruled, the source named them
    level: int = 0  # of a roll-up, from 1
    role: str = ""  # of an overlay


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a fact, by which rule, and why not."""

    status: CoverageStatus
    credits: tuple[Credit, ...] = ()
    rule: str | None = None
    problem: Problem | None = None

    def is_plain(self, named: str | None) -> bool:
        """Say whether it counts wholly for whom the source names, whatever else it counts for."""
        return any(
            each.kind is CreditKind.DIRECT and each.person == named and each.share == WHOLE
            for each in self.credits
        )

    def is_untouched(self, named: str | None) -> bool:
        """Say whether it is as if there were no rule at all."""
        return self.is_plain(named) and len(self.credits) == 1 and self.credits[0].rule is None


def credit(
    transaction: Transaction, rules: Iterable[DatedRule], seating: Seating, as_of: date
) -> Outcome:
    """Decide whose a fact is; ``as_of`` is the last day of the period it is counted in.

    The rules may come in any order and may be about other facts and other days too.
    """
    lanes: dict[str, list[DatedRule]] = {}
    for each in rules:
        about = each.rule.is_about(transaction.kind, transaction.attributes)
        if about and each.holds(transaction.day):
            lanes.setdefault(each.rule.lane, []).append(each)
    try:
        return _decided(transaction, lanes, seating, as_of)
    except Unclear as unclear:
        return Outcome(status=CoverageStatus.ERROR, problem=unclear.problem)


def _decided(
    transaction: Transaction,
    lanes: Mapping[str, Sequence[DatedRule]],
    seating: Seating,
    as_of: date,
) -> Outcome:
    # Left out comes first: what does not count needs nobody to be found.
    left_out = _highest(lanes.get(RuleKind.EXCLUDE.value, ()), transaction, seating)
    if left_out is not None:
        return Outcome(status=CoverageStatus.EXCLUDED, rule=left_out.id)
    chosen = {}
    for lane in sorted(lanes.keys() - {RuleKind.EXCLUDE.value}):
        highest = _highest(lanes[lane], transaction, seating)
        if highest is not None:
            chosen[lane] = highest
    owners = _owners(transaction, chosen.pop("OWNER", None), seating)
    found = list(owners)
    for dated in chosen.values():
        if dated.rule.kind is RuleKind.ROLL_UP:
            found.extend(_leaders(transaction, owners, dated, seating, as_of))
        else:
            found.extend(_specialists(transaction, owners, dated, seating))
    found.sort(key=_credit_key)
    return Outcome(status=CoverageStatus.CREDITED, credits=tuple(found))


def _credit_key(each: Credit) -> tuple[int, int, str, str]:
    return (list(CreditKind).index(each.kind), each.level, each.role, each.person)


def _highest(
    rules: Sequence[DatedRule], transaction: Transaction, seating: Seating
) -> DatedRule | None:
    """Take the fitting rule of the highest rank; two of them are named, never chosen between."""
    fitting = [each for each in rules if _is_in_scope(each.rule, transaction, seating)]
    if not fitting:
        return None
    fitting.sort(key=lambda each: (-each.rule.rank, each.rule.key, each.id))
    first = fitting[0]
    if len(fitting) > 1 and fitting[1].rule.rank == first.rule.rank:
        values = {"rule": first.rule.key, "other": fitting[1].rule.key}
        raise Unclear(Problem(code="credit_rules_clash", values=values))
    return first


def _is_in_scope(rule: CreditRule, transaction: Transaction, seating: Seating) -> bool:
    if rule.scope.is_open:
        return True
    seats = seating.seats(_named(transaction), transaction.day)
    if not seats:
        raise _unassigned(_named(transaction))
    return any(
        rule.scope.covers(
            seating.above(each.unit, transaction.day), each.platform, each.position
        )
        for each in seats
    )  # fmt: skip


def _named(transaction: Transaction) -> str:
    if transaction.named is None:
        raise Unclear(Problem(code="credit_nobody_linked"))
    return transaction.named


def _unassigned(person: str) -> Unclear:
    return Unclear(Problem(code="credit_without_assignment", values={"person": person}))


def _owners(
    transaction: Transaction, dated: DatedRule | None, seating: Seating
) -> tuple[Credit, ...]:
    """Give the fact to whom the source names, or split it by its rule."""
    rule_id = None if dated is None else dated.id
    if dated is not None and dated.rule.kind is RuleKind.SPLIT:
        shares, total = _shares(transaction, dated.rule, seating), dated.rule.total or WHOLE
        if shares != {transaction.named: WHOLE}:
            whole = muldiv(transaction.quantity, total, WHOLE)
            return tuple(
                Credit(
                    person=person,
                    kind=CreditKind.SPLIT,
                    share=shares[person],
                    quantity=part,
                    rule=rule_id,
                )
                for person, part in sorted(split(whole, shares).items())
            )
        rule_id = None  # a split that leaves everything to the seller is none
    return (
        Credit(
            person=_named(transaction),
            kind=CreditKind.DIRECT,
            share=WHOLE,
            quantity=transaction.quantity,
            rule=rule_id,
        ),
    )


def _shares(transaction: Transaction, rule: CreditRule, seating: Seating) -> dict[str, int]:
    total, shares, rest_to = rule.total or WHOLE, dict[str, int](), None
    for receiver in rule.receivers:
        person = person_of(receiver, transaction, seating)
        if person is None:
            continue
        if receiver.share_of is ShareBy.REST:
            rest_to = person
            continue
        shares[person] = shares.get(person, 0) + share_of(receiver, transaction)
    given = sum(shares.values())
    if rest_to is not None and given <= total:
        shares[rest_to] = shares.get(rest_to, 0) + total - given
    shares = {person: share for person, share in shares.items() if share}
    # Nobody gets more of an order than the order, over-assigned or not.
    if sum(shares.values()) != total or max(shares.values()) > WHOLE:
        values = {"sum": _ratio(sum(shares.values())), "total": _ratio(total)}
        raise Unclear(Problem(code="credit_shares_differ", values=values))
    return shares


def _ratio(share: int) -> str:
    return f"{share // WHOLE}.{share % WHOLE:06d}".rstrip("0").rstrip(".")


def _leaders(
    transaction: Transaction,
    owners: Sequence[Credit],
    dated: DatedRule,
    seating: Seating,
    as_of: date,
) -> Iterable[Credit]:
    roll_up = dated.rule.roll_up
    assert roll_up is not None  # the reader of documents saw to it
    is_end = roll_up.dated is Dated.PERIOD_END
    day = max(as_of, transaction.day) if is_end else transaction.day
    parts = []
    for owner in owners:
        at = seating.last_seats if is_end else seating.seats
        seats = at(owner.person, day)
        if not seats:
            raise _unassigned(owner.person)
        units = tuple(each.unit for each in seats)
        parts.append(Base(person=owner.person, units=units, quantity=owner.quantity))
    for (person, level), quantity in rolled_up(
        parts, roll_up, seating, day, transaction.quantity
    ).items():
        share = roll_up.share_of(level)
        if share:
            yield Credit(
                person=person,
                kind=CreditKind.ROLL_UP,
                share=share,
                quantity=muldiv(quantity, share, WHOLE),
                rule=dated.id,
                level=level,
            )


def _specialists(
    transaction: Transaction, owners: Sequence[Credit], dated: DatedRule, seating: Seating
) -> Iterable[Credit]:
    shares: dict[str, int] = {}
    sold = {each.person for each in owners}
    for receiver in dated.rule.receivers:
        person = person_of(receiver, transaction, seating)
        if person is None or (person in sold and dated.rule.if_owner is IfOwner.SKIP):
            continue
        share = min(shares.get(person, 0) + share_of(receiver, transaction), WHOLE)
        if share:
            shares[person] = share
    for person, share in shares.items():
        yield Credit(
            person=person,
            kind=CreditKind.OVERLAY,
            share=share,
            quantity=muldiv(transaction.quantity, share, WHOLE),
            rule=dated.id,
            role=dated.rule.role or "",
        )
