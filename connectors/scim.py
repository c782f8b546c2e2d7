"""People and teams of a directory that speaks SCIM 2.0, read by us (RFC 7643, 7644, 9865).

What matters here and is easily got wrong:

- A list comes in no promised order, so the cursor moves only when all of it was read.
- A user who leaves is first switched off (``active`` false, sometimes the text "False") and only
  later deleted: he stays a row with ``inactive_on``. The cursor keeps that day, which would else
  move with everything that is changed of him later.
- A user without ``meta.lastModified`` fits no filter: while there is one, all users are read.
- Many servers change a group without changing its ``lastModified``: groups are read whole.
- Nobody tells deletions: the host compares keys.

A connection may be pushed to instead (``changes``: ``PUSHED``): its rows then come in by
``/scim/v2``, and a sync only makes anew what a changed mapping says of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from connectors.contract import (
    API_VERSION,
    Checkpoint,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    Json,
    Message,
    ReadRequest,
    Rejected,
    Scalar,
    StreamInfo,
    content_hash,
    join_key,
)
from connectors.emitting import with_checkpoints
from connectors.failures import KeysIncomplete
from connectors.form import (
    AGAIN_SCHEMA,
    address_of,
    again_of,
    choice_of,
    chosen,
    stream_of,
    text_of,
    wrong,
)
from connectors.json_rows import flat_row
from connectors.object_sources import Asking, ObjectSource
from connectors.scim_api import Scim
from connectors.scim_kept import columns_of
from connectors.scim_rows import (
    RowUnusable,
    group_row,
    id_of,
    members_of,
    modified,
    texts,
    user_row,
)

PAGE = 100
_LONGEST = 2_000
_OFF_MOST = 8_000  # what a cursor holds of who is switched off: those of the latest days
PUSHED = "PUSHED"
_CHANGES = ("LAST_MODIFIED", "NONE", PUSHED)
_PERSONAL = (
    "userName",
    "displayName",
    "person",
    "email",
    "emails",
    "phoneNumbers",
    "addresses",
    "name.formatted",
    "name.familyName",
    "name.givenName",
    "enterprise.manager.displayName",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """One kind of row: which list it comes from."""

    name: str
    kind: str
    entity: str
    key: tuple[str, ...] = ("id",)
    personal: tuple[str, ...] = ()


STREAMS = (
    _Stream(name="users", kind="Users", entity="person", personal=_PERSONAL),
    _Stream(name="groups", kind="Groups", entity="unit"),
    _Stream(name="members", kind="Groups", entity="assignment", key=("group", "user")),
)
_BY_NAME: Mapping[str, _Stream] = {stream.name: stream for stream in STREAMS}

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["zone", "changes"],
    "properties": {
        "address": {"type": "string", "title": "https://directory.example.com/scim/v2"},
        "token": {"type": "string", "secret": True},
        "zone": {"type": "string", "title": "Asia/Shanghai"},
        "changes": {"enum": list(_CHANGES)},
        "again_minutes": AGAIN_SCHEMA,
        "groups": {"type": "array", "items": {"type": "string"}},
        "streams": {"type": "array", "items": {"enum": [stream.name for stream in STREAMS]}},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    address: str
    token: str
    zone: ZoneInfo
    filters: bool
    pushed: bool
    again: timedelta
    groups: frozenset[str]
    streams: tuple[_Stream, ...]

    def stream(self, name: str) -> _Stream:
        """Return a stream of the settings."""
        return stream_of(self.streams, name)

    def wants(self, group: Mapping[str, Any]) -> bool:
        """Say whether a group is one of those that the settings name."""
        return not self.groups or group.get("displayName") in self.groups


def _settings(context: Context) -> _Settings:
    config = context.config
    groups = config.get("groups") or []
    if not isinstance(groups, list) or not all(isinstance(name, str) for name in groups):
        raise wrong("groups")
    try:
        zone = ZoneInfo(text_of(config, "zone"))
    except (OSError, ValueError, KeyError):
        raise wrong("zone") from None
    changes = choice_of(config, "changes", _CHANGES)
    pushed = changes == PUSHED
    return _Settings(
        address="" if pushed else address_of(config),
        token="" if pushed else text_of(config, "token"),
        zone=zone,
        filters=changes == "LAST_MODIFIED",
        pushed=pushed,
        again=again_of(config),
        groups=frozenset(str(name) for name in groups),
        streams=chosen(config, _BY_NAME, otherwise=_BY_NAME),
    )


_Asking: TypeAlias = Asking[_Settings, Scim]


class ScimConnector(ObjectSource[_Settings, Scim, _Stream]):
    """The built-in connector ``scim``."""

    info = ConnectorInfo(
        id="scim",
        title={"zh-CN": "SCIM 人员目录", "en": "SCIM directory"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1},
        allowed_hosts=("{address}",),
    )

    def begin(self, context: Context) -> _Asking:
        """Read the settings."""
        settings = _settings(context)
        scim = Scim(context.web, settings.address, settings.token, PAGE)
        return Asking(context=context, settings=settings, source=scim)

    def probe(self, asking: _Asking, stream: _Stream) -> None:
        """Read a page of a list, with the filter if there is to be one."""
        if asking.settings.pushed:
            return
        query = {"attributes": "id"}
        if stream.name == "users" and asking.settings.filters:
            query |= _since(asking.context.now)
        asking.source.first(stream.kind, query)

    def describe(self, asking: _Asking, stream: _Stream) -> StreamInfo:
        """Name the columns of the first rows."""
        if asking.settings.pushed:
            return _info(stream, columns_of(stream.name), Deletes.NONE)
        columns: dict[str, None] = {}
        for resource in texts(asking.source.first(stream.kind, {})):
            for _, row in _rows(stream, resource, asking.settings.zone):
                columns |= dict.fromkeys(row)
        return _info(stream, tuple(columns), Deletes.SWEEP)

    def read_stream(
        self, asking: _Asking, stream: _Stream, cursor: Cursor, _request: ReadRequest
    ) -> Iterator[Message]:
        """Emit the users that changed since the cursor, and the groups as they are."""
        if asking.settings.pushed:
            yield Checkpoint(stream=stream.name, cursor=cursor)
            return
        reading = _Reading(asking, stream)
        if stream.name == "users" and asking.settings.filters:
            yield from reading.changed(cursor)
        else:
            yield from reading.whole(cursor)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the key of every row; a row without one makes the list incomplete."""
        asking = self.begin(context)
        wanted = asking.settings.stream(stream)
        if asking.settings.pushed:
            raise KeysIncomplete("keys_incomplete", {"place": stream})
        asked = {} if wanted.kind == "Groups" else {"attributes": "id"}
        seen: set[str] = set()
        for page in asking.source.resources(wanted.kind, asked):
            for resource in texts(page):
                try:
                    keys = [key for key, _ in _keys(wanted, resource, asking.settings)]
                except RowUnusable:
                    raise KeysIncomplete("keys_incomplete", {"place": stream}) from None
                for key in keys:
                    if key not in seen:
                        seen.add(key)
                        yield key


