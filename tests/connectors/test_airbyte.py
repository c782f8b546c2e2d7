"""The bridge to Airbyte sources: a small faithful one through the process host, and its misdeeds.

No kit of Airbyte's is installed here; ``test_real_airbyte.py`` has the real one.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import Outcome
from connectors.airbyte import AirbyteConnector
from connectors.contract import CheckCode, Checkpoint, Cursor, Notice, Progress, Rejected
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    KeysIncomplete,
    ProgramFailed,
    Suspicious,
    Transient,
)
from connectors.testing import Case, contract_suite
from tests.support.bridges import Bridge, Kind, last, program_case, records
from tests.support.syncing import ORDER_MAPPING, Company
from tests.support.taps import (
    KEY,
    airbyte_settings,
    install_source,
    install_tap,
    order,
    write_source,
)

AIRBYTE = Kind(
    connector=AirbyteConnector, install=install_source, settings=airbyte_settings, named="source"
)
_OWN = '{"stream_descriptor": {"name": "orders"}, "stream_state": {"since": "%s"}}'
STATE = f'{{"type": "STREAM", "stream": {_OWN}, "sourceStats": {{"recordCount": %s.0}}}}'


def airbyte_case(folder: Path) -> Case:
    """The small source, which moves, and one row without a key."""
    return program_case(folder, AIRBYTE, STATE % ("2999", 0))


TestAirbyteKeepsTheContract = contract_suite(airbyte_case)


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    return Bridge(tmp_path, AIRBYTE)


def rejected(messages: list[Any]) -> list[Rejected]:
    return [message for message in messages if isinstance(message, Rejected)]


def notices(messages: list[Any]) -> dict[str, Notice]:
    return {message.code: message for message in messages if isinstance(message, Notice)}


# ------------------------------------------------------------------------ what a good source gives


def test_numbers_arrive_digit_by_digit_and_objects_as_columns(bridge: Bridge) -> None:
    row = order(1, amount="#1234567890123456.10", rate="#0.30", buyer={"id": 7, "tags": ["a"]})
    bridge.file = write_source(bridge.data, [row])
    (record,) = records(bridge.read())
    assert record.content["amount"] == Decimal("1234567890123456.10")
    assert str(record.content["rate"]) == "0.30"
    assert (record.content["buyer.id"], record.content["buyer.tags"]) == (7, '["a"]')


@pytest.mark.parametrize("kind", ["STREAM", "GLOBAL", "LEGACY"])
def test_a_state_comes_back_word_for_word_in_the_form_it_had(bridge: Bridge, kind: str) -> None:
    rows = [order(number) for number in range(1, 9)]
    orders = {"key": ["id"], "bookmark": "updated_at", "state": kind, "rows": rows}
    bridge.rows(8, orders=orders)
    cursor = last(bridge.read())
    assert '"since": "2026-09-30T08:00:08Z"' in str(cursor["state"])
    if kind == "STREAM":
        assert cursor["state"] == STATE % ("2026-09-30T08:00:08Z", 8)
    orders["rows"] = [*rows, order(9)]
    bridge.rows(8, orders=orders)
    got = bridge.read(cursor=cursor)
    assert [record.key for record in records(got)] == ["A8", "A9"]
    assert last(got)["rows"] == 8  # only a whole read counts the rows


def test_each_state_is_a_checkpoint_behind_the_records_that_it_covers(bridge: Bridge) -> None:
    bridge.rows(1_100)
    got = bridge.read()
    marks = [place for place, message in enumerate(got) if isinstance(message, Checkpoint)]
    covered = [len(records(got[:place])) for place in marks]
    assert covered == [500, 1_000, 1_100, 1_100]
    cursors = [message.cursor for message in got if isinstance(message, Checkpoint)]
    assert [cursor.get("begun") for cursor in cursors] == [500, 1_000, 1_100, None]
    assert cursors[0]["state"] == STATE % ("2026-09-30T08:08:20Z", 500)


def test_a_first_read_in_two_pieces_is_a_whole_one(bridge: Bridge) -> None:
    bridge.rows(1_100)
    got, failure = bridge.reading(bridge.context("crash"))
    assert failure is not None
    assert failure.code == "program_killed"
    kept = next(m.cursor for m in reversed(got) if isinstance(m, Checkpoint))
    assert (len(records(got)), kept["begun"]) == (550, 500)
    cursor = last(bridge.read(cursor=kept))
    assert (cursor["rows"], cursor["whole"], "begun" in cursor) == (1_101, "2026-10-01", False)


def test_a_stream_without_a_way_to_go_on_is_read_whole_and_no_state_is_believed(
    bridge: Bridge,
) -> None:
    days = [{"who": {"id": n}, "day": "2026-09-30"} for n in (7, 8)]
    bridge.rows(1, visits={"key": [["who", "id"], "day"], "rows": days})
    streams = {
        stream.name: stream for stream in bridge.connector.discover(bridge.context()).streams
    }
    assert streams["visits"].key == ("who.id", "day")
    cursors: list[Cursor] = [{}, {"state": STATE % ("2999", 0), "rows": 2}]
    for cursor in cursors:
        got, failure = bridge.reading(bridge.context(), cursor, "visits")
        assert failure is None
        assert [record.key for record in records(got)] == ["7|2026-09-30", "8|2026-09-30"]
        assert last(got).get("state") == cursor.get("state")


def test_a_person_chooses_key_and_cursor_where_the_source_leaves_it(bridge: Bridge) -> None:
    rows = [order(number) for number in (1, 2)]
    open_one = {"key": [], "bookmark": "updated_at", "leaves_cursor": True, "rows": rows}
    bridge.rows(0, orders=open_one)
    for chosen, code in (
        ({}, "tap_stream_without_key"),
        ({"key": ["id"], "method": "INCREMENTAL"}, "airbyte_cannot_go_on"),
    ):
        got, failure = bridge.reading(bridge.context(streams={"orders": chosen}))
        assert (got, failure and failure.code) == ([], code)
    given = {"orders": {"key": ["id"], "cursor": ["updated_at"]}}
    got, failure = bridge.reading(bridge.context(streams=given))
    assert failure is None
    got, failure = bridge.reading(bridge.context(streams=given), last(got))
    assert [record.key for record in records(got)] == ["A2"]


def test_streams_of_one_name_in_two_spaces_are_two(bridge: Bridge) -> None:
    other = {"key": ["id"], "rows": [order(1)], "more": {"name": "orders", "namespace": "old"}}
    bridge.rows(2, other=other)
    names = [stream.name for stream in bridge.connector.discover(bridge.context()).streams]
    assert names == ["orders", "old.orders"]
    twice = {"key": ["id"], "rows": [], "more": {"name": "orders"}}
    bridge.rows(2, other=twice)
    with pytest.raises(ProgramFailed, match="tap_without_catalog"):
        bridge.connector.discover(bridge.context())


def test_what_is_said_beside_the_records_is_told_once_and_no_row(bridge: Bridge) -> None:
    got = bridge.read("talks")
    assert len(records(got)) == 8
    told = notices(got)
    assert set(told) == {"tap_printed", "airbyte_settings_changed"}
    assert (told["tap_printed"].values["count"], len(got)) == ("2", 8 + 2 + 1 + 2)
    assert [m.total for m in got if isinstance(m, Progress)] == [8]
    assert "fresh-0123456789" not in repr(got)


# -------------------------------------------------------------------- what a bad source comes to


@pytest.mark.parametrize(
    ("mischief", "kind", "code"),
    [
        ("access_ends", AuthExpired, "airbyte_config_error"),
        ("rights_end", Forbidden, "airbyte_config_error"),
        ("settings_wrong", ConfigurationRefused, "airbyte_config_error"),
        ("source_down", Transient, "airbyte_transient_error"),
        ("breaks", ProgramFailed, "airbyte_system_error"),
        ("incomplete", ProgramFailed, "airbyte_incomplete"),
        ("leaves", ProgramFailed, "airbyte_incomplete"),
        ("waits", Transient, "airbyte_incomplete"),
        ("miscounts", ProgramFailed, "airbyte_count_differs"),
        ("unknown_stream", ProgramFailed, "tap_stream_unknown"),
        ("unknown_state", ProgramFailed, "tap_stream_unknown"),
        ("unknown_status", ProgramFailed, "tap_stream_unknown"),
        ("other_space", ProgramFailed, "tap_stream_unknown"),
        ("secret_state", ProgramFailed, "tap_state_tells_secret"),
        ("flood", ProgramFailed, "tap_prints_too_much"),
        ("flood_logs", ProgramFailed, "tap_prints_too_much"),
        ("exit", ProgramFailed, "program_failed"),
        ("nothing", Suspicious, "tap_told_nothing"),
        ("far_state", Suspicious, "tap_told_nothing"),
    ],
)
def test_each_misdeed_has_a_name_and_moves_no_cursor_too_far(
    bridge: Bridge, mischief: str, kind: type[ConnectorFailure], code: str
) -> None:
    got, failure = bridge.reading(bridge.context(mischief))
    assert failure is not None
    assert (type(failure), failure.code) == (kind, code)
    covered = [m.cursor for m in got if isinstance(m, Checkpoint) and m.cursor]
    # Only a state that counted its records right has moved anything, however the run ended.
    moved = mischief in {"incomplete", "leaves", "waits"}
    assert [cursor.get("begun") for cursor in covered] == ([8] if moved else [])
    assert "13800138000" not in repr((got, failure.values)), "told what only the author may see"


def test_what_the_source_says_to_people_is_the_reason(bridge: Bridge) -> None:
    assert bridge.failure("access_ends").values["said"].startswith("HTTP Status Code: 401.")
    assert bridge.failure("exit").values["said"] == "HTTP 500 Internal Server Error"
    said = bridge.failure("breaks").values["said"]
    assert said == "Something went wrong in the connector (KeyError: id. Response)"


def test_lines_of_wrong_types_are_kept_for_a_person_one_by_one(bridge: Bridge) -> None:
    got = bridge.read("wrong_types")
    bad = rejected(got)
    assert {message.reason for message in bad} == {"tap_line_broken"}
    assert len(bad) == 9
    assert bad[0].position == "source-small:orders/record:0"
    assert bad[0].payload["row"].endswith('"data": "a text"}}')
    assert len(records(got)) == 8


def test_half_a_row_at_the_end_is_kept_and_the_stream_is_not_complete(bridge: Bridge) -> None:
    got, failure = bridge.reading(bridge.context("torn"))
    assert failure is not None
    assert failure.code == "airbyte_incomplete"
    assert [m.payload["row"].endswith('"B7", "am') for m in rejected(got)] == [True]


def test_a_cell_that_the_source_could_not_take_is_no_cell_of_a_record(bridge: Bridge) -> None:
    got = bridge.read("nulls")
    (bad,) = rejected(got)
    assert (bad.reason, bad.key, bad.values["columns"]) == ("tap_cells_lost", "B1", "amount")
    assert [record.key for record in records(got)] == ["B2"]


@pytest.mark.parametrize("mischief", ["crash", "incomplete", "torn", "nulls"])
def test_a_list_of_keys_with_a_hole_is_no_list(bridge: Bridge, mischief: str) -> None:
    with pytest.raises(KeysIncomplete):
        list(bridge.connector.keys(bridge.context(mischief), "orders"))


def test_secrets_stand_nowhere_in_what_a_source_says(bridge: Bridge) -> None:
    got, failure = bridge.reading(bridge.context("secrets"))
    assert failure is not None
    assert KEY not in repr((got, failure, failure.values, failure.__cause__))
    assert failure.values["said"] == "cannot log in with •••"
    (record,) = records(got)
    assert record.content["note"] == "Bearer •••"


def test_a_setting_that_the_source_marks_is_blanked_whatever_its_name(bridge: Bridge) -> None:
    marked = {"oneOf": [{"properties": {"pin": {"airbyte_secret": True}}}]}
    about = {"settings": {"properties": {"login": marked, "mischief": {}}}}
    (bridge.taps / "source-small" / "about.json").write_text(json.dumps(about), "utf-8")
    own = airbyte_settings(bridge.file, "tells_pin")["settings"]
    for pin in ('plain-"0123', "ümlaut 0123"):
        given = {**own, "login": {"pin": pin}}
        got, failure = bridge.reading(bridge.context(settings=given))
        assert failure is not None
        assert failure.values["said"] == "sent •••, as •••"
        assert [record.content["note"] for record in records(got)] == ["•••"]


def test_a_whole_read_that_is_due_again_waits_with_its_states(bridge: Bridge) -> None:
    """A state in mid-run would hide from a person that there is much less than before."""
    before: Cursor = {
        "state": STATE % ("2026-09-30T08:00:08Z", 8),
        "rows": 30,
        "whole": "2026-09-01",
    }
    context = bridge.context(streams={"orders": {"full_days": 7}})
    got, failure = bridge.reading(context, before)
    assert isinstance(failure, Suspicious)
    assert (failure.code, failure.cursor["rows"]) == ("tap_told_less", 8)
    assert [m.cursor for m in got if isinstance(m, Checkpoint)] == [before]


def test_a_crash_keeps_what_a_state_covered_and_the_next_run_goes_on(
    database_url: str, tmp_path: Path
) -> None:
    """Through the host: what was committed and what comes later are the whole, to the cent."""
    rows = [order(number) for number in range(1, 21)]
    orders = {"key": ["id"], "bookmark": "updated_at", "step": 4, "rows": rows}
    data, taps = tmp_path / "data", tmp_path / "taps"
    data.mkdir()
    install_source(taps, data)
    file = write_source(data, [], orders=orders)
    company = Company(database_url, data, {"airbyte": AirbyteConnector(taps)})
    connection = company.connect(airbyte_settings(file), ORDER_MAPPING, "airbyte")
    (data / "mischief").write_text("crash")
    assert company.sync(connection).code == "program_killed"
    assert [fact[4] for fact in company.facts(connection)] == [
        number * 100 + 10 for number in sorted(range(1, 9), key=str)
    ]
    (data / "mischief").unlink()
    second = company.sync(connection)
    assert (second.outcome, second.counts["records"]) == (Outcome.SUCCEEDED, 13)
    assert sum(fact[4] for fact in company.facts(connection)) == sum(
        number * 100 + 10 for number in range(1, 21)
    )
    company.runtime.engine.dispose()


# ------------------------------------------------------------------------------- who may run what


def test_settings_lie_in_a_file_of_ours_alone_and_are_gone_afterwards(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTAIN_SECRET_CRM", "hidden-0123456789")
    folder, environment, modes, words = json.loads(bridge.failure("looks").values["said"])
    assert environment == ["HOME", "LANG", "PATH", "TMPDIR", "TZ"]
    assert modes == ["0o700", "0o600", "0o600"]
    assert words == ["--catalog", "--config", "catalog.json", "config.json"]
    assert not Path(folder).exists()


@pytest.mark.parametrize("field", ["__injected_declarative_manifest", "__injected_components_py"])
def test_a_connection_cannot_bring_a_manifest_or_code(bridge: Bridge, field: str) -> None:
    own = {**airbyte_settings(bridge.file)["settings"], field: {"type": "DeclarativeSource"}}
    report = bridge.connector.check(bridge.context(settings=own))
    assert report.code is CheckCode.CONFIGURATION
    assert [finding.code for finding in report.findings] == ["airbyte_setting_reserved"]


def test_a_tap_of_another_protocol_is_not_there(bridge: Bridge) -> None:
    install_tap(bridge.taps, bridge.data)
    with pytest.raises(ConfigurationRefused) as refused:
        bridge.connector.discover(bridge.context(source="tap-small"))
    assert (refused.value.code, refused.value.values["known"]) == ("tap_unknown", "source-small")


def test_a_manifest_that_has_become_another_is_not_run(bridge: Bridge) -> None:
    manifest = bridge.taps / "source-small" / "manifest.yaml"
    manifest.write_text("streams: []\n", "utf-8")
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    install_source(bridge.taps, bridge.data, pinned={"manifest.yaml": digest})
    assert bridge.connector.check(bridge.context()).ok
    manifest.write_text("streams: [x]\n", "utf-8")
    (finding,) = bridge.connector.check(bridge.context()).findings
    assert finding.code == "tap_file_invalid"
    assert "manifest.yaml" in finding.values["error"]


def test_check_asks_for_what_the_source_cannot_do_without(bridge: Bridge) -> None:
    about = {"settings": {"required": ["account"]}}
    (bridge.taps / "source-small" / "about.json").write_text(json.dumps(about), "utf-8")
    (finding,) = bridge.connector.check(bridge.context()).findings
    assert (finding.code, finding.values["field"]) == ("tap_setting_missing", "settings.account")
