"""People and teams of a directory that speaks SCIM 2.0, read by us (RFC 7643, 7644, 9865).

What matters here and is easily got wrong:

- A list comes in no promised order, so the cursor moves only when all of it was read.
- A user who leaves is first switched off (``active`` false, sometimes the text "False") and only
  later deleted: he stays a row with ``inactive_on``.
- A user without ``meta.lastModified`` fits no filter: while there is one, all users are read.
- Many servers change a group without changing its ``lastModified``: groups are read whole.
- Nobody tells deletions: the host compares keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import (
    API_VERSION,
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
    Rejected,
    Scalar,
    StreamInfo,
    content_hash,
    join_key,
)
from connectors.emitting import Emitting, checked, with_checkpoints
from connectors.failures import ConfigurationRefused, KeysIncomplete
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
from connectors.scim_api import Scim
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
_CHANGES = ("LAST_MODIFIED", "NONE")
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
    "required": ["address", "token", "zone", "changes"],
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


class ScimConnector:
    """The built-in connector ``scim``."""

    info = ConnectorInfo(
        id="scim",
        title={"zh-CN": "SCIM 人员目录", "en": "SCIM directory"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1},
        allowed_hosts=("{address}",),
    )

    def check(self, context: Context) -> CheckReport:
        """Read a page of each list, with the filter if there is to be one."""

        def look() -> Iterator[CheckFinding]:
            settings = _settings(context)
            scim = _scim(context, settings)
            for stream in settings.streams:
                query = {"attributes": "id"}
                if stream.name == "users" and settings.filters:
                    query |= _since(context.now)
                scim.first(stream.kind, query)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Return the streams with the columns of their first rows."""
        settings = _settings(context)
        scim = _scim(context, settings)
        found = []
        for stream in settings.streams:
            columns: dict[str, None] = {}
            for resource in texts(scim.first(stream.kind, {})):
                for _, row in _rows(stream, resource, settings.zone):
                    columns |= dict.fromkeys(row)
            found.append(
                StreamInfo(
                    name=stream.name,
                    entity=stream.entity,
                    key=stream.key,
                    deletes=Deletes.SWEEP,
                    zone="UTC",
                    personal_fields=stream.personal,
                    columns=tuple(columns),
                )
            )
        return Catalog(streams=tuple(found))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit the users that changed since the cursor, and the groups as they are."""
        if request.backfill is not None:
            raise ConfigurationRefused("source_backfill_unsupported")
        settings = _settings(context)
        scim = _scim(context, settings)
        emitting = Emitting()
        for name in request.streams:
            stream = settings.stream(name)
            cursor = request.cursors.get(name, {})
            reading = _Reading(scim, settings, stream, emitting, context)
            if stream.name == "users" and settings.filters:
                yield from reading.changed(cursor)
            else:
                yield from with_checkpoints(name, reading.messages({}), {})
                yield Checkpoint(stream=name, cursor={})

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the key of every row; a row without one makes the list incomplete."""
        settings = _settings(context)
        wanted = settings.stream(stream)
        asked = {} if wanted.kind == "Groups" else {"attributes": "id"}
        seen: set[str] = set()
        for page in _scim(context, settings).resources(wanted.kind, asked):
            for resource in texts(page):
                try:
                    keys = [key for key, _ in _keys(wanted, resource, settings)]
                except RowUnusable:
                    raise KeysIncomplete("keys_incomplete", {"place": stream}) from None
                for key in keys:
                    if key not in seen:
                        seen.add(key)
                        yield key


class _Reading:
    """The read of one stream."""

    def __init__(
        self,
        scim: Scim,
        settings: _Settings,
        stream: _Stream,
        emitting: Emitting,
        context: Context,
    ) -> None:
        self._scim = scim
        self._settings = settings
        self._stream = stream
        self._emitting = emitting
        self._context = context
        self._seen: datetime | None = None
        self._undated = False
        self._told: set[int] = set()

    def changed(self, cursor: Cursor) -> Iterator[Message]:
        """Emit the users that changed; the cursor moves when all of them were read."""
        before = _moment(cursor.get("seen"))
        query: dict[str, str] = {}
        if before is not None and cursor.get("undated") is not True:
            # A clock that runs ahead of ours would else hide what changes until then.
            query = _since(min(before, self._context.now) - self._settings.again)
        yield from with_checkpoints(self._stream.name, self.messages(query), cursor)
        latest = max((each for each in (before, self._seen) if each is not None), default=None)
        ends: dict[str, Json] = {} if latest is None else {"seen": latest.isoformat()}
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
            mark = hash((key, content_hash(content)))
            if mark in self._told:
                continue  # a list that is read anew tells its rows twice
            self._told.add(mark)
            moment = modified(resource) if name == "users" else None
            version = "" if moment is None else moment.isoformat(timespec="microseconds")
            place = f"scim:{self._stream.kind}/{key}"
            yield self._emitting.record(name, key, content, place, version)

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


# -------------------------------------------------------------------------------- settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    address: str
    token: str
    zone: ZoneInfo
    filters: bool
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
    return _Settings(
        address=address_of(config),
        token=text_of(config, "token"),
        zone=zone,
        filters=choice_of(config, "changes", _CHANGES) == "LAST_MODIFIED",
        again=again_of(config),
        groups=frozenset(str(name) for name in groups),
        streams=chosen(config, _BY_NAME, otherwise=_BY_NAME),
    )


def _scim(context: Context, settings: _Settings) -> Scim:
    return Scim(context.web, settings.address, settings.token, PAGE)
