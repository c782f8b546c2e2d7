"""Amounts by rank: first, second, third prize in a peer group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from domain.component import Kind, PeerGroup, Terms
from domain.document import DocumentReader, decimal_text
from domain.exact import Value, Words
from domain.kinds.base import Component
from domain.kinds.by_place import ByPlace
from domain.kinds.peer_parts import (
    counted_line,
    read_fallback,
    read_keys,
    read_members,
    refuse_choice,
    without_place,
)
from domain.line_parts import measured, names_of, with_policy
from domain.peer_rules import RankForm
from domain.plan_reader import PlanReader
from domain.problem import Severity
from domain.program import LineKind, LineSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTable(ByPlace):
    """The amount of the place reached; ``amounts[0]`` is the first prize.

    People who are equal, also by the tie breaks, each get the amount of their rank (COMPETITION,
    DENSE) or share what their places pay together (FRACTIONAL).
    """

    kind = Kind.RANK_TABLE
    amount_codes = ("line_rank_amount", "line_rank_shared_amount")

    amounts: tuple[int, ...]

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        metric, rank = plan.metric(reader, score=True), reader.choice("rank", RankForm)
        tie_break = read_keys(reader, plan, "tieBreak")
        if rank is RankForm.DENSE and tie_break:
            # a dense rank counts values of the one metric, not people
            refuse_choice(reader, "rank", rank, [RankForm.COMPETITION, RankForm.FRACTIONAL])
        return {
            "metric": metric,
            "peer_group": reader.choice("peerGroup", PeerGroup),
            "members": read_members(reader, plan, metric),
            "rank": rank,
            "tie_break": tie_break,
            "amounts": _read_amounts(reader, plan),
            "minimum_cohort": reader.whole("minimumCohort", 1, 1_000_000),
            "fallback": read_fallback(reader),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "peerGroup": self.peer_group.value,
            "members": self.members.value,
            "rank": self.rank.value,
            "tieBreak": list(self.tie_break),
            "amounts": [decimal_text(amount, terms.currency) for amount in self.amounts],
            "minimumCohort": self.minimum_cohort,
            "fallback": self.fallback.value,
        }

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines: whether one counts, and the amount."""
        peers = f"{self.id}.peers"
        shared = self.rank is RankForm.FRACTIONAL
        amount = LineSpec(
            name=f"{self.id}.amount",
            code="line_rank_shared_amount" if shared else "line_rank_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=self.id,
            inputs=(
                *names_of(self.metric),
                f"{peers}.size",
                f"{peers}.rank",
                f"{peers}.tied",
                f"{self.id}.counts",
            ),
            work=measured(self.metric, _amount(terms, self)),
        )
        return [counted_line(self.id, self.members), amount]


def _read_amounts(reader: DocumentReader, plan: PlanReader) -> tuple[int, ...]:
    written = reader.names("amounts")
    if not written and isinstance(reader.raw("amounts", required=False), list):
        reader.note("list_empty", reader.at("amounts"), {"field": "amounts"})
    amounts: list[int] = []
    for place, text in enumerate(written):
        name = f"amounts[{place}]"
        inner = DocumentReader({name: text}, reader.path, reader.problems)
        amount = plan.amount(inner, name)
        if amount is not None:
            amounts.append(amount)
    for place, (better, worse) in enumerate(pairwise(amounts), start=1):
        if worse > better:
            path = f"{reader.at('amounts')}[{place}]"
            reader.note("pay_decreases", path, {}, Severity.WARNING)
    return tuple(amounts)


def _amount(terms: Terms, component: RankTable) -> Callable[..., Value]:
    paid = (0, *component.amounts, 0)
    together = (0, *accumulate(component.amounts))
    last = len(component.amounts)

    def alone(words: Words, rank: Value) -> Value:
        return words.pick(words.lowest(rank, len((*component.amounts, 0))), paid)

    def shared(words: Words, rank: Value, tied: Value) -> Value:
        before = words.lowest(words.minus(rank, 1), last)
        through = words.lowest(words.minus(words.plus(rank, tied), 1), last)
        sum_ = words.minus(words.pick(through, together), words.pick(before, together))
        return words.muldiv(sum_, 1, tied, terms.rounding)

    def work(
        words: Words, num: Value, den: Value, size: Value, rank: Value, tied: Value, counts: Value
    ) -> Value:
        pay = (
            shared(words, rank, tied)
            if component.rank is RankForm.FRACTIONAL
            else alone(words, rank)
        )
        nowhere = without_place(words, size, component.minimum_cohort)
        pay = words.choose(words.present(rank), pay, nowhere)
        there = words.choose(words.present(num), words.choose(counts, pay, 0), None)
        known = words.choose(words.present(size), there, None)
        return with_policy(words, known, component.missing)

    return work
