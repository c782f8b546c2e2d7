"""xAPI: what a store of learning records (LRS) says that people completed, passed or attended.

What matters here and is easily got wrong:

- ``since`` leaves its own instant out and goes by ``stored``, when a record came, not by
  ``timestamp``, when it happened. So each read begins earlier than the last one ended.
- A store that works on several machines says until when it is complete: the mark never moves beyond
  ``X-Experience-API-Consistent-Through``.
- A statement never changes. It is *voided* by another one, and then it is in no list any more: only
  who reads the voiding ones learns of it.
- A store may ignore ``ascending``. Then nothing is known to be covered before the last page.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from connectors.contract import (
    API_VERSION,
    Backfill,
    CallLimit,
    Catalog,
    CheckFinding,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    Json,
    Message,
    ReadRequest,
    Record,
    Scalar,
    StreamInfo,
)
from connectors.emitting import Emitting, checked, with_checkpoints
from connectors.failures import ConfigurationRefused, Transient
from connectors.form import AGAIN_SCHEMA, address_of, again_of, matching, text_of, wrong, zone_of
from connectors.instants import day_in, iso, midnight, moment_of
from connectors.json_rows import flat_row
from connectors.row_cells import rejected_row
from connectors.web import Web

STREAM = "statements"
PAGE = 100
_ADL = "http://adlnet.gov/expapi/verbs/"
VOIDED = f"{_ADL}voided"
VERBS = tuple(f"{_ADL}{word}" for word in ("completed", "passed", "failed", "attended"))
_AGENTS = ("mbox", "mbox_sha1sum", "openid", "account")
_LEAST_AGAIN = timedelta(seconds=1)
_SLACK = timedelta(days=1)
_VERSION = re.compile(r"[12]\.[0-9]{1,2}\.[0-9]{1,2}")
_LEFT_OUT = ("authority", "attachments")
_PERSONAL = ("person", "actor.name", "actor.mbox", "actor.account.name", "actor.openid")

INFO = StreamInfo(
    name=STREAM,
    entity="training",
    key=("id",),
    deletes=Deletes.TOMBSTONE,
    personal_fields=_PERSONAL,
    columns=(
        *("id", *_PERSONAL, "actor.account.homePage", "verb", "verb.id", "object.id"),
        *("result.completion", "result.success", "result.duration", "result.score.scaled"),
        *("result.score.raw", "result.score.min", "result.score.max", "percent"),
        *("timestamp", "timestamp.day", "stored"),
    ),
)
CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["address", "key", "secret", "zone"],
    "properties": {
        "address": {"type": "string", "title": "https://lrs.example.com/xapi"},
        "key": {"type": "string"},
        "secret": {"type": "string", "secret": True},
        "zone": {"type": "string", "title": "Asia/Shanghai"},
        "verbs": {"type": "array", "items": {"type": "string"}},
        "again_minutes": AGAIN_SCHEMA,
        "version": {"type": "string", "default": "1.0.3"},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class XapiSettings:
    """The settings, read."""

    address: str
    key: str
    secret: str = field(repr=False)
    zone: ZoneInfo
    verbs: tuple[str, ...]
    again: timedelta
    version: str


def settings_of(config: Mapping[str, Json]) -> XapiSettings:
    """Read the settings; the first wrong one is named."""
    text_of(config, "zone")
    verbs = config.get("verbs") or list(VERBS)
    if not isinstance(verbs, list) or not all(
        isinstance(verb, str) and urlsplit(verb).scheme and verb != VOIDED for verb in verbs
    ):
        raise wrong("verbs")
    return XapiSettings(
        address=address_of(config),
        key=text_of(config, "key"),
        secret=text_of(config, "secret"),
        zone=zone_of(config),
        verbs=tuple(dict.fromkeys(str(verb) for verb in verbs)),
        again=max(again_of(config), _LEAST_AGAIN),
        version=matching(config, "version", _VERSION, otherwise="1.0.3"),
    )


class XapiConnector:
    """The built-in connector ``xapi``."""

    info = ConnectorInfo(
        id="xapi",
        title={"zh-CN": "xAPI 学习记录", "en": "xAPI learning records"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=(INFO,),
        capabilities={"backfill": 1},
        allowed_hosts=("{address}",),
        limits=(CallLimit(calls=20, seconds=1),),
    )

    def check(self, context: Context) -> CheckReport:
        """Ask for one statement."""

        def look() -> Iterator[CheckFinding]:
            settings = settings_of(context.config)
            next(_Store(context.web, settings).pages({"limit": "1"}))
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Name the one stream."""
        settings_of(context.config)
        return Catalog(streams=(INFO,))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what was stored since the cursor, verb by verb, and what was voided."""
        settings = settings_of(context.config)
        store = _Store(context.web, settings)
        emitting = Emitting()
        for name in request.streams:
            if name != STREAM:
                raise ConfigurationRefused("stream_unknown", {"stream": name})
            reading = _Reading(store, settings, emitting)
            cursor = request.cursors.get(name, {})
            if request.backfill is not None:
                yield from reading.backfill(cursor, request.backfill)
            else:
                yield from reading.run(cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    statements: Sequence[Any]
    complete_until: datetime | None


class _Store:
    """Asks one store."""

    def __init__(self, web: Web, settings: XapiSettings) -> None:
        self._web = web
        self._settings = settings
        pair = base64.b64encode(f"{settings.key}:{settings.secret}".encode()).decode()
        self._headers = {
            "authorization": f"Basic {pair}",
            "x-experience-api-version": settings.version,
        }

    def pages(self, query: Mapping[str, str]) -> Iterator[_Page]:
        """Walk over the pages of a question; ``more`` leads to the next one on the same host."""
        address = f"{self._settings.address}/statements"
        seen: set[str] = set()
        while True:
            answer = self._web.get(address, query=query, headers=self._headers)
            said = answer.demand_ok().json()
            rows = said.get("statements") if isinstance(said, Mapping) else None
            if not isinstance(rows, list):
                raise Transient("source_not_json", {"status": "statements"})
            until = moment_of(answer.headers.get("x-experience-api-consistent-through"))
            yield _Page(statements=rows, complete_until=until)
            more = said.get("more")
            if not isinstance(more, str) or not more:
                return
            if more in seen:
                raise ConfigurationRefused("source_pages_circle")
            seen.add(more)
            address, query = self._following(more), {}

    def _following(self, more: str) -> str:
        parts, own = urlsplit(more), urlsplit(self._settings.address)
        if parts.netloc and parts.netloc != own.netloc:
            raise ConfigurationRefused("source_host_refused", {"host": parts.hostname or "-"})
        query = f"?{parts.query}" if parts.query else ""
        return f"{own.scheme}://{own.netloc}{parts.path}{query}"


class _Reading:
    """The read of all statements."""

    def __init__(self, store: _Store, settings: XapiSettings, emitting: Emitting) -> None:
        self._store = store
        self._settings = settings
        self._emitting = emitting

    def run(self, cursor: Cursor) -> Iterator[Message]:
        """Emit what came since the cursor, which keeps a mark for each verb."""
        marks: dict[str, Json] = {}
        told = cursor.get("seen")
        if isinstance(told, Mapping):
            marks.update(told)
        # What was voided comes last: it takes back what the passes before it brought.
        for verb in (*self._settings.verbs, VOIDED):
            yield from self._verb(verb, marks)
        yield Checkpoint(stream=STREAM, cursor=_marked(marks))

    def _verb(self, verb: str, marks: dict[str, Json]) -> Iterator[Message]:
        mark = moment_of(marks.get(verb))
        query = {"verb": verb, "ascending": "true", "limit": str(PAGE)}
        if mark is not None:
            query["since"] = iso(mark - self._settings.again)
        last, ordered, until = mark, True, None
        came: list[datetime] = []
        for page in self._store.pages(query):
            covered = _marked(marks)
            yield from with_checkpoints(STREAM, self._messages(page.statements, verb), covered)
            stamps = [moment_of(_cell(row, "stored")) for row in page.statements]
            known = [stamp for stamp in stamps if stamp is not None]
            # The first page begins before the mark on purpose: order is asked of what came since.
            ordered = ordered and sorted([*came, *known]) == [*came, *known]
            came = known[-1:] or came
            last = max([*known, *([last] if last else [])], default=None)
            # What a store was not sure of when it showed a page may be missing from that page.
            until = min((each for each in (until, page.complete_until) if each), default=None)
            if ordered and known:
                _move(marks, verb, last, until)
            if page.statements:
                yield Checkpoint(stream=STREAM, cursor=_marked(marks))
        _move(marks, verb, last, until)

    def backfill(self, cursor: Cursor, days: Backfill) -> Iterator[Message]:
        """Emit what happened on some days; a store can only be asked for when records came."""
        since = midnight(days.start, self._settings.zone) - _SLACK
        unmoved = Checkpoint(stream=STREAM, cursor=cursor)
        for verb in self._settings.verbs:
            query = {"verb": verb, "since": iso(since), "ascending": "true", "limit": str(PAGE)}
            for page in self._store.pages(query):
                for message in self._messages(page.statements, verb):
                    if isinstance(message, Record) and _is_within(message, days.start, days.end):
                        yield message
                yield unmoved
        yield unmoved

    def _messages(self, rows: Sequence[Any], verb: str) -> Iterator[Message]:
        for row in rows:
            key = _cell(row, "id")
            if not isinstance(key, str) or not key.isprintable() or not key.strip():
                yield rejected_row(STREAM, row, "xapi", "source_key_missing", {"column": "id"})
            elif verb == VOIDED:
                gone = _cell(_cell(row, "object"), "id")
                if isinstance(gone, str) and gone.strip() and gone.isprintable():
                    yield self._emitting.tombstone(STREAM, gone, f"xapi:{key}")
            else:
                yield self._statement(row, key)

    def _statement(self, row: Mapping[str, Any], key: str) -> Message:
        position, actor = f"xapi:{key}", row.get("actor")
        named = [name for name in _AGENTS if _cell(actor, name)]
        person = _person(actor, named[0]) if len(named) == 1 else None
        if person is None:
            values = {"count": str(len(named))}
            return rejected_row(STREAM, row, position, "xapi_actor_unclear", values, key)
        told = {name: value for name, value in row.items() if name not in _LEFT_OUT}
        content: dict[str, Scalar] = {**dict.fromkeys(INFO.columns), **flat_row(told)}
        content["person"] = person
        content["verb"] = str(content["verb.id"] or "").rpartition("/")[2]
        content["timestamp.day"] = day_in(moment_of(content["timestamp"]), self._settings.zone)
        content["percent"] = _percent(content)
        return self._emitting.record(STREAM, key, content, position)


def _move(marks: dict[str, Json], verb: str, last: datetime | None, until: datetime | None) -> None:
    """Move a mark to the last record, but not beyond what the store says that it is sure of."""
    if last is not None:
        reached = last if until is None else min(last, until)
        before = moment_of(marks.get(verb))
        marks[verb] = iso(reached if before is None else max(before, reached))


def _marked(marks: Mapping[str, Json]) -> dict[str, Json]:
    return {"seen": dict(marks)} if marks else {}


def _cell(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else None


def _person(actor: Any, kind: str) -> str | None:
    """Return what names an agent, as people know it: without ``mailto:``."""
    told = _cell(_cell(actor, "account"), "name") if kind == "account" else _cell(actor, kind)
    return told.removeprefix("mailto:") if isinstance(told, str) and told.strip() else None


def _percent(content: Mapping[str, Scalar]) -> Decimal | None:
    """Return a scaled score in points of a hundred; one below zero stays below."""
    scaled = content.get("result.score.scaled")
    if isinstance(scaled, bool) or not isinstance(scaled, int | Decimal):
        return None
    return Decimal(scaled) * 100


def _is_within(record: Record, start: date, end: date) -> bool:
    day = record.content.get("timestamp.day")
    return isinstance(day, str) and start.isoformat() <= day < end.isoformat()
