"""A reward for being strictly above a percentile of the peer group, by a named method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import Condition, Fallback, Kind, PeerGroup, Terms, unit_of
from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Value, Words
from domain.kinds.above_line import LineAt, Reward, above_lines
from domain.kinds.base import Component, with_minimum
from domain.kinds.peer_parts import (
    COUNTED_CODES,
    LINE_PARTS,
    check_minimum_only,
    counted_line,
    line_inputs,
    line_needs,
    read_members,
    read_reward,
)
from domain.line_parts import rate_constant
from domain.peer_rules import Members
from domain.percentile import Percentile, PercentileMethod, between, place_of
from domain.plan_reader import PlanReader, write_condition
from domain.program import Cohort, Input, LineKind, LineSpec, Need
from domain.scorecard import optional_text, read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class AbovePercentile(Component):
    """Paid strictly above a percentile of the peer group, if the minimum is reached.

    ``amount`` is flat, ``rate`` is on the part above the percentile; at least one is there. With
    PRORATED members, a person there for a part of the period is held against that part of it.
    """

    kind = Kind.ABOVE_PERCENTILE
    truth_codes = (*COUNTED_CODES, "line_above_percentile")
    amount_codes = ("line_percentile_amount",)
    step_codes = tuple(f"line_percentile_{each.value.lower()}" for each in PercentileMethod)

    metric: str
    peer_group: PeerGroup
    members: Members
    percentile: int
    method: PercentileMethod
    minimum: Condition | None
    amount: int | None
    rate: int | None
    minimum_cohort: int
    fallback: Fallback

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        metric, amount, rate = read_reward(reader, plan)
        percentile = read_at_least(reader, "percentile", "RATIO")
        if percentile is not None and percentile > RATIO_ONE:
            values = {"field": "percentile", "low": "0", "high": "1"}
            reader.note("number_out_of_range", reader.at("percentile"), values)
        minimum = plan.condition(reader, "minimum", required=False)
        fallback = reader.choice("fallback", Fallback)
        check_minimum_only(reader, fallback, minimum, metric)
        return {
            "metric": metric,
            "peer_group": reader.choice("peerGroup", PeerGroup),
            "members": read_members(reader, plan, metric),
            "percentile": percentile,
            "method": reader.choice("method", PercentileMethod),
            "minimum": minimum,
            "amount": amount,
            "rate": rate,
            "minimum_cohort": reader.whole("minimumCohort", 1, 1_000_000),
            "fallback": fallback,
        }

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "metric": self.metric,
            "peerGroup": self.peer_group.value,
            "members": self.members.value,
            "percentile": decimal_text(self.percentile, "RATIO"),
            "method": self.method.value,
            "minimum": write_condition(self.minimum, terms),
            "amount": optional_text(self.amount, terms.currency),
            "rate": optional_text(self.rate, "RATIO"),
            "minimumCohort": self.minimum_cohort,
            "fallback": self.fallback.value,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return with_minimum(self.metric, self.minimum)

    @property
    def place(self) -> Percentile:
        """The percentile and its method."""
        return Percentile(share=self.percentile, method=self.method)

    def inputs(self, terms: Terms) -> tuple[Input, ...]:
        """The size of the group and the two values around the percentile."""
        return line_inputs(self.id, terms, self.metric)

    def cohorts(self, terms: Terms) -> tuple[Cohort, ...]:
        """The comparison with the peer group."""
        return (
            Cohort(
                id=self.id,
                measure=self.metric,
                unit=unit_of(terms, self.metric),
                peer_group=self.peer_group,
                minimum=self.minimum_cohort,
                fallback=self.fallback,
                members=self.members,
                percentile=self.place,
            ),
        )

    def needs(self, terms: Terms) -> tuple[Need, ...]:
        """Whether the person counts, and the days where they scale the line."""
        return line_needs(self.id, self.members)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines: whether one counts, the percentile, above or not, the amount."""
        peers = f"{self.id}.peers"
        days = ("days", "period_days") if self.members is Members.PRORATED else ()
        parts = ("size", *LINE_PARTS, *days)
        facts = tuple(f"{peers}.{part}" for part in parts)
        line_at = _line_at(self)
        reward = Reward(
            id=self.id,
            missing=self.missing,
            metric=self.metric,
            amount=self.amount,
            rate=self.rate,
            minimum=self.minimum,
            alone=self.fallback is Fallback.MINIMUM_ONLY,
        )

        def shown(words: Words, *values: Value) -> Value:
            top, bottom = line_at(words, *values)
            return words.muldiv(top, 1, bottom, terms.rounding)

        line = LineSpec(
            name=f"{self.id}.percentile",
            code=f"line_percentile_{self.method.value.lower()}",
            unit=unit_of(terms, self.metric),
            kind=LineKind.STEP,
            key=self.id,
            inputs=facts,
            work=shown,
            constants=(rate_constant("share", self.percentile),),
        )
        return [
            counted_line(self.id, self.members),
            line,
            *above_lines(
                terms,
                reward,
                code="percentile",
                facts=facts,
                line_at=line_at,
                group=(f"{peers}.size", f"{self.id}.counts"),
                shown=(line.name,),
            ),
        ]


def _line_at(component: AbovePercentile) -> LineAt:
    def line_at(
        words: Words,
        size: Value,
        lo: Value,
        lo_den: Value,
        hi: Value,
        hi_den: Value,
        days: Value = 1,
        period_days: Value = 1,
    ) -> tuple[Value, Value]:
        place = place_of(words, component.place, size)
        top, bottom = between(words, (lo, lo_den), (hi, hi_den), place)
        return words.times(top, days), words.times(bottom, period_days)

    return line_at
