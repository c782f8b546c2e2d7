"""A person's period cut into segments: the programs of each, composed into one score and payout.

Names of a segment's lines and inputs get a prefix, ``s1.``, ``s2.``; what all segments share (the
days of the period, the facts of the whole period where a segment is held against them, the score)
has none. A period may be cut for the score on other days than for the pay: each names its segments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from domain.component import SCORE
from domain.day_lines import DAYS, How, days_of, with_amounts, with_targets
from domain.document import canonical
from domain.exact import RATIO_ONE, Comparison, Rounding, Value, Words, added
from domain.pay_lines import compile_pay
from domain.plan import Plan
from domain.program import NUMBER, TRUTH, Input, LineKind, LineSpec, Program
from domain.proration import Proration, SegmentPeers, Split
from domain.score_lines import compile_score
from domain.scorecard import Scorecard

PAYOUT = "payout"
_NAMED = re.compile(r"s(\d+)\.")
Document = TypeVar("Document", Plan, Scorecard)


_PLAINLY = How()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a person's scorecards and plans are applied; one of each, or one per segment."""

    score: How = _PLAINLY
    pay: How = _PLAINLY


WHOLE = Shape()  # one card and one plan for all of the period: nearly everybody


def shape_text(shape: Shape, cards: Sequence[str | None], plans: Sequence[str | None]) -> str:
    """Write how rules were applied, and which (by their hashes), as it is sealed with a result."""
    made = {
        name: {"documents": list(hashes), "places": list(how.places)}
        | {"byDays": how.by_days, "ramped": how.ramped}
        for name, how, hashes in (("score", shape.score, cards), ("pay", shape.pay, plans))
    }
    return canonical(made).decode()


def prefix_of(place: int) -> str:
    """Name the segment at ``place``, counted from nought: ``s1.`` is the first."""
    return f"s{added((place, 1))}."


def governing(documents: Sequence[Document | None]) -> Proration:
    """Give the choices by which segments are put together: those of the last document."""
    last = next(each for each in reversed(documents) if each is not None)
    assert last.proration is not None
    return last.proration


def is_shaped_input(name: str) -> bool:
    """Say whether only a person reads a number whose rules are not applied plainly."""
    return (
        place_of_line(name) is not None
        or name.startswith(("ramp.", *(f"{days}." for days in DAYS.values())))
        or name.rpartition(".")[2].startswith("full_")
    )


def place_of_line(name: str) -> int | None:
    """Return the place of the segment that a name belongs to, if it belongs to one."""
    match = _NAMED.match(name)
    return added((int(match[1]), -1)) if match else None


def shaped_score(cards: Sequence[Scorecard | None], how: How) -> Program | None:
    """Compile what scores somebody: one card, or a card per segment."""
    if not any(cards):
        return None
    if not how.cut:
        return _score_of(cards[-1], how)
    choices = governing(cards)
    parts = [
        (place, program)
        for place in how.places
        if (program := _score_of(cards[place], how)) is not None
    ]
    mode = next(card.rounding for card in reversed(cards) if card is not None)
    return _composed(
        [(place, _segment(program, place, choices)) for place, program in parts],
        [*_weights(choices, [place for place, _ in parts]), _score_line(parts, choices, mode)],
        choices,
        mode,
    )


def _score_of(card: Scorecard | None, how: How) -> Program | None:
    if card is None:
        return None
    proration = card.proration if how.by_days else None
    ramp = card.ramp if how.ramped else None
    program = compile_score(card)
    return with_targets(program, proration, ramp, card.rounding, "score")


