"""A directory taken in at once is what it would be row by row; on both databases."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from actions.change_people import PersonDraft, UnitDraft, put_person, put_unit
from actions.deed import Runtime
from actions.found_company import found_company
from actions.link_identity import put_identity, put_link, unlink_identity
from actions.take_directory import DirectoryRow, take_directory
from domain.mapping import DirectoryDraft, Make
from domain.people import UnitKind
from domain.problem import Refused
from storage import tables
from storage.engine import Writing, reading
from storage.people import rebuild_closure, units_above
from storage.sealing import opened_row
from tests.support.company import SYSTEM, office
from tests.support.oracle_directory import State
from tests.support.sent import sent

SEEDS = range(200 if os.environ.get("ATTAIN_LONG") == "1" else 3)
SOURCE, STREAM = "con_hr", "staff"
DAYS = [date(2025, 1, 1), date(2026, 1, 1), date(2026, 7, 1), date(2026, 10, 1)]
D0 = DAYS[0]

Rows = Sequence[DirectoryRow]
Take = Callable[[Writing, Rows], dict[str, Refused]]


def draft(make: Make, texts: Mapping[str, Any], days: Mapping[str, Any], **more: Any) -> Any:
    """Leave out what is empty, as the mapping does."""
    return DirectoryDraft(
        name=make.value.lower(),
        make=make,
        texts={name: text for name, text in texts.items() if text is not None},
        days={name: day for name, day in days.items() if day is not None},
        identities=more,
    )


def unit(code: str, parent: str | None = None, kind: str = "TEAM", **days: Any) -> Any:
    texts = {"code": code, "name": days.pop("name", code), "kind": kind, "parent": parent}
    return draft(Make.UNIT, texts, {"validFrom": D0} | days)


def person(key: str, name: str = "Li", number: str | None = None, **more: Any) -> Any:
    days = {each: more.pop(each, None) for each in ("joinedOn", "leftOn")}
    return draft(Make.PERSON, {"key": key, "name": name, "staffNumber": number}, days, **more)


def work(who: str, where: str, role: str = "MEMBER", **more: Any) -> Any:
    days = {"validFrom": D0} | {each: more.pop(each) for each in tuple(more) if "valid" in each}
    texts = {"person": who, "unit": where, "position": "sales", "role": role}
    return draft(Make.ASSIGNMENT, texts | more, days)


def rows(*drafts: Any) -> list[DirectoryRow]:
    """Give each draft a row of its own, or several of them one."""
    several = [each if isinstance(each, tuple) else (each,) for each in drafts]
    return [DirectoryRow(key=f"r{n}", drafts=each) for n, each in enumerate(several)]


# ---- two employers in one database, and what lies there -----------------------------------------


class Employer:
    """An employer whose directory is taken in some way, with the instants of its syncs."""

    def __init__(self, runtime: Runtime, name: str, take: Take) -> None:
        self.runtime = runtime
        self.id = found_company(runtime, name)
        self.taken = take
        self.syncs: list[Any] = []

    def take(self, given: Rows) -> dict[str, Refused]:
        """Take a directory in, in one transaction."""
        with self.runtime.writing(self.id, SYSTEM) as writing:
            self.syncs.append(writing.known_at)
            return self.taken(writing, given)

    def all(self, table: Table) -> list[Any]:
        """Read the rows of a table, opened, each series in the order of its revisions."""
        query = select(table).where(table.c.legal_entity_id == self.id)
        order = (*table.primary_key.columns,)
        with reading(self.runtime.engine, SYSTEM) as connection:
            found = connection.execute(query.order_by(*order)).all()
            return [opened_row(connection, table, row) for row in found]

    def stored(self) -> State:
        """Tell what lies in the tables by what things are called for ever."""
        people = {row.id: row.source_key for row in self.all(tables.person)}
        codes = {row.id: row.code for row in self.all(tables.unit)} | {None: None}
        shops = {row.id: row.code for row in self.all(tables.platform)} | {None: None}
        names = {row.id: (row.namespace, row.value) for row in self.all(tables.identity)}
        of = _Series(self)
        return State(
            people=of(tables.person, "source_key", "name", "staff_number", "joined_on", "left_on"),
            units=of(tables.unit, "code", "name", "kind"),
            platforms=of(tables.platform, "code", "name", "opened_on"),
            places=of(
                tables.unit_place, lambda row: (codes[row.unit_id], row.valid_from), *_DATED,
                parent=lambda row: codes[row.parent_id],
            ),
            assignments=of(
                tables.assignment, "source_key", *_DATED, "position", "role",
                person=lambda row: people[row.person_id],
                unit=lambda row: codes[row.unit_id],
                platform=lambda row: shops[row.platform_id],
            ),
            links=of(
                tables.identity_link, "source_key", *_DATED,
                name=lambda row: names[row.identity_id],
                person=lambda row: people[row.person_id],
            ),
            identities=sorted(names.values()),
        )  # fmt: skip

    def hung(self) -> list[dict[str, tuple[str, ...]]]:
        """Tell who hung below whom on some days, as known at each sync."""
        codes = {row.id: row.code for row in self.all(tables.unit)}
        with reading(self.runtime.engine, SYSTEM) as connection:
            lines = [units_above(connection, day, at) for at in self.syncs for day in DAYS]
            lines += [units_above(connection, day) for day in DAYS]
        return [
            {codes[own]: tuple(codes[each] for each in above) for own, above in found.items()
             if own in codes}
            for found in lines
        ]  # fmt: skip

    def hung_anew(self) -> list[Any]:
        """Work out anew who hangs below whom; return what then lies there."""
        with self.runtime.writing(self.id, SYSTEM) as writing:
            rebuild_closure(writing)
        return self.all(tables.unit_closure)


_DATED = ("valid_from", "valid_to", "voided")


class _Series:
    """Puts the revisions of a table together, each as what it says."""

    def __init__(self, employer: Employer) -> None:
        self._employer = employer

    def __call__(self, table: Table, key: Any, *plain: str, **told: Callable[[Any], Any]) -> Any:
        found: dict[Any, list[dict[str, Any]]] = {}
        series: dict[Any, str] = {}
        for row in self._employer.all(table):
            own = getattr(row, key) if isinstance(key, str) else key(row)
            said = {name: getattr(row, name) for name in plain}
            said |= {name: tell(row) for name, tell in told.items()}
            found.setdefault(own, []).append(said)
            # One series for one key, its revisions counted from 1 without a gap.
            assert series.setdefault(own, _id(row)) == _id(row)
            assert row.revision == len(found[own])
            assert row.known_at in self._employer.syncs
            assert getattr(row, "made_by", "test") == "test"
        return found


def _id(row: Any) -> str:
    return str(row.id if hasattr(row, "id") else row.series_id)


def at_once(writing: Writing, given: Rows) -> dict[str, Refused]:
    return take_directory(writing, SOURCE, STREAM, given)


def one_by_one(writing: Writing, given: Rows) -> dict[str, Refused]:
    """Take every row by itself; whoever was refused is tried again while any of them fits."""
    order = [Make.PLATFORM, Make.UNIT, Make.PERSON, Make.ASSIGNMENT, Make.LINK]
    left = sorted(given, key=lambda row: min(order.index(each.make) for each in row.drafts))
    while True:
        refused: dict[str, Refused] = {}
        for row in left:
            refused |= take_directory(writing, SOURCE, STREAM, [row])
        if len(refused) in (0, len(left)):
            return refused
        left = [row for row in left if row.key in refused]


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    with office(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def employer(runtime: Runtime) -> Employer:
    return Employer(runtime, "Hejia", at_once)


# ---- equal to row by row ------------------------------------------------------------------------


class Chance:
    """Makes directories in which much fits, much changes and some of it is wrong."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def directory(self) -> list[DirectoryRow]:
        """Make rows of a draft or several."""
        makes = [self._unit] * 4 + [self._person] * 5 + [self._work] * 4 + [self._link] * 3
        makes += [self._platform]
        return rows(
            *(
                tuple(self._chance.choice(makes)() for _ in range(self._of(1, 1, 1, 2, 3)))
                for _ in range(18)
            )
        )

    def _of(self, *choices: Any) -> Any:
        return self._chance.choice(choices)

    def _days(self) -> tuple[date, date | None]:
        start, end = self._of(*DAYS), self._of(None, None, *DAYS)
        # One pair in four or so may lie the wrong way round.
        return (
            (start, end) if end is None or end > start or self._of(*range(4)) == 0 else (end, None)
        )

    def _unit(self) -> Any:
        start, end = self._days()
        code, parent = self._of(*"ABCD"), self._of(None, None, None, *"ABCD", "nowhere")
        kind = self._of(*["TEAM"] * 6, "REGION", "REGION", "BRANCH")
        return unit(code, parent, kind, name=self._of("x", "y"), validFrom=start, validTo=end)

    def _platform(self) -> Any:
        texts = {"code": self._of("P0", "P1"), "name": self._of("x", "y")}
        return draft(Make.PLATFORM, texts, {"openedOn": self._of(None, *DAYS)})

    def _person(self) -> Any:
        start, end = self._days()
        named = {space: self._of(*"abcde") for space in ("crm", "chat") if self._of(0, 1)}
        number = self._of(None, "7", "8", "9")
        who, joined = self._of(*"1234"), self._of(None, start)
        return person(who, self._of("Li", "Han"), number, joinedOn=joined, leftOn=end, **named)

    def _work(self) -> Any:
        start, end = self._days()
        who, role = self._of(*"1234789", "0"), self._of(*["MEMBER"] * 4, "LEAD", "BOSS")
        more = {
            "platform": self._of(None, None, None, "P0", "P9"),
            "line": self._of(None, "l1", "l2", "l3"),
        }
        return work(who, self._of(*"ABCDABCD", "Z"), role, validFrom=start, validTo=end, **more)

    def _link(self) -> Any:
        start, end = self._days()
        texts = {
            "namespace": self._of("crm", "chat"),
            "value": self._of(*"abcde"),
            "person": self._of(*"1234789", "0"),
            "line": self._of(None, "l1", "l2", "l3"),
        }
        return draft(Make.LINK, texts, {"validFrom": start, "validTo": end})


