"""What answers to what-if questions look like, and how they are made of a frozen way to pay."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from api.access import output, shown
from api.context import Context
from api.incentives import PersonRef, RunRef, run_ref
from api.lines import Sheet, StatementLine, line_from_domain
from api.scalars import closed_set
from api.values import Money, Quantity, maybe_money, maybe_number, number
from domain.access import Resource
from domain.backwards import Change, GoalOutcome, Reach, curve, reach, what_if
from domain.metric import Direction
from domain.period import period_named
from domain.problem import Refused
from domain.program import NeedKind
from domain.unit import LARGEST_STEPS, to_steps
from domain.walk import Walk
from messages.render import Quantity as Spoken
from storage.results import Result, Run
from storage.statements import Frozen

POINTS = 200  # corners of a curve that are shown at most

closed_set(
    GoalOutcome,
    "How a question for a goal of pay ended.",
    {
        GoalOutcome.REACHED: "There is a number that pays it.",
        GoalOutcome.UNREACHABLE: "No number pays it.",
        GoalOutcome.NOT_KNOWN: "Something is missing, so that no number gives any payout.",
        GoalOutcome.TOO_WINDING: "The payout goes up and down too often to be followed.",
    },
)


@output(access=Resource.PAY, description="A line that another number changes.")
class LineChange:
    """Before and after."""

    before: StatementLine = shown("The line as it is.")
    after: StatementLine = shown("The line as it would be.")


@output(access=Resource.PAY, description="What more of a metric would be worth.")
class PayEstimate:
    """An estimate, line by line."""

    person: PersonRef = shown("Whose pay it is.")
    run: RunRef = shown("The run whose frozen numbers everything else is taken from.")
    now: Quantity | None = shown("The metric as it is; null when there is no data yet.")
    then: Quantity = shown("The metric as it would be.")
    before: Money | None = shown("The payout as it is.")
    after: Money | None = shown("The payout as it would be.")
    difference: Money | None = shown("What it is worth.")
    changes: list[LineChange] = shown("The lines of the plan that change, at most some hundreds.")
    score_changes: list[LineChange] = shown("The lines of the score that change; may be empty.")
    text: str = shown("The answer as a sentence.")
    held: str = shown("What the estimate leaves as it is, as a sentence.")


@output(access=Resource.PAY, description="Neighbouring numbers that all pay at least the goal.")
class GoalRange:
    """From and to, both included."""

    low: Quantity = shown("The lowest.")
    high: Quantity | None = shown("The highest; null when there is no end.")


@output(access=Resource.PAY, description="How much of a metric is needed to earn an amount.")
class PayGoal:
    """Solved exactly, through gates, tiers, caps and roundings."""

    person: PersonRef = shown("Whose pay it is.")
    run: RunRef = shown("The run whose frozen numbers everything else is taken from.")
    outcome: GoalOutcome = shown("Whether it can be earned.")
    now: Quantity | None = shown("The metric as it is; null when there is no data yet.")
    needed: Quantity | None = shown(
        "The least that pays the amount; the most, where less is better."
    )
    more: Quantity | None = shown("How much that is beyond what there is; negative when passed.")
    pays: Money | None = shown("What is paid there.")
    beside: Money | None = shown("What is paid one step short of it: less.")
    ranges: list[GoalRange] = shown("All numbers that pay the amount, at most four ranges.")
    most: Money | None = shown("The most that can be earned, when the amount cannot.")
    most_at: Quantity | None = shown("The first number that pays the most.")
    limits: list[StatementLine] = shown(
        "What holds the pay down: caps and shut gates; may be empty."
    )
    text: str = shown("The answer as a sentence.")
    held: str = shown("What the answer leaves as it is, as a sentence.")


@output(access=Resource.PAY, description="A corner of a curve.")
class CurvePoint:
    """A number and what it pays."""

    at: Quantity = shown("The metric.")
    pays: Money | None = shown("The payout; null when it is not known.")


@output(access=Resource.PAY, description="Pay against a metric: straight lines between corners.")
class PayCurve:
    """To draw. A jump is two corners one step apart."""

    person: PersonRef = shown("Whose pay it is.")
    run: RunRef = shown("The run whose frozen numbers everything else is taken from.")
    now: CurvePoint | None = shown("Where the person stands; null when there is no data yet.")
    points: list[CurvePoint] = shown("The corners in order, at most 200.")
    held: str = shown("What the curve leaves as it is, as a sentence.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One person's frozen way to pay, and the metric that is free to move."""

    context: Context
    person: PersonRef
    run: Run
    result: Result
    frozen: Frozen
    sheet: Sheet
    metric: str
    moved: str  # the input that moves
    unit: str

    @property
    def divisor(self) -> str:
        """The input that the moving one is divided by."""
        return f"{self.moved.removesuffix('.num')}.den"

    @property
    def den(self) -> int:
        """What the moving number is divided by; a metric without data counts by one."""
        return self.frozen.inputs.get(self.divisor) or 1

    @property
    def inputs(self) -> dict[str, int | None]:
        """The frozen numbers, with a divisor even where there is no data yet."""
        return {**self.frozen.inputs, self.divisor: self.den}

    @property
    def now(self) -> int | None:
        """The number as it was frozen."""
        return self.frozen.inputs.get(self.moved)

    @property
    def tied(self) -> dict[str, int]:
        """Windows of days that are open now: what is sold more counts in them as well."""
        inputs, found = self.frozen.inputs, {}
        period = period_named(self.run.period)
        day = min(max(self.context.today, period.start), period.last_day)
        for need in self.frozen.route.pay.needs:
            if need.kind is not NeedKind.WINDOW or need.metric != self.metric or self.den != 1:
                continue
            is_open = need.start is not None and need.end is not None and (
                need.start <= day < need.end
            )  # fmt: skip
            counted = inputs.get(f"{need.name}.num")
            own = f"{need.name}.num" == self.moved
            if is_open and not own and counted is not None and inputs.get(f"{need.name}.den") == 1:
                found[f"{need.name}.num"] = counted - (self.now or 0)
        return found

    @property
    def name(self) -> str:
        """What the metric is called in the language of the request."""
        found = self.sheet.metrics.get(self.metric)
        return self.metric if found is None else found.name[self.context.locale.value]

    def say(self, code: str, /, **values: Spoken | str | None) -> str:
        """Write a sentence about the metric."""
        known = {name: value for name, value in values.items() if value is not None}
        catalogue = self.context.runtime.catalogue
        return catalogue.text(code, {**known, "name": self.name}, self.context.locale)

    def counted(self, num: int) -> Quantity:
        """Show a number of the metric."""
        return number(num, self.unit, self.context, self.den)

    def spoken(self, num: int | None) -> Spoken | None:
        """Say a number of the metric."""
        return None if num is None else Spoken(num=num, unit=self.unit, den=self.den)

    def paid(self, steps: int | None) -> Spoken | None:
        """Say an amount of pay."""
        return None if steps is None else Spoken(num=steps, unit=self.result.currency or "CNY")

    def lines(self, changes: tuple[Change, ...]) -> list[LineChange]:
        """Show lines that change."""
        return [
            LineChange(
                before=line_from_domain(each.before, self.sheet),
                after=line_from_domain(each.after, self.sheet),
            )
            for each in changes
        ]


