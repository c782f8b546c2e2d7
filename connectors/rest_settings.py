"""What the connector ``rest`` is told: an interface described as data, every choice spoken out.

Read by ``msgspec``: a wrong setting is named by its place (``$.streams.orders.paging``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from connectors.contract import Deletes, Json
from connectors.failures import ConfigurationRefused

Text: TypeAlias = str
# The largest unit first and none left out, so that what is cut off lies before the instant.
_IS_PATTERN = re.compile(r"%Y-%m-%d(?:[T ]%H:%M(?::%S(?:\.%f)?)?Z?)?")


class _Told(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Settings that refuse what they do not know."""


class NoAccess(_Told, tag_field="kind", tag="NONE"):
    """Anybody may read."""


class KeyAccess(_Told, tag_field="kind", tag="KEY"):
    """The secret goes along under a name, in a header or in the query; ``prefix`` before it."""

    place: Literal["HEADER", "QUERY"]
    name: Text
    prefix: Text = ""


class BasicAccess(_Told, tag_field="kind", tag="BASIC"):
    """A user and the secret as a password (RFC 7617)."""

    user: Text


class TokenAccess(_Told, tag_field="kind", tag="OAUTH2"):
    """A token is fetched with the secret and renewed when it ends (RFC 6749).

    CLIENT_CREDENTIALS: the secret is the client's. REFRESH_TOKEN: the secret is the refresh token,
    for sources that never change it.
    """

    grant: Literal["CLIENT_CREDENTIALS", "REFRESH_TOKEN"]
    address: Text
    client: Text
    client_in: Literal["BASIC", "FORM"]
    scope: Text = ""


Access: TypeAlias = NoAccess | KeyAccess | BasicAccess | TokenAccess


class OnePage(_Told, tag_field="kind", tag="NONE"):
    """Everything comes in one answer."""


class _Counted(_Told):
    """Pages by number: what stands between them when rows come and go is a required choice.

    OVERLAP: each page repeats the last row of the one before, or the read begins anew (offsets
    only). REPEAT: the whole is read until two reads name the same rows. STEADY: the source
    promises that nothing moves, for example because it sorts by number and never deletes.
    """

    parameter: Text
    size_parameter: Text
    size: int
    drift: Literal["OVERLAP", "REPEAT", "STEADY"]


class PageNumbers(_Counted, tag_field="kind", tag="PAGE"):
    """``page=1, 2, …``."""

    first: int


class Offsets(_Counted, tag_field="kind", tag="OFFSET"):
    """``offset=0, 100, …``."""


class CursorInBody(_Told, tag_field="kind", tag="CURSOR"):
    """The answer names the next cursor at ``next``; the next request says it as ``parameter``."""

    next: Text
    parameter: Text


class NextAddress(_Told, tag_field="kind", tag="NEXT_ADDRESS"):
    """The answer names the address of the next page at ``next``."""

    next: Text


class NextHeader(_Told, tag_field="kind", tag="NEXT_HEADER"):
    """A header names the address of the next page; ``link`` is read as RFC 8288 (rel=next)."""

    header: Text


Paging: TypeAlias = OnePage | PageNumbers | Offsets | CursorInBody | NextAddress | NextHeader


class Changes(_Told):
    """How to ask for what changed.

    ``column`` holds the time of change and ``parameter`` says from when. ``form`` is how both are
    written: ISO 8601, epoch seconds or milliseconds, or AS_TOLD for a mark of the source's own
    (compared as a number if it is one). ``again_minutes`` is how far before the latest change each
    read begins. ``ordered``: the rows come by that column; checked, and needed for checkpoints that
    move while a long read goes on. ``written`` (ISO only) is the pattern in which the source writes
    the time, for sources that compare it as text: ``%Y-%m-%d %H:%M:%S`` as SQLite does. Without it
    the bound carries an offset. ``mark_header`` is a header of the first page that says how far the
    source itself was then (Kinto's ``ETag``): the next read begins there, so that a row that goes
    while pages are turned is told by it.
    """

    column: Text
    parameter: Text
    form: Literal["ISO", "EPOCH_SECONDS", "EPOCH_MILLISECONDS", "AS_TOLD"]
    again_minutes: int
    ordered: bool
    written: Text = ""
    mark_header: Text = ""


class Tombstones(_Told):
    """A row is gone when ``column`` holds one of ``values``."""

    column: Text
    values: tuple[Text, ...]


