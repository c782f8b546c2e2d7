"""A base amount paid by a curve over the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.component import SCORE, BelowFirst, Kind, Terms
from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Comparison, Value, Words, slopes, straight
from domain.kinds.base import Component
from domain.line_parts import amount_constant, with_policy
from domain.plan_reader import PlanReader
from domain.problem import Severity
from domain.program import LineKind, LineSpec
from domain.scorecard import read_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPoint:
    """At this score (POINT steps) this part of the base (RATIO steps) is paid."""

    score: int
    pays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePay(Component):
    """A base amount times a pay curve over the score, straight between its points."""

    kind = Kind.SCORE_PAY
    amount_codes = ("line_score_amount",)
    step_codes = ("line_score_percent",)

    amount: int
    points: tuple[PayPoint, ...]
    below: BelowFirst

    @classmethod
    def read(cls, reader: DocumentReader, plan: PlanReader) -> dict[str, object]:
        """Read what the kind has of its own."""
        amount = plan.amount(reader, "amount")
        points: list[PayPoint] = []
        children = reader.children("points")
        if not children and reader.has("points"):
            reader.note("list_empty", reader.at("points"), {"field": "points"})
        for child in children:
            score, pays = child.steps("score", "POINT"), read_at_least(child, "pays", "RATIO")
            child.finish()
            if score is None or pays is None:
                continue
            if points and points[-1].score >= score:
                reader.note("points_not_rising", child.at("score"), {})
            if points and points[-1].pays > pays:
                reader.note("pay_decreases", child.at("pays"), {}, Severity.WARNING)
            points.append(PayPoint(score=score, pays=pays))
        below = reader.choice("below", BelowFirst)
        return {"amount": amount, "points": tuple(points), "below": below}

    def write(self, terms: Terms) -> dict[str, object]:
        """Write what the kind has of its own."""
        return {
            "amount": decimal_text(self.amount, terms.currency),
            "points": [
                {
                    "score": decimal_text(point.score, "POINT"),
                    "pays": decimal_text(point.pays, "RATIO"),
                }
                for point in self.points
            ],
            "below": self.below.value,
        }

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of the metrics it reads."""
        return (SCORE,)

    def lines(self, terms: Terms, earlier: Sequence[Component]) -> list[LineSpec]:
        """Make its lines."""
        return _lines(terms, self)


def _lines(terms: Terms, component: ScorePay) -> list[LineSpec]:
    """Make the lines of a base amount paid by a curve over the score."""
    below = 0 if component.below is BelowFirst.NOTHING else None
    pieces = slopes([(point.score, point.pays) for point in component.points], 1, below)

    def part(words: Words, score: Value) -> tuple[Value, Value]:
        reached = [
            words.compare(score, Comparison.AT_LEAST, point.score) for point in component.points
        ]
        return straight(words, pieces, words.count(reached), score, 1)

    def percent(words: Words, score: Value) -> Value:
        top, bottom = part(words, score)
        return words.muldiv(top, 1, bottom, terms.rounding)

    def work(words: Words, score: Value) -> Value:
        top, bottom = part(words, score)
        pay = words.muldiv(top, component.amount, words.times(bottom, RATIO_ONE), terms.rounding)
        return with_policy(words, pay, component.missing)

    return [
        LineSpec(
            name=f"{component.id}.percent",
            code="line_score_percent",
            unit="RATIO",
            kind=LineKind.STEP,
            key=component.id,
            inputs=(SCORE,),
            work=percent,
        ),
        LineSpec(
            name=f"{component.id}.amount",
            code="line_score_amount",
            unit=terms.currency,
            kind=LineKind.PAY,
            key=component.id,
            inputs=(SCORE,),
            work=work,
            shown=(f"{component.id}.percent",),
            constants=(amount_constant(terms, component.amount),),
        ),
    ]
