"""The contract suite, shipped: a vendor proves a connector with one line of test.

    TestAcme = contract_suite(acme_case)

``acme_case(folder)`` puts sample data into a folder (or starts a simulator) and returns a ``Case``.
Each check has a permanent id; ``tests/connectors/test_contract_suite.py`` holds, for each of them,
a broken connector that fails it: a check that cannot fail proves nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.contract import (
    API_VERSION,
    CHECKPOINT_RECORDS_MAX,
    CURSOR_BYTES_MAX,
    CheckCode,
    Checkpoint,
    Connector,
    Context,
    Cursor,
    Json,
    ListsKeys,
    Message,
    ReadRequest,
    Record,
    Rejected,
    Tombstone,
    canonical_content,
    content_hash,
)
from connectors.failures import ConnectorFailure, KeysIncomplete
from connectors.web import NoWeb, Web

NOW = datetime(2026, 10, 1, tzinfo=UTC)
CHECK_SECONDS_MAX = 10.0
_ID = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)*")
_SECRET_NAME = re.compile(r"pass(word|wd)?|secret|token|api_?key|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One connector with sample data.

    ``wrong`` maps a check's answer to a configuration that must give it. ``rejected`` is how many
    rows of the sample are bad. ``unknown`` names (stream, column) of a column that only the source
    knows and that must arrive. ``secrets`` are the secret values in ``config``. ``web`` leads to
    the simulator.
    """

    connector: Connector
    folder: Path
    config: Mapping[str, Json]
    streams: tuple[str, ...]
    wrong: Mapping[CheckCode, Mapping[str, Json]] = field(default_factory=dict)
    rejected: int = 0
    unknown: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    web: Web = field(default_factory=NoWeb)

    def context(self, config: Mapping[str, Json] | None = None) -> Context:
        """Build what the host would hand over."""
        return Context(config=config or self.config, folder=self.folder, now=NOW, web=self.web)

    def read(self, cursors: Mapping[str, Cursor] | None = None) -> list[Message]:
        """Read all streams from the given cursors."""
        request = ReadRequest(streams=self.streams, cursors=cursors or {})
        return list(self.connector.read(self.context(), request))


def _rows(messages: list[Message]) -> list[tuple[str, str, str]]:
    """List what a host would store: stream, key and content (``-`` for a deletion)."""
    found = []
    for message in messages:
        if isinstance(message, Record):
            found.append((message.stream, message.key, content_hash(message.content)))
        elif isinstance(message, Tombstone):
            found.append((message.stream, message.key, "-"))
    return found


def _cursors(messages: list[Message]) -> dict[str, Cursor]:
    return {m.stream: m.cursor for m in messages if isinstance(m, Checkpoint)}


def info_is_valid(case: Case) -> None:
    """K01: id, titles, API version, configuration schema; credentials are marked secret."""
    info = case.connector.info
    assert _ID.fullmatch(info.id), f"the id {info.id!r} is not lower case words"
    assert set(info.title) >= {"zh-CN", "en"}, "the title needs zh-CN and en"
    assert info.api.split(".")[0] == API_VERSION.split(".")[0], f"api {info.api} is not ours"
    assert info.config_schema.get("type") == "object", "the configuration is a JSON object"
    assert all(isinstance(version, int) for version in info.capabilities.values())
    for name, schema in _properties(info.config_schema):
        if _SECRET_NAME.search(name):
            assert schema.get("secret") is True, f"the property {name} is not marked secret"


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, child in schema.get("properties", {}).items():
        yield name, child
        yield from _properties(child)


def check_tells_errors_apart(case: Case) -> None:
    """K02: the right configuration passes; each wrong one gives its own answer, in time."""
    began = time.monotonic()
    assert case.connector.check(case.context()).ok, "the sample's own configuration fails"
    for code, config in case.wrong.items():
        report = case.connector.check(case.context(config))
        assert report.code is code, f"check says {report.code}, expected {code}"
    assert time.monotonic() - began < CHECK_SECONDS_MAX * (1 + len(case.wrong))


def check_changes_nothing(case: Case) -> None:
    """K03: check and discover leave the source as it was."""
    before = _fingerprint(case.folder)
    case.connector.check(case.context())
    case.connector.discover(case.context())
    assert _fingerprint(case.folder) == before, "check or discover changed the source"


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def keys_are_unique(case: Case) -> None:
    """K04: every record has a key, and no version of a key comes twice in one read."""
    seen: set[tuple[str, str, str]] = set()
    order = 0
    for message in case.read():
        if not isinstance(message, Record):
            continue
        assert message.key.strip(), f"{message.position} has no key"
        assert message.position, f"the record {message.key} does not say where it stood"
        mark = (message.stream, message.key, message.version)
        assert mark not in seen, f"the key {message.key} comes twice"
        assert message.order > order, "the order of records does not rise"
        seen.add(mark)
        order = message.order
    assert seen, "the sample has no record, so nothing is proven"


def reading_twice_is_the_same(case: Case) -> None:
    """K05: a read without a cursor gives the same records again."""
    assert _rows(case.read()) == _rows(case.read()), "the second read differs from the first"


def resuming_loses_nothing(case: Case) -> None:
    """K06: stop after any checkpoint and go on from it: together that is the whole read."""
    whole = case.read()
    wanted = dict(_last(whole))
    for place, message in enumerate(whole):
        if isinstance(message, Checkpoint):
            before = whole[: place + 1]
            rest = case.read(_cursors(before))
            together = {**_last(before), **_last(rest)}
            assert together == wanted, f"resuming from checkpoint {place} loses or doubles rows"