class StreamSettings(_Told):
    """One list of the interface.

    ``records`` is the place of the rows in the answer ("" for all of it), with dots; ``zone`` is
    where instants without an offset were written.
    """

    path: Text
    records: Text
    key: tuple[Text, ...]
    paging: Paging
    deletes: Literal["NONE", "SWEEP", "TOMBSTONE"]
    method: Literal["GET", "POST"] = "GET"
    query: dict[str, Text] = {}
    body: dict[str, Any] = {}
    changes: Changes | None = None
    tombstones: Tombstones | None = None
    zone: Text = "UTC"
    personal_fields: tuple[Text, ...] = ()

    kinds: ClassVar[Mapping[str, Deletes]] = {
        "NONE": Deletes.NONE,
        "SWEEP": Deletes.SWEEP,
        "TOMBSTONE": Deletes.TOMBSTONE,
    }


class Envelope(_Told):
    """For sources that answer 200 whatever happened.

    ``place`` holds one of ``good`` (as text), else ``denied`` means that the access has ended and
    ``busy`` that we should come again later.
    """

    place: Text
    good: tuple[Text, ...]
    denied: tuple[Text, ...] = ()
    busy: tuple[Text, ...] = ()


class RestSettings(_Told):
    """The whole configuration. ``limits`` is read by the host."""

    address: Text
    access: Access
    streams: dict[str, StreamSettings]
    secret: Annotated[Text, msgspec.Meta(extra_json_schema={"secret": True})] = ""
    headers: dict[str, Text] = {}
    envelope: Envelope | None = None
    limits: list[Any] = []

    def stream(self, name: str) -> StreamSettings:
        """Return the named stream; an unknown one is a refusal."""
        if name not in self.streams:
            raise ConfigurationRefused("stream_unknown", {"stream": name})
        return self.streams[name]


def read_settings(config: Mapping[str, Json]) -> RestSettings:
    """Read the configuration, or raise ConfigurationRefused naming the place that is wrong."""
    try:
        settings = msgspec.convert(dict(config), RestSettings)
    except msgspec.ValidationError as wrong:
        place = str(wrong).rpartition("`")[0].rpartition("`")[2] or "$"
        raise _refused(place) from None
    if urlsplit(settings.address).scheme not in ("http", "https"):
        raise _refused("$.address")
    if not settings.secret and not isinstance(settings.access, NoAccess):
        raise _refused("$.secret")
    if not settings.streams:
        raise _refused("$.streams")
    for name, stream in settings.streams.items():
        _demand_sense(f"$.streams.{name}", stream)
    return settings


def _demand_sense(place: str, stream: StreamSettings) -> None:
    paging = stream.paging
    if not stream.key:
        raise _refused(f"{place}.key")
    if isinstance(paging, _Counted) and paging.size < 1:
        raise _refused(f"{place}.paging.size")
    if isinstance(paging, PageNumbers) and paging.drift == "OVERLAP":
        raise _refused(f"{place}.paging.drift")
    if isinstance(paging, Offsets) and paging.drift == "OVERLAP" and paging.size < 2:
        raise _refused(f"{place}.paging.size")
    several = isinstance(paging, _Counted) and paging.drift == "REPEAT"
    if several and stream.changes is not None and stream.changes.ordered:
        raise _refused(f"{place}.changes.ordered")  # the second reading begins anew
    if stream.deletes == "TOMBSTONE" and stream.tombstones is None:
        raise _refused(f"{place}.tombstones")
    if stream.changes is not None:
        _demand_sense_of_changes(f"{place}.changes", stream.changes)
    try:
        ZoneInfo(stream.zone)
    except (OSError, ValueError, KeyError):
        raise _refused(f"{place}.zone") from None


def _demand_sense_of_changes(place: str, changes: Changes) -> None:
    if changes.again_minutes < 0:
        raise _refused(f"{place}.again_minutes")
    # A pattern that the source's own column could not be written by would shift the bound.
    if changes.written and (changes.form != "ISO" or not _IS_PATTERN.fullmatch(changes.written)):
        raise _refused(f"{place}.written")


def _refused(place: str) -> ConfigurationRefused:
    return ConfigurationRefused("source_setting_invalid", {"field": place})


CONFIG_SCHEMA: Mapping[str, Json] = {
    **msgspec.json.schema(RestSettings)["$defs"]["RestSettings"],
    "$defs": msgspec.json.schema(RestSettings)["$defs"],
}
