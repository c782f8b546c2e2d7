"""Sums over facts in SQL equal a recount in plain Python, on both databases."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from domain.measure import Adding, Aggregate
from domain.metric import Condition, Operator
from storage.engine import reading
from storage.measures import Grouping, add_up
from tests.support.company import SYSTEM, Company, office

START, MIDDLE, END = date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1)


@dataclass(frozen=True)
class Event:
    """One revision of a fact as the recount sees it."""

    key: str
    revision: int
    person: str
    day: date
    quantity: int
    subject: str | None
    channel: str
    deleted: bool


def _noise(seed: int) -> int:
    return (seed * 2_654_435_761 + 12_345) % 4_294_967_296 >> 7


def _events() -> list[Event]:
    found = []
    for number in range(160):
        noise = _noise(number)
        event = Event(
            key=f"k{number}",
            revision=1,
            person=("anna", "bo", "chen", "nobody")[noise % 4],
            day=START + timedelta(days=noise % 200 - 5),
            quantity=(noise % 4001) - 1000,
            subject=None if noise % 11 == 0 else f"c{noise % 13}",
            channel=("shop", "online")[noise % 2],
            deleted=False,
        )
        found.append(event)
        if number % 5 == 0:
            found.append(Event(**{**event.__dict__, "revision": 2, "quantity": event.quantity + 7}))
        if number % 17 == 0:
            found.append(Event(**{**event.__dict__, "revision": 3, "deleted": True}))
    return found


def _build(company: Company) -> dict[str, str]:
    company.unit("all")
    north, south = company.unit("north", "all"), company.unit("south", "all")
    ids = {name: company.person(name) for name in ("anna", "bo", "chen")}
    company.assign(ids["anna"], north)
    company.assign(ids["bo"], south)
    # Chen moves from north to south in the middle.
    company.assign(ids["chen"], north, valid_to=date(2026, 8, 16))
    company.assign(ids["chen"], south, valid_from=date(2026, 8, 16))
    for event in _events():
        company.fact(
            event.person,
            event.day,
            event.quantity,
            subject=event.subject,
            key=event.key,
            revision=event.revision,
            deleted=event.deleted,
            channel=event.channel,
        )
    return ids | {"north": north, "south": south}


def _latest(channel: str | None) -> list[Event]:
    newest: dict[str, Event] = {}
    for event in _events():
        newest[event.key] = event
    return [
        event
        for event in newest.values()
        if not event.deleted
        and event.person != "nobody"
        and (channel is None or event.channel == channel)
    ]


def _team(event: Event) -> str:
    if event.person == "anna" or (event.person == "chen" and event.day < date(2026, 8, 16)):
        return "north"
    return "south"


def _recount(adding: Adding, channel: str | None, *, by_team: bool) -> dict[str, int]:
    groups: dict[str, list[Event]] = defaultdict(list)
    for event in _latest(channel):
        groups[_team(event) if by_team else event.person].append(event)
    found = {}
    for group, events in groups.items():
        window = [event for event in events if MIDDLE <= event.day < END]
        base = {e.subject for e in events if START <= e.day < MIDDLE and e.subject}
        match adding:
            case Adding.SUM:
                value = sum(event.quantity for event in window)
            case Adding.COUNT:
                value = len(window)
            case Adding.DISTINCT:
                value = len({event.subject for event in window if event.subject})
            case _:
                value = len(base & {event.subject for event in window if event.subject})
        if window:
            found[group] = value
    return found


def _aggregate(adding: Adding, channel: str | None) -> Aggregate:
    condition = Condition(attribute="channel", operator=Operator.IN, values=(channel or "",))
    return Aggregate(
        adding=adding,
        fact="order",
        where=(condition,) if channel else (),
        unit="CNY" if adding is Adding.SUM else None,
        of="subject" if adding is Adding.DISTINCT else None,
        start=MIDDLE,
        end=END,
        base_start=START if adding is Adding.BACK else None,
    )


def test_every_sum_equals_a_recount_per_person_and_per_team(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        ids = _build(company)
        names = {identifier: name for name, identifier in ids.items()}
        known_at = runtime.clock()
        with reading(runtime.engine, SYSTEM) as connection:
            for adding in (Adding.SUM, Adding.COUNT, Adding.DISTINCT, Adding.BACK):
                for channel in (None, "shop"):
                    for grouping in (Grouping.PERSON, Grouping.UNIT):
                        found = add_up(
                            connection,
                            company.entity_id,
                            _aggregate(adding, channel),
                            known_at=known_at,
                            grouping=grouping,
                        )
                        by_name = {names[k]: v for k, v in found.items() if k in names}
                        wanted = _recount(adding, channel, by_team=grouping is Grouping.UNIT)
                        case = f"{adding} {channel} {grouping}"
                        assert by_name == {k: v for k, v in wanted.items() if v or k in by_name}, (
                            case
                        )


def test_the_whole_company_is_the_sum_of_its_teams(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        ids = _build(company)
        with reading(runtime.engine, SYSTEM) as connection:
            known_at = runtime.clock()
            aggregate = _aggregate(Adding.SUM, None)
            units = add_up(
                connection,
                company.entity_id,
                aggregate,
                known_at=known_at,
                grouping=Grouping.UNIT,
            )
            whole = add_up(
                connection,
                company.entity_id,
                aggregate,
                known_at=known_at,
                grouping=Grouping.COMPANY,
            )
        assert whole == {company.entity_id: units[ids["north"]] + units[ids["south"]]}


def test_a_correction_changes_only_what_is_read_after_it_was_known(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        anna = company.person("anna")
        company.fact("anna", MIDDLE, 100, key="order-1")
        before: datetime = runtime.clock()
        company.fact("anna", MIDDLE, 250, key="order-1", revision=2)
        after = runtime.clock()
        with reading(runtime.engine, SYSTEM) as connection:
            found = [
                add_up(
                    connection,
                    company.entity_id,
                    _aggregate(Adding.SUM, None),
                    known_at=known_at,
                )[anna]
                for known_at in (before, after)
            ]
        assert found == [100, 250]


def test_the_latest_value_is_of_the_last_business_day_then_of_the_last_fact(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        anna = company.person("anna")
        company.fact("anna", date(2026, 8, 2), 30)
        company.fact("anna", date(2026, 8, 9), 40)
        company.fact("anna", date(2026, 8, 9), 50)
        company.fact("anna", date(2026, 8, 1), 60)
        with reading(runtime.engine, SYSTEM) as connection:
            found = add_up(
                connection,
                company.entity_id,
                _aggregate(Adding.LAST, None),
                known_at=runtime.clock(),
            )
        assert found == {anna: 50}
