"""What must hold in a simulated year after every step, whatever happened in it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text

from actions.evaluate_closed import ClosedPeriod
from actions.gather_evidence import gather_evidence
from actions.pack_evidence import pack_evidence
from actions.participants import participants
from actions.prove_statement import prove_statement
from domain.access import Resource
from domain.knowledge import Knowledge
from domain.ledger import CORRECTING, WALKED, Cause
from domain.period import period_named
from messages.render import load
from storage.corrections import corrections_of, lines_of_run
from storage.engine import reading
from storage.results import LedgerEntry, Result, Run, ledger, results
from storage.runs import RunState, runs_in
from storage.statements import statement_of
from tests.support import verifier
from tests.support.company import SYSTEM, as_owner
from tests.support.sales_year import SalesYear, month
from tests.support.year_oracle import Month, Paid, is_of_others

LATER = datetime(2040, 1, 1, tzinfo=UTC)
END = date(2027, 1, 31)
_OF_RUN = ("result", "standing", "cohort", "snapshot", "run_seal")


def entries(year: SalesYear, periods: Iterable[str]) -> list[LedgerEntry]:
    """Read everything booked in some periods."""
    with reading(year.runtime.engine, SYSTEM) as connection:
        return [
            entry
            for period in periods
            for entry in ledger(
                connection, SYSTEM, year.entity, period=period, day=END, known_at=LATER
            )
        ]


def final_run(year: SalesYear, period: str) -> Run:
    """Read the run a period was closed with."""
    with reading(year.runtime.engine, SYSTEM) as connection:
        (run,) = runs_in(connection, year.entity, period, [RunState.FINAL])
    return run


def frozen(year: SalesYear, run_id: str, period: str) -> str:
    """Hash every row, as it is stored, of a final run and of what is booked in its period."""
    digest = hashlib.sha256()
    with as_owner(year.runtime.engine) as connection:
        for table in _OF_RUN:
            rows = connection.execute(
                text(f"SELECT * FROM {table} WHERE run_id = :r"), {"r": run_id}
            )
            digest.update("\n".join(sorted(str(_plain(row)) for row in rows)).encode())
        query = text("SELECT * FROM ledger_entry WHERE period = :p AND legal_entity_id = :e")
        rows = connection.execute(query, {"p": period, "e": year.entity})
        digest.update("\n".join(sorted(str(_plain(row)) for row in rows)).encode())
    return digest.hexdigest()


def _plain(row: Any) -> list[Any]:
    return [bytes(each) if isinstance(each, memoryview) else each for each in row]


def net(year: SalesYear, periods: Iterable[str]) -> dict[tuple[str, str], int]:
    """Add up every entry by person and the period whose sales gave it."""
    found: Counter[tuple[str, str]] = Counter()
    for entry in entries(year, periods):
        found[year.by_id[entry.person_id], entry.origin_period] += entry.amount
    return {key: amount for key, amount in found.items() if amount}


def earned(booked: Iterable[LedgerEntry], year: SalesYear) -> Counter[tuple[str, int, str]]:
    """Add up what the rules gave, by person, month of origin and component of any segment."""
    found: Counter[tuple[str, int, str]] = Counter()
    for entry in booked:
        if entry.cause is None or Cause(entry.cause) in WALKED:
            component = re.sub(r"^s\d+\.|\.amount$", "", entry.component)
            number = 12 * (int(entry.origin_period[:4]) - 2026) + int(entry.origin_period[5:])
            found[year.by_id[entry.person_id], number, component] += entry.amount
    return found


def worth_is_posted(year: SalesYear, number: int) -> None:
    """What a close posted is what the book of the year says, by person and component."""
    booked = entries(year, [month(each) for each in range(1, number + 1)])
    own = [each for each in booked if each.period == each.origin_period and each.cause is None]
    posted = {
        (name, component): amount
        for (name, at, component), amount in earned(own, year).items()
        if at == number and amount
    }
    _same(posted, Month.of(year, number).worth(earned(booked, year)), month(number))


def _same(booked: Paid, worth: Paid, period: str) -> None:
    """Say who is paid what, and what the book says, where these differ."""
    wrong = {
        key: (booked.get(key, 0), worth.get(key, 0))
        for key in sorted({*booked, *worth})
        if booked.get(key, 0) != worth.get(key, 0)
    }
    assert not wrong, (period, wrong)


def worth_is_booked(year: SalesYear, months: int) -> None:
    """After everything, what is booked for a month's sales is what the book says now.

    What looks at other people was frozen with the month: it is taken as it was booked.
    """
    found = earned(entries(year, [month(each) for each in range(1, months + 2)]), year)
    for number in range(1, months + 1):
        at = Month.of(year, number)
        others = {each["id"] for each in at.plan["components"] if is_of_others(each)}
        booked = {
            (name, component): amount
            for (name, when, component), amount in found.items()
            if when == number and amount
        }
        given = {key: amount for key, amount in booked.items() if key[1] in others}
        _same(booked, at.worth(found, given), month(number))


def disputes_are_booked(year: SalesYear, booked: list[LedgerEntry]) -> None:
    """What was accepted is booked once, for the month that was disputed."""
    found: Counter[tuple[str, str]] = Counter()
    for entry in booked:
        if entry.cause == Cause.DISPUTE:
            found[year.by_id[entry.person_id], entry.origin_period] += entry.amount
    assert found == year.disputed


def causes_add_up(year: SalesYear, period: str) -> None:
    """The causes of the last correction make the way from the close to what is worth now."""
    base = final_run(year, period)
    with reading(year.runtime.engine, SYSTEM) as connection:
        last = corrections_of(connection, year.entity, period=period)[0]
        causes: Counter[str] = Counter()
        for line in lines_of_run(connection, last.id):
            if line.cause in WALKED:
                causes[line.person_id] += line.amount
        now, then = (
            {
                each.person_id: each.payout or 0
                for each in results(connection, SYSTEM, run, day=END, resource=Resource.PAY)
            }
            for run in (last, base)
        )
    for person in {*now, *causes}:
        assert causes[person] == now.get(person, 0) - then.get(person, 0), (period, person)


def evidence_holds(year: SalesYear, run: Run) -> None:
    """The pack of somebody's evidence is checked by somebody who has it and one file."""
    with reading(year.runtime.engine, SYSTEM) as connection:
        day = period_named(run.period).last_day
        found = results(connection, SYSTEM, run, day=day, resource=Resource.PAY)
        result = min(found, key=lambda each: year.by_id[each.person_id])
        asked = gather_evidence(connection, SYSTEM, run, result, person_name="-", known_at=LATER)
    files = pack_evidence(year.runtime, load(), asked)
    pack = verifier.load().verify_pack(files)
    for report in (pack.report, *(each for _, each in pack.proofs.values())):
        assert report.wrong is None, report.wrong
    assert pack.proofs


