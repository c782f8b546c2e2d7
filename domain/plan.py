"""An incentive plan: what is paid for what. Data, never code; nothing in it is implied.

A plan is an ordered list of components; the payout is the sum of their amounts and of the cap and
floor lines. This file reads and writes its document, and finds every problem in one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.component import (
    SCORE,
    BelowFirst,
    BonusWhenMet,
    Component,
    Condition,
    CutTie,
    Fallback,
    Kicker,
    Kind,
    Negative,
    PayPoint,
    PeerGroup,
    Rate,
    RateOnExcess,
    RewardAboveMedian,
    ScorePay,
    ShareRounding,
    Tier,
    Tiered,
    TierMeasure,
    TierMode,
    TopShare,
    metrics_of,
)
from domain.document import DocumentReader
from domain.exact import Boundary, Comparison, Rounding
from domain.metric import KEY, read_key
from domain.period import PeriodKind
from domain.plan_proration import Contents, read_plan_proration
from domain.problem import Problem, Severity
from domain.proration import Proration, Ramp, read_ramp
from domain.scorecard import (
    RESERVED,
    MissingInput,
    optional_text,
    read_at_least,
    read_limits,
)
from domain.unit import CURRENCIES

PLAN_FORMAT = "attain.plan/1"
TOTAL = "TOTAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole plan. ``units`` names the unit of every metric used; money is in ``currency``.

    ``cadence`` is the kind of period it pays: a monthly plan pays months, and a run of the quarter
    must not pay the same sales once more.
    """

    key: str
    name: Mapping[str, str]
    cadence: PeriodKind
    currency: str
    rounding: Rounding
    units: Mapping[str, str]
    components: tuple[Component, ...]
    cap: int | None = None
    floor: int | None = None
    proration: Proration | None = None
    ramp: Ramp | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of all metrics it reads, sorted; the score is not one of them."""
        return tuple(sorted(self.units))

    @property
    def uses_score(self) -> bool:
        """Say whether any component needs the score of a scorecard."""
        return any(SCORE in metrics_of(component) for component in self.components)


def decode_plan(document: object) -> tuple[Plan | None, tuple[Problem, ...]]:
    """Read a plan document. Every problem is reported with its JSON path, never the first only.

    Warnings (a table that pays less for more, requirement 34) come back beside the plan.
    """
    reader = DocumentReader(document)
    if not isinstance(document, Mapping):
        return None, tuple(reader.problems)
    reader.format(PLAN_FORMAT)
    key, name = read_key(reader, "key"), reader.texts("name")
    cadence = reader.choice("cadence", PeriodKind)
    currency = reader.unit("currency")
    if currency is not None and currency not in CURRENCIES:
        reader.note("unit_unknown", "currency", {"unit": currency})
    rounding = reader.choice("rounding", Rounding)
    units = _read_units(reader)
    context = _Context(currency=currency, units=units, problems=reader.problems)
    components = [context.component(child) for child in reader.children("components")]
    if not components and reader.has("components"):
        reader.note("list_empty", "components", {"field": "components"})
    cap, floor = read_limits(reader, currency or "CNY")
    known = [each for each in components if each is not None]
    limits = {"cap": cap, "floor": floor}
    contents = Contents(
        units=units,
        components=known,
        limits=[limit for limit, value in limits.items() if value is not None],
    )
    proration, ramp = read_plan_proration(reader, contents), read_ramp(reader, units)
    reader.finish()
    if reader.failed:
        return None, tuple(reader.problems)
    assert key and name and cadence and currency and rounding  # noqa: PT018 - read above
    plan = Plan(
        key=key,
        name=name,
        cadence=cadence,
        currency=currency,
        rounding=rounding,
        units=units,
        components=tuple(known),
        cap=cap,
        floor=floor,
        proration=proration,
        ramp=ramp,
    )
    return plan, tuple(reader.problems)


def _read_units(reader: DocumentReader) -> dict[str, str]:
    inner = reader.child("units")
    if inner is None:
        return {}
    found: dict[str, str] = {}
    for name in inner.keys:
        unit = inner.unit(name)
        if SCORE in name.split(".") or KEY.fullmatch(name) is None:
            inner.note("key_invalid", inner.at(name), {"field": "units", "key": name[:80]})
        if unit is not None:
            found[name] = unit
    return dict(sorted(found.items()))


def has_errors(problems: Sequence[Problem]) -> bool:
    """Say whether any of the problems forbids the use of a document."""
    return any(problem.severity is Severity.ERROR for problem in problems)


class _Context:
    """Reads the components one after another; each may lean on those before it."""

    def __init__(
        self, *, currency: str | None, units: Mapping[str, str], problems: list[Problem]
    ) -> None:
        self.currency = currency
        self.units = units
        self.problems = problems
        self.earlier: list[str] = []

    def component(self, reader: DocumentReader) -> Component | None:
        """Read one component and check it against the plan so far."""
        kind = reader.choice("kind", Kind)
        identity, name = read_key(reader, "id"), reader.texts("name")
        missing = reader.choice("missing", MissingInput)
        before = len(self.problems)
        found = None
        if kind is not None:
            base: dict[str, object] = {"id": identity, "name": name, "missing": missing}
            own = _READERS[kind](self, reader)
            reader.finish()
            if identity and name and missing and not has_errors(self.problems[before:]):
                found = _CLASSES[kind](**base, **own)
        if identity is not None:
            self._claim(identity, reader)
        return found

    def _claim(self, identity: str, reader: DocumentReader) -> None:
        if identity in self.earlier:
            reader.note("name_not_unique", reader.at("id"), {"name": identity})
        if identity in RESERVED or identity in self.units:
            reader.note("key_invalid", reader.at("id"), {"field": "id", "key": identity})
        self.earlier.append(identity)

    def metric(
        self, reader: DocumentReader, *, money: bool = False, score: bool = False
    ) -> str | None:
        """Read the key of a metric whose unit the plan declares."""
        found = reader.text("metric")
        if found is None or (score and found == SCORE):
            return found
        if found not in self.units:
            reader.note("unit_missing", reader.at("metric"), {"metric": found[:80]})
            return None
        if money and self.units[found] != self.currency:
            values = {"metric": found, "unit": self.units[found], "wanted": self.currency or ""}
            reader.note("unit_differs", reader.at("metric"), values)
        return found

    def unit(self, metric: str | None) -> str | None:
        """Give the unit of a metric or of the score."""
        return "POINT" if metric == SCORE else self.units.get(metric or "")

    def condition(self, reader: DocumentReader, name: str, *, required: bool) -> Condition | None:
        """Read a metric, an operator and a value."""
        inner = reader.child(name, required=required)
        if inner is None:
            return None
        metric = self.metric(inner, score=True)
        comparison = read_comparison(inner)
        value = inner.steps("value", self.unit(metric))
        inner.finish()
        if metric is None or comparison is None or value is None:
            return None
        return Condition(metric=metric, comparison=comparison, value=value)

    def amount(self, reader: DocumentReader, name: str, *, required: bool = True) -> int | None:
        """Read an amount of the plan's money that is not negative."""
        return read_at_least(reader, name, self.currency, required=required)

    def bonus_when_met(self, reader: DocumentReader) -> dict[str, object]:
        """Read what a flat bonus has of its own."""
        return {
            "metric": self.metric(reader),
            "comparison": read_comparison(reader),
            "amount": self.amount(reader, "amount"),
            "minimum": self.condition(reader, "minimum", required=False),
        }

    def rate_on_excess(self, reader: DocumentReader) -> dict[str, object]:
        """Read what a rate on the excess has of its own; it only makes sense upwards."""
        return {
            "metric": self.metric(reader, money=True),
            "comparison": read_comparison(reader, upwards=True),
            "rate": read_at_least(reader, "rate", "RATIO"),
            "minimum": self.condition(reader, "minimum", required=False),
        }

    def rate(self, reader: DocumentReader) -> dict[str, object]:
        """Read what a flat commission has of its own."""
        return {
            "metric": self.metric(reader, money=True),
            "rate": read_at_least(reader, "rate", "RATIO"),
            "negative": reader.choice("negative", Negative),
            "minimum": self.condition(reader, "minimum", required=False),
        }

    def kicker(self, reader: DocumentReader) -> dict[str, object]:
        """Read what a kicker has of its own; its base must stand before it."""
        base: tuple[str, ...] = ()
        if reader.raw("base", required=False) != TOTAL:
            base = reader.names("base")
            if not base and isinstance(reader.raw("base", required=False), list):
                reader.note("list_empty", reader.at("base"), {"field": "base"})
        for place, name in enumerate(base):
            if name not in self.earlier or name in base[:place]:
                reader.note("base_unknown", f"{reader.at('base')}[{place}]", {"base": name[:80]})
        return {
            "percent": read_at_least(reader, "percent", "RATIO"),
            "base": base,
            "condition": self.condition(reader, "condition", required=True),
        }

    def reward_above_median(self, reader: DocumentReader) -> dict[str, object]:
        """Read what the second target has of its own."""
        rate = read_at_least(reader, "rate", "RATIO", required=False)
        metric = self.metric(reader, money=rate is not None, score=True)
        if rate is not None and metric == SCORE:
            values = {"metric": SCORE, "unit": "POINT", "wanted": self.currency or ""}
            reader.note("unit_differs", reader.at("metric"), values)
        amount = self.amount(reader, "amount", required=False)
        if amount is None and rate is None:
            reader.note("amount_or_rate_missing", reader.path, {})
        minimum = self.condition(reader, "minimum", required=False)
        fallback = reader.choice("fallback", Fallback)
        if fallback is Fallback.MINIMUM_ONLY and (minimum is None or minimum.metric != metric):
            reader.note("minimum_required", reader.at("minimum"), {"fallback": fallback.value})
        return {
            "metric": metric,
            "peer_group": reader.choice("peerGroup", PeerGroup),
            "minimum": minimum,
            "amount": amount,
            "rate": rate,
            "minimum_cohort": reader.whole("minimumCohort", 1, 1_000_000),
            "fallback": fallback,
        }

    def top_share(self, reader: DocumentReader) -> dict[str, object]:
        """Read what a reward for the best share has of its own."""
        fallback = reader.choice("fallback", Fallback)
        if fallback is Fallback.MINIMUM_ONLY:
            reader.note("minimum_required", reader.at("fallback"), {"fallback": fallback.value})
        return {
            "metric": self.metric(reader, score=True),
            "peer_group": reader.choice("peerGroup", PeerGroup),
            "share": read_at_least(reader, "share", "RATIO"),
            "rounding": reader.choice("rounding", ShareRounding),
            "least": reader.whole("least", 0, 1_000_000),
            "tie": reader.choice("tie", CutTie),
            "amount": self.amount(reader, "amount"),
            "minimum_cohort": reader.whole("minimumCohort", 1, 1_000_000),
            "fallback": fallback,
        }

    def tiered(self, reader: DocumentReader) -> dict[str, object]:
        """Read a rate table and check that it is whole and never pays less for more."""
        mode = reader.choice("mode", TierMode)
        own = {
            "metric": self.metric(reader, money=True),
            "measure": reader.choice("measure", TierMeasure),
            "mode": mode,
            "boundary": reader.choice("boundary", Boundary),
            "negative": reader.choice("negative", Negative),
        }
        if mode is TierMode.ADDITIVE_PRORATED and own["negative"] is Negative.KEEP:
            # part of a rate times a negative amount would be a reward for refunds
            values = {"field": "negative", "value": "KEEP", "choices": "ZERO"}
            reader.note("choice_unknown", reader.at("negative"), values)
        tiers = _read_tiers(reader, self.currency)
        if mode is not None:
            _check_tiers(reader, tiers, mode)
        return {**own, "tiers": tiers}

    def score_pay(self, reader: DocumentReader) -> dict[str, object]:
        """Read a pay curve over the score."""
        amount = self.amount(reader, "amount")
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


