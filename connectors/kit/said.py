"""Checks of what a connector says of itself, of its settings, and to people who must not know."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.contract import (
    API_VERSION,
    CheckCode,
    HookAnswer,
    HookRequest,
    Json,
    ReadRequest,
    ReceivesHooks,
    Record,
)
from connectors.failures import ConnectorFailure
from connectors.kit.absent import contradiction
from connectors.kit.case import Case, NotApplicable, NotProven
from connectors.secret_forms import LEAST_SECRET, forms_of
from connectors.web import NoWeb

CHECK_SECONDS_MAX = 10.0
IMPORT_SECONDS_MAX = 1.0
_ID = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)*")
_SECRET_NAME = re.compile(r"pass(word|wd)?|secret|token|api_?key|credential", re.IGNORECASE)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?")
_PERSONAL_NAME = re.compile(
    r"phone|mobile|e_?mail|id_?card|passport|birth|手机|电话|邮箱|身份证|生日", re.IGNORECASE
)
_PERSONAL_CELL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(\+86)?1[3-9]\d{9}|\d{17}[\dXx]")
_IMPORT = """
import sys
sys.path[:] = sys.argv[3:]
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"):
        raise SystemExit(f"importing it does {event}")
sys.addaudithook(refuse)
import importlib, json, time, types
for name, home in json.loads(sys.argv.pop(2)).items():
    if home is None:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = []
    else:
        sys.modules[name] = importlib.import_module(home)
began = time.process_time()
importlib.import_module(sys.argv[1])
print(time.process_time() - began)
"""


def info_is_valid(case: Case) -> None:
    """K01: id, titles, API version, configuration schema; credentials are marked secret."""
    info = case.connector.info
    assert _ID.fullmatch(info.id), f"the id {info.id!r} is not lower case words"
    assert set(info.title) >= {"zh-CN", "en"}, "the title needs zh-CN and en"
    assert info.api.split(".")[0] == API_VERSION.split(".")[0], f"api {info.api} is not ours"
    assert info.config_schema.get("type") == "object", "the configuration is a JSON object"
    assert all(isinstance(version, int) for version in info.capabilities.values())
    for name, schema in _properties(info.config_schema):
        if _SECRET_NAME.search(name) and schema.get("type", "string") == "string":
            assert schema.get("secret") is True, f"the property {name} is not marked secret"
    if "mapping" in case.absent:
        told = contradiction("mapping", case)
        assert not told, f"the case says that there can be no mapping, but {told}"


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


def secrets_stay_secret(case: Case) -> None:
    """K12: no secret, as it is or encoded, in messages, failures, logs or on standard output."""
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
        for form in forms_of(secret):
            told = len(form) >= LEAST_SECRET and form in text
            assert not told, "a secret stands in what the connector says"


def _failure(case: Case, config: Mapping[str, Json]) -> str:
    report = repr(case.connector.check(case.context(config)))
    try:
        request = ReadRequest(streams=case.streams)
        return report + repr(list(case.connector.read(case.context(config), request)))
    except ConnectorFailure as failure:
        return f"{report}{failure!r}{failure.__cause__!r}"


def importing_is_quiet(case: Case) -> None:
    """K14: importing the module is quick and asks nothing of the network."""
    module = type(case.connector).__module__
    paths = [*(path for path in sys.path if path), str(case.folder)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", _IMPORT, module, json.dumps(_lent()), *paths],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"importing {module} fails: {done.stderr[-300:]}"
    seconds = float(done.stdout.split()[-1])
    assert seconds < IMPORT_SECONDS_MAX, f"importing {module} takes {seconds:.2f} s"


def _lent() -> dict[str, str | None]:
    """List the modules that the host lends under other names; None is their package."""
    prefix = "attain_plugin_api"
    found: dict[str, str | None] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(prefix + ".") and module.__name__ != name:
            found |= {prefix: None, name: module.__name__}
    return found


def optional_settings_are_optional(case: Case) -> None:
    """K15: without an optional setting it works or says why; without a required one it says so."""
    schema = case.connector.info.config_schema
    required = schema.get("required", [])
    properties = schema.get("properties", {})
    assert isinstance(required, list | tuple)
    assert isinstance(properties, Mapping)
    for name in properties:
        config = {other: value for other, value in case.config.items() if other != name}
        report = case.connector.check(case.context(config))
        if name in required:
            told = report.code is CheckCode.CONFIGURATION
            assert told, f"without the required {name} check says {report.code}"
    for name in properties:
        if name not in required and name in case.config:
            config = {other: value for other, value in case.config.items() if other != name}
            with contextlib.suppress(ConnectorFailure):
                list(case.connector.read(case.context(config), ReadRequest(streams=case.streams)))


def times_have_a_zone(case: Case) -> None:
    """K16: an instant without an offset comes from a stream that declares its zone."""
    zones = {}
    for info in case.connector.discover(case.context()).streams:
        zones[info.name] = info.zone
        try:
            ZoneInfo(info.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            raise AssertionError(f"{info.name}: there is no zone {info.zone!r}") from None
    for message in case.read():
        if isinstance(message, Record) and not zones.get(message.stream):
            for column, cell in message.content.items():
                naive = isinstance(cell, str) and _NAIVE.fullmatch(cell)
                assert not naive, f"{message.stream}.{column} has times without zone or offset"


def personal_columns_are_declared(case: Case) -> None:
    """K33: columns that hold telephone numbers, mail addresses or identities are declared."""
    found = case.connector.discover(case.context()).streams
    declared = {info.name: set(info.personal_fields) for info in found}
    for message in case.read():
        if not isinstance(message, Record):
            continue
        for column, cell in message.content.items():
            filled = isinstance(cell, str) and cell != ""
            personal = _PERSONAL_NAME.search(column) or _PERSONAL_CELL.fullmatch(str(cell))
            if filled and personal:
                told = column in declared.get(message.stream, ())
                assert told, f"{message.stream}.{column} looks personal and is not declared"


def standard_output_is_the_hosts(case: Case) -> None:
    """K34: nothing is printed: in a process of its own that would be read as messages."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        case.connector.check(case.context())
        case.connector.discover(case.context())
        case.read()
    assert not out.getvalue(), "the connector prints"


