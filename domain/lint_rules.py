"""Findings about what a rule leaves open: the order of percents, outages, medians, part months."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.component import TOTAL
from domain.finding import Case, Finding, FindingCode, FindingWeight
from domain.kinds.reward_above_median import RewardAboveMedian
from domain.lint_moves import case_of, to_blame
from domain.lint_search import Search, values_of
from domain.pay_lines import compile_pay
from domain.plan import decode_plan
from domain.plan_document import encode_plan
from domain.walk import Route, route_of


def order_of_percents(search: Search) -> Iterator[Finding]:
    """Find percents of a total that leaves out what comes later, and percents of percents."""
    document: dict[str, Any] = encode_plan(search.plan)
    components: list[dict[str, Any]] = document["components"]
    percents = {each["id"] for each in components if "percent" in each and "base" in each}
    for place, component in enumerate(components):
        if component["id"] not in percents:
            continue
        earlier = [each["id"] for each in components[:place]]
        if component["base"] == TOTAL and place + 1 < len(components):
            moved = [*components[:place], *components[place + 1 :], component]
            yield from _differs(search, document, moved, component, FindingCode.ORDER_DECIDES)
        base = earlier if component["base"] == TOTAL else component["base"]
        plain = [name for name in base if name not in percents]
        if plain and plain != base:
            other = {**component, "base": plain}
            moved = [*components[:place], other, *components[place + 1 :]]
            yield from _differs(search, document, moved, component, FindingCode.PERCENT_ON_PERCENT)


def _differs(
    search: Search,
    document: Mapping[str, Any],
    components: list[dict[str, Any]],
    component: Mapping[str, Any],
    code: FindingCode,
) -> Iterator[Finding]:
    """Compare a plan to one that says it otherwise, on whoever is paid by both differently."""
    other = {**document, "components": components}
    route = route_for(other, search.route)
    if route is None:
        return
    for sample in (search.sample(search.fine), *search.samples):
        pays = values_of(route, sample.inputs)["payout"]
        if pays is None or sample.payout is None or pays == sample.payout:
            continue
        money = search.plan.currency
        yield Finding(
            code=code,
            weight=FindingWeight.WARNING
            if code is FindingCode.ORDER_DECIDES
            else FindingWeight.INFO,
            component=component["id"],
            values={"pays": (sample.payout, money), "other": (pays, money)},
            witness=(
                case_of(sample),
                Case(inputs=dict(sample.inputs), payout=pays, document=other),
            ),
        )
        return


def route_for(document: Mapping[str, object], like: Route) -> Route | None:
    """Compile another plan beside the same scorecard; None when it cannot be read."""
    plan, _ = decode_plan(document)
    return None if plan is None else route_of(compile_pay(plan), like.card)


def outages(search: Search) -> Iterator[Finding]:
    """Find numbers whose absence silently pays less: an outage looks like bad work."""
    fine = search.sample(search.fine)
    if fine.payout is None:
        return
    for axis in search.axes:
        gone = {axis.name: None, f"{axis.metric}.den": None}
        without = search.sample({**search.fine, **gone})
        if without.payout is None or without.payout >= fine.payout:
            continue
        money = search.plan.currency
        yield Finding(
            code=FindingCode.OUTAGE_PAYS_NOTHING,
            weight=FindingWeight.INFO,
            component=to_blame(search, fine, without),
            values={
                "metric": axis.metric,
                "pays": (fine.payout, money),
                "other": (without.payout, money),
            },
            witness=(case_of(fine), case_of(without)),
        )


def medians(search: Search) -> Iterator[Finding]:
    """Say that a reward above the median leaves half the group without, however good it is."""
    for component in search.plan.components:
        if not isinstance(component, RewardAboveMedian):
            continue
        name = "score" if component.metric == "score" else f"{component.metric}.num"
        middle = search.fine.get(f"{component.id}.peers.lo_num")
        axis = next((each for each in search.axes if each.name == name), None)
        if middle is None or axis is None:
            continue  # the score of a scorecard cannot be given to somebody by hand
        at = search.sample({**search.fine, name: middle})
        above = search.sample({**search.fine, name: middle * 3 // 2})
        yield Finding(
            code=FindingCode.HALF_WITHOUT_REWARD,
            weight=FindingWeight.INFO,
            component=component.id,
            values={"metric": component.metric, "median": (middle, axis.unit)},
            witness=(case_of(at), case_of(above)),
        )


def search_ended(search: Search) -> Iterator[Finding]:
    """Say where the search stopped: what it did not try may still be wrong."""
    counts = {
        "numbers": search.still_axes,
        "scenes": search.left_out,
        "stretches": search.winding,
    }
    if any(counts.values()):
        yield Finding(
            code=FindingCode.NOT_SEARCHED_COMPLETELY,
            weight=FindingWeight.INFO,
            values={name: str(count) for name, count in counts.items()},
        )


def part_periods(search: Search) -> Iterator[Finding]:
    """Say that who joins, moves or leaves within a period is paid as if he had been there."""
    if encode_plan(search.plan).get("proration") is None:
        yield Finding(code=FindingCode.NO_PRORATION, weight=FindingWeight.INFO)


def busywork(search: Search, administrative: frozenset[str]) -> Iterator[Finding]:
    """Find pay for what is no business result: clocking in, writing reports (requirement 15)."""
    for axis in search.axes:
        if axis.metric not in administrative:
            continue
        fine = search.sample(search.fine)
        without = search.sample(
            {**search.fine, axis.name: 0 if axis.is_upwards else axis.target * 4}
        )
        yield Finding(
            code=FindingCode.ADMINISTRATIVE_METRIC,
            weight=FindingWeight.WARNING,
            component=to_blame(search, without, fine),
            values={"metric": axis.metric},
            witness=(case_of(without), case_of(fine)),
        )
