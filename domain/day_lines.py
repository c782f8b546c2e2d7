"""Lines of somebody who is there for a part of the period: targets, amounts, thresholds by days.

A target or an amount that is taken by days is a line of its own, rounded once, and what follows
reads it. Tier ends and conditions are held against the exact part, never against a rounded one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from domain.component import Condition
from domain.exact import Rounding, Value, Words
from domain.kinds.tiered import Tiered
from domain.plan import Plan
from domain.plan_proration import condition_by_days, tiers_by_days
from domain.program import NUMBER, Constant, Input, LineKind, LineSpec, Program
from domain.proration import Basis, Proration, Ramp

Days = tuple[str, str]
DAYS = {Basis.CALENDAR_DAYS: "calendar_days", Basis.WORKING_DAYS: "working_days"}
_BY_DAYS = ("target", "baseline")  # what grows with the days; a ramp is on the target alone


def days_of(basis: Basis) -> Days:
    """Name the inputs that hold somebody's days and those of the whole period."""
    return f"{DAYS[basis]}.present", f"{DAYS[basis]}.period"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How one document is applied to somebody: cut into segments, taken by days, ramped.

    ``places`` are those of the segments that are put together, counted from nought.
    """

    places: tuple[int, ...] = ()
    by_days: bool = False
    ramped: bool = False

    @property
    def cut(self) -> bool:
        """Say whether the period is put together from segments."""
        return bool(self.places)


def with_targets(
    program: Program, proration: Proration | None, ramp: Ramp | None, mode: Rounding, ramp_name: str
) -> Program:
    """Let targets be lines instead of inputs: the full target, by days, by the newcomer's share."""
    days = days_of(proration.basis) if proration is not None else None
    by_days = proration.targets if proration is not None else ()
    ramped = ramp.metrics if ramp is not None else ()
    inputs: dict[str, Input] = {}
    lines: list[LineSpec] = []
    for each in program.inputs:
        metric, _, part = each.name.rpartition(".")
        took_days = days if part in _BY_DAYS and metric in by_days else None
        took_ramp = f"ramp.{ramp_name}" if part == "target" and metric in ramped else None
        if metric not in program.metrics or (took_days is None and took_ramp is None):
            inputs[each.name] = each
            continue
        full = Input(name=f"{metric}.full_{part}", unit=each.unit)
        line = _part_line(each, full, took_days, took_ramp, mode)
        inputs[full.name] = full
        for name in line.inputs[1:]:
            inputs[name] = Input(name=name, unit=NUMBER)
        lines.append(line)
    return replace(program, inputs=tuple(inputs.values()), lines=(*lines, *program.lines))


def _part_line(
    target: Input, full: Input, days: Days | None, ramp: str | None, mode: Rounding
) -> LineSpec:
    def work(words: Words, whole: Value, *parts: Value) -> Value:
        top, bottom = whole, 1
        for part, of in zip(parts[::2], parts[1::2], strict=True):
            top, bottom = words.times(top, part), words.times(bottom, of)
        return words.muldiv(top, 1, bottom, mode)

    of_baseline = "_baseline" if target.name.endswith(".baseline") else ""
    how = f"{of_baseline}{'_days' if days else ''}{'_ramp' if ramp else ''}"
    return LineSpec(
        name=target.name,
        code=f"line_part{how}",
        unit=target.unit,
        kind=LineKind.STEP,
        key=target.name.rpartition(".")[0],
        inputs=(
            full.name,
            *(days or ()),
            *((f"{ramp}.share", f"{ramp}.full") if ramp else ()),
        ),
        work=work,
    )


def with_amounts(program: Program, plan: Plan, proration: Proration) -> Program:
    """Take the amounts, limits and thresholds that the plan names by days."""
    days = days_of(proration.basis)
    components = {each.id: each for each in plan.components}
    changed: dict[str, tuple[LineSpec, ...]] = {}
    lines = {line.name: line for line in program.lines}
    for name in proration.thresholds:
        component = components[name]
        if isinstance(component, Tiered) and tiers_by_days(component):
            named = [lines[f"{name}.{part}"] for part in ("tier", "rate", "amount")]
            changed.update({line.name: (_tier_line(line, days),) for line in named})
        found = condition_by_days(component, plan.units)
        if found is not None:
            line = lines.get(f"{name}.{found[0]}") or lines[f"{name}.passed"]
            changed[line.name] = _condition_lines(line, found[1], plan, days)
    for name in proration.amounts:
        if name not in components:
            changed[f"{name}.amount"] = _limit_lines(lines[f"{name}.amount"], plan, name, days)
            continue
        whole = {
            each: f"{each.removesuffix('.amount')}.whole" for each in components[name].pay_names
        }
        for each in whole:
            *before, line = changed.get(each, (lines[each],))
            changed[each] = (*before, *_amount_lines(line, plan, days, whole))
    if not changed:
        return program
    inputs = {each.name: each for each in program.inputs}
    inputs.update({name: Input(name=name, unit=NUMBER) for name in days})
    return replace(
        program,
        inputs=tuple(inputs.values()),
        lines=tuple(new for line in program.lines for new in changed.get(line.name, (line,))),
    )


