"""Connectors and programs that break every rule: their own run fails, and nothing else does."""

from __future__ import annotations

import itertools
import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from actions import sound_messages
from actions.source_secrets import SecretPlaces
from actions.sync_source import Outcome, Synced
from connectors.contract import (
    Catalog,
    Checkpoint,
    Deletes,
    Message,
    Progress,
    ReadRequest,
    Rejected,
    StreamInfo,
    Tombstone,
)
from connectors.files import FilesConnector
from connectors.singer import SingerConnector
from storage import tables
from tests.support.scripted import SECRET, Script, Scripted, mark, order
from tests.support.syncing import ORDER_MAPPING, ORDERS, Company, write_orders
from tests.support.taps import KEY, QUICK, install_tap, settings, write_source
from tests.support.taps import order as row

# ------------------------------------------------------------------- programs, behind the bridge


class Taps:
    """A company with a tap for its orders and, beside it, a folder of files."""

    def __init__(self, url: str, folder: Path) -> None:
        self.exports, self.taps = folder / "exports", folder / "taps"
        self.exports.mkdir()
        install_tap(self.taps, self.exports, limits=QUICK)
        connector = SingerConnector(self.taps)
        self.company = Company(url, self.exports, {"singer": connector, "files": FilesConnector()})
        secrets = SecretPlaces(variables={"ATTAIN_SECRET_TAP": KEY})
        self.company.runtime = replace(self.company.runtime, secrets=secrets)
        self.rows([row(number) for number in range(1, 5)])
        self.tap = self.company.connect(self.config(), ORDER_MAPPING, "singer")
        write_orders(self.exports, "orders.csv", ["F1,Li,C1,7.00,2026-09-30"])
        self.beside = self.company.connect(ORDERS, ORDER_MAPPING, "files")

    def rows(self, rows: list[dict[str, Any]]) -> None:
        self.file = write_source(self.exports, rows)

    def config(self) -> dict[str, Any]:
        given = settings(self.file)
        given["settings"]["api_key"] = {"$env": "ATTAIN_SECRET_TAP"}
        return given

    def sync(self, mischief: str = "", *, accept: bool = False) -> Synced:
        """Run the connection as if the tap had come to be like this."""
        (self.exports / "mischief").write_text(mischief)
        return self.company.sync(self.tap, accept=accept)

    def told(self) -> list[tuple[str, str, int]]:
        return [(f[0], f[2], f[4]) for f in self.company.facts(self.tap)]

    def cursor(self) -> Any:
        found = [r for r in self.company.all(tables.sync_cursor) if r.connection_id == self.tap]
        return found[0].cursor if found else None


@pytest.fixture
def taps(database_url: str, tmp_path: Path) -> Iterator[Taps]:
    made = Taps(database_url, tmp_path)
    yield made
    made.company.runtime.engine.dispose()


@pytest.fixture
def embedded(sqlite_url: str, tmp_path: Path) -> Iterator[Taps]:
    made = Taps(sqlite_url, tmp_path)
    yield made
    made.company.runtime.engine.dispose()


GOOD = [("A1#order", "7", 110), ("A2#order", "8", 210), ("A3#order", "7", 310)]
GOOD += [("A4#order", "8", 410)]


def test_rows_of_a_tap_become_facts_and_a_crash_takes_nothing_back(taps: Taps) -> None:
    assert taps.sync().outcome is Outcome.SUCCEEDED
    assert taps.told() == GOOD
    before = taps.cursor()
    assert before["state"] == '{"bookmarks": {"orders": "2026-09-30T08:00:04Z"}}'
    # Two rows change; the tap ends with the first of them and half a line.
    late = "2026-09-30T09:00:00Z"
    changed = [row(3, amount="#3.99", updated_at=late), row(5, updated_at=late)]
    taps.rows([row(1), row(2), row(4), *changed])
    broken = taps.sync("crash")
    assert (broken.outcome, broken.code) == (Outcome.FAILED, "program_killed")
    assert taps.cursor() == before
    assert taps.told() == GOOD
    assert taps.sync().outcome is Outcome.SUCCEEDED
    after = [*GOOD[:2], ("A3#order", "7", 399), GOOD[3], ("A5#order", "7", 510)]
    assert taps.told() == after
    again = taps.sync()
    assert again.counts["unchanged"] == again.counts["records"] == 2
    assert taps.told() == after


def test_an_empty_read_waits_for_a_person_and_keeps_its_place_until_then(embedded: Taps) -> None:
    first = embedded.sync("far_state")
    assert (first.outcome, first.code) == (Outcome.SUSPICIOUS, "tap_told_nothing")
    assert embedded.cursor() is None  # the state of the year 2999 was not taken
    assert embedded.sync().outcome is Outcome.SUCCEEDED
    assert embedded.told() == GOOD


def test_an_accepted_read_moves_on(embedded: Taps) -> None:
    assert embedded.sync("nothing", accept=True).outcome is Outcome.EMPTY_EXPECTED
    assert embedded.cursor()["rows"] == 0