def _last(messages: list[Message]) -> dict[tuple[str, str], str]:
    return {(stream, key): content for stream, key, content in _rows(messages)}


def nothing_new_gives_nothing_new(case: Case) -> None:
    """K07: a read from the last cursors brings no row that the host does not have."""
    whole = case.read()
    again = case.read(_cursors(whole))
    assert set(_rows(again)) <= set(_rows(whole)), "a second read invents rows"
    many = len(_rows(again)) > max(100, len(_rows(whole)) // 2)
    assert not many, "the cursor is ignored: everything is read again"


def checkpoints_cover_everything(case: Case) -> None:
    """K08: a checkpoint in every 1,000 records, one at the end, small and plain JSON."""
    since: dict[str, int] = {}
    for message in case.read():
        if isinstance(message, Checkpoint):
            since[message.stream] = 0
            size = len(json.dumps(message.cursor))
            assert size <= CURSOR_BYTES_MAX, f"a cursor of {size} bytes"
        elif isinstance(message, Record | Tombstone | Rejected):
            since[message.stream] = since.get(message.stream, 0) + 1
            assert since[message.stream] <= CHECKPOINT_RECORDS_MAX, "too long without a checkpoint"
    assert not any(since.values()), "the last rows are covered by no checkpoint"
    assert set(since) >= set(case.streams), "a stream was read without any checkpoint"


def bad_rows_are_rejected(case: Case) -> None:
    """K09: every bad row of the sample is rejected with its place and reason; the read goes on."""
    rejected = [m for m in case.read() if isinstance(m, Rejected)]
    assert len(rejected) == case.rejected, f"{len(rejected)} rejected, expected {case.rejected}"
    for message in rejected:
        assert message.position, "a rejected row does not say where it stood"
        assert message.reason, "a rejected row does not say why"


def unknown_columns_arrive(case: Case) -> None:
    """K10: columns that nobody asked for are kept."""
    records = [m for m in case.read() if isinstance(m, Record)]
    for stream, column in case.unknown:
        own = [record for record in records if record.stream == stream]
        assert any(column in record.content for record in own), f"{stream}.{column} is lost"


def contents_are_exact(case: Case) -> None:
    """K11: no float and nothing that cannot be stored is in a record."""
    for message in case.read():
        if isinstance(message, Record):
            canonical_content(message.content).encode()
            assert "\0" not in message.key, "a key with a NUL cannot be stored"


def secrets_stay_secret(case: Case) -> None:
    """K12: no secret in messages, failures, log lines or on standard output."""
    out, log = io.StringIO(), io.StringIO()
    watch = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            said = [repr(case.connector.info), repr(case.connector.check(case.context()))]
            said += [repr(case.connector.discover(case.context()))]
            said += [repr(message) for message in case.read()]
            said += [_failure(case, config) for config in case.wrong.values()]
    finally:
        root.setLevel(level)
        root.removeHandler(watch)
    text = "\n".join([*said, out.getvalue(), log.getvalue()])
    for secret in case.secrets:
        assert secret not in text, "a secret stands in what the connector says"


def _failure(case: Case, config: Mapping[str, Json]) -> str:
    report = repr(case.connector.check(case.context(config)))
    try:
        request = ReadRequest(streams=case.streams)
        return report + repr(list(case.connector.read(case.context(config), request)))
    except ConnectorFailure as failure:
        return f"{report}{failure!r}{failure.__cause__!r}"


def keys_name_every_row(case: Case) -> None:
    """K13: where ``keys`` is offered, it names every row that a full read brings."""
    if "keys" not in case.connector.info.capabilities:
        return
    assert isinstance(case.connector, ListsKeys), "the capability keys is claimed, the verb missing"
    for stream in case.streams:
        try:
            listed = list(case.connector.keys(case.context(), stream))
        except KeysIncomplete:
            assert case.rejected, "keys gives up although no row of the sample is bad"
            continue
        assert len(listed) == len(set(listed)), "keys names a row twice"
        read = {m.key for m in case.read() if isinstance(m, Record) and m.stream == stream}
        assert read <= set(listed), "keys leaves out a row: the host would delete it"


Check = Callable[[Case], None]
CHECKS: Mapping[str, Check] = {
    "K01": info_is_valid,
    "K02": check_tells_errors_apart,
    "K03": check_changes_nothing,
    "K04": keys_are_unique,
    "K05": reading_twice_is_the_same,
    "K06": resuming_loses_nothing,
    "K07": nothing_new_gives_nothing_new,
    "K08": checkpoints_cover_everything,
    "K09": bad_rows_are_rejected,
    "K10": unknown_columns_arrive,
    "K11": contents_are_exact,
    "K12": secrets_stay_secret,
    "K13": keys_name_every_row,
}


def contract_suite(make_case: Callable[[Path], Case]) -> type:
    """Return a class of tests, one for each check, for pytest to collect."""

    def method(check: Check) -> Callable[[object, Path], None]:
        def test(self: object, tmp_path: Path) -> None:
            check(make_case(tmp_path))

        test.__doc__ = check.__doc__
        return test

    tests = {f"test_{number}_{check.__name__}": method(check) for number, check in CHECKS.items()}
    return type("TestConnectorContract", (), tests)
