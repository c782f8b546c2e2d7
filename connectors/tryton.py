"""Tryton: opportunities, sales, invoices and who sells, read through its own interface.

What matters here and is easily got wrong:

- ``write_date`` is empty until a row is changed for the first time: a new row is found by its
  ``create_date``, and both are asked for.
- A page is a range of numbers, so a row that changes while pages are read moves nothing. How far a
  pass covers is what Tryton knew before it began: what changes meanwhile comes with the next read.
- Who sold is said by an agent in one place and by an employee in another: both have a party, so
  that is the number by which people are named (``agent.party``).
- Instants are naive UTC and the begin of a transaction; each read begins ``again_minutes`` before
  the latest change that was seen.
- Tryton tells no deletions: ``keys`` lists what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from connectors.contract import (
    API_VERSION,
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
from connectors.emitting import Emitting
from connectors.failures import Transient
from connectors.form import AGAIN_SCHEMA, address_of, again_of, chosen, stream_of, text_of, wrong
from connectors.id_walks import Page, Span, walk_changes
from connectors.instants import moment_of
from connectors.json_rows import flat_row
from connectors.object_sources import Asking, ObjectSource
from connectors.tryton_api import Tryton, TrytonAddress

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """One model: the fields we want, and what comes along of what they lead to.

    A relation brings its name (``party.label``). ``details`` are other fields beyond it; their
    columns are there, and empty, in a Tryton without the relation too: one mapping fits both.
    """

    name: str
    model: str
    entity: str
    fields: tuple[str, ...]
    relations: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    domain: tuple[Any, ...] = ()
    personal: tuple[str, ...] = ()


STREAMS = (
    _Stream(
        name="employees",
        model="company.employee",
        entity="person",
        fields=("start_date", "end_date", "supervisor", "company", "active"),
        relations=("party",),
        personal=("party.label",),
    ),
    _Stream(
        name="agents",
        model="commission.agent",
        entity="person",
        fields=("type_", "company", "active"),
        relations=("party", "plan"),
        personal=("party.label",),
    ),
    _Stream(
        name="opportunities",
        model="sale.opportunity",
        entity="opportunity",
        fields=("number", "description", "state", "start_date", "end_date", "amount", "company"),
        relations=("party", "employee", "currency"),
        details=("employee.party", "currency.code"),
        personal=("party.label", "employee.label"),
    ),
    _Stream(
        name="sales",
        model="sale.sale",
        entity="order",
        fields=(
            "number",
            "reference",
            "description",
            "state",
            "sale_date",
            "untaxed_amount",
            "total_amount",
            "company",
        ),
        relations=("party", "agent", "quoted_by", "confirmed_by", "currency"),
        details=("agent.party", "quoted_by.party", "confirmed_by.party", "currency.code"),
        personal=("party.label", "agent.label", "quoted_by.label", "confirmed_by.label"),
    ),
    _Stream(
        name="invoices",
        model="account.invoice",
        entity="invoice",
        fields=(
            "number",
            "reference",
            "description",
            "type",
            "state",
            "invoice_date",
            "untaxed_amount",
            "total_amount",
            "amount_to_pay",
            "company",
        ),
        relations=("party", "agent", "currency"),
        details=("agent.party", "currency.code"),
        domain=(("type", "=", "out"),),
        personal=("party.label", "agent.label"),
    ),
)
_BY_NAME: Mapping[str, _Stream] = {stream.name: stream for stream in STREAMS}

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["address", "database", "user", "password", "streams"],
    "properties": {
        "address": {"type": "string", "title": "https://tryton.example.com"},
        "database": {"type": "string"},
        "user": {"type": "string"},
        "password": {"type": "string", "secret": True},
        "streams": {"type": "array", "items": {"enum": [stream.name for stream in STREAMS]}},
        "again_minutes": AGAIN_SCHEMA,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    tryton: TrytonAddress
    streams: tuple[_Stream, ...]
    again: timedelta

    def stream(self, name: str) -> _Stream:
        """Return a stream of the settings."""
        return stream_of(self.streams, name)


def _settings(context: Context) -> _Settings:
    config = context.config
    access = TrytonAddress(
        address=address_of(config),
        database=text_of(config, "database"),
        user=text_of(config, "user"),
        password=text_of(config, "password"),
    )
    streams = chosen(config, _BY_NAME)
    if not streams:
        raise wrong("streams")
    return _Settings(tryton=access, streams=streams, again=again_of(config))


_Asking: TypeAlias = Asking[_Settings, Tryton]


class TrytonConnector(ObjectSource[_Settings, Tryton, _Stream]):
    """The built-in connector ``tryton``."""

    info = ConnectorInfo(
        id="tryton",
        title={"zh-CN": "Tryton", "en": "Tryton"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "live": 1},
        allowed_hosts=("{address}",),
    )

    def begin(self, context: Context) -> _Asking:
        """Read the settings."""
        settings = _settings(context)
        tryton = Tryton(context.web, settings.tryton)
        return Asking(context=context, settings=settings, source=tryton)

    def probe(self, asking: _Asking, stream: _Stream) -> None:
        """Read one row."""
        found = [*stream.domain]
        _rows(asking.source.call(stream.model, "search_read", found, 0, 1, None, ["id"]))

    def describe(self, asking: _Asking, stream: _Stream) -> StreamInfo:
        """Ask a model for its fields."""
        columns = ["id", "create_date", "write_date"]
        columns += [_column(field) for field in _fields(asking.source, stream)]
        columns += [field for field in stream.details if field not in columns]
        return StreamInfo(
            name=stream.name,
            entity=stream.entity,
            key=("id",),
            deletes=Deletes.SWEEP,
            zone="UTC",
            personal_fields=stream.personal,
            columns=tuple(columns),
        )

    def read_stream(
        self, asking: _Asking, stream: _Stream, cursor: Cursor, _request: ReadRequest
    ) -> Iterator[Message]:
        """Emit what was made or changed since the cursor, by number."""
        reading = _Reading(asking.source, stream, asking.emitting)
        again, now = asking.settings.again, asking.context.now
        return walk_changes(stream.name, reading, _in_utc(cursor), again, now)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the number of every row that there is, inactive ones too."""
        asking = self.begin(context)
        wanted, tryton = asking.settings.stream(stream), asking.source
        last = 0
        while True:
            domain = [*wanted.domain, ("id", ">", last)]
            size = 2 * PAGE
            rows = _rows(
                tryton.call(wanted.model, "search_read", domain, 0, size, [("id", "ASC")], ["id"])
            )
            if not rows:  # a short page is not the end: what is not listed is taken back
                return
            for row in rows:
                last = row["id"]
                yield str(last)


