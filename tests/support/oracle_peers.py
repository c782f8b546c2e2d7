"""The naive second reading of the kinds that look at other people; see `tests/support/oracle.py`.

It reads a whole crowd at once, from the numbers of everybody, and knows nothing of sealed facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from statistics import median
from typing import Any

from tests.support.oracle import DECIMALS, Document, Found, actual, compares, kept, rounded, total

STEPS = {"CNY": 100, "COUNT": 1, "RATIO": 10**6, "POINT": 10**4, "DAY": 100}


@dataclass(frozen=True, kw_only=True)
class Everybody:
    """The people of a plan with their groups and days, and what the groups reached."""

    people: Sequence[Mapping[str, int | None]]
    groups: Sequence[int]
    parents: Sequence[int]
    days: Sequence[tuple[int, bool]]
    period_days: int
    teams: Mapping[int, Mapping[str, Any]]
    lower: frozenset[str]
    ids: Sequence[str]


def pay_everybody(plan: Document, crowd: Everybody) -> list[Found]:
    """Pay everybody; every component is one of those that look at other people."""
    decimals = DECIMALS[plan["currency"]]
    found: list[Found] = [{} for _ in crowd.people]
    for component in plan["components"]:
        amounts = _KINDS[component["kind"]](plan, component, crowd)
        for row, exact in enumerate(amounts):
            amount = kept(exact, decimals)
            if amount is None and component["missing"] == "ZERO":
                amount = Fraction(0)
            found[row][f"{component['id']}.amount"] = amount
    for person in found:
        person["payout"] = kept(total(list(person.values())), decimals)
    return found


Amounts = list[Fraction | None]


def _value(plan: Document, metric: str, data: Mapping[str, int | None]) -> Fraction | None:
    if metric == "score":
        steps = data.get("score")
        return None if steps is None else Fraction(steps, 10**4)
    return actual(metric, plan["units"][metric], data)


def _counts(members: str, there: tuple[int, bool], period_days: int) -> bool:
    days, at_the_end = there
    if members == "FULL_PERIOD":
        return days == period_days
    if members == "EXCLUDE_LEAVERS":
        return days > 0 and at_the_end
    return days > 0


def _compared(plan: Document, component: Document, crowd: Everybody) -> list[Fraction | None]:
    """Give the value each is compared by; None for whoever is not in the comparison."""
    values = []
    for person, there in zip(crowd.people, crowd.days, strict=True):
        value = _value(plan, component["metric"], person)
        if value is not None and component["members"] == "PRORATED" and there[0]:
            value = value * crowd.period_days / there[0]
            top = person[f"{component['metric']}.num"]
            if abs((top or 0) * crowd.period_days) >= 2**63:
                value = None
        counts = component["members"] == "EVERYBODY" or _counts(
            component["members"], there, crowd.period_days
        )
        values.append(value if counts else None)
    return values


def _peers(component: Document, crowd: Everybody, values: list[Any], row: int) -> list[int] | None:
    """List the rows of a person's peers; None when there are too few of them."""
    least = max(component["minimumCohort"], 1)
    near = [
        other
        for other, group in enumerate(crowd.groups)
        if group == crowd.groups[row] and values[other] is not None
    ]
    if len(near) >= least:
        return near
    far = [
        other
        for other, parent in enumerate(crowd.parents)
        if parent == crowd.parents[row] and values[other] is not None
    ]
    return far if component["fallback"] == "WIDEN" and len(far) >= least else None


def _turned(metric: str, value: Fraction, lower: frozenset[str]) -> Fraction:
    return -value if metric in lower else value


def _ranked(
    plan: Document, component: Document, crowd: Everybody
) -> list[tuple[int, int, int] | None]:
    """Give rank, number of equals and size of the group; None for who has no place."""
    values = _compared(plan, component, crowd)
    places: list[Any] = []
    for value, person in zip(values, crowd.people, strict=True):
        if value is None:
            places.append(None)
            continue
        place: list[Any] = [_turned(component["metric"], value, crowd.lower)]
        for metric in component.get("tieBreak", ()):
            further = _value(plan, metric, person)
            place.append(further is not None)
            place.append(0 if further is None else _turned(metric, further, crowd.lower))
        places.append(tuple(place))
    found: list[tuple[int, int, int] | None] = []
    for row, mine in enumerate(places):
        peers = _peers(component, crowd, places, row)
        if mine is None or peers is None:
            found.append(None)
            continue
        better = [places[other] for other in peers if places[other] > mine]
        rank = len(set(better) if component["rank"] == "DENSE" else better) + 1
        equals = sum(places[other] == mine for other in peers)
        found.append((rank, equals, len(peers)))
    return found


