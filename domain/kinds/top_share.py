"""A flat amount for the best share of the peer group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import (
    CutTie,
    Fallback,
    Kind,
    PeerGroup,
    ShareRounding,
    Terms,
)
from domain.document import DocumentReader, decimal_text
from domain.exact import Value, Words
from domain.kinds.base import Component
from domain.kinds.peer_parts import rank_inputs, read_fallback, whole_group, without_place
from domain.line_parts import amount_constant, measured, names_of, rate_constant, with_policy
from domain.peers import in_top, places_of
from domain.plan_reader import PlanReader
from domain.program import NUMBER, TRUTH, Cohort, Input, LineKind, LineSpec
from domain.scorecard import read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class TopShare(Component):
    """A flat amount for the best share of the peer group by competition rank."""

    kind = Kind.TOP_SHARE
    truth_codes = ("line_in_top",)
    amount_codes = ("line_top_amount",)
    step_codes = ("line_top_places",)

    metric: str
    peer_group: PeerGroup
    share: int
    rounding: ShareRounding
    least: int
    tie: CutTie
    amount: int
    minimum_cohort: int
    fallback: Fallback

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        return {
            "metric": plan.metric(reader, score=True),
            "peer_group": reader.choice("peerGroup", PeerGroup),
            "share": read_at_least(reader, "share", "RATIO"),
            "rounding": reader.choice("rounding", ShareRounding),
            "least": reader.whole("least", 0, 1_000_000),
            "tie": reader.choice("tie", CutTie),
            "amount": plan.amount(reader, "amount"),
            "minimum_cohort": reader.whole("minimumCohort", 1, 1_000_000),
            "fallback": read_fallback(reader),
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "peerGroup": self.peer_group.value,
            "minimumCohort": self.minimum_cohort,
            "fallback": self.fallback.value,
            "amount": decimal_text(self.amount, terms.currency),
            "share": decimal_text(self.share, "RATIO"),
            "rounding": self.rounding.value,
            "least": self.least,
            "tie": self.tie.value,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (self.metric,)

    def inputs(self, terms: Terms) -> tuple[Input, ...]:
        """The facts of the peer group."""
        return rank_inputs(self.id)

    def cohorts(self, terms: Terms) -> tuple[Cohort, ...]:
        """The comparison with the peer group."""
        small = (self.minimum_cohort, self.fallback)
        return whole_group(self.id, self.metric, terms, self.peer_group, small)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self)


def _lines(terms: Terms, component: TopShare) -> list[LineSpec]:
    """Make the lines of the reward for the best share of a peer group."""
    identity, peers = component.id, f"{component.id}.peers"

    def places(words: Words, size: Value) -> Value:
        return places_of(words, size, component.share, component.rounding, component.least)

    def top(words: Words, rank: Value, tied: Value, cut: Value) -> Value:
        return in_top(words, rank, tied, cut, component.tie)

    def work(words: Words, num: Value, den: Value, size: Value, rank: Value, best: Value) -> Value:
        pay = words.choose(best, component.amount, 0)
        nowhere = without_place(words, size, component.minimum_cohort)
        held = words.choose(words.present(rank), pay, nowhere)
        held = words.choose(words.present(num), held, None)
        known = words.choose(words.present(size), held, None)
        return with_policy(words, known, component.missing)

    return [
        LineSpec(
            name=f"{identity}.places",
            code="line_top_places",
            unit=NUMBER,
            kind=LineKind.STEP,
            key=identity,
            inputs=(f"{peers}.size",),
            work=places,
            constants=(rate_constant("share", component.share),),
        ),
        LineSpec(
            name=f"{identity}.top",
            code="line_in_top",
            unit=TRUTH,
            kind=LineKind.STEP,
            key=identity,
            inputs=(f"{peers}.rank", f"{peers}.tied", f"{identity}.places"),
            work=top,
        ),
        LineSpec(
            name=f"{identity}.amount",
            code="line_top_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=identity,
            inputs=(
                *names_of(component.metric),
                f"{peers}.size",
                f"{peers}.rank",
                f"{identity}.top",
            ),
            work=measured(component.metric, work),
            shown=(f"{identity}.places",),
            constants=(amount_constant(terms, component.amount),),
        ),
    ]
