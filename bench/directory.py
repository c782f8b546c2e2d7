"""A directory of people through the whole sync against a script written for that file alone.

A row is a person with the day of joining, a place in a unit, and the name in the CRM: it makes a
record, a person, a name, a link and an assignment. *First* is the file as nobody has heard of it.
*Read again* is the file delivered once more with a column that the mapping does not use changed in
every row: everything is kept, mapped and decided anew, and nothing of the organisation is
different. *Changed* moves one person in twenty to another unit and lets one in a hundred leave.
*Unchanged* is the same rows in a file that looks new.

The script (``bench/directory_by_hand.py``) reads the file of *first* into the same columns of the
same tables, encrypted and indexed alike, as many rows a transaction, with the same durability.

Bars, by the processor's clock (PostgreSQL's own processes included), the best of several rounds:
*first* costs at most COST_BAR times the script; both leave the same organisation; nothing but
records is added by *read again*, and nothing at all by *unchanged*. How many statements a thousand
people take is printed. ``--people N`` takes another size.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select

from actions.connect_source import create_connection, set_mapping
from actions.found_company import found_company
from actions.sync_source import Outcome, sync_source
from bench.databases import count_of, on_both, without_postgresql
from bench.directory_by_hand import StaffScript
from bench.ingest import KEY, Side, Spent, driver, keys_of_script, opened, timed
from bench.machine import machine
from bench.path_company import LOADER
from domain.access import name_of
from storage import tables
from storage.engine import reading
from storage.keyring import Keyring, LocalKey
from storage.migrate import upgrade
from storage.sealing import opened_row
from tests.support.postgres import Cluster

PEOPLE, PEOPLE_QUICK = 20_000, 1_000
ROUNDS, ROUNDS_QUICK = 2, 1
COST_BAR, COST_BAR_QUICK = 4.0, 8.0  # most of a small run is what happens once
TEAM = 25
_LEFT = (tables.person, tables.identity, tables.identity_link, tables.assignment)
_COUNTED = (*_LEFT, tables.record, tables.quarantine, tables.unit, tables.audit_event)

_DAY = {"formats": ["%Y-%m-%d"]}
UNITS: dict[str, Any] = {
    "path": ".",
    "streams": {"units": {"pattern": "units*.csv", "key": ["code"]}},
}
UNIT_MAPPING: dict[str, Any] = {
    "format": "attain.mapping/1",
    "streams": {
        "units": {
            "targets": [
                {
                    "target": "unit",
                    "make": "UNIT",
                    "code": {"column": "code"},
                    "name": {"column": "name"},
                    "kind": {"constant": "TEAM"},
                    "parent": {"column": "parent", "whenMissing": "ALLOW"},
                    "validFrom": {"constant": "2020-01-01"},
                }
            ]
        }
    },
}
STAFF: dict[str, Any] = {
    "path": ".",
    "streams": {"staff": {"pattern": "staff*.csv", "key": ["no"]}},
}
STAFF_MAPPING: dict[str, Any] = {
    "format": "attain.mapping/1",
    "streams": {
        "staff": {
            "targets": [
                {
                    "target": "person",
                    "make": "PERSON",
                    "key": {"column": "no"},
                    "name": {"column": "name"},
                    "staffNumber": {"column": "no"},
                    "joinedOn": {"column": "joined", **_DAY},
                    "leftOn": {"column": "left", "whenMissing": "ALLOW", **_DAY},
                    "identities": {"crm": {"column": "account"}},
                },
                {
                    "target": "work",
                    "make": "ASSIGNMENT",
                    "person": {"column": "no"},
                    "unit": {"column": "unit"},
                    "position": {"column": "position"},
                    "role": {"constant": "MEMBER"},
                    "validFrom": {"column": "joined", **_DAY},
                    "validTo": {"column": "left", "whenMissing": "ALLOW", **_DAY},
                },
            ]
        }
    },
}


def write_units(place: Path, people: int) -> None:
    """Write a company, its regions and their teams; a team stands above its region in the file."""
    teams = max(people // TEAM, 1)
    lines = [f"T{team:05d},Team {team},R{team % 20:02d}" for team in range(teams)]
    lines += [f"R{region:02d},Region {region},C" for region in range(20)] + ["C,Company,"]
    place.write_text("code,name,parent\n" + "".join(f"{line}\n" for line in lines), "utf-8")


def write_staff(place: Path, people: int, *, note: str = "", changed: bool = False) -> None:
    """Write everybody; ``changed`` moves some and lets some leave, ``note`` is not mapped."""
    chance, teams = random.Random(5), max(people // TEAM, 1)
    with place.open("w", encoding="utf-8") as handle:
        handle.write("no,name,joined,left,unit,position,account,note\n")
        for number in range(people):
            joined = date(2020, 1, 1) + timedelta(chance.randrange(2_000))
            team = chance.randrange(teams)
            left = "2026-09-30" if changed and number % 100 == 7 else ""
            if changed and number % 20 == 3:
                team = (team + 1) % teams
            handle.write(
                f"E{number:06d},销售员 {number},{joined},{left},T{team:05d},"
                f"Sales,crm-{number},{note}\n"
            )


def company(url: str, folder: Path) -> tuple[str, str]:
    """Found a company with its units and a connection for its staff; return both ids."""
    upgrade(url, keys=Keyring(LocalKey(KEY)))
    runtime = opened(url, folder)
    entity_id = found_company(runtime, "Bench")
    made = []
    for name, config, mapping in (
        ("Units", UNITS, UNIT_MAPPING),
        ("Staff", STAFF, STAFF_MAPPING),
    ):
        with runtime.writing(entity_id, LOADER) as writing:
            each = create_connection(
                runtime, writing, LOADER, name=name, connector="files", config=config
            )
            set_mapping(writing, LOADER, each, mapping)
        made.append(each)
    done = sync_source(runtime, LOADER, entity_id, made[0])
    if done.outcome is not Outcome.SUCCEEDED:
        raise SystemExit(f"the units ended as {done.outcome}: {done.code} {dict(done.counts)}")
    runtime.engine.dispose()
    return entity_id, made[1]


def ours(side: Side) -> dict[str, int]:
    """Sync as the product does."""
    done = sync_source(side.runtime, LOADER, side.entity_id, side.connection_id)
    if done.outcome not in (Outcome.SUCCEEDED, Outcome.EMPTY_EXPECTED):
        raise SystemExit(f"the sync ended as {done.outcome}: {done.code} {dict(done.counts)}")
    return {}


def by_hand(side: Side, file: Path) -> dict[str, int]:
    """Run the script on a connection of the driver, with the keys of the installation."""
    content, index = keys_of_script(side)
    base = driver(side.engine, postgresql=side.server != 0)
    try:
        StaffScript(
            base=base,
            postgresql=side.server != 0,
            entity_id=side.entity_id,
            connection_id=side.connection_id,
            content_key=content,
            index_key=index,
            made_by=name_of(LOADER),
        ).take(file)
    finally:
        base.close()
    return {}


def rows_of(side: Side) -> dict[str, int]:
    """Count the rows of every table that a directory fills."""
    with reading(side.engine, LOADER) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in _COUNTED
        }


def left(side: Side) -> dict[str, Any]:
    """Say what lies in the tables, opened, ids by what they stand for."""
    person, identity = tables.person, tables.identity
    link, work, unit = tables.identity_link, tables.assignment, tables.unit
    found: dict[str, Any] = dict(rows_of(side))
    with reading(side.engine, LOADER) as connection:

        def all_of(table: Any) -> list[Any]:
            rows = connection.execute(select(table)).all()
            return [opened_row(connection, table, row) for row in rows]

        names = {row.id: row.source_key for row in all_of(person)}
        called = {row.id: (row.namespace, row.value) for row in all_of(identity)}
        codes = {row.id: row.code for row in all_of(unit)}
        people = (
            (row.source_key, row.revision, row.name, row.staff_number, row.joined_on, row.left_on)
            for row in all_of(person)
        )
        links = (
            (row.source_key, row.revision, called[row.identity_id], names[row.person_id],
             row.valid_from, row.valid_to, row.voided, row.made_by)
            for row in all_of(link)
        )  # fmt: skip
        places = (
            (row.source_key, row.revision, names[row.person_id], codes[row.unit_id], row.position,
             row.role, row.valid_from, row.valid_to, row.voided, row.made_by)
            for row in all_of(work)
        )  # fmt: skip
        for part, rows in (("people", people), ("links", links), ("places", places)):
            found[part] = _digest(rows)
    return found


def _digest(rows: Any) -> str:
    return hashlib.sha256("\n".join(sorted(repr(row) for row in rows)).encode()).hexdigest()


@contextmanager
def _counting(side: Side) -> Any:
    """Count the statements sent meanwhile."""
    sent = [0]

    def count(*_: Any) -> None:
        sent[0] += 1

    event.listen(side.engine, "before_cursor_execute", count)
    try:
        yield sent
    finally:
        event.remove(side.engine, "before_cursor_execute", count)


def _cheaper(one: Spent | None, other: Spent) -> Spent:
    if one is None:
        return other
    return Spent(
        wall=min(one.wall, other.wall),
        processor=min(one.processor, other.processor),
        server=min(one.server, other.server),
    )


def measure(folder: Path, people: int, rounds: int, cluster: Cluster | None) -> dict[str, Any]:
    """Take the directory in both ways in turn, then again and changed by the product alone."""
    server = 0
    if cluster is not None:
        server = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    source = folder / "in"
    begun = str(folder / "begun.db") if cluster is None else cluster.create_database()
    entity_id, made = company(_address(begun, cluster), source)
    best: dict[str, Spent] = {}
    statements: dict[str, int] = {}
    wrong: list[str] = []

    def does(name: str, side: Side, deed: Callable[[], dict[str, int]]) -> None:
        with _counting(side) as sent:
            _, spent = timed(side, deed)
        best[name] = _cheaper(best.get(name), spent)
        statements[name] = sent[0]

    for number in range(rounds):
        sides = []
        for name in ("ours", "by_hand"):
            copy = str(folder / f"{name}-{number}.db")
            if cluster is None:
                shutil.copyfile(begun, copy)
            else:
                copy = cluster.create_database(template=begun)
            runtime = opened(_address(copy, cluster), source)
            sides.append(
                Side(runtime=runtime, entity_id=entity_id, connection_id=made, server=server)
            )
        wrong += _round(source / "staff.csv", people, sides, does)
        for side in sides:
            side.engine.dispose()
    return {"best": best, "statements": statements, "wrong": wrong}


def _round(file: Path, people: int, sides: Sequence[Side], does: Any) -> list[str]:
    mine, other = sides
    write_staff(file, people)
    does("first", mine, lambda: ours(mine))
    does("by_hand", other, lambda: by_hand(other, file))
    one, two = left(mine), left(other)
    wrong = [name for name in one if one[name] != two[name]]
    before = rows_of(mine)
    file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    does("unchanged", mine, lambda: ours(mine))
    wrong += [] if rows_of(mine) == before else ["unchanged"]
    write_staff(file, people, note="seen")
    does("read_again", mine, lambda: ours(mine))
    before["record"] += people
    wrong += [] if rows_of(mine) == before else ["read_again"]
    write_staff(file, people, note="seen", changed=True)
    does("changed", mine, lambda: ours(mine))
    return wrong


def _address(name: str, cluster: Cluster | None) -> str:
    return f"sqlite:///{name}" if cluster is None else cluster.url(name)


def shown(database: str, people: int, measured: dict[str, Any]) -> dict[str, Any]:
    """Print one database's figures; return them with the cost against the script's."""
    figures: dict[str, Any] = {}
    for name, spent in measured["best"].items():
        figures[f"{name}_s"] = round(spent.wall, 2)
        figures[f"{name}_cpu_us_per_person"] = round(spent.processor / people * 1e6, 1)
        figures[f"{name}_server_cpu_us_per_person"] = round(spent.server / people * 1e6, 1)
        if name != "by_hand":
            sent = measured["statements"][name]
            figures[f"{name}_statements_per_1000"] = round(sent / people * 1_000, 1)
    first, hand = measured["best"]["first"], measured["best"]["by_hand"]
    figures["cost"] = round(first.processor / hand.processor, 2)
    figures["wrong"] = measured["wrong"]
    for name, value in figures.items():
        print(f"{database:<12}{name:<40}{value}", flush=True)
    return figures


def main(words: Sequence[str]) -> int:
    """Measure both databases, compare what is left in them, and fail when a bar is missed."""
    quick = "--quick" in words
    people, rounds = (PEOPLE_QUICK, ROUNDS_QUICK) if quick else (PEOPLE, ROUNDS)
    people = count_of(words, "--people", people)
    ended = without_postgresql(quick=quick)
    if ended is not None:
        return ended
    found = on_both(
        lambda place: write_units(place / "units.csv", people),
        lambda folder, cluster: measure(folder, people, rounds, cluster),
        lambda database, measured: shown(database, people, measured),
    )
    bar = COST_BAR_QUICK if quick else COST_BAR
    report = {
        "figures": {"people": people, **found},
        "ratio": {base: each["cost"] for base, each in found.items()},
        "bar": bar,
        "machine": machine(),
    }
    print(json.dumps(report))
    return int(any(each["cost"] > bar or each["wrong"] for each in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