def earlier_releases_go_on(case: Case) -> None:
    """K32: the settings and cursors of earlier releases still work and lose nothing."""
    if not case.earlier:
        raise NotProven("the case has nothing of an earlier release")
    changed = {case.faults.change()} if case.faults.change else set()
    known = {(m.stream, m.key) for m in case.read() if isinstance(m, Record)}
    for earlier in case.earlier:
        context = case.context(earlier.config)
        assert case.connector.check(context).ok, "earlier settings are refused"
        request = ReadRequest(streams=case.streams, cursors=earlier.cursors)
        found = [m for m in case.connector.read(context, request) if isinstance(m, Record)]
        again = {(m.stream, m.key) for m in found}
        assert again <= known, "an earlier cursor brings rows that are not there"
        assert len(found) <= len(known), "an earlier cursor brings rows twice"
        assert changed <= again, "an earlier cursor misses what changed since"


def callbacks_are_verified(case: Case) -> None:
    """K27: a forged callback rereads nothing, a replay says the same, none touches the network."""
    if "hook" not in case.connector.info.capabilities:
        raise NotApplicable("the connector takes no callbacks")
    assert isinstance(case.connector, ReceivesHooks), "the capability hook is claimed, not kept"
    if case.hook is None:
        raise NotProven("the case has no genuine callback")
    receives, context, hook = case.connector, case.context(web=NoWeb()), case.hook

    def answered(request: HookRequest) -> HookAnswer | None:
        try:
            return receives.hook(context, request)
        except ConnectorFailure:
            return None

    genuine, replay = answered(hook), answered(hook)
    assert genuine is not None, "a genuine callback is refused"
    assert genuine.status < 300, "a genuine callback is refused"
    assert genuine == replay, "the same callback twice means two things"
    for forged in map(answered, _forgeries(hook)):
        if forged is not None:
            assert forged.status >= 400, "a forged callback is taken"
            assert not forged.reread, "a forged callback has rows read again"


def _forgeries(hook: HookRequest) -> Iterator[HookRequest]:
    """Make it say something else, and sign it otherwise."""
    yield replace(hook, body=hook.body[:-2] + b" " + hook.body[-2:])
    if hook.query or hook.headers:
        query = {name: _another(value) for name, value in hook.query.items()}
        headers = {name: _another(value) for name, value in hook.headers.items()}
        yield replace(hook, query=query, headers=headers)


def _another(text: str) -> str:
    return text[:-1] + ("0" if text[-1:] != "0" else "1")