def read_comparison(reader: DocumentReader, *, upwards: bool = False) -> Comparison | None:
    """Read an operator; WITHIN needs a band and is only for scorecards."""
    found = reader.choice("comparison", Comparison)
    wrong = {Comparison.WITHIN}
    if upwards:
        wrong = {Comparison.WITHIN, Comparison.AT_MOST, Comparison.LESS_THAN}
    if found in wrong:
        values = {"comparison": str(found), "direction": "HIGHER"}
        reader.note("comparison_direction_differs", reader.at("comparison"), values)
        return None
    return found


def _read_tiers(reader: DocumentReader, unit: str | None) -> tuple[Tier, ...]:
    children = reader.children("tiers")
    if not children and reader.has("tiers"):
        reader.note("list_empty", reader.at("tiers"), {"field": "tiers"})
    tiers: list[Tier] = []
    end = 0
    for child in children:
        up_to = child.steps("upTo", unit, required=False)
        rate = read_at_least(child, "rate", "RATIO")
        child.finish()
        last = child is children[-1]
        if last and child.has("upTo"):
            reader.note("last_tier_not_open", child.at("upTo"), {})
        if not last and not child.has("upTo"):
            reader.note("field_missing", child.at("upTo"), {"field": "upTo"})
        if up_to is not None:
            if up_to <= end:
                reader.note("tiers_not_rising", child.at("upTo"), {})
            end = up_to
        tiers.append(Tier(up_to=up_to, rate=rate or 0))
    return tuple(tiers)


