"""What everybody is worth in a simulated year, found a second time from what was told alone.

Nothing of the product is asked: no database, no gathering, no engine. The book of the year (orders,
names, seats, goals, rules) goes through the naive readings of rules in ``tests/support/oracle*``.
"""

from __future__ import annotations

import calendar
import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.support import oracle, oracle_credit, oracle_pay, oracle_peers
from tests.support.oracle_segments import prorated_pay
from tests.support.sales_year import SalesYear, Seat
from tests.support.year_plans import Style

Document = dict[str, Any]
Paid = dict[tuple[str, str], int]  # cents by person and component
_COMPARED = {"REWARD_ABOVE_MEDIAN", "TOP_SHARE"}
_OF_OTHERS = {"POOL", "ABOVE_PERCENTILE", "RANK_TABLE", "TOP_BANDS", *_COMPARED}
_OWN = ("DIRECT", "SPLIT")


def is_of_others(component: Document) -> bool:
    """Say whether what a component pays depends on other people."""
    return component["kind"] in _OF_OTHERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """What one order counts for one person."""

    person: str
    day: date
    kind: str
    cents: int
    subject: str


def credited(year: SalesYear) -> list[Credited]:
    """Decide every order that stands."""
    names = {name: year.ids[person] for name, person in year.links.items()}
    found = []
    for key, sale in year.facts.items():
        if sale.gone:
            continue
        seats = tuple(
            (year.ids[name], seat.team, "sales", seat.leads)
            for (name, _), seat in year.seats.items()
            if seat.start <= sale.day < (seat.end or date.max)
        )
        fact = {
            "day": sale.day,
            "quantity": sale.cents,
            "attributes": sale.attributes,
            "named": names.get(sale.name),
        }
        decides = oracle_credit.Oracle(year.credits, seats, year.parents, names)
        _, shares = decides.decide(fact)
        found += [
            Credited(
                person=year.by_id[person],
                day=sale.day,
                kind=kind,
                cents=cents,
                subject=f"c{key[-1]}{sale.name}",
            )
            for (person, kind, _), cents in shares.items()
        ]
    return found


def days_of(number: int) -> tuple[date, date]:
    """Give the first day of a month of the year, and the one after its last."""
    year, place = divmod(number - 1, 12)
    start = date(2026 + year, place + 1, 1)
    return start, start + timedelta(days=calendar.monthrange(start.year, start.month)[1])