def _own(
    plan: Document, component: Document, crowd: Everybody, paid: Sequence[Fraction]
) -> Amounts:
    """Hold back the amount of whoever has no value at all."""
    return [
        None if _value(plan, component["metric"], person) is None else amount
        for person, amount in zip(crowd.people, paid, strict=True)
    ]


def _top_bands(plan: Document, component: Document, crowd: Everybody) -> Amounts:
    rounding = {"FLOOR": "DOWN", "CEIL": "UP", "HALF_UP": "HALF_UP"}[component["rounding"]]
    paid = []
    for place, there in zip(_ranked(plan, component, crowd), crowd.days, strict=True):
        paid.append(Fraction(0))
        if place is None or not _counts(component["members"], there, crowd.period_days):
            continue
        rank, equals, size = place
        last = rank + equals - 1 if component["tie"] == "EXCLUDE_ALL" else rank
        share = Fraction(0)
        for band in component["bands"]:
            share += Fraction(band["share"])
            end = max(rounded(size * share, 0, rounding) or 0, component["least"])
            if last <= end:
                paid[-1] = Fraction(band["amount"])
                break
    return _own(plan, component, crowd, paid)


def _rank_table(plan: Document, component: Document, crowd: Everybody) -> Amounts:
    prizes = [Fraction(each) for each in component["amounts"]]
    paid = []
    for place, there in zip(_ranked(plan, component, crowd), crowd.days, strict=True):
        paid.append(Fraction(0))
        if place is None or not _counts(component["members"], there, crowd.period_days):
            continue
        rank, equals, _ = place
        if component["rank"] == "FRACTIONAL":
            mine = sum(prizes[rank - 1 : rank - 1 + equals]) / Fraction(equals)
            paid[-1] = rounded(mine, 2, plan["rounding"]) or Fraction(0)
        elif rank <= len(prizes):
            paid[-1] = prizes[rank - 1]
    return _own(plan, component, crowd, paid)


def percentile(values: Sequence[Fraction], share: Fraction, method: str) -> Fraction:
    """Give a percentile of some values, by its definition."""
    ordered, size = sorted(values), len(values)
    if method == "NEAREST_RANK":
        return ordered[max(ceil(share * size), 1) - 1]
    at = share * (size + 1) if method == "R6_EXCLUSIVE" else share * (size - 1) + 1
    at = min(max(at, Fraction(1)), Fraction(size))
    low = floor(at)
    if low == at:
        return ordered[low - 1]
    return ordered[low - 1] + (at - low) * (ordered[low] - ordered[low - 1])


def _reward(
    plan: Document, component: Document, value: Fraction, line: Fraction, *, alone: bool
) -> Fraction | None:
    if value <= line and not alone:
        return Fraction(0)
    part = max(value - line, Fraction(0)) * Fraction(component.get("rate", "0"))
    pay = rounded(part, DECIMALS[plan["currency"]], plan["rounding"])
    return None if pay is None else pay + Fraction(component.get("amount", "0"))


def _gate(plan: Document, condition: Document | None, person: Any) -> bool | None:
    if condition is None:
        return True
    value = _value(plan, condition["metric"], person)
    if value is None:
        return None
    return compares(value, condition["comparison"], Fraction(condition["value"]))


def _above_percentile(plan: Document, component: Document, crowd: Everybody) -> Amounts:
    values = _compared(plan, component, crowd)
    found: Amounts = []
    for row, person in enumerate(crowd.people):
        own, gate = (
            _value(plan, component["metric"], person),
            _gate(plan, component.get("minimum"), person),
        )
        days, _ = crowd.days[row]
        if own is None or gate is None:
            found.append(None)
        elif not _counts(component["members"], crowd.days[row], crowd.period_days) or not gate:
            found.append(Fraction(0))
        else:
            peers = _peers(component, crowd, values, row)
            if peers is not None:
                near = [values[other] for other in peers]
                share = Fraction(component["percentile"])
                line = percentile([v for v in near if v is not None], share, component["method"])
                if component["members"] == "PRORATED":
                    line = line * days / crowd.period_days
                found.append(_reward(plan, component, own, line, alone=False))
            elif component["fallback"] == "MINIMUM_ONLY":
                line = Fraction(component["minimum"]["value"])
                found.append(_reward(plan, component, own, line, alone=True))
            else:
                found.append(Fraction(0))
    return found


