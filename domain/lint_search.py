"""The people a plan is tried on: where it changes its mind, found by running the plan itself.

No kind of component is known here. The numbers that a compiled plan reads are its axes; along each
of them the walk of `domain/walk.py` cuts wherever any decision of any line turns. The other axes
stand on one of a few scenes: everything fine, everything bad, one thing bad at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.component import SCORE
from domain.exact import INTS, Comparison, Value, ten_to
from domain.metric import Direction
from domain.plan import Plan
from domain.program import NUMBER, LineKind, NeedKind
from domain.scorecard import Scorecard
from domain.unit import CURRENCIES, LARGEST_STEPS, decimals_of
from domain.walk import Route, Stretch, Walk

WALK = 400  # evaluations of one axis; a plan that winds more is searched less closely
TRIALS = 80  # axes times scenes
MOST_AXES = 12  # of a plan with more numbers, the first ones are searched
# An ordinary target of each unit, where the plan itself names no number: 1,000,000 of money.
ORDINARY = {"COUNT": 20, "RATIO": 1, "POINT": 100, "DAY": 30, "HOUR": 100, "TIMES": 15}
MONEY = 1_000_000
NOTHING_BEFORE = {NeedKind.TO_DATE, NeedKind.TARGET_TO_DATE, NeedKind.EARNED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A number that a person can do better or worse in."""

    name: str  # of the input
    metric: str
    unit: str
    direction: Direction
    target: int  # an ordinary one, in steps

    @property
    def is_upwards(self) -> bool:
        """Say whether more is better."""
        return self.direction in {Direction.HIGHER, Direction.BOOLEAN}

    @property
    def worst(self) -> int:
        """Somebody who does badly: nothing, or four times what is still good."""
        return 0 if self.is_upwards else self.target * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A person who was tried, with every number on the way to the payout."""

    inputs: Mapping[str, int | None]
    values: Mapping[str, Value]

    @property
    def payout(self) -> int | None:
        """What the plan pays."""
        found: int | None = self.values["payout"]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One axis walked from end to end on one scene."""

    axis: Axis
    scene: Mapping[str, int | None]
    stretches: tuple[Stretch, ...]

    def person(self, place: int) -> dict[str, int | None]:
        """Give the numbers of the person at a place of the axis."""
        return {**self.scene, self.axis.name: place}


@dataclass(slots=True, kw_only=True)
class Search:
    """A plan, its scorecard, and everything that was tried on them."""

    plan: Plan
    route: Route
    axes: tuple[Axis, ...]
    fine: Mapping[str, int | None]  # everybody's numbers one and a half times as good as wanted
    at_target: Mapping[str, int | None]
    trials: list[Trial] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    targets_given: bool = False
    still_axes: int = 0  # numbers that were never moved, because there are too many
    left_out: int = 0  # numbers times scenes that were not tried

    @property
    def winding(self) -> int:
        """Count the stretches on which the walk gave up: the plan turns too often there."""
        return sum(each.is_winding for trial in self.trials for each in trial.stretches)

    def sample(self, inputs: Mapping[str, int | None]) -> Sample:
        """Run the plan on somebody, every line."""
        return Sample(inputs=inputs, values=values_of(self.route, inputs))

    def unit_of(self, metric: str) -> str:
        """Give the unit of a metric or of the score."""
        return "POINT" if metric == SCORE else self.plan.units[metric]


def values_of(route: Route, inputs: Mapping[str, int | None]) -> dict[str, Value]:
    """Give every line's value for one person, by the engine and without sentences."""
    values: dict[str, Value] = {name: inputs.get(name) for name in route.inputs}
    values.setdefault(SCORE, inputs.get(SCORE))
    for step in route.steps:
        given = (values[name] for name in step.inputs)
        values[step.name] = INTS.settle(step.line.work(INTS, *given))
    return values


def search(
    plan: Plan,
    route: Route,
    card: Scorecard | None,
    directions: Mapping[str, Direction],
    targets: Mapping[str, int],
) -> Search:
    """Try a plan on people at and around every place where it changes its mind."""
    known = {**_guessed(route), **directions}
    if card is not None:
        known.update({item.metric: item.direction for item in card.items})
    every = _axes(route, known, targets)
    axes = every[:MOST_AXES]
    still = _still(route, axes)
    at_target = {**still, **{axis.name: axis.target for axis in axes}}
    fine = {**still, **{axis.name: _good(axis) for axis in axes}}
    found = Search(
        plan=plan,
        route=route,
        axes=axes,
        fine=fine,
        at_target=at_target,
        targets_given=bool(targets),
        still_axes=len(every) - len(axes),
    )
    asked = [(axis, scene) for scene in _scenes(found) for axis in axes]
    found.left_out = len(asked[TRIALS:])
    for axis, scene in asked[:TRIALS]:
        _walk(found, axis, scene)
    return found