def _info(stream: _Stream, columns: tuple[str, ...], deletes: Deletes) -> StreamInfo:
    return StreamInfo(
        name=stream.name,
        entity=stream.entity,
        key=stream.key,
        deletes=deletes,
        zone="UTC",
        personal_fields=stream.personal,
        columns=columns,
    )


class _Reading:
    """The read of one stream."""

    def __init__(self, asking: _Asking, stream: _Stream) -> None:
        self._scim = asking.source
        self._settings = asking.settings
        self._stream = stream
        self._emitting = asking.emitting
        self._context = asking.context
        self._seen: datetime | None = None
        self._undated = False
        self._told: set[int] = set()
        self._off: dict[str, Json] = {}  # since when who is switched off

    def whole(self, cursor: Cursor) -> Iterator[Message]:
        """Emit all rows; the cursor keeps nothing but since when users are switched off."""
        self._recall(cursor)
        yield from with_checkpoints(self._stream.name, self.messages({}), cursor)
        yield Checkpoint(stream=self._stream.name, cursor=self._remembered())

    def changed(self, cursor: Cursor) -> Iterator[Message]:
        """Emit the users that changed; the cursor moves when all of them were read."""
        self._recall(cursor)
        before = _moment(cursor.get("seen"))
        query: dict[str, str] = {}
        if before is not None and cursor.get("undated") is not True:
            # A clock that runs ahead of ours would else hide what changes until then.
            query = _since(min(before, self._context.now) - self._settings.again)
        yield from with_checkpoints(self._stream.name, self.messages(query), cursor)
        # A row behind which the read was already may change before one that it came to later.
        now = self._context.now
        moments = [min(each, now) for each in (before, self._seen) if each is not None]
        latest = max(moments, default=None)
        ends: dict[str, Json] = self._remembered()
        ends |= {} if latest is None else {"seen": latest.isoformat()}
        if self._undated:
            ends["undated"] = True
        yield Checkpoint(stream=self._stream.name, cursor=ends)

    def messages(self, query: Mapping[str, str]) -> Iterator[Message]:
        """Emit the rows of the list; a row that came before and is the same is left out."""
        for page in self._scim.resources(self._stream.kind, query):
            for resource in texts(page):
                self._see(resource)
                yield from self._emitted(resource)

    def _emitted(self, resource: Mapping[str, Any]) -> Iterator[Message]:
        name = self._stream.name
        try:
            found = list(_keys(self._stream, resource, self._settings))
        except RowUnusable as bad:
            yield Rejected(
                stream=name,
                position=f"scim:{self._stream.kind}",
                reason=bad.code,
                values=bad.values,
                payload={"row": self._context.redact(repr(resource))[:_LONGEST]},
            )
            return
        for key, row in found:
            content = row()
            if name == "users":
                self._keep_day(key, content)
            mark = hash((key, content_hash(content)))
            if mark in self._told:
                continue  # a list that is read anew tells its rows twice
            self._told.add(mark)
            moment = modified(resource) if name == "users" else None
            version = "" if moment is None else moment.isoformat(timespec="microseconds")
            place = f"scim:{self._stream.kind}/{key}"
            yield self._emitting.record(name, key, content, place, version)

    def _recall(self, cursor: Cursor) -> None:
        told = cursor.get("off")
        self._off = dict(told) if isinstance(told, Mapping) else {}

    def _keep_day(self, key: str, content: dict[str, Scalar]) -> None:
        """Leave who is switched off the day on which he was seen so first."""
        day = content["inactive_on"]
        if content["is_active"] is not False:
            self._off.pop(key, None)
        elif day is not None:
            content["inactive_on"] = str(self._off.setdefault(key, str(day)))

    def _remembered(self) -> dict[str, Json]:
        latest = sorted(self._off.items(), key=lambda each: str(each[1]))[-_OFF_MOST:]
        return {"off": dict(latest)} if latest else {}

    def _see(self, resource: Mapping[str, Any]) -> None:
        moment = modified(resource)
        if moment is None:
            self._undated = True
        elif self._seen is None or moment > self._seen:
            self._seen = moment