class _Reading:
    """One stream that is walked over by number, which a restart goes on with."""

    def __init__(self, tryton: Tryton, stream: _Stream, emitting: Emitting) -> None:
        self._tryton = tryton
        self._stream = stream
        self._emitting = emitting
        self._fields = _fields(tryton, stream)

    def latest(self) -> datetime | None:
        """Ask when a row was made or changed last."""
        found = [self._newest("create_date"), self._newest("write_date")]
        return max((each for each in found if each is not None), default=None)

    def page(self, span: Span, after: str) -> Page:
        """Ask for the next rows by number."""
        domain: list[Any] = [*self._stream.domain, ("id", ">", int(after or 0))]
        if span.since is not None:
            since = _tagged(span.since)
            domain.append(["OR", ("write_date", ">=", since), ("create_date", ">=", since)])
        fields = ["id", "create_date", "write_date", *self._fields]
        rows = self._search(domain, PAGE, ("id", "ASC"), fields)
        return Page(rows=rows, last=not rows)

    def key(self, row: Any) -> str:
        """Return the number."""
        return str(row["id"])

    def messages(self, row: Any) -> Iterator[Message]:
        """Tell the row."""
        yield self._record(row)

    def _newest(self, column: str) -> datetime | None:
        # Databases do not agree where rows without a time stand in an order.
        domain = [*self._stream.domain, (column, "!=", None)]
        rows = self._search(domain, 1, (column, "DESC"), ["id", column])
        return moment_of(f"{rows[0].get(column)}+00:00") if rows else None

    def _search(
        self, domain: list[Any], limit: int, order: tuple[str, str], fields: list[str]
    ) -> list[dict[str, Any]]:
        asked = (self._stream.model, "search_read", domain, 0, limit, [order], fields)
        return _rows(self._tryton.call(*asked))

    def _record(self, row: Mapping[str, Any]) -> Record:
        changed = row.get("write_date") or row.get("create_date") or ""
        return self._emitting.record(
            self._stream.name,
            str(row["id"]),
            _content(row, [*self._fields, *self._stream.details]),
            f"tryton:{self._stream.model}/{row['id']}",
            _full(str(changed)),
        )


def _content(row: Mapping[str, Any], fields: list[str]) -> dict[str, Scalar]:
    """Name relations: ``{"party": 3, "party.": {"rec_name": "Acme"}}`` gets ``party.label``.

    A relation that leads nowhere has columns all the same, and they are empty.
    """
    plain: dict[str, Any] = {name: row[name] for name in row if not name.endswith(".")}
    for field in fields:
        relation, dot, inner = field.partition(".")
        if dot:
            beyond = row.get(f"{relation}.")
            plain[_column(field)] = beyond.get(inner) if isinstance(beyond, Mapping) else None
    return flat_row(plain)


def _in_utc(cursor: Cursor) -> Cursor:
    """Read a cursor of an earlier release, whose instants are naive: its pass begins anew."""
    marks = [str(cursor[name]) for name in ("seen", "top") if cursor.get(name)]
    if all(moment_of(mark) is not None for mark in marks):
        return cursor
    return {"seen": f"{cursor.get('seen') or ''}+00:00"}


def _column(field: str) -> str:
    """Name the column of a field: ``party.rec_name`` is ``party.label``."""
    return field.replace(".rec_name", ".label")


def _full(stamp: str) -> str:
    """Write microseconds always, so that stamps sort as texts."""
    return datetime.fromisoformat(stamp).isoformat(timespec="microseconds") if stamp else ""


def _tagged(moment: datetime) -> dict[str, Any]:
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{part: getattr(moment, part) for part in parts}}


def _fields(tryton: Tryton, stream: _Stream) -> list[str]:
    """Name the fields that this Tryton has of those we want; relations with what lies beyond."""
    said = tryton.call(stream.model, "fields_get", [*stream.fields, *stream.relations])
    if not isinstance(said, Mapping):
        raise Transient("source_not_json", {"status": "fields_get"})
    own = [name for name in stream.fields if name in said]
    for name in stream.relations:
        if name in said:
            own += [name, f"{name}.rec_name"]
            own += [field for field in stream.details if field.startswith(f"{name}.")]
    return own


def _rows(said: object) -> list[dict[str, Any]]:
    if not isinstance(said, list) or not all(
        isinstance(row, dict) and type(row.get("id")) is int for row in said
    ):
        raise Transient("source_not_json", {"status": "search_read"})
    return said