def _guessed(route: Route) -> dict[str, Direction]:
    """Take a metric that is only ever held below something for one of which less is better.

    Not so for money: whoever limits a bonus to small orders does not want small orders.
    """
    seen: dict[str, set[bool]] = {}
    low = {Comparison.AT_MOST.value.lower(), Comparison.LESS_THAN.value.lower()}
    for step in route.steps:
        code = step.line.code
        if step.line.unit != "TRUTH" or not code.startswith(("line_met_", "line_condition_",
                                                             "line_minimum_")):  # fmt: skip
            continue
        for name in step.inputs:
            if name.endswith(".num") and route.inputs.get(name) not in CURRENCIES:
                is_low = any(code.endswith(each) for each in low)
                seen.setdefault(name.removesuffix(".num"), set()).add(is_low)
    return {metric: Direction.LOWER for metric, found in seen.items() if found == {True}}


def _axes(
    route: Route, directions: Mapping[str, Direction], targets: Mapping[str, int]
) -> tuple[Axis, ...]:
    windows = {f"{need.name}.num": need.metric for need in route.pay.needs
               if need.kind is NeedKind.WINDOW}  # fmt: skip
    still = {f"{need.name}.num" for need in route.pay.needs} - windows.keys()
    found = []
    for name, unit in route.inputs.items():
        metric = windows.get(name, name.removesuffix(".num"))
        moves = name.endswith(".num") and ".peers." not in name and name not in still
        if moves or name in {SCORE, "team.score"}:
            target = targets.get(metric, ordinary(unit))
            direction = directions.get(metric, Direction.HIGHER)
            found.append(
                Axis(name=name, metric=metric, unit=unit, direction=direction, target=target)
            )
    return tuple(found)


def ordinary(unit: str) -> int:
    """Give an ordinary target in steps of a unit."""
    if unit == NUMBER or unit not in {*ORDINARY, *CURRENCIES, "MINUTE"}:
        return 1
    whole = MONEY if unit in CURRENCIES else ORDINARY.get(unit, 60)
    found: int | None = INTS.times(whole, ten_to(decimals_of(unit)))
    assert found is not None
    return found


def _good(axis: Axis) -> int:
    if axis.direction is Direction.TARGET:
        return axis.target
    return axis.target * 3 // 2 if axis.is_upwards else axis.target // 2


def _still(route: Route, axes: Sequence[Axis]) -> dict[str, int | None]:
    """Give the numbers that do not move: targets, divisors, the peers, what new kinds ask for."""
    targets = {axis.metric: axis for axis in axes}
    minimum = {cohort.id: cohort.minimum for cohort in route.pay.cohorts}
    needs = {need.name: need.kind for need in route.pay.needs}
    found: dict[str, int | None] = {}
    for name, unit in route.inputs.items():
        owner, _, part = name.rpartition(".")
        kind = needs.get(name, needs.get(owner))
        if kind in NOTHING_BEFORE and part != "den":
            found[name] = 0  # a first period: nothing was sold, wanted or earned before
        elif part == "den" or part.endswith("_den"):
            found[name] = 1
        elif part == "baseline" and owner in targets:
            axis = targets[owner]
            found[name] = axis.target // 2 if axis.is_upwards else axis.target * 2
        elif part == "size" and owner.endswith(".peers"):
            found[name] = max(10, minimum.get(owner.removesuffix(".peers"), 0))
        elif part == "target" and owner in targets:
            found[name] = targets[owner].target
        else:
            found[name] = ordinary(unit)
    return found


def _scenes(found: Search) -> list[Mapping[str, int | None]]:
    """Everything fine, everything at its target, everything bad, then one thing bad at a time."""
    bad = {**found.fine, **{axis.name: axis.worst for axis in found.axes}}
    scenes = [found.fine, found.at_target, bad]
    if len(found.axes) > 1:
        scenes.extend({**found.fine, axis.name: axis.worst} for axis in found.axes)
    return scenes


def _walk(found: Search, axis: Axis, scene: Mapping[str, int | None]) -> None:
    """Walk one axis: below nothing for money (refunds), up to the largest quantity there is."""
    walk = Walk(found.route, scene, axis.name, limit=WALK)
    low = -axis.target if axis.unit in CURRENCIES else 0
    stretches = tuple(walk.stretches(low, LARGEST_STEPS, corners=True))
    trial = Trial(axis=axis, scene=scene, stretches=stretches)
    found.trials.append(trial)
    for stretch in stretches:
        for place in dict.fromkeys((stretch.low, stretch.high)):
            found.samples.append(found.sample(trial.person(place)))


def pay_names(plan_route: Route) -> tuple[str, ...]:
    """Name the lines whose sum is the payout."""
    return tuple(line.name for line in plan_route.pay.lines if line.kind is LineKind.PAY)