def steps_of(value: Decimal, unit: str, name: str) -> int:
    """Read a number that was asked with, exactly or not at all."""
    found = to_steps(value, unit)
    if found is None:
        raise Refused("number_not_exact", {"value": f"{value:f}"[:40], "unit": unit}, path=name)
    return found


def estimated(asked: Asked, add: Decimal) -> PayEstimate:
    """Say what more of the metric would be worth."""
    context, currency = asked.context, asked.result.currency or "CNY"
    more = steps_of(add, asked.unit, "add") * asked.den
    then = (asked.now or 0) + more
    if abs(then) > LARGEST_STEPS:
        raise Refused(
            "number_not_exact", {"value": f"{add:f}"[:40], "unit": asked.unit}, path="add"
        )
    walk = Walk(asked.frozen.route, asked.inputs, asked.moved, tied=asked.tied)
    changed = {**walk.person(then), asked.divisor: asked.den}
    found = what_if(asked.frozen.route, asked.frozen.inputs, changed)
    known = found.difference is not None
    return PayEstimate(
        person=asked.person,
        run=run_ref(asked.run),
        now=maybe_number(asked.now, asked.unit, context, asked.den),
        then=asked.counted(then),
        before=maybe_money(found.before, currency, context),
        after=maybe_money(found.after, currency, context),
        difference=maybe_money(found.difference, currency, context),
        changes=asked.lines(found.pay),
        score_changes=asked.lines(found.score),
        text=asked.say(
            "what_if_worth" if known else "what_if_worth_unknown",
            add=asked.spoken(more),
            before=asked.paid(found.before),
            after=asked.paid(found.after),
            difference=asked.paid(found.difference),
        ),
        held=asked.say("what_if_held"),
    )