def test_a_directory_taken_at_once_is_what_it_is_row_by_row(runtime: Runtime) -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        chance = Chance(seed)
        one = Employer(runtime, f"At once {seed}", at_once)
        other = Employer(runtime, f"One by one {seed}", one_by_one)
        thought = State()
        for _ in range(3):
            given = chance.directory()
            refused, no = one.take(given), other.take(given)
            said = thought.take(SOURCE, STREAM, given)
            assert {key: each.code for key, each in refused.items()} == said, f"seed {seed}"
            assert _without_ids(refused) == _without_ids(no), f"seed {seed}"
            seen.update(said.values())
        thought.identities.sort()
        assert one.stored() == thought, f"seed {seed}"
        assert other.stored() == thought, f"seed {seed}"
        assert one.hung() == other.hung(), f"seed {seed}"
        assert one.all(tables.unit_closure) == one.hung_anew(), f"seed {seed}"
        for name in ("people", "units", "places", "assignments", "links"):
            seen[name] += sum(len(each) > 1 for each in getattr(thought, name).values())
    expected = {"people", "units", "places", "assignments", "links", *_CODES}
    assert expected <= {name for name, count in seen.items() if count}, "too little was tried"


_CODES = (
    "cell_not_a_choice",
    "code_unknown",
    "dates_reversed",
    "identity_linked_already",
    "person_unknown",
    "unit_circle",
    "unit_unknown_parent",
)