def shaped_pay(plans: Sequence[Plan | None], how: How) -> Program | None:
    """Compile what pays somebody: one plan, or a plan per segment.

    Every plan reads the score of the whole period: it is one number, whatever made it.
    """
    if not any(plans):
        return None
    if not how.cut:
        return _pay_of(plans[-1], how)
    choices = governing(plans)
    parts = [
        (place, _segment(program, place, choices))
        for place in how.places
        if (program := _pay_of(plans[place], how)) is not None
    ]
    last = next(plan for plan in reversed(plans) if plan is not None)
    if choices.split is Split.DAYS:
        closing = [_sum_line([f"{prefix_of(place)}{PAYOUT}" for place, _ in parts], last.currency)]
        return _composed(parts, closing, choices, last.rounding)
    closing = _weights(choices, how.places)
    paid: list[str] = []
    for place, program in parts:
        closing.append(_percent_line(place, choices, last.rounding))
        for line in program.lines:
            if line.kind is LineKind.PAY:
                closing.append(_weighted(line, place, choices, last.rounding))
                paid.append(closing[-1].name)
    closing.append(_sum_line(paid, last.currency))
    demoted = [(place, replace(each, lines=_demoted(each.lines))) for place, each in parts]
    return _composed(demoted, closing, choices, last.rounding)


def _pay_of(plan: Plan | None, how: How) -> Program | None:
    if plan is None:
        return None
    program = compile_pay(plan)
    proration = plan.proration if how.by_days else None
    if proration is not None:
        program = with_amounts(program, plan, proration)
    ramp = plan.ramp if how.ramped else None
    return with_targets(program, proration, ramp, plan.rounding, "pay")


# ---- one segment --------------------------------------------------------------------------------


def _segment(program: Program, place: int, choices: Proration) -> Program:
    """Give the names of a program the prefix of its segment, save what all segments share."""
    prefix = prefix_of(place)
    present, period = days_of(choices.basis)
    common = {SCORE, period}
    made = {line.name for line in program.lines}
    if choices.split is not Split.DAYS:
        common.add(present)
        common.update(f"{metric}.{part}" for metric in program.metrics for part in ("num", "den"))

    def named(name: str) -> str:
        shared = name in common and name not in made
        return name if shared else f"{prefix}{name}"

    lines = tuple(
        replace(
            line,
            name=named(line.name),
            kind=LineKind.STEP if line.kind is LineKind.TOTAL else line.kind,
            inputs=tuple(map(named, line.inputs)),
            shown=tuple(map(named, line.shown)),
        )
        for line in program.lines
    )
    compared = choices.peers is not SegmentPeers.NOT_COMPARED
    return replace(
        program,
        inputs=tuple(replace(each, name=named(each.name)) for each in program.inputs),
        lines=lines,
        cohorts=tuple(replace(each, id=named(each.id)) for each in program.cohorts)
        if compared
        else (),
        needs=tuple(replace(each, name=named(each.name)) for each in program.needs),
    )


def _demoted(lines: Sequence[LineSpec]) -> tuple[LineSpec, ...]:
    """Make of a segment's amounts steps on the way: only their weighted parts are paid."""
    return tuple(
        replace(line, kind=LineKind.STEP) if line.kind is LineKind.PAY else line for line in lines
    )


# ---- all segments together ----------------------------------------------------------------------


def _composed(
    parts: Sequence[tuple[int, Program]],
    closing: Sequence[LineSpec],
    choices: Proration,
    mode: Rounding,
) -> Program:
    inputs = {each.name: each for _, program in parts for each in program.inputs}
    made = {line.name for line in closing}
    units = {
        name.rpartition(".")[0]: each.unit for name, each in inputs.items() if name.endswith("num")
    }
    for line in closing:
        for name in line.inputs:
            if name in made:
                continue
            if name.endswith(".present"):
                inputs.setdefault(name, Input(name=name, unit=NUMBER))
            if name.endswith(".achieved"):
                unit = units.get(choices.by or "", NUMBER)
                inputs.setdefault(name, Input(name=name, unit=unit))
    metrics = [metric for _, program in parts for metric in program.metrics]
    if choices.by is not None:
        metrics.append(choices.by)
    return Program(
        inputs=tuple(inputs.values()),
        lines=(*(line for _, program in parts for line in program.lines), *closing),
        metrics=tuple(dict.fromkeys(metrics)),
        cohorts=tuple(each for _, program in parts for each in program.cohorts),
        needs=tuple(each for _, program in parts for each in program.needs),
        rounding=mode,
    )


def weight_of(place: int, choices: Proration) -> str:
    """Name what a segment counts: its days, or the line that holds what was achieved in it."""
    prefix = prefix_of(place)
    if choices.split is Split.ACTUALS:
        return f"{prefix}weight.present"
    return f"{prefix}{DAYS[choices.basis]}.present"


