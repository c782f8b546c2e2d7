"""An incentive plan: what is paid for what. Data, never code; nothing in it is implied.

A plan is an ordered list of components; the payout is the sum of their amounts and of the cap and
floor lines. This file reads its document, and finds every problem in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.component import SCORE, Kind
from domain.document import DocumentReader
from domain.exact import Rounding
from domain.kinds.base import Component
from domain.kinds.registry import KINDS
from domain.metric import KEY, read_key
from domain.period import PeriodKind
from domain.plan_proration import Contents, read_plan_proration
from domain.plan_reader import PlanReader
from domain.problem import Problem, Severity
from domain.proration import Proration, Ramp, read_ramp
from domain.scorecard import MissingInput, read_limits
from domain.settlement_terms import Settlement, read_settlement
from domain.unit import CURRENCIES

PLAN_FORMAT = "attain.plan/1"


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
    settlement: Settlement | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of all metrics it reads, sorted; the score is not one of them."""
        return tuple(sorted(self.units))

    @property
    def uses_score(self) -> bool:
        """Say whether any component needs the score of a scorecard."""
        return any(SCORE in component.metrics for component in self.components)


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
    context = PlanReader(
        currency=currency,
        rounding=rounding,
        cadence=cadence,
        units=units,
        problems=reader.problems,
    )
    components = [_read_component(child, context) for child in reader.children("components")]
    if not components and reader.has("components"):
        reader.note("list_empty", "components", {"field": "components"})
    _refuse_taken_names(reader, components, context)
    cap, floor = read_limits(reader, currency or "CNY")
    known = [each for each in components if each is not None]
    limits = {"cap": cap, "floor": floor}
    contents = Contents(
        units=units,
        components=known,
        limits=[limit for limit, value in limits.items() if value is not None],
    )
    proration, ramp = read_plan_proration(reader, contents), read_ramp(reader, units)
    settlement = read_settlement(reader, currency, context.earlier)
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
        settlement=settlement,
    )
    return plan, tuple(reader.problems)


def _refuse_taken_names(
    reader: DocumentReader, components: Sequence[Component | None], plan: PlanReader
) -> None:
    """Refuse an id or a metric that has the name of something a component reads or pays."""
    for place, component in enumerate(components):
        for name in component.parts(plan) if component else ():
            if name in plan.earlier or name in plan.units:
                reader.note("name_not_unique", f"components[{place}].id", {"name": name})


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


def _read_component(reader: DocumentReader, plan: PlanReader) -> Component | None:
    """Read one component and check it against the plan so far."""
    kind = reader.choice("kind", Kind)
    identity, name = read_key(reader, "id"), reader.texts("name")
    missing = reader.choice("missing", MissingInput)
    before = len(plan.problems)
    found = None
    if kind is not None:
        base: dict[str, Any] = {"id": identity, "name": name, "missing": missing}
        if KINDS[kind].limited:
            base["cap"], base["floor"] = read_limits(reader, plan.currency or "CNY")
        own = KINDS[kind].read(reader, plan)
        reader.finish()
        if identity and name and missing and not has_errors(plan.problems[before:]):
            made: Any = KINDS[kind]  # each class has arguments of its own
            found = made(**base, **own)
    if identity is not None:
        plan.claim(identity, reader)
        if kind is Kind.GATE:
            plan.gates.append(identity)
    return found
