"""Findings along one number: pay that falls, cliffs, pay without end, sales that are paid twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from domain.component import SCORE
from domain.finding import Case, Finding, FindingCode, FindingWeight
from domain.lint_search import Axis, Sample, Search, Trial, pay_names
from domain.metric import Direction
from domain.program import LineKind
from domain.stretch import Moving

CLIFF_PERCENT = 10  # one step more that changes pay by more than this is a cliff
FAR = 1_000  # times an ordinary target: nobody sells more


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """Two people beside each other on an axis; ``worse`` has done less well."""

    trial: Trial
    worse: int
    better: int
    gain: int  # what the better one is paid more


def falls(search: Search) -> Iterator[Finding]:
    """Find where somebody does better and is paid less (requirement 34)."""
    worst: dict[tuple[str, str], tuple[Jump, Sample, Sample]] = {}
    for jump in _steps_down(search):
        worse, better = _pair(search, jump)
        key = (jump.trial.axis.name, to_blame(search, worse, better))
        if key not in worst or jump.gain < worst[key][0].gain:
            worst[key] = (jump, worse, better)
    for (_, component), (jump, worse, better) in worst.items():
        values = {"lost": (-jump.gain, search.plan.currency), **_places(jump)}
        yield Finding(
            code=FindingCode.PAY_FALLS,
            weight=FindingWeight.ERROR,
            component=component,
            values=values,
            witness=(case_of(worse), case_of(better)),
        )


def _steps_down(search: Search) -> Iterator[Jump]:
    for trial in search.trials:
        if trial.axis.direction is Direction.TARGET:
            continue
        for jump in _jumps(trial, whole=True):
            if jump.gain < 0:
                yield jump


def _jumps(trial: Trial, *, whole: bool) -> Iterator[Jump]:
    """Give neighbours at every edge; with ``whole``, the two ends of every stretch as well."""
    upwards = trial.axis.is_upwards
    pairs = [(left.high, left.last, right.low, right.first)
             for left, right in pairwise(trial.stretches)
             if not left.is_winding and not right.is_winding]  # fmt: skip
    if whole:
        pairs.extend((each.low, each.first, each.high, each.last)
                     for each in trial.stretches if not each.is_winding)  # fmt: skip
    for low, low_pays, high, high_pays in pairs:
        if low_pays is None or high_pays is None or low_pays == high_pays:
            continue
        gain = high_pays - low_pays
        if upwards:
            yield Jump(trial=trial, worse=low, better=high, gain=gain)
        else:
            yield Jump(trial=trial, worse=high, better=low, gain=-gain)


def _pair(search: Search, jump: Jump) -> tuple[Sample, Sample]:
    trial = jump.trial
    return search.sample(trial.person(jump.worse)), search.sample(trial.person(jump.better))


def to_blame(search: Search, worse: Sample, better: Sample) -> str:
    """Name the component whose amount changes most in the way the payout does."""
    down = (better.payout or 0) < (worse.payout or 0)
    changes: list[tuple[int, str]] = []
    for line in search.route.pay.lines:
        if line.name in pay_names(search.route) and line.key:
            change = (better.values[line.name] or 0) - (worse.values[line.name] or 0)
            changes.append((-change if down else change, line.key))
    best = max(changes, default=(0, ""))
    return best[1] if best[0] > 0 else ""


def _places(jump: Jump) -> dict[str, str | tuple[int, str]]:
    axis = jump.trial.axis
    return {
        "metric": axis.metric,
        "worse": (jump.worse, axis.unit),
        "better": (jump.better, axis.unit),
    }


def case_of(sample: Sample) -> Case:
    """Write down a person who was tried."""
    return Case(inputs=dict(sample.inputs), payout=sample.payout)


def cliffs(search: Search) -> Iterator[Finding]:
    """Find single steps that raise pay by more than a tenth; the first reward is a threshold."""
    highest: dict[tuple[str, str, FindingCode], tuple[Jump, Sample, Sample]] = {}
    for trial in search.trials:
        for jump in _jumps(trial, whole=False):
            worse, better = _pair(search, jump)
            before, after = worse.payout or 0, better.payout or 0
            if jump.gain <= 1 or jump.gain * 100 <= CLIFF_PERCENT * max(abs(before), abs(after)):
                continue
            code = FindingCode.CLIFF if before > 0 else FindingCode.THRESHOLD
            key = (trial.axis.name, to_blame(search, worse, better), code)
            if key not in highest or jump.gain > highest[key][0].gain:
                highest[key] = (jump, worse, better)
    for (_, component, code), (jump, worse, better) in highest.items():
        yield Finding(
            code=code,
            weight=FindingWeight.WARNING if code is FindingCode.CLIFF else FindingWeight.INFO,
            component=component,
            values={"gain": (jump.gain, search.plan.currency), **_places(jump)},
            witness=(case_of(worse), case_of(better)),
        )


def without_end(search: Search) -> Iterator[Finding]:
    """Find pay that has no end, and rates that grow and then never stop."""
    for axis in search.axes:
        if not axis.is_upwards or axis.name == SCORE:
            continue
        trial = next(each for each in search.trials if each.axis == axis)
        far, farther = axis.target * FAR, axis.target * FAR * 2
        first, second = (search.sample(trial.person(place)) for place in (far, farther))
        if first.payout is None or second.payout is None or second.payout <= first.payout:
            continue
        grows = _earlier_slope(search, trial) < second.payout - first.payout
        yield Finding(
            code=FindingCode.ENDLESS_ACCELERATOR if grows else FindingCode.NO_CAP,
            weight=FindingWeight.WARNING if grows else FindingWeight.INFO,
            component=to_blame(search, first, second),
            values={
                "metric": axis.metric,
                "worse": (far, axis.unit),
                "better": (farther, axis.unit),
                "pays": (first.payout, search.plan.currency),
                "more": (second.payout, search.plan.currency),
            },
            witness=(case_of(first), case_of(second)),
        )


def _earlier_slope(search: Search, trial: Trial) -> int:
    """Give what the first rate that pays would pay for so much more, rounded up generously."""
    far = trial.axis.target * FAR
    for stretch in trial.stretches:
        pay = stretch.pay
        if not isinstance(pay, Moving) or not pay.rises or stretch.low < 0:
            continue
        width = stretch.high - stretch.low
        if width < 100 or stretch.low >= far:
            continue
        # one unit of rounding on either side may look like a slope of its own
        return -(-(pay.last - pay.first + 2) * far // width)
    return far * FAR


def paid_twice(search: Search) -> Iterator[Finding]:
    """Find components that each pay a share of the same sales."""
    for axis in search.axes:
        if axis.name == SCORE:
            continue
        own = _own_amounts(search, axis)
        trial = next(each for each in search.trials if each.axis == axis)
        for stretch in trial.stretches:
            if stretch.low < 0 or stretch.high - stretch.low < 100:
                continue
            low, high = stretch.low, min(stretch.high, max(stretch.low * 2, axis.target * 4))
            worse, better = (search.sample(trial.person(place)) for place in (low, high))
            both = [key for name, key in own.items() if _rises(worse, better, name)]
            if len(both) < 2:
                continue
            yield _twice(search, axis, both, worse, better)
            break


def _twice(search: Search, axis: Axis, both: list[str], worse: Sample, better: Sample) -> Finding:
    return Finding(
        code=FindingCode.PAID_TWICE,
        weight=FindingWeight.WARNING,
        component=both[1],
        values={
            "metric": axis.metric,
            "other": both[0],
            "worse": (worse.inputs[axis.name] or 0, axis.unit),
            "better": (better.inputs[axis.name] or 0, axis.unit),
        },
        witness=(case_of(worse), case_of(better)),
    )


def _rises(worse: Sample, better: Sample, name: str) -> bool:
    low, high = worse.values[name], better.values[name]
    return low is not None and high is not None and high > low


def _own_amounts(search: Search, axis: Axis) -> dict[str, str]:
    """Name the amounts that read the number itself, not another component's amount."""
    reads: dict[str, set[str]] = {}
    found = {}
    for step in search.route.steps:
        reads[step.name] = {name for each in step.inputs for name in (each, *reads.get(each, ()))}
        amounts = any(name.endswith(".amount") for name in reads[step.name])
        is_amount = step.line.kind is LineKind.PAY and step.line.key and not amounts
        if is_amount and axis.name in reads[step.name]:
            found[step.name] = step.line.key
    return found