def _tier_line(line: LineSpec, days: Days) -> LineSpec:
    """Let the tiers end at a part of their ends.

    Looking an amount up in a table whose ends are a part of the whole is the same as stretching
    the amount to a whole period, looking it up, and paying the part of what comes out.
    """
    on_excess = any(name.endswith(".target") for name in line.inputs)
    pays = line.kind is LineKind.PAY

    def work(words: Words, num: Value, den: Value, *rest: Value) -> Value:
        *others, present, period = rest
        stretched = words.times(num, period)
        if on_excess:
            # only what exceeds the target is stretched, not the target
            target = words.times(others[0], den)
            over = words.times(words.minus(num, target), period)
            stretched = words.plus(over, words.times(target, present))
        carrier = cast("Words", _PayingPart(words, present, period)) if pays else words
        return line.work(carrier, stretched, words.times(den, present), *others)

    return replace(line, inputs=(*line.inputs, *days), work=work)


class _PayingPart:
    """A carrier that pays a part of whatever is rounded, and rounds once all the same."""

    def __init__(self, words: Words, part: Value, whole: Value) -> None:
        self._words = words
        self._part, self._whole = part, whole

    def muldiv(self, a: Value, b: Value, c: Value, mode: Rounding) -> Value:
        """Multiply and divide, and take the part before rounding."""
        words = self._words
        return words.muldiv(words.times(a, self._part), b, words.times(c, self._whole), mode)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._words, name)


def _amount_lines(
    line: LineSpec, plan: Plan, days: Days, whole: Mapping[str, str]
) -> tuple[LineSpec, ...]:
    """The amount as for the whole period, and the part of it that is paid.

    A cap or floor of the component's own is of the whole amount, so it reads the whole ones.
    """
    own = whole[line.name]

    def work(words: Words, amount: Value, present: Value, period: Value) -> Value:
        return words.muldiv(amount, present, period, plan.rounding)

    return (
        replace(
            line,
            name=own,
            kind=LineKind.STEP,
            inputs=tuple(whole.get(name, name) for name in line.inputs),
        ),
        LineSpec(
            name=line.name,
            code="line_part_amount",
            unit=line.unit,
            kind=LineKind.PAY,
            key=line.key,
            inputs=(own, *days),
            work=work,
        ),
    )


def _limit_lines(line: LineSpec, plan: Plan, name: str, days: Days) -> tuple[LineSpec, ...]:
    """The part of the plan's cap or floor, and what it takes or adds."""
    whole = plan.cap if name == "cap" else plan.floor
    assert whole is not None

    def limit(words: Words, present: Value, period: Value) -> Value:
        return words.muldiv(whole, present, period, plan.rounding)

    def work(words: Words, most: Value, *parts: Value) -> Value:
        way = words.minus(most, words.total(parts))
        return words.lowest(way, 0) if name == "cap" else words.highest(way, 0)

    own = LineSpec(
        name=f"{name}.limit",
        code="line_part_limit",
        unit=plan.currency,
        kind=LineKind.STEP,
        key="",
        inputs=days,
        work=limit,
        constants=(Constant(name="whole", value=whole, unit=plan.currency),),
    )
    return own, replace(line, inputs=(own.name, *line.inputs), work=work, constants=())


def _condition_lines(
    line: LineSpec, condition: Condition, plan: Plan, days: Days
) -> tuple[LineSpec, ...]:
    """The part of the fixed value as it is told, and the comparison with the exact part."""
    unit = plan.units[condition.metric]

    def told(words: Words, present: Value, period: Value) -> Value:
        return words.muldiv(condition.value, present, period, plan.rounding)

    own = LineSpec(
        name=f"{line.name}.threshold",
        code="line_part_threshold",
        unit=unit,
        kind=LineKind.STEP,
        key=line.key,
        inputs=days,
        work=told,
        constants=(Constant(name="whole", value=condition.value, unit=unit),),
    )
    held = replace(
        line,
        inputs=(*line.inputs, *days),
        work=_by_part(line.work),
        shown=(*line.shown, own.name),
        constants=(),
    )
    return own, held


def _by_part(work: Callable[..., Value]) -> Callable[..., Value]:
    """Hold ``num / den`` against a part of a value: the same as the whole of it, the other way."""

    def scaled(words: Words, num: Value, den: Value, present: Value, period: Value) -> Value:
        return work(words, words.times(num, period), words.times(den, present))

    return scaled