def _whole_of(choices: Proration) -> str:
    return "weight.whole" if choices.split is Split.ACTUALS else f"{DAYS[choices.basis]}.whole"


def _weights(choices: Proration, places: Sequence[int]) -> list[LineSpec]:
    """The lines that say what each segment counts, and all of them together."""
    lines: list[LineSpec] = []
    if choices.split is Split.ACTUALS:
        achieved = [f"{prefix_of(place)}{choices.by}.achieved" for place in places]
        days = [f"{prefix_of(place)}{DAYS[choices.basis]}.present" for place in places]
        lines.append(_line("weight.known", "line_weight_by_actuals", TRUTH, achieved, _is_known))
        for place, own, present in zip(places, achieved, days, strict=True):
            inputs = ["weight.known", own, present]
            name = weight_of(place, choices)
            lines.append(_line(name, "line_segment_weight", NUMBER, inputs, _chosen_weight))
    named = [weight_of(place, choices) for place in places]
    lines.append(_line(_whole_of(choices), "line_whole_weight", NUMBER, named, _total))
    return lines


def _is_known(words: Words, *achieved: Value) -> Value:
    """Weigh by actuals where there are any and none is negative; by days otherwise."""
    known = [words.otherwise(each, 0) for each in achieved]
    truth = words.compare(words.total(known), Comparison.MORE_THAN, 0)
    for each in known:
        truth = words.both(truth, words.compare(each, Comparison.AT_LEAST, 0))
    return truth


def _chosen_weight(words: Words, known: Value, achieved: Value, days: Value) -> Value:
    return words.choose(known, words.otherwise(achieved, 0), days)


def _total(words: Words, *parts: Value) -> Value:
    return words.total(parts)


def _line(
    name: str, code: str, unit: str, inputs: Sequence[str], work: Callable[..., Value]
) -> LineSpec:
    return LineSpec(
        name=name,
        code=code,
        unit=unit,
        kind=LineKind.STEP,
        key="",
        inputs=tuple(inputs),
        work=work,
    )


def _score_line(
    parts: Sequence[tuple[int, Program]], choices: Proration, mode: Rounding
) -> LineSpec:
    """The score of the period: the segments' scores by what each counts, rounded once."""

    def work(words: Words, whole: Value, *values: Value) -> Value:
        scores, weights = values[: len(parts)], values[len(parts) :]
        products = [words.times(*pair) for pair in zip(scores, weights, strict=True)]
        return words.muldiv(words.total(products), 1, whole, mode)

    places = [place for place, _ in parts]
    inputs = [
        _whole_of(choices),
        *(f"{prefix_of(place)}{SCORE}" for place in places),
        *(weight_of(place, choices) for place in places),
    ]
    line = _line(SCORE, "line_score", "POINT", inputs, work)
    return replace(line, kind=LineKind.TOTAL)


def _percent_line(place: int, choices: Proration, mode: Rounding) -> LineSpec:
    """The part a segment counts, as it is told; nothing is calculated with it."""

    def work(words: Words, present: Value, whole: Value) -> Value:
        return words.muldiv(present, RATIO_ONE, whole, mode)

    inputs = [weight_of(place, choices), _whole_of(choices)]
    return _line(f"{prefix_of(place)}percent", "line_segment_percent", "RATIO", inputs, work)


def _weighted(line: LineSpec, place: int, choices: Proration, mode: Rounding) -> LineSpec:
    def work(words: Words, amount: Value, present: Value, whole: Value) -> Value:
        return words.muldiv(amount, present, whole, mode)

    return LineSpec(
        name=f"{line.name}.part",
        code="line_segment_amount" if line.key else "line_segment_limit",
        unit=line.unit,
        kind=LineKind.PAY,
        key=line.key,
        inputs=(line.name, weight_of(place, choices), _whole_of(choices)),
        work=work,
        shown=(f"{prefix_of(place)}percent",),
    )


def _sum_line(parts: Sequence[str], currency: str) -> LineSpec:
    line = _line(PAYOUT, "line_payout", currency, parts, _total)
    return replace(line, kind=LineKind.TOTAL)
