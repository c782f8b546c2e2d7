"""A scorecard as named lines: attainment, met, score and points per KPI, then the whole score.

Points add up to the score, and the differences to full weight add up to score - full score: the
lines of a card are its explanation, not a comment on it.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.curve_lines import attainment, attainment_inputs, target_met
from domain.exact import (
    HUNDRED_POINTS,
    RATIO_ONE,
    Comparison,
    Rounding,
    Value,
    Words,
    added,
    repeated,
    ten_to,
)
from domain.program import NUMBER, TRUTH, Constant, Input, LineKind, LineSpec, Program
from domain.scorecard import (
    Adjustment,
    AdjustmentForm,
    AdjustmentKind,
    Combine,
    Item,
    MissingInput,
    MissingKpi,
    Scorecard,
    WeightTotal,
)
from domain.unit import decimals_of


def compile_score(scorecard: Scorecard) -> Program:
    """Turn a scorecard into named lines that end in ``score`` (POINT steps)."""
    lines: list[LineSpec] = []
    for place, item in enumerate(scorecard.items):
        lines.extend(_item_lines(scorecard, item))
        lines.extend(_weight_lines(scorecard, place))
    lines.extend(_full_lines(scorecard))
    lines.extend(_points_lines(scorecard))
    lines.extend(_adjustment_line(scorecard, each) for each in scorecard.adjustments)
    lines.extend(_whole_lines(scorecard))
    return Program(
        inputs=_inputs(scorecard),
        lines=tuple(lines),
        metrics=scorecard.metrics,
        rounding=scorecard.rounding,
    )


def _inputs(scorecard: Scorecard) -> tuple[Input, ...]:
    found: dict[str, Input] = {}

    def want(name: str, unit: str) -> None:
        found.setdefault(name, Input(name=name, unit=unit))

    for item in scorecard.items:
        want(f"{item.metric}.num", item.unit)
        want(f"{item.metric}.den", NUMBER)
        want(f"{item.metric}.target", item.unit)
        if f"{item.metric}.baseline" in attainment_inputs(item):
            want(f"{item.metric}.baseline", item.unit)
    for each in scorecard.adjustments:
        want(f"{each.metric}.num", each.unit)
        want(f"{each.metric}.den", NUMBER)
    if scorecard.team is not None:
        want("team.score", "POINT")
    return tuple(found.values())


def actual_line(metric: str, unit: str, mode: Rounding) -> LineSpec:
    """Make the line that shows an actual in the steps of its unit; nothing is decided by it."""

    def work(words: Words, num: Value, den: Value) -> Value:
        return words.muldiv(num, 1, den, mode)

    return LineSpec(
        name=f"{metric}.actual",
        code="line_actual",
        unit=unit,
        kind=LineKind.STEP,
        key=metric,
        inputs=(f"{metric}.num", f"{metric}.den"),
        work=work,
    )


def _item_lines(scorecard: Scorecard, item: Item) -> list[LineSpec]:
    key, mode = item.metric, scorecard.rounding
    compared = (f"{key}.num", f"{key}.den", f"{key}.target")
    return [
        actual_line(key, item.unit, mode),
        LineSpec(
            name=f"{key}.met",
            code=f"line_met_{item.comparison.value.lower()}",
            unit=TRUTH,
            kind=LineKind.STEP,
            key=key,
            inputs=compared,
            work=target_met(item),
            shown=(f"{key}.actual",),
        ),
        LineSpec(
            name=f"{key}.attainment",
            code=f"line_attainment_{item.curve.form.value.lower()}",
            unit="RATIO",
            kind=LineKind.STEP,
            key=key,
            inputs=attainment_inputs(item),
            work=attainment(item, mode),
            shown=(f"{key}.actual",),
        ),
        LineSpec(
            name=f"{key}.score",
            code="line_kpi_score",
            unit="RATIO",
            kind=LineKind.STEP,
            key=key,
            inputs=(f"{key}.attainment",),
            work=_limited(item, scorecard.missing),
            constants=_limits(item),
        ),
    ]


def _limits(item: Item) -> tuple[Constant, ...]:
    pairs = (("cap", item.cap), ("floor", item.floor))
    return tuple(
        Constant(name=name, value=value, unit="RATIO") for name, value in pairs if value is not None
    )


def _limited(item: Item, missing: MissingKpi) -> Callable[..., Value]:
    """Cap and floor come before weighting; then the policy says what is missing."""

    def work(words: Words, attained: Value) -> Value:
        score = attained
        if item.cap is not None:
            score = words.lowest(score, item.cap)
        if item.floor is not None:
            score = words.highest(score, item.floor)
        match missing:
            case MissingKpi.ZERO:
                return words.otherwise(score, 0)
            case MissingKpi.NEUTRAL:
                return words.otherwise(score, RATIO_ONE)
            case _:
                return score

    return work


def weights_of(scorecard: Scorecard) -> tuple[tuple[int, ...], int]:
    """Give what each item counts and what all of them count together, in POINT steps.

    AVERAGE counts 100 in all; SUM counts the sum of the weights unless they are renormalised to
    100; PLAIN counts 100 for each item.
    """
    weights = tuple(item.weight for item in scorecard.items)
    match scorecard.combine:
        case Combine.AVERAGE:
            return weights, HUNDRED_POINTS
        case Combine.PLAIN:
            plain = repeated(HUNDRED_POINTS, len(weights))
            return plain, added(plain)
        case Combine.SUM:
            if scorecard.weight_total is WeightTotal.RENORMALISE:
                return weights, HUNDRED_POINTS
            return weights, added(weights)


def _weight_lines(scorecard: Scorecard, place: int) -> list[LineSpec]:
    """The weight of the KPIs that count, added up so far: what is excluded weighs nothing."""
    item = scorecard.items[place]
    weight = weights_of(scorecard)[0][place]
    excludes = scorecard.missing is MissingKpi.EXCLUDE_AND_RENORMALISE
    before = () if place == 0 else (f"{_last(scorecard.items[:place]).metric}.weight",)

    def work(words: Words, score: Value, *so_far: Value) -> Value:
        counts = words.choose(words.present(score), weight, 0) if excludes else weight
        return words.total((*so_far, counts))

    return [
        LineSpec(
            name=f"{item.metric}.weight",
            code="line_weight_so_far",
            unit="POINT",
            kind=LineKind.STEP,
            key=item.metric,
            inputs=(f"{item.metric}.score", *before),
            work=work,
        )
    ]


def _last(items: tuple[Item, ...]) -> Item:
    return items[-1]


def _full_lines(scorecard: Scorecard) -> list[LineSpec]:
    """What each KPI is worth in full: differences of rounded sums, which make exactly 100."""
    whole = weights_of(scorecard)[1]
    last = f"{_last(scorecard.items).metric}.weight"
    lines = []
    before: tuple[str, ...] = ()
    for item in scorecard.items:

        def work(words: Words, weight: Value, total: Value, *so_far: Value) -> Value:
            reached = words.muldiv(weight, whole, total, scorecard.rounding)
            parts = [words.muldiv(each, whole, total, scorecard.rounding) for each in so_far]
            return words.minus(reached, words.total(parts))

        lines.append(
            LineSpec(
                name=f"{item.metric}.full",
                code="line_full_points",
                unit="POINT",
                kind=LineKind.STEP,
                key=item.metric,
                inputs=(f"{item.metric}.weight", last, *before),
                work=work,
            )
        )
        before = (f"{item.metric}.weight",)
    return lines


def _points_lines(scorecard: Scorecard) -> list[LineSpec]:
    mode, lines = scorecard.rounding, []
    excludes = scorecard.missing is MissingKpi.EXCLUDE_AND_RENORMALISE

    def points(words: Words, score: Value, full: Value) -> Value:
        earned = words.muldiv(score, full, RATIO_ONE, mode)
        if not excludes:
            return earned
        # an excluded KPI earns nothing of nothing; without any KPI there is no score at all
        return words.choose(words.present(score), earned, full)

    for item in scorecard.items:
        key = item.metric
        lines.append(
            LineSpec(
                name=f"{key}.points",
                code="line_kpi_points",
                unit="POINT",
                kind=LineKind.SCORE,
                key=key,
                inputs=(f"{key}.score", f"{key}.full"),
                work=points,
            )
        )
        lines.append(
            LineSpec(
                name=f"{key}.difference",
                code="line_kpi_difference",
                unit="POINT",
                kind=LineKind.REASON,
                key=key,
                inputs=(f"{key}.points", f"{key}.full"),
                work=_difference,
                shown=(f"{key}.attainment", f"{key}.score"),
            )
        )
    return lines


def _difference(words: Words, points: Value, full: Value) -> Value:
    return words.minus(points, full)


def _adjustment_line(scorecard: Scorecard, each: Adjustment) -> LineSpec:
    constants = [Constant(name="each", value=each.points, unit="POINT")]
    if each.cap is not None:
        constants.append(Constant(name="cap", value=each.cap, unit="POINT"))
    if each.value is not None:
        constants.append(Constant(name="threshold", value=each.value, unit=each.unit))
    return LineSpec(
        name=f"{each.id}.points",
        code=f"line_{each.kind.value.lower()}_points",
        unit="POINT",
        kind=LineKind.SCORE,
        key=each.id,
        inputs=(f"{each.metric}.num", f"{each.metric}.den"),
        work=_adjusted(each, scorecard.rounding),
        constants=tuple(constants),
    )


def _adjusted(each: Adjustment, mode: Rounding) -> Callable[..., Value]:
    one = ten_to(decimals_of(each.unit))

    def work(words: Words, num: Value, den: Value) -> Value:
        if each.form is AdjustmentForm.WHEN:
            operator = each.comparison or Comparison.AT_LEAST
            passed = words.compare(num, operator, words.times(each.value, den))
            points = words.choose(passed, each.points, 0)
        else:
            points = words.muldiv(num, each.points, words.times(den, one), mode)
            points = words.highest(points, 0)
        if each.cap is not None:
            points = words.lowest(points, each.cap)
        if each.missing is MissingInput.ZERO:
            points = words.otherwise(points, 0)
        return words.minus(0, points) if each.kind is AdjustmentKind.PENALTY else points

    return work


def _sum_of(words: Words, *parts: Value) -> Value:
    return words.total(parts)


def _whole_lines(scorecard: Scorecard) -> list[LineSpec]:
    parts = [f"{item.metric}.points" for item in scorecard.items]
    parts.extend(f"{each.id}.points" for each in scorecard.adjustments)
    lines = [
        _total_line(
            "own.full", "line_full_score", [f"{item.metric}.full" for item in scorecard.items]
        ),
        _total_line("own.score", "line_own_score", parts),
    ]
    last = ["own.score"]
    if scorecard.team is not None:
        lines.extend(_team_lines(scorecard))
        last = ["own.part", "team.part"]
    if scorecard.cap is not None or scorecard.floor is not None:
        lines.append(_limit_line(scorecard, tuple(last)))
        last.append("limits.points")
    lines.append(_total_line("score", "line_score", last, LineKind.TOTAL))
    return lines


def _total_line(name: str, code: str, parts: list[str], kind: LineKind = LineKind.STEP) -> LineSpec:
    return LineSpec(
        name=name, code=code, unit="POINT", kind=kind, key="", inputs=tuple(parts), work=_sum_of
    )


def _team_lines(scorecard: Scorecard) -> list[LineSpec]:
    team = scorecard.team
    assert team is not None

    def own(words: Words, score: Value) -> Value:
        return words.muldiv(score, team.individual, HUNDRED_POINTS, scorecard.rounding)

    def others(words: Words, score: Value) -> Value:
        held = words.otherwise(score, 0) if team.missing is MissingInput.ZERO else score
        return words.muldiv(held, team.team, HUNDRED_POINTS, scorecard.rounding)

    return [
        LineSpec(
            name="own.part",
            code="line_own_part",
            unit="POINT",
            kind=LineKind.STEP,
            key="",
            inputs=("own.score",),
            work=own,
            constants=(Constant(name="share", value=team.individual, unit="POINT"),),
        ),
        LineSpec(
            name="team.part",
            code="line_team_part",
            unit="POINT",
            kind=LineKind.STEP,
            key="",
            inputs=("team.score",),
            work=others,
            constants=(Constant(name="share", value=team.team, unit="POINT"),),
        ),
    ]


def _limit_line(scorecard: Scorecard, parts: tuple[str, ...]) -> LineSpec:
    """The overall cap and floor, after everything else, as a line of its own."""

    def work(words: Words, *values: Value) -> Value:
        before = words.total(values)
        after = before
        if scorecard.cap is not None:
            after = words.lowest(after, scorecard.cap)
        if scorecard.floor is not None:
            after = words.highest(after, scorecard.floor)
        return words.minus(after, before)

    pairs = (("cap", scorecard.cap), ("floor", scorecard.floor))
    return LineSpec(
        name="limits.points",
        code="line_score_limits",
        unit="POINT",
        kind=LineKind.SCORE,
        key="",
        inputs=parts,
        work=work,
        constants=tuple(
            Constant(name=name, value=value, unit="POINT")
            for name, value in pairs
            if value is not None
        ),
    )