@pytest.mark.parametrize("mischief", ["hang", "child", "flood", "secrets", "unknown_stream"])
def test_a_bad_tap_harms_nobody_else(
    embedded: Taps, mischief: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    if mischief == "hang":
        install_tap(embedded.taps, embedded.exports, limits={**QUICK, "idle_seconds": 1})
    done = embedded.sync(mischief)
    assert (done.outcome is Outcome.FAILED) == (mischief != "child")
    assert embedded.company.sync(embedded.beside).outcome is Outcome.SUCCEEDED
    assert [fact[4] for fact in embedded.company.facts(embedded.beside)] == [700]
    assert all(run.outcome for run in embedded.company.all(tables.sync_run))
    stored = "".join(repr(embedded.company.all(table)) for table in tables.metadata.sorted_tables)
    assert KEY not in stored + caplog.text + repr(done)


# ----------------------------------------------------------- connectors in our own process


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One company for all of them: whatever one has done, the next connection works."""
    folder = tmp_path_factory.mktemp("hostile")
    database = folder / "attain.db"
    shutil.copyfile(_sqlite_template, database)
    exports = folder / "exports"
    exports.mkdir()
    write_orders(exports, "orders.csv", ["F1,Li,C1,7.00,2026-09-30"])
    connectors = {"files": FilesConnector(), "scripted": Scripted()}
    made = Company(f"sqlite:///{database}", exports, connectors)
    yield made
    made.runtime.engine.dispose()


@pytest.fixture
def scripted(company: Company, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """A connector that does its worst; what is for ever ends after thirty."""
    for name in ("UNCOVERED_MAX", "QUIET_MAX", "ROWS_MAX", "KEYS_MAX"):
        monkeypatch.setattr(sound_messages, name, 30)
    made = Scripted()
    monkeypatch.setitem(cast("dict[str, Any]", company.runtime.connectors), "scripted", made)
    return made


class _Unfriendly(str):
    """A text that fails when it is looked at closely."""

    __slots__ = ()

    def __hash__(self) -> int:
        raise RuntimeError(f"no hash, but {SECRET}")


def _raises(_request: ReadRequest, _time: int) -> Iterator[Message]:
    yield order(1)
    yield mark(1)
    yield order(2)
    raise ZeroDivisionError(f"with {SECRET} in its words")


def _endless(messages: Any) -> Script:
    return lambda _request, _time: itertools.chain([order(1), mark(1)], messages)


def _then(*messages: Any) -> Script:
    return lambda _request, _time: iter([order(1), mark(1), order(2), *messages])


HOSTILE: dict[str, Script] = {
    "raises": _raises,
    "returns nothing": lambda _request, _time: None,  # type: ignore[dict-item, return-value]
    "returns garbage": lambda _request, _time: iter([{"type": "RECORD"}]),  # type: ignore[list-item]
    "says nothing at all": _then(None),
    "a record that is no row": _then(replace(order(3), content=None)),  # type: ignore[arg-type]
    "a key that is no text": _then(replace(order(3), key=3)),  # type: ignore[arg-type]
    "a key that fails": _then(replace(order(3), key=_Unfriendly("A3")), mark(2)),
    "a tombstone without a key": _then(Tombstone(stream="orders", key="", position="", order=3)),
    "a reason that is no text": _then(Rejected(stream="orders", position="", reason=None)),  # type: ignore[arg-type]
    "rows of another stream": _then(replace(order(3), stream="salaries"), mark(2)),
    "a cursor that is no JSON": _then(Checkpoint(stream="orders", cursor={"at": object()})),  # type: ignore[dict-item]
    "a cursor that is no object": _then(Checkpoint(stream="orders", cursor="7")),  # type: ignore[arg-type]
    "a cursor without end": _then(Checkpoint(stream="orders", cursor={"at": "x" * 1_000_001})),
    "no last checkpoint": _then(),
    "checkpoints for ever": _endless(mark(number) for number in itertools.count(2)),
    "progress for ever": _endless(itertools.repeat(Progress(stream="orders", done=1))),
    "rows for ever": _endless(order(number) for number in itertools.count(2)),
    "the same row for ever": _endless(itertools.cycle([order(2), mark(2)])),
}


@pytest.mark.parametrize("deed", HOSTILE)
def test_a_hostile_connector_fails_alone(company: Company, scripted: Scripted, deed: str) -> None:
    scripted.script = HOSTILE[deed]
    bad = company.connect({"token": SECRET}, ORDER_MAPPING, "scripted")
    done = company.sync(bad)
    assert (done.outcome, done.code) == (Outcome.FAILED, "connector_failed")
    assert done.values["connector"] == "scripted"
    assert SECRET not in repr(done)
    # What was covered by its checkpoint stands, what came behind it does not.
    kept = {"returns nothing": 0, "returns garbage": 0, "the same row for ever": 2}.get(deed, 1)
    assert len(company.facts(bad)) == kept


def test_beside_all_of_them_another_connection_is_read(company: Company) -> None:
    assert company.sync(company.connect()).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("found", [None, [], "orders", {"streams": []}])
def test_a_catalogue_that_is_none_is_the_connectors_bug(
    company: Company, scripted: Scripted, found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripted, "discover", lambda _context: found)
    done = company.sync(company.connect({"token": SECRET}, ORDER_MAPPING, "scripted"))
    assert (done.outcome, done.code) == (Outcome.FAILED, "connector_failed")


@pytest.mark.parametrize("keys", [[1, 2], None, itertools.repeat("A1"), itertools.count()])
def test_a_list_of_keys_that_is_none_deletes_nothing(
    company: Company, scripted: Scripted, keys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.script = lambda _request, _time: iter([order(1), mark(1)])
    streams = (StreamInfo(name="orders", entity="order", key=("x",), deletes=Deletes.SWEEP),)
    monkeypatch.setattr(scripted, "discover", lambda _context: Catalog(streams=streams))
    monkeypatch.setattr(scripted, "keys", lambda _context, _stream: keys, raising=False)
    bad = company.connect({"token": SECRET}, ORDER_MAPPING, "scripted")
    done = company.sync(bad)
    assert (done.outcome, done.code) == (Outcome.FAILED, "connector_failed")
    assert len(company.facts(bad)) == 1