def _keys(
    stream: _Stream, resource: Mapping[str, Any], settings: _Settings
) -> Iterator[tuple[str, Callable[[], dict[str, Scalar]]]]:
    """Emit the keys that a resource has in a stream, each with what makes its row."""
    own = id_of(resource)
    if stream.kind == "Groups" and not settings.wants(resource):
        return
    if stream.name == "members":
        for user in members_of(resource):
            yield (
                join_key((own, user)),
                lambda user=user: flat_row(  # type: ignore[misc]
                    {"group": own, "group.name": resource.get("displayName"), "user": user}
                ),
            )
    elif stream.name == "groups":
        yield own, lambda: group_row(resource)
    else:
        yield own, lambda: user_row(resource, settings.zone)


def _rows(
    stream: _Stream, resource: Mapping[str, Any], zone: ZoneInfo
) -> Iterator[tuple[str, dict[str, Scalar]]]:
    """Emit the rows of a resource for looking at their columns."""
    try:
        own = id_of(resource)
    except RowUnusable:
        return
    if stream.name == "users":
        yield own, user_row(resource, zone)
    elif stream.name == "groups":
        yield own, group_row(resource)
    else:
        yield own, {"group": own, "group.name": None, "user": None}


def _since(moment: datetime) -> dict[str, str]:
    stamp = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"filter": f'meta.lastModified ge "{stamp}"'}


def _moment(text: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        raise wrong("cursor") from None
