"""Flat amounts for the best of a peer group, band by band: the top 10 %, the next 20 %."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from domain.component import Kind, PeerGroup, ShareRounding, Terms
from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Comparison, Value, Words
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
from domain.line_parts import measured, names_of, rate_constant, with_policy
from domain.peer_rules import RankForm, TieRule
from domain.peers import places_of
from domain.plan_reader import PlanReader
from domain.problem import Severity
from domain.program import NUMBER, Constant, LineKind, LineSpec
from domain.scorecard import read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The next ``share`` of the people (RATIO steps) gets ``amount`` each."""

    share: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopBands(ByPlace):
    """Flat amounts by bands of the rank. Each band ends at a share of the people from the top."""

    kind = Kind.TOP_BANDS
    amount_codes = ("line_band_amount",)
    step_codes = ("line_band_places", "line_band")

    bands: tuple[Band, ...]
    rounding: ShareRounding
    least: int
    tie: TieRule

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        metric = plan.metric(reader, score=True)
        rank, tie = reader.choice("rank", RankForm), reader.choice("tie", TieRule)
        if rank is RankForm.FRACTIONAL:  # between two places is no place within a band
            refuse_choice(reader, "rank", rank, [RankForm.COMPETITION, RankForm.DENSE])
        if rank is RankForm.DENSE and tie not in {None, TieRule.INCLUDE_ALL}:
            # equals are one place of a dense rank, so that no cut goes through them
            refuse_choice(reader, "tie", str(tie), [TieRule.INCLUDE_ALL])
        return {
            "metric": metric,
            "peer_group": reader.choice("peerGroup", PeerGroup),
            "members": read_members(reader, plan, metric),
            "rank": rank,
            "bands": _read_bands(reader, plan),
            "rounding": reader.choice("rounding", ShareRounding),
            "least": reader.whole("least", 0, 1_000_000),
            "tie": tie,
            "tie_break": _read_tie_break(reader, plan, tie),
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
            "bands": [
                {
                    "share": decimal_text(band.share, "RATIO"),
                    "amount": decimal_text(band.amount, terms.currency),
                }
                for band in self.bands
            ],
            "rounding": self.rounding.value,
            "least": self.least,
            "tie": self.tie.value,
            "tieBreak": list(self.tie_break) or None,
            "minimumCohort": self.minimum_cohort,
            "fallback": self.fallback.value,
        }

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines: whether one counts, where each band ends, one's own band, the amount."""
        ends = list(accumulate(band.share for band in self.bands))
        places = [_places_line(self, number, end) for number, end in enumerate(ends, start=1)]
        return [
            counted_line(self.id, self.members),
            *places,
            _band_line(self, [line.name for line in places]),
            _amount_line(terms, self),
        ]


def _read_bands(reader: DocumentReader, plan: PlanReader) -> tuple[Band, ...]:
    children = reader.children("bands")
    if not children and reader.has("bands"):
        reader.note("list_empty", reader.at("bands"), {"field": "bands"})
    bands: list[Band] = []
    for child in children:
        share, amount = read_at_least(child, "share", "RATIO"), plan.amount(child, "amount")
        child.finish()
        if share == 0:
            values = {"field": "share", "low": "0.000001", "high": "1"}
            reader.note("number_out_of_range", child.at("share"), values)
        if share is not None and amount is not None:
            bands.append(Band(share=share, amount=amount))
    ends = list(accumulate(band.share for band in bands))
    if ends and ends[-1] > RATIO_ONE:
        reader.note("shares_above_one", reader.at("bands"), {})
    for place, (better, worse) in enumerate(pairwise(bands), start=1):
        if worse.amount > better.amount:
            path = f"{reader.at('bands')}[{place}].amount"
            reader.note("pay_decreases", path, {}, Severity.WARNING)
    return tuple(bands)


def _read_tie_break(
    reader: DocumentReader, plan: PlanReader, tie: TieRule | None
) -> tuple[str, ...]:
    if tie is TieRule.TIE_BREAK:
        found = read_keys(reader, plan, "tieBreak")
        if not found and reader.has("tieBreak"):
            reader.note("list_empty", reader.at("tieBreak"), {"field": "tieBreak"})
        return found
    return ()


def _places_line(component: TopBands, number: int, end: int) -> LineSpec:
    def work(words: Words, size: Value) -> Value:
        return places_of(words, size, end, component.rounding, component.least)

    return LineSpec(
        name=f"{component.id}.places_{number}",
        code="line_band_places",
        unit=NUMBER,
        kind=LineKind.STEP,
        key=component.id,
        inputs=(f"{component.id}.peers.size",),
        work=work,
        constants=(
            rate_constant("share", end),
            Constant(name="number", value=number, unit=NUMBER),
        ),
    )


def _band_line(component: TopBands, places: list[str]) -> LineSpec:
    def work(words: Words, rank: Value, tied: Value, *ends: Value) -> Value:
        last = rank
        if component.tie is TieRule.EXCLUDE_ALL:
            last = words.minus(words.plus(rank, tied), 1)
        within = words.count([words.compare(last, Comparison.AT_MOST, end) for end in ends])
        counted_down = words.minus(len((*ends, 0)), within)
        none = words.compare(within, Comparison.AT_MOST, 0)
        return words.choose(none, 0, counted_down)

    peers = f"{component.id}.peers"
    return LineSpec(
        name=f"{component.id}.band",
        code="line_band",
        unit=NUMBER,
        kind=LineKind.STEP,
        key=component.id,
        inputs=(f"{peers}.rank", f"{peers}.tied", *places),
        work=work,
        shown=(f"{peers}.size",),
    )


def _amount_line(terms: Terms, component: TopBands) -> LineSpec:
    peers = f"{component.id}.peers"
    return LineSpec(
        name=f"{component.id}.amount",
        code="line_band_amount",
        unit=terms.currency,
        kind=LineKind.PAY,
        key=component.id,
        inputs=(
            *names_of(component.metric),
            f"{peers}.size",
            f"{peers}.rank",
            f"{component.id}.band",
            f"{component.id}.counts",
        ),
        work=measured(component.metric, _amount(component)),
    )


def _amount(component: TopBands) -> Callable[..., Value]:
    amounts = (0, *(band.amount for band in component.bands))

    def work(
        words: Words, num: Value, den: Value, size: Value, rank: Value, band: Value, counts: Value
    ) -> Value:
        nowhere = without_place(words, size, component.minimum_cohort)
        pay = words.choose(words.present(rank), words.pick(band, amounts), nowhere)
        there = words.choose(words.present(num), words.choose(counts, pay, 0), None)
        known = words.choose(words.present(size), there, None)
        return with_policy(words, known, component.missing)

    return work