def _without_ids(refused: Mapping[str, Refused]) -> dict[str, Any]:
    return {
        key: (no.code, {} if no.code == "unit_circle" else dict(no.values))
        for key, no in refused.items()
    }


# ---- what it costs, and what it leaves alone ----------------------------------------------------


def branch(people: int, *, moved: bool = False) -> list[DirectoryRow]:
    """A branch whose teams stand above their regions, of people who each name a team."""
    teams, where = people // 5, 1 if moved else 0
    units = [unit(f"T{n}", f"R{n % 3}", name="moved" if moved else "x") for n in range(teams)]
    units += [unit(f"R{n}", "C") for n in range(3)] + [unit("C")]
    shop = draft(Make.PLATFORM, {"code": "P", "name": "P"}, {})
    staff = [
        (
            person(f"{n}", "Han" if moved else "Li", f"no {n}", joinedOn=D0, crm=f"a{n}"),
            work(f"{n}", f"T{(n + where) % teams}", platform="P"),
            work(f"no {n}", "C", line=f"also {n}", validFrom=DAYS[1]),
            draft(
                Make.LINK,
                {"namespace": "chat", "value": f"c{n}", "person": f"no {n}", "line": f"chat {n}"},
                {"validFrom": DAYS[where]},
            ),
        )
        for n in range(people)
    ]
    return rows(shop, *units, *staff)


