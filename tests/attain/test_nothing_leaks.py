"""Faults everywhere, every library at its most talkative: no name, token or amount gets out.

Everything secret in this company carries a mark. Logs, metrics, standard output and error, and the
errors of answers are searched for the marks.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from starlette.testclient import TestClient

from actions.sign_in import make_account
from actions.sync_source import sync_source
from api.operating import Operating
from attain.logs import log_as_json_lines
from connectors.files import FilesConnector
from domain.access import Role
from domain.people import AssignmentRole, UnitKind
from storage import tables
from storage.append_only import unguard_tables
from storage.engine import changing, open_engine
from storage.people import add_row
from storage.sealing import sealed_values
from tests.api.company import Served
from tests.support import forked_attain, shared
from tests.support.company import SYSTEM, Company, as_owner, office
from tests.support.keys import KEY
from tests.support.sealed import CANARY, PAID, fill
from tests.support.source import ROOT
from tests.support.syncing import ORDER_MAPPING

NAME, TOKEN, LOGIN = "canary-person", "canary-token-of-the-crm", "canary-login"
MARKS = ("canary", str(PAID), str(PAID)[:-2], KEY.hex())
TALKATIVE = (
    "", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "sqlalchemy.dialects", "psycopg",
    "psycopg.pool", "asyncio", "uvicorn", "uvicorn.error", "alembic", "httpx2", "httpcore",
    "attain", "attain.api", "attain.worker",
)  # fmt: skip


class Broken(FilesConnector):
    """Says everything it knows when it fails."""

    def discover(self, context: Any) -> Any:
        logging.getLogger("acme.crm").error("cannot sign in with %s", context.config["token"])
        logging.getLogger("acme.crm").debug(f"token={context.config['token']}")  # noqa: G004
        raise RuntimeError(f"401 for {context.config['token']}")


def marks_in(told: str) -> list[str]:
    return [line for line in told.splitlines() if any(mark in line for mark in MARKS)]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged, with every logger at DEBUG."""
    loggers = [logging.getLogger(name) for name in TALKATIVE]
    before, handlers = [each.level for each in loggers], list(loggers[0].handlers)
    stream = io.StringIO()
    log_as_json_lines(stream, logging.DEBUG)
    logging.captureWarnings(capture=True)
    for each in loggers:
        each.setLevel(logging.DEBUG)
    yield stream
    logging.captureWarnings(capture=False)
    loggers[0].handlers[:] = handlers
    for each, level in zip(loggers, before, strict=True):
        each.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def made(lines: io.StringIO, database_url: str, tmp_path: Path) -> Iterator[Served]:
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        fill(company)
        unit = company.unit("company", kind=UnitKind.COMPANY)
        person = company.person(NAME)
        company.assign(person, unit, role=AssignmentRole.MEMBER)
        served = Served(company, {NAME: person})
        served.runtime = replace(served.runtime, connectors={"broken": Broken()})
        for login, roles, owner in ((LOGIN, (Role.HR,), None), (NAME, (), person)):
            company.write(
                lambda writing, login=login, roles=roles, owner=owner: make_account(  # type: ignore[misc]
                    writing, login=login, person_id=owner, locale="en", roles=roles,
                    valid_from=date(2026, 1, 1),
                )
            )  # fmt: skip
        for each in (LOGIN, NAME):
            served.token(each)
        yield served
        assert lines.getvalue(), "nothing was logged: the search would find nothing by itself"
        assert marks_in(lines.getvalue()) == []


def broken_by(made: Served, statement: str) -> None:
    with as_owner(made.runtime.engine) as connection:
        unguard_tables(connection)
        connection.execute(text(statement))


def asked(made: Served, who: str, query: str) -> dict[str, Any]:
    app = shared.app(made.server, operating=Operating(logs_requests=True))
    client = TestClient(app, client=("127.0.0.1", 50000), raise_server_exceptions=False)
    headers = {"authorization": f"Bearer {made.token(who)}", "accept-language": "en"}
    answer = client.post("/graphql", json={"query": query}, headers=headers)
    assert marks_in(client.get("/metrics").text) == []
    body: dict[str, Any] = answer.json()
    told = json.dumps(body.get("errors"))
    assert answer.status_code in {200, 500}, told
    assert "errors" in body
    assert marks_in(told) == []
    return body


LEDGER = '{ ledger(period: "2026-09") { entries { amount { text } } } }'
PEOPLE = "{ people(first: 9) { nodes { name staffNumber } } }"


def test_a_damaged_value_is_told_by_its_place(made: Served, lines: io.StringIO) -> None:
    with as_owner(made.runtime.engine) as connection:
        unguard_tables(connection)
        person = tables.person
        row = connection.execute(select(person).limit(1)).one()
        values = {"staff_number": f"{CANARY}-moved"}
        sealed = sealed_values(connection, person, values, {**row._asdict(), "id": "per_another"})
        connection.execute(update(person).where(person.c.id == row.id).values(**sealed))
    asked(made, LOGIN, PEOPLE)
    assert "storage.cipher.SealBroken" in lines.getvalue()


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE ledger_entry", "ALTER TABLE ledger_entry RENAME COLUMN amount TO amounts"],
)
def test_a_broken_database_is_told_without_what_was_asked(
    made: Served, lines: io.StringIO, statement: str
) -> None:
    broken_by(made, statement)
    asked(made, NAME, LEDGER)
    assert "sqlalchemy.exc." in lines.getvalue()


