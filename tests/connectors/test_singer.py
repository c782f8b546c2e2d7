"""The bridge to Singer taps: a small faithful tap through the process host, and its misdeeds."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import (
    CheckCode,
    Checkpoint,
    Cursor,
    Deletes,
    Notice,
    Rejected,
)
from connectors.failures import (
    ConfigurationRefused,
    KeysIncomplete,
    Suspicious,
)
from connectors.singer import SingerConnector
from connectors.testing import Case, contract_suite
from tests.support.bridges import SWEPT, Bridge, Kind, last, program_case, records
from tests.support.taps import KEY, install_tap, order, settings, write_source

SINGER = Kind(connector=SingerConnector, install=install_tap, settings=settings, named="tap")


def singer_case(folder: Path) -> Case:
    """The small tap with a source that moves and one row without a key."""
    return program_case(folder, SINGER, '{"bookmarks":{"orders":"2999"}}')


TestSingerKeepsTheContract = contract_suite(singer_case)


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    return Bridge(tmp_path, SINGER)


# -------------------------------------------------------------------------- what a good tap gives


def test_numbers_arrive_digit_by_digit_and_columns_of_the_tap_itself_do_not(bridge: Bridge) -> None:
    row = order(1, amount="#1234567890123456.10", rate="#0.30", _sdc_extracted_at="now")
    bridge.file = write_source(bridge.data, [row])
    (record,) = records(bridge.read())
    assert record.content["amount"] == Decimal("1234567890123456.10")
    assert str(record.content["rate"]) == "0.30"
    assert set(record.content) == {*order(1), "rate"}


def test_the_state_comes_back_word_for_word_and_rows_at_the_bound_come_again(
    bridge: Bridge,
) -> None:
    cursor = last(bridge.read())
    assert cursor["state"] == '{"bookmarks": {"orders": "2026-09-30T08:00:08Z"}}'
    bridge.rows(9)
    got = bridge.read(cursor=cursor)
    assert [record.key for record in records(got)] == ["A8", "A9"]
    assert last(got)["rows"] == 8  # only a whole read counts the rows


def test_a_whole_read_is_due_when_the_last_one_is_too_long_ago(bridge: Bridge) -> None:
    """What a tap left out because its state ran ahead arrives after all."""
    streams = {"orders": {"full_days": 7}}
    state = '{"bookmarks": {"orders": "2999"}}'
    for whole, count in (("2026-09-25", 0), ("2026-09-24", 8)):
        cursor: Cursor = {"state": state, "rows": 8, "whole": whole}
        got, failure = bridge.reading(bridge.context(streams=streams), cursor)
        assert failure is None
        assert len(records(got)) == count


def test_a_stream_without_a_key_is_refused_until_a_person_names_one(bridge: Bridge) -> None:
    bridge.rows(1, visits={"key": [], "rows": [{"who": "7", "day": "2026-09-30", "x": 1}]})
    context = bridge.context(streams={"visits": {"key": ["who", "day"]}})
    got, failure = bridge.reading(bridge.context(), stream="visits")
    assert (got, failure and failure.code) == ([], "tap_stream_without_key")
    got, failure = bridge.reading(context, stream="visits")
    assert [record.key for record in records(got)] == ["7|2026-09-30"]
    keys = {stream.name: stream.key for stream in bridge.connector.discover(context).streams}
    assert keys == {"orders": ("id",), "visits": ("who", "day")}


def test_deletions_are_not_told_unless_the_stream_is_swept(bridge: Bridge) -> None:
    context = bridge.context(streams=SWEPT)
    (plain,) = bridge.connector.discover(bridge.context()).streams
    (swept,) = bridge.connector.discover(context).streams
    assert (plain.deletes, swept.deletes) == (Deletes.NONE, Deletes.SWEEP)
    assert sorted(bridge.connector.keys(context, "orders")) == [f"A{n}" for n in range(1, 9)]


@pytest.mark.parametrize("mischief", ["crash", "exit", "torn", "hang"])
def test_a_list_of_keys_with_a_hole_is_no_list(bridge: Bridge, mischief: str) -> None:
    if mischief == "hang":
        bridge.limit(total_seconds=1)
    with pytest.raises(KeysIncomplete):
        list(bridge.connector.keys(bridge.context(mischief), "orders"))


def test_what_is_printed_beside_the_messages_is_counted(bridge: Bridge) -> None:
    got = bridge.read("prints")
    assert len(records(got)) == 8
    (notice,) = [message for message in got if isinstance(message, Notice)]
    assert (notice.code, notice.values["count"]) == ("tap_printed", "2")
    assert notice.values["first"] == "Loading 42 things ..."


def test_columns_may_change_while_a_tap_reads_but_not_the_key(bridge: Bridge) -> None:
    (notice,) = [m for m in bridge.read("columns_change") if isinstance(m, Notice)]
    assert notice.code == "tap_columns_changed"
    assert "former" in notice.values["columns"]
    assert bridge.failure("key_changes").code == "tap_key_changed"


# ---------------------------------------------------------------------- what a bad tap comes to


@pytest.mark.parametrize(
    ("mischief", "code"),
    [
        ("deaf", "program_silent"),
        ("flood", "tap_prints_too_much"),
        ("flood_errors", "program_errors_too_large"),
        ("endless_line", "program_line_too_long"),
        ("greedy", "program_memory"),
        ("crash", "program_killed"),
        ("exit", "program_failed"),
        ("secret_state", "tap_state_tells_secret"),
        ("unknown_stream", "tap_stream_unknown"),
        ("no_schema", "tap_record_without_schema"),
        ("batch", "tap_batch_refused"),
        ("nothing", "tap_told_nothing"),
        ("far_state", "tap_told_nothing"),
    ],
)
def test_each_misdeed_has_a_name_and_moves_no_cursor(
    bridge: Bridge, mischief: str, code: str
) -> None:
    if mischief == "deaf":
        bridge.limit(idle_seconds=1.5)
    assert bridge.failure(mischief).code == code


def test_a_long_read_that_breaks_off_keeps_its_rows_and_not_its_states(bridge: Bridge) -> None:
    bridge.rows(4_400)
    got, failure = bridge.reading(bridge.context("crash"))
    assert failure is not None
    assert len(records(got)) >= 2_000  # of 2,200: the rest was on its way when it was killed
    marks = [message.cursor for message in got if isinstance(message, Checkpoint)]
    assert marks
    assert all(cursor == {} for cursor in marks)


def test_half_a_row_at_the_end_is_kept_for_a_person(bridge: Bridge) -> None:
    got = bridge.read("torn")
    (bad,) = [message for message in got if isinstance(message, Rejected)]
    assert bad.reason == "tap_line_broken"
    assert bad.payload["row"].endswith('"id": "B7", "am')


def test_a_whole_read_that_brings_much_less_waits_for_a_person(bridge: Bridge) -> None:
    before: Cursor = {"rows": 20, "whole": "2026-09-01"}
    bridge.rows(10)
    assert last(bridge.read(cursor=before))["rows"] == 10
    bridge.rows(9)
    got, failure = bridge.reading(bridge.context(), before)
    assert isinstance(failure, Suspicious)
    assert failure.code == "tap_told_less"
    assert (failure.stream, failure.cursor["rows"]) == ("orders", 9)
    assert last(got) == before


def test_secrets_stand_nowhere_in_what_a_tap_says(bridge: Bridge) -> None:
    """Not in rows either: a tap that prints its settings must not fill our database with them."""
    got, failure = bridge.reading(bridge.context("secrets"))
    assert failure is not None
    assert KEY not in repr((got, failure, failure.values, failure.__cause__))
    assert failure.values["said"] == "••• cannot log in with •••"
    (record,) = records(got)
    assert record.content["note"] == "Bearer •••"


def test_names_tell_which_settings_are_secret_at_any_depth(bridge: Bridge) -> None:
    own = {"auth": [{"client_secret": "deep-0123456789"}], "Password": "pass-0123456789"}
    own |= {"token_url": "https://login.example/", "page_token_field": "next-page"}
    context = bridge.context(settings=own)
    text = "deep-0123456789 pass-0123456789 https://login.example/ next-page"
    assert context.redact(text) == "••• ••• https://login.example/ next-page"


# ----------------------------------------------------------------------- who may run what


@pytest.mark.parametrize(
    "name", ["../evil", "/bin/sh", "", "TAP", "tap-none", "tap-small/../tap-small", "..", "."]
)
def test_a_connection_runs_only_what_the_operator_has_put_there(bridge: Bridge, name: str) -> None:
    (bridge.taps.parent / "evil").mkdir()
    (bridge.taps.parent / "evil" / "tap.json").write_text("{}", "utf-8")
    with pytest.raises(ConfigurationRefused) as refused:
        bridge.connector.discover(bridge.context(tap=name))
    assert refused.value.code == "tap_unknown"
    assert refused.value.values["known"] == "tap-small"


def test_without_a_folder_of_taps_nothing_is_run(bridge: Bridge) -> None:
    report = SingerConnector().check(bridge.context())
    assert report.code is CheckCode.CONFIGURATION
    assert [finding.code for finding in report.findings] == ["taps_not_allowed"]


@pytest.mark.parametrize("field", ["command", "reads", "environment"])
def test_the_settings_of_a_connection_cannot_say_what_is_run(bridge: Bridge, field: str) -> None:
    changed: Any = {field: ["/bin/sh"]}
    report = bridge.connector.check(bridge.context(**changed))
    assert report.code is CheckCode.CONFIGURATION


def test_check_asks_for_what_the_tap_cannot_do_without(bridge: Bridge) -> None:
    about = {"settings": {"required": ["data", "account"]}}
    (bridge.taps / "tap-small" / "about.json").write_text(json.dumps(about), "utf-8")
    (finding,) = bridge.connector.check(bridge.context()).findings
    assert (finding.code, finding.values["field"]) == ("tap_setting_missing", "settings.account")


def test_a_file_of_a_tap_that_is_wrong_is_named(bridge: Bridge) -> None:
    install_tap(bridge.taps, bridge.data, fence="perhaps")
    (finding,) = bridge.connector.check(bridge.context()).findings
    assert finding.code == "tap_file_invalid"
    assert "$.fence" in finding.values["error"]