@dataclass(slots=True, kw_only=True)
class Month:
    """One month of a year as the book tells it."""

    year: SalesYear
    number: int
    credits: list[Credited]
    seats: dict[str, list[Seat]] = field(default_factory=dict)

    @classmethod
    def of(cls, year: SalesYear, number: int) -> Month:
        """Read the book as it is now."""
        start, end = days_of(number)
        seats: dict[str, list[Seat]] = defaultdict(list)
        for (name, _), seat in sorted(year.seats.items()):
            if seat.start < end and (seat.end or date.max) > start:
                seats[name].append(seat)
        return cls(year=year, number=number, credits=credited(year), seats=dict(seats))

    def plan_on(self, day: date) -> Document:
        """Give the plan that holds on a day."""
        return [plan for since, plan in self.year.plans if since <= day][-1]

    @property
    def plan(self) -> Document:
        """The plan of the month: the one of its first day."""
        return self.plan_on(days_of(self.number)[0])

    def sums(self, name: str, start: date, end: date) -> dict[str, int | None]:
        """Add up what counts for somebody in some days."""
        mine = [each for each in self.credits if each.person == name and start <= each.day < end]
        found: dict[str, int | None] = {}
        for metric, kinds in (("sales", _OWN), ("led", ("ROLL_UP",)), ("helped", ("OVERLAY",))):
            found[f"{metric}.num"] = sum(each.cents for each in mine if each.kind in kinds)
            found[f"{metric}.den"] = 1
        return found

    def inputs(self, name: str) -> dict[str, int | None]:
        """Give everything that the rules read of somebody alone."""
        start, end = days_of(self.number)
        target = self.year.targets.get((name, f"{start:%Y-%m}"))
        found = self.sums(name, start, end)
        found["sales.target"] = None if target is None else target * 100
        first, turn = days_of(self.number - 5)[0], days_of(self.number - 2)[0]
        base, back = (self._customers(name, *days) for days in ((first, turn), (turn, end)))
        found["retention.num"] = len(base & back) * 10**6 if base else None
        found["retention.den"] = len(base) or None
        return found

    def _customers(self, name: str, start: date, end: date) -> set[str]:
        return {
            each.subject
            for each in self.credits
            if each.person == name and each.kind in _OWN and start <= each.day < end
        }

    def worth(self, earned: Mapping[tuple[str, int, str], int], given: Paid | None = None) -> Paid:
        """Pay everybody. ``earned`` is what months before gave, by person, month and component.

        ``given`` says what components pay that look at other people, where these were frozen.
        """
        if self.year.style is Style.BY_DAYS:
            return {key: each for key, each in self._by_days().items() if each}
        inputs = {name: self.inputs(name) for name in self.seats}
        found: Paid = {}
        for component in self.plan["components"]:
            if is_of_others(component):
                amounts = self._of_others(component, inputs, given)
            else:
                amounts = {
                    name: self._own(component, name, data, earned, found)
                    for name, data in inputs.items()
                }
            found.update({(name, component["id"]): each for name, each in amounts.items()})
        return {key: each for key, each in found.items() if each}

    def _own(
        self,
        component: Document,
        name: str,
        data: dict[str, int | None],
        earned: Mapping[tuple[str, int, str], int],
        so_far: Paid,
    ) -> int:
        if component["kind"] == "KICKER":
            value = oracle.actual("retention", "RATIO", data)
            condition = component["condition"]
            if value is None or value <= Fraction(condition["value"]):
                return 0
            base = sum(each for (who, _), each in so_far.items() if who == name)
            return _cents(oracle.rounded(base * Fraction(component["percent"]) / 100, 2, "HALF_UP"))
        if "span" in component:
            identity = component["id"]
            first = self._span(component["span"])
            before = self.sums(name, days_of(first)[0], days_of(self.number)[0])
            data = data | {
                f"{identity}.before.num": before["sales.num"],
                f"{identity}.before.den": 1,
                f"{identity}.earned": sum(
                    earned.get((name, number, identity), 0) for number in range(first, self.number)
                ),
            }
        return _cents(self._alone(component, data)[f"{component['id']}.amount"])

    def _span(self, name: str) -> int:
        months = {"QUARTER": 3, "YEAR": 12}[name]
        return (self.number - 1) // months * months + 1

    def _alone(
        self, component: Document, data: Mapping[str, int | None], peers: Document | None = None
    ) -> Mapping[str, Fraction | None]:
        plan = {**self.plan, "components": [component]}
        return oracle_pay.pay_plan(plan, data, {component["id"]: peers or {}})

    def _of_others(
        self, component: Document, inputs: dict[str, dict[str, int | None]], given: Paid | None
    ) -> dict[str, int]:
        identity, names = component["id"], sorted(inputs)
        if given is not None:
            return {name: given.get((name, identity), 0) for name in names}
        by_unit = component.get("peerGroup", component.get("team")) == "UNIT"
        last = {name: max(self.seats[name], key=lambda each: each.start).team for name in names}
        groups = [last[name] if by_unit else "" for name in names]
        parents = [(self.year.parents[last[name]] or "") if by_unit else "" for name in names]
        codes = {name: place for place, name in enumerate(sorted({*groups, *parents}))}
        if component["kind"] in _COMPARED:
            facts = oracle_pay.peer_facts(
                [oracle.actual("sales", "CNY", inputs[name]) for name in names],
                [codes[each] for each in groups],
                [codes[each] for each in parents],
                minimum=component["minimumCohort"],
                widen=component["fallback"] == "WIDEN",
            )
            return {
                name: _cents(self._alone(component, inputs[name], peers)[f"{identity}.amount"])
                for name, peers in zip(names, facts, strict=True)
            }
        crowd = oracle_peers.Everybody(
            people=[inputs[name] for name in names],
            groups=[codes[each] for each in groups],
            parents=[codes[each] for each in parents],
            days=[(1, True)] * len(names),
            period_days=1,
            teams={codes[each]: self._team(each) for each in {*groups}},
            lower=frozenset(),
            ids=[self.year.ids[name] for name in names],
        )
        plan = {**self.plan, "components": [component]}
        paid = oracle_peers.pay_everybody(plan, crowd)
        return {
            name: _cents(each[f"{identity}.amount"]) for name, each in zip(names, paid, strict=True)
        }

    def _team(self, team: str) -> dict[str, int]:
        """Add up what was sold by whoever was in a team, or below it, on the day."""
        start, end = days_of(self.number)
        total = 0
        for each in self.credits:
            if each.kind in _OWN and start <= each.day < end:
                there = [
                    seat.team
                    for (name, _), seat in self.year.seats.items()
                    if name == each.person and seat.start <= each.day < (seat.end or date.max)
                ]
                total += each.cents * any(self._is_under(unit, team) for unit in there)
        return {"sales.num": total, "sales.den": 1}

    def _is_under(self, unit: str | None, team: str) -> bool:
        while unit is not None:
            if unit == team:
                return True
            unit = self.year.parents[unit]
        return False

    def _by_days(self) -> Paid:
        """Pay everybody for the parts of a month that was cut where a seat or the plan changed."""
        found: Counter[tuple[str, str]] = Counter()
        start, end = days_of(self.number)
        for name in self.seats:
            data = self.inputs(name)
            for first, last, days in self._parts(name):
                plan = self.plan_on(first)
                part = data | self.sums(name, first, last)
                share = Fraction(days, (end - start).days)
                for line, amount in prorated_pay(plan, part, share).items():
                    if line.endswith(".amount"):
                        found[name, line.removesuffix(".amount")] += _cents(amount)
        return dict(found)

    def _parts(self, name: str) -> list[tuple[date, date, int]]:
        """Cut somebody's month: windows that leave no day out, and the days present in each."""
        start, end = days_of(self.number)
        days = [start + timedelta(days=place) for place in range((end - start).days)]
        held = {
            day: (seat.team, seat.leads)
            for seat in self.seats[name]
            for day in days
            if seat.start <= day < (seat.end or date.max)
        }
        present = [day for day in days if day in held]
        cuts = [present[0]]
        for before, day in itertools.pairwise(present):
            moved = held[before] != held[day]
            if moved or self.plan_on(before) is not self.plan_on(day):
                cuts.append(day)
        edges = [start, *cuts[1:], end]
        return [
            (first, last, sum(first <= day < last for day in present))
            for first, last in itertools.pairwise(edges)
        ]


def _cents(amount: Fraction | None) -> int:
    return int((amount or 0) * 100)