def solved(asked: Asked, amount: Decimal) -> PayGoal:
    """Say how much of the metric earns an amount."""
    context, currency = asked.context, asked.result.currency or "CNY"
    goal = steps_of(amount, currency, "amount")
    metric = asked.sheet.metrics.get(asked.metric)
    lower = metric is not None and metric.direction is Direction.LOWER
    found = reach(
        asked.frozen.route,
        asked.inputs,
        asked.moved,
        goal,
        less_is_better=lower,
        tied=asked.tied,
    )
    more = None if found.place is None else found.place - (asked.now or 0)
    return PayGoal(
        person=asked.person,
        run=run_ref(asked.run),
        outcome=found.outcome,
        now=maybe_number(asked.now, asked.unit, context, asked.den),
        needed=maybe_number(found.place, asked.unit, context, asked.den),
        more=maybe_number(more, asked.unit, context, asked.den),
        pays=maybe_money(found.pays, currency, context),
        beside=maybe_money(found.beside, currency, context),
        ranges=[
            GoalRange(
                low=asked.counted(each.low),
                high=maybe_number(each.high, asked.unit, context, asked.den),
            )
            for each in found.ranges
        ],
        most=maybe_money(found.most, currency, context),
        most_at=maybe_number(found.most_at, asked.unit, context, asked.den),
        limits=[line_from_domain(line, asked.sheet) for line in found.limits],
        text=_goal_text(asked, found, goal, lower),
        held=asked.say("what_if_held"),
    )


def _goal_text(asked: Asked, found: Reach, goal: int, lower: bool) -> str:
    code = {
        GoalOutcome.REACHED: "goal_reached_lower" if lower else "goal_reached",
        GoalOutcome.UNREACHABLE: "goal_unreachable",
        GoalOutcome.NOT_KNOWN: "goal_not_known",
        GoalOutcome.TOO_WINDING: "goal_too_winding",
    }[found.outcome]
    if code == "goal_reached" and found.place == 0:
        code = "goal_reached_least"
    text = asked.say(
        code,
        goal=asked.paid(goal),
        needed=asked.spoken(found.place),
        pays=asked.paid(found.pays),
        beside=asked.paid(found.beside),
        most=asked.paid(found.most),
        most_at=asked.spoken(found.most_at),
    )
    end = found.ranges[0].high if found.ranges and not lower else None
    if end is None:
        return text
    warning = asked.say("goal_falls_again", goal=asked.paid(goal), high=asked.spoken(end))
    return f"{text} {warning}"


def drawn(asked: Asked, low: Decimal, high: Decimal) -> PayCurve:
    """Give the curve of pay over the metric."""
    context, currency = asked.context, asked.result.currency or "CNY"
    start = steps_of(low, asked.unit, "low") * asked.den
    end = steps_of(high, asked.unit, "high") * asked.den
    if not -LARGEST_STEPS <= start < end <= LARGEST_STEPS:
        values = {"field": "high", "low": f"{low:f}"[:40], "high": str(LARGEST_STEPS)}
        raise Refused("number_out_of_range", values, path="high")

    def shown_point(at: int, pays: int | None) -> CurvePoint:
        return CurvePoint(at=asked.counted(at), pays=maybe_money(pays, currency, context))

    walk = Walk(asked.frozen.route, asked.inputs, asked.moved, tied=asked.tied)
    points = curve(walk, start, end, limit=POINTS)
    now = asked.now
    return PayCurve(
        person=asked.person,
        run=run_ref(asked.run),
        now=None if now is None else shown_point(now, walk.at(now)),
        points=[shown_point(each.at, each.pays) for each in points],
        held=asked.say("what_if_held"),
    )