def _above_line(plan: Document, component: Document, crowd: Everybody) -> Amounts:
    found: Amounts = []
    for row, person in enumerate(crowd.people):
        metric = component["metric"]
        own, gate = _value(plan, metric, person), _gate(plan, component.get("minimum"), person)
        if component["line"] == "VALUE":
            line: Fraction | None = Fraction(component["value"])
        else:
            before = crowd.teams.get(crowd.groups[row], {}).get(f"{metric}.before")
            steps = STEPS["POINT" if metric == "score" else plan["units"][metric]]
            line = None
            if before is not None:
                pair = [Fraction(before[0], before[1]), Fraction(before[2], before[3])]
                line = median(pair) / steps
        if own is None or gate is None or line is None:
            found.append(None)
        else:
            paid = _reward(plan, component, own, line, alone=False)
            found.append(paid if gate else paid and Fraction(0))
    return found


def _pool(plan: Document, component: Document, crowd: Everybody) -> Amounts:
    keys = [_key(plan, component, crowd, row) for row in range(len(crowd.people))]
    found: Amounts = [None] * len(keys)
    for team in sorted(set(crowd.groups)):
        rows = [row for row, group in enumerate(crowd.groups) if group == team]
        sharing = {row: keys[row] or 0 for row in rows}
        heads = sum(key > 0 for key in sharing.values())
        whole = _whole(plan, component, crowd.teams.get(team, {}), heads)
        total_keys = sum(sharing.values())
        if total_keys >= 2**63:
            continue
        if not total_keys:
            for row in rows:
                found[row] = None if whole is None or keys[row] is None else Fraction(0)
            continue
        if whole is None:
            continue
        cents = whole * 100
        exact = {row: Fraction(abs(cents) * key, total_keys) for row, key in sharing.items()}
        parts = {row: Fraction(floor(share)) for row, share in exact.items()}
        left = abs(cents) - sum(parts.values())
        order = sorted(rows, key=lambda row: (parts[row] - exact[row], crowd.ids[row]))
        for row in order[: int(left)]:
            parts[row] += 1
        sign = -1 if cents < 0 else 1
        for row in rows:
            found[row] = None if keys[row] is None else sign * parts[row] / 100
    return found


def _key(plan: Document, component: Document, crowd: Everybody, row: int) -> int | None:
    person, there = crowd.people[row], crowd.days[row]
    by = component["key"]
    unit, value = "COUNT", Fraction(1)
    known: Fraction | None = value
    if by == "DAYS":
        known = Fraction(there[0])
    elif by in {"METRIC", "SCORE"}:
        metric = "score" if by == "SCORE" else component["metric"]
        unit = "POINT" if by == "SCORE" else plan["units"][metric]
        known = _value(plan, metric, person)
    if not _counts(component["members"], there, crowd.period_days):
        return 0
    gate = _gate(plan, component.get("minimum"), person)
    if gate is None:
        return None
    if not gate:
        return 0
    known = None if known is None else rounded(known, DECIMALS[unit], plan["rounding"])
    return None if known is None else int(max(known, Fraction(0)) * STEPS[unit])


def _whole(
    plan: Document, component: Document, team: Mapping[str, Any], heads: int
) -> Fraction | None:
    held = component.get("condition")
    if held is not None:
        value = _team(plan, held["metric"], team)
        line: Fraction | None = None
        if held["against"] == "VALUE":
            line = Fraction(held["value"])
        elif team.get(f"{held['metric']}.target") is not None:
            line = Fraction(team[f"{held['metric']}.target"], STEPS[plan["units"][held["metric"]]])
        if value is None or line is None:
            return None
        if not compares(value, held["comparison"], line):
            return Fraction(0)
    pool = component["pool"]
    if pool["of"] == "FIXED":
        return Fraction(pool["amount"])
    if pool["of"] == "PER_HEAD":
        return heads * Fraction(pool["amount"])
    reached = _team(plan, pool["metric"], team)
    if reached is None:
        return None
    if pool["negative"] == "ZERO":
        reached = max(reached, Fraction(0))
    each = Fraction(pool["rate"] if pool["of"] == "RATE" else pool["amount"])
    return rounded(reached * each, DECIMALS[plan["currency"]], plan["rounding"])


def _team(plan: Document, metric: str, team: Mapping[str, Any]) -> Fraction | None:
    num = team.get(f"{metric}.num")
    return (
        None if num is None else Fraction(num, team[f"{metric}.den"] * STEPS[plan["units"][metric]])
    )


_KINDS = {
    "TOP_BANDS": _top_bands,
    "RANK_TABLE": _rank_table,
    "ABOVE_PERCENTILE": _above_percentile,
    "REWARD_ABOVE_LINE": _above_line,
    "POOL": _pool,
}