def _check_tiers(reader: DocumentReader, tiers: tuple[Tier, ...], mode: TierMode) -> None:
    if not tiers:
        return
    *_, (index, _last) = enumerate(tiers)
    place = f"{reader.at('tiers')}[{index}].rate"
    before = tiers[:-1][-1].rate if tiers[:-1] else tiers[-1].rate
    if mode is TierMode.ADDITIVE_PRORATED and tiers[-1].rate != 0:
        reader.note("last_tier_rate", place, {"mode": mode.value, "wanted": "0"})
    if mode is TierMode.INTERPOLATED and tiers[-1].rate != before:
        wanted = optional_text(before, "RATIO") or ""
        reader.note("last_tier_rate", place, {"mode": mode.value, "wanted": wanted})
    if mode in {TierMode.WHOLE, TierMode.INTERPOLATED}:
        for index, (lower, upper) in enumerate(pairwise(tiers), start=1):
            if upper.rate < lower.rate:
                path = f"{reader.at('tiers')}[{index}].rate"
                reader.note("pay_decreases", path, {}, Severity.WARNING)


_READERS: Mapping[Kind, Callable[[_Context, DocumentReader], dict[str, object]]] = {
    Kind.BONUS_WHEN_MET: _Context.bonus_when_met,
    Kind.RATE_ON_EXCESS: _Context.rate_on_excess,
    Kind.RATE: _Context.rate,
    Kind.KICKER: _Context.kicker,
    Kind.REWARD_ABOVE_MEDIAN: _Context.reward_above_median,
    Kind.TOP_SHARE: _Context.top_share,
    Kind.TIERED: _Context.tiered,
    Kind.SCORE_PAY: _Context.score_pay,
}
_CLASSES: Mapping[Kind, Callable[..., Component]] = {
    Kind.BONUS_WHEN_MET: BonusWhenMet,
    Kind.RATE_ON_EXCESS: RateOnExcess,
    Kind.RATE: Rate,
    Kind.KICKER: Kicker,
    Kind.REWARD_ABOVE_MEDIAN: RewardAboveMedian,
    Kind.TOP_SHARE: TopShare,
    Kind.TIERED: Tiered,
    Kind.SCORE_PAY: ScorePay,
}