def reversals_cancel(booked: list[LedgerEntry]) -> None:
    """Each reversal takes back one whole entry, of the same origin and cause, and only once."""
    by_id = {entry.id: entry for entry in booked}
    gone = [entry.reverses_id for entry in booked if entry.reverses_id is not None]
    assert len(gone) == len(set(gone))
    for entry in booked:
        if entry.kind != "REVERSE":
            assert entry.reverses_id is None
            continue
        taken = by_id[str(entry.reverses_id)]
        assert entry.amount == -taken.amount
        for name in ("person_id", "origin_period", "component", "currency", "cause"):
            assert getattr(entry, name) == getattr(taken, name), name


def credit_notes_never_raise(year: SalesYear, period: str) -> None:
    """What credit notes changed, with what was held of it, is no rise for anybody."""
    with reading(year.runtime.engine, SYSTEM) as connection:
        for run in corrections_of(connection, year.entity, period=period)[:1]:
            sums: Counter[tuple[str, str]] = Counter()
            for line in lines_of_run(connection, run.id):
                if line.cause in {Cause.CREDIT_NOTES, Cause.CREDIT_NOTE_HELD}:
                    sums[line.person_id, line.currency] += line.amount
                assert line.cause is not Cause.CREDIT_NOTE_HELD or line.amount <= 0
            assert all(amount <= 0 for amount in sums.values()), sums


def statements_hold(year: SalesYear, run: Run, most: int) -> Counter[str]:
    """Explain each statement to its payout and its entries, and prove some to the verifier."""
    period = period_named(run.period)
    posted: Counter[str] = Counter()
    for entry in entries(year, [run.period]):
        if entry.origin_period == run.period and entry.cause is None:
            posted[entry.person_id] += entry.amount
    said: Counter[str] = Counter()
    with reading(year.runtime.engine, SYSTEM) as connection:
        found = results(connection, SYSTEM, run, day=period.last_day, resource=Resource.PAY)
        for place, result in enumerate(sorted(found, key=lambda each: year.by_id[each.person_id])):
            explained = statement_of(connection, run, result)
            assert explained.statement.payout == result.payout
            assert (result.payout or 0) == posted.pop(result.person_id, 0)
            if place < most:
                said.update(_proven(year, run, result, explained))
    assert not any(posted.values())
    return said


def _proven(year: SalesYear, run: Run, result: Result, explained: Any) -> list[str]:
    """Prove a statement to somebody who has nothing of the product but one file."""
    proof = prove_statement(year.runtime, run, result, explained, {})
    report = verifier.load().verify(proof)
    assert report.wrong is None, report.wrong
    return [code for code, _ in report.gaps]


def causes_make_the_whole(year: SalesYear, period: str, periods: Iterable[str]) -> None:
    """What is booked for a period's sales is what everybody is worth by what is known now."""
    run = final_run(year, period)
    booked: Counter[tuple[str, str, str]] = Counter()
    for entry in entries(year, periods):
        if entry.origin_period != period:
            continue
        cause = None if entry.cause is None else Cause(entry.cause)
        if cause is None or (cause in CORRECTING and cause is not Cause.CREDIT_NOTE_HELD):
            booked[year.by_id[entry.person_id], entry.component, entry.currency] += entry.amount
    with year.runtime.writing(year.entity, SYSTEM) as writing:
        now = Knowledge.at(writing.known_at)
        people = {
            each.person_id
            for known in (run.known_at, writing.known_at)
            for each in participants(writing.connection, year.entity, period_named(period), known)[
                0
            ]
        }
        closed = ClosedPeriod.of(writing, period_named(period), run)
        then = closed.evaluate(Knowledge.at(run.known_at), people)
        found = closed.evaluate(now, people)
    amounts = {(year.by_id[key[0]], *key[1:]): each for key, each in found.amounts.items() if each}
    assert amounts == {key: each for key, each in booked.items() if each}, period
    again: Counter[str] = Counter()
    for (person, _, _), amount in then.amounts.items():
        again[person] += amount
    with reading(year.runtime.engine, SYSTEM) as connection:
        kept = results(
            connection, SYSTEM, run, day=period_named(period).last_day, resource=Resource.PAY
        )
        (last, *_) = corrections_of(connection, year.entity, period=period)
    assert {each.person_id: each.payout or 0 for each in kept} == {
        each.person_id: again.get(each.person_id, 0) for each in kept
    }, period
    assert last.problems == ()