def test_whatever_a_fault_says_stays_inside(
    made: Served, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    def fault(*_words: Any, **_more: Any) -> Any:
        try:
            raise ValueError(f"{NAME} earns {PAID}")
        except ValueError as cause:
            error = RuntimeError(f"for {NAME}: {cause}")
            error.add_note(f"{TOKEN}")
            raise error from cause

    monkeypatch.setattr("storage.results.ledger", fault)
    asked(made, NAME, LEDGER)
    assert '"builtins.RuntimeError", "builtins.ValueError"' in lines.getvalue()
    assert marks_in("".join(capfd.readouterr())) == []


def test_an_error_of_the_database_that_quotes_a_row_is_told_by_its_type(
    made: Served, lines: io.StringIO
) -> None:
    company, log = made.company, logging.getLogger("attain.api")
    row = {"id": "acc_1", "legal_entity_id": company.entity_id, "login": LOGIN, "locale": "en"}
    for values in (row, {**row, "locale": TOKEN * 9}, {**row, "legal_entity_id": TOKEN}):
        try:
            with company.runtime.writing(company.entity_id, SYSTEM) as writing:
                add_row(writing, tables.account, **values)
        except SQLAlchemyError as error:
            log.exception("a row was refused")
            log.error("refused: %s", error)  # noqa: TRY400 - wrong on purpose
            logging.getLogger("vendor").error("refused: %s", error)  # noqa: TRY400
            logging.getLogger("vendor").exception(f"refused: {error}")  # noqa: G004, TRY401
    try:
        with changing(company.engine, SYSTEM) as connection:
            connection.execute(insert(tables.person).values(staff_number=CANARY))
    except Exception:
        log.exception("a plain value was refused")
    assert "sqlalchemy.exc.IntegrityError" in lines.getvalue()


def test_a_connector_that_tells_its_token_is_not_repeated(made: Served, lines: io.StringIO) -> None:
    company = made.company

    def connect(writing: Any) -> str:
        from actions.connect_source import create_connection, set_mapping

        created = create_connection(
            made.runtime, writing, SYSTEM, name="CRM", connector="broken",
            config={"path": ".", "streams": {}, "token": TOKEN},
        )  # fmt: skip
        set_mapping(writing, SYSTEM, created, ORDER_MAPPING)
        return created

    connection_id = company.write(connect)
    synced = sync_source(made.runtime, SYSTEM, company.entity_id, connection_id)
    assert synced.code == "connector_failed"
    assert "cannot sign in with %s" in lines.getvalue()


def test_what_libraries_and_threads_say_by_themselves_is_cut_down(
    made: Served, lines: io.StringIO, capfd: Any
) -> None:
    log = logging.getLogger("vendor.http")
    log.warning(f"GET /?token={TOKEN}")  # noqa: G004
    log.warning("answer %r", {"pay": PAID})
    log.info("names %s", NAME)
    for each in (log, logging.getLogger("attain.api")):
        odd = each.makeRecord(each.name, logging.ERROR, "x.py", 1, "pay %d", (NAME,), None)
        logging.getLogger().handlers[0].handle(odd)
    structlog.get_logger("attain.x").error("odd", row={"pay": PAID}, error=ValueError(NAME))
    token = made.token(LOGIN)
    structlog.get_logger("attain.x").error(f"Bearer {token}", key=KEY.hex(), said=[token])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"{NAME} is deprecated", stacklevel=1)
    loop = asyncio.new_event_loop()
    fault = {"message": NAME, "exception": ValueError(TOKEN), "task": NAME}
    loop.call_exception_handler(fault)
    loop.close()
    told = lines.getvalue()
    assert "answer %r" in told
    assert "py.warnings" in told
    assert told.count("line lost") == 2
    assert token not in told
    assert marks_in("".join(capfd.readouterr())) == []


ALONE = f"""
import sys, threading
from attain.logs import hide_faults_of_this_process
hide_faults_of_this_process()
def fails(): raise ValueError("{NAME}")
thread = threading.Thread(target=fails); thread.start(); thread.join()
class Odd:
    def __del__(self): raise ValueError("{TOKEN}")
Odd()
import warnings; warnings.warn("{NAME}")
fails()
"""


def test_a_fault_that_nobody_catches_is_told_by_its_type_in_any_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("fault: builtins.ValueError") == 3
    assert marks_in(done.stderr + done.stdout) == []
    assert threading.current_thread().name


def test_a_command_over_a_broken_database_tells_no_value(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = {"ATTAIN_DATA": str(data), "PATH": "/usr/bin"}

    def attain(*words: str) -> subprocess.CompletedProcess[str]:
        return forked_attain.attain(*words, env=settings)

    assert attain("migrate").returncode == 0
    engine = open_engine(f"sqlite:///{data / 'attain.db'}")
    with changing(engine, SYSTEM) as connection:
        connection.execute(text("ALTER TABLE legal_entity RENAME COLUMN zone TO canary_zone"))
        connection.execute(
            text("CREATE TRIGGER t BEFORE INSERT ON legal_entity"
                 f" BEGIN SELECT RAISE(ABORT, '{NAME}'); END")
        )  # fmt: skip
    engine.dispose()
    done = attain("calculate", "2026-09")
    assert done.returncode == 1
    assert "fault: sqlalchemy.exc.OperationalError" in done.stderr
    assert marks_in(done.stderr + done.stdout) == []