def test_as_many_statements_take_ten_times_as_many_people_in(runtime: Runtime) -> None:
    counted = []
    for people in (20, 200):
        employer = Employer(runtime, f"With {people}", at_once)
        found = []
        for given in (branch(people), branch(people), branch(people, moved=True)):
            with sent(runtime.engine) as statements:
                assert employer.take(given) == {}
            found.append(len(statements))
        assert len(employer.all(tables.assignment)) == people * 3
        counted.append(found)
    few, many = counted
    assert many == few, "the statements are those of a batch, not of its people"
    assert max(many) < 90


def test_units_below_many_others_are_hung_with_a_statement_for_each_level(runtime: Runtime) -> None:
    counted = []
    for width in (3, 30):
        employer = Employer(runtime, f"With {width}", at_once)
        regions = [unit(f"R{n}", "C") for n in range(width)]
        teams = [unit(f"T{n}", f"R{n}") for n in range(width)]
        employer.take(rows(unit("C"), *regions, *teams))
        with sent(runtime.engine) as statements:
            assert employer.take(rows(*(unit(f"U{n}", f"T{n}") for n in range(width)))) == {}
        counted.append(len(statements))
    assert counted[0] == counted[1]


def test_refused_rows_take_no_statements_of_their_own(runtime: Runtime) -> None:
    counted = []
    for people in (10, 100):
        employer = Employer(runtime, f"With {people}", at_once)
        broken = [(person(f"{n}", crm="one for all"), work(f"{n}", "C")) for n in range(people)]
        with sent(runtime.engine) as statements:
            refused = employer.take(rows(unit("C"), *broken))
        assert {no.code for no in refused.values()} == {"identity_linked_already"}
        assert {no.values["identity"] for no in refused.values()} == {"one for all"}
        assert len(refused) == people - 1
        assert [row.source_key for row in employer.all(tables.person)] == [f"{SOURCE}:0"]
        assert len(employer.all(tables.assignment)) == 1
        counted.append(len(statements))
    assert counted[0] == counted[1]


def test_the_same_directory_again_adds_no_row_to_any_table(employer: Employer) -> None:
    given = branch(10)
    employer.take(given)
    before = everything(employer)
    assert employer.take(given) == {}
    assert everything(employer) == before


def everything(employer: Employer) -> dict[str, int]:
    """Count the rows of every table."""
    with reading(employer.runtime.engine, SYSTEM) as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.metadata.tables.items()
        }


def test_a_batch_goes_on_from_what_was_done_one_thing_at_a_time(employer: Employer) -> None:
    with employer.runtime.writing(employer.id, SYSTEM) as writing:
        employer.syncs.append(writing.known_at)
        who = put_person(writing, PersonDraft(source_key=f"{SOURCE}:1", name="Li"))
        top = UnitDraft(code="C", name="C", kind=UnitKind.COMPANY, parent_code=None, valid_from=D0)
        put_unit(writing, top)
        name = put_identity(writing, "crm", "a")
        by_hand: dict[str, Any] = {
            "identity_id": name,
            "person_id": who,
            "valid_from": D0,
            "valid_to": None,
        }
        link = put_link(writing, source_key="by hand", **by_hand)
    given = rows(person("1", "Han", crm="a"), unit("C", None, "TEAM"), person("2", crm="b"))
    refused = employer.take(given)
    assert {key: (no.code, no.values) for key, no in refused.items()} == {
        "r0": ("identity_linked_already", {"identity": "a"})
    }
    with employer.runtime.writing(employer.id, SYSTEM) as writing:
        employer.syncs.append(writing.known_at)
        unlink_identity(writing, SYSTEM, link, reason="a mistake", expected_version=1)
    assert employer.take(given) == {}
    stored = employer.stored()
    assert [each["name"] for each in stored.people[f"{SOURCE}:1"]] == ["Li", "Han"]
    assert [each["kind"] for each in stored.units["C"]] == ["COMPANY", "TEAM"]
    assert [each["voided"] for each in stored.links["by hand"]] == [False, True]
    assert stored.links[f"{SOURCE}:1:crm"][-1]["person"] == f"{SOURCE}:1"
