"""Odoo: leads, orders, invoices, payments and who sells, read by the time of their last change.

What matters here and is easily got wrong:

- ``write_date`` is told in whole seconds and all rows of one transaction share it, so a page never
  ends inside a second: the last second of a full page is read again, and a second that fills a
  page alone is read by number.
- Empty fields are ``false``, also where ``false`` is no value of the field; a relation is
  ``[number, name]``; instants are naive UTC.
- Odoo tells no deletions: ``keys`` lists what is there, archived rows included.
- The time of a change is the begin of the transaction, which may end later: each read begins
  ``again_minutes`` before the latest change that was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

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
    Record,
    Scalar,
    StreamInfo,
)
from connectors.emitting import Emitting
from connectors.failures import ConnectorBug, Transient
from connectors.form import (
    AGAIN_SCHEMA,
    address_of,
    again_of,
    choice_of,
    chosen,
    stream_of,
    text_of,
)
from connectors.json_rows import flat_row
from connectors.object_sources import Asking, ObjectSource
from connectors.odoo_api import AsksOdoo, Json2, JsonRpc, OdooAddress

PAGE = 500
_STAMP = "%Y-%m-%d %H:%M:%S"
_BEGIN = "1970-01-01 00:00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """One model of Odoo: the fields we want, the rows that count."""

    name: str
    model: str
    entity: str
    fields: tuple[str, ...]
    domain: tuple[Any, ...] = ()
    personal: tuple[str, ...] = ()
    archived: bool = False


STREAMS = (
    _Stream(
        name="users",
        model="res.users",
        entity="person",
        fields=("name", "login", "active", "company_id", "sale_team_id", "share"),
        personal=("name", "login"),
        archived=True,
    ),
    _Stream(
        name="teams",
        model="crm.team",
        entity="unit",
        fields=("name", "user_id", "active", "company_id"),
        archived=True,
    ),
    _Stream(
        name="leads",
        model="crm.lead",
        entity="opportunity",
        fields=(
            "name",
            "type",
            "user_id",
            "team_id",
            "stage_id",
            "probability",
            "expected_revenue",
            "create_date",
            "date_closed",
            "lost_reason_id",
            "active",
            "partner_id",
            "company_id",
        ),
        personal=("partner_id.label",),
        archived=True,
    ),
    _Stream(
        name="orders",
        model="sale.order",
        entity="order",
        fields=(
            "name",
            "state",
            "date_order",
            "user_id",
            "team_id",
            "partner_id",
            "amount_untaxed",
            "amount_total",
            "currency_id",
            "invoice_status",
            "company_id",
        ),
        personal=("partner_id.label",),
    ),
    _Stream(
        name="invoices",
        model="account.move",
        entity="invoice",
        fields=(
            "name",
            "move_type",
            "state",
            "invoice_date",
            "invoice_user_id",
            "team_id",
            "partner_id",
            "amount_untaxed_signed",
            "amount_total",
            "amount_residual",
            "payment_state",
            "reversed_entry_id",
            "currency_id",
            "company_currency_id",
            "company_id",
        ),
        domain=(("move_type", "in", ["out_invoice", "out_refund"]),),
        personal=("partner_id.label",),
    ),
    _Stream(
        name="payments",
        model="account.payment",
        entity="payment",
        fields=(
            "name",
            "payment_type",
            "partner_type",
            "state",
            "date",
            "amount",
            "currency_id",
            "partner_id",
            "company_id",
        ),
        # What was paid to suppliers is nobody's sale; a refund to a customer is "outbound".
        domain=(("partner_type", "=", "customer"),),
        personal=("partner_id.label",),
    ),
)
_BY_NAME: Mapping[str, _Stream] = {stream.name: stream for stream in STREAMS}

_PROTOCOLS = ("jsonrpc", "json2")

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["address", "database", "login", "api_key", "protocol"],
    "properties": {
        "address": {"type": "string", "title": "https://odoo.example.com"},
        "database": {"type": "string"},
        "login": {"type": "string"},
        "api_key": {"type": "string", "secret": True},
        "protocol": {"enum": list(_PROTOCOLS)},
        "streams": {"type": "array", "items": {"enum": [stream.name for stream in STREAMS]}},
        "again_minutes": AGAIN_SCHEMA,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    odoo: OdooAddress
    protocol: str
    streams: tuple[_Stream, ...]
    again: timedelta

    def stream(self, name: str) -> _Stream:
        """Return a stream of the settings."""
        return stream_of(self.streams, name)


def _settings(context: Context) -> _Settings:
    config = context.config
    return _Settings(
        odoo=OdooAddress(
            address=address_of(config),
            database=text_of(config, "database"),
            login=text_of(config, "login"),
            api_key=text_of(config, "api_key"),
        ),
        protocol=choice_of(config, "protocol", _PROTOCOLS),
        streams=chosen(config, _BY_NAME, otherwise=_BY_NAME),
        again=again_of(config),
    )


_Asking: TypeAlias = Asking[_Settings, AsksOdoo]


class OdooConnector(ObjectSource[_Settings, AsksOdoo, _Stream]):
    """The built-in connector ``odoo``."""

    info = ConnectorInfo(
        id="odoo",
        title={"zh-CN": "Odoo", "en": "Odoo"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        capabilities={"keys": 1, "live": 1},
        allowed_hosts=("{address}",),
    )

    def begin(self, context: Context) -> _Asking:
        """Read the settings."""
        settings = _settings(context)
        kind = Json2 if settings.protocol == "json2" else JsonRpc
        odoo = kind(context.web, settings.odoo)
        return Asking(context=context, settings=settings, source=odoo)

    def probe(self, asking: _Asking, stream: _Stream) -> None:
        """Read one row."""
        arguments = {"domain": list(stream.domain), "fields": ["id"], "limit": 1}
        _rows(asking.source.call(stream.model, "search_read", arguments))

    def describe(self, asking: _Asking, stream: _Stream) -> StreamInfo:
        """Ask a model for its fields; the company's own (``x_``) come along."""
        columns = [name for name, _ in _fields(asking.source, stream)]
        return StreamInfo(
            name=stream.name,
            entity=stream.entity,
            key=("id",),
            deletes=Deletes.SWEEP,
            zone="UTC",
            personal_fields=stream.personal,
            columns=("id", "write_date", *columns),
        )

    def read_stream(
        self, asking: _Asking, stream: _Stream, cursor: Cursor, _request: ReadRequest
    ) -> Iterator[Message]:
        """Emit what was written since the cursor, oldest change first."""
        now = asking.context.now.astimezone(UTC).strftime(_STAMP)
        reading = _Reading(asking.source, stream, asking.emitting, now)
        return reading.run(cursor, asking.settings.again)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the number of every row that there is, archived ones too."""
        asking = self.begin(context)
        wanted = asking.settings.stream(stream)
        last = 0
        while True:
            domain = [*wanted.domain, ("id", ">", last)]
            arguments = {
                "domain": domain,
                "fields": ["id"],
                "order": "id",
                "limit": 2 * PAGE,
                "context": _all_rows(wanted),
            }
            rows = _rows(asking.source.call(wanted.model, "search_read", arguments))
            if not rows:  # a short page is not the end: what is not listed is taken back
                return
            for row in rows:
                last = row["id"]
                yield str(last)


class _Reading:
    """The read of one stream."""

    def __init__(self, odoo: AsksOdoo, stream: _Stream, emitting: Emitting, now: str) -> None:
        self._odoo = odoo
        self._now = now
        self._stream = stream
        self._emitting = emitting
        self._fields = dict(_fields(odoo, stream))
        self._won: Mapping[int, bool] = _won_stages(odoo) if "stage_id" in self._fields else {}

    def run(self, cursor: Cursor, again: timedelta) -> Iterator[Message]:
        seen = str(cursor.get("seen") or "")
        since = _BEGIN if not seen else _shifted(seen, -again)
        while True:
            rows = self._page([("write_date", ">=", since)], "write_date,id")
            full = len(rows) == PAGE
            # The last second of a full page may go on in the next one: it is read there.
            whole = [row for row in rows if not full or row["write_date"] < rows[-1]["write_date"]]
            if full and not whole:
                yield from self._second(rows[0]["write_date"])
                seen = max(seen, rows[0]["write_date"])
                since = _shifted(rows[0]["write_date"], timedelta(seconds=1))
            else:
                yield from map(self._record, whole)
                seen = max([seen, *(row["write_date"] for row in whole)])
                since = rows[-1]["write_date"] if rows else since
            # A stamp from the future would hide everything until then: it counts as now.
            covered: Cursor = {"seen": min(seen, self._now)} if seen else {}
            yield Checkpoint(stream=self._stream.name, cursor=covered)
            if not full:
                return

    def _second(self, second: str) -> Iterator[Message]:
        """Read all rows of one second, by number."""
        until = _shifted(second, timedelta(seconds=1))
        last = 0
        while True:
            bounds = [("write_date", ">=", second), ("write_date", "<", until), ("id", ">", last)]
            rows = self._page(bounds, "id")
            yield from map(self._record, rows)
            if len(rows) < PAGE:
                return
            last = rows[-1]["id"]
            # Nothing beyond what came before this second is covered yet.
            before = _shifted(second, timedelta(seconds=-1))
            yield Checkpoint(stream=self._stream.name, cursor={"seen": min(before, self._now)})

    def _page(self, bounds: Sequence[Any], order: str) -> list[dict[str, Any]]:
        arguments = {
            "domain": [*self._stream.domain, *bounds],
            "fields": [*self._fields, "write_date"],
            "order": order,
            "limit": PAGE,
            "context": _all_rows(self._stream),
        }
        return _rows(self._odoo.call(self._stream.model, "search_read", arguments))

    def _record(self, row: Mapping[str, Any]) -> Record:
        content = _content(row, self._fields)
        stage = content.get("stage_id")
        if isinstance(stage, int) and stage in self._won:
            content["stage_id.is_won"] = self._won[stage]
        return self._emitting.record(
            self._stream.name,
            str(row["id"]),
            content,
            f"odoo:{self._stream.model}/{row['id']}",
            str(row["write_date"]),
        )


def _content(row: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Scalar]:
    plain: dict[str, Any] = {}
    for name, value in row.items():
        kind = types.get(name)
        if kind in ("many2one", "reference") and isinstance(value, list):
            plain[name] = value[0] if value else None
            plain[f"{name}.label"] = value[1] if len(value) > 1 else None
        elif value is False and kind != "boolean":
            plain[name] = None
        else:
            plain[name] = value
    return flat_row(plain)


def _fields(odoo: AsksOdoo, stream: _Stream) -> list[tuple[str, str]]:
    """Name the fields that this Odoo has of those we want, and the company's own ones."""
    said = odoo.call(stream.model, "fields_get", {"attributes": ["type"]})
    if not isinstance(said, dict):
        raise Transient("source_not_json", {"status": "fields_get"})
    types = {name: str(about.get("type")) for name, about in said.items()}
    own = sorted(name for name in types if name.startswith("x_") and types[name] != "binary")
    return [(name, types[name]) for name in (*stream.fields, *own) if name in types]


def _won_stages(odoo: AsksOdoo) -> dict[int, bool]:
    rows = _rows(odoo.call("crm.stage", "search_read", {"domain": [], "fields": ["is_won"]}))
    return {row["id"]: row.get("is_won") is True for row in rows}


def _rows(said: object) -> list[dict[str, Any]]:
    if not isinstance(said, list):
        raise Transient("source_not_json", {"status": "search_read"})
    for row in said:
        if not isinstance(row, dict) or type(row.get("id")) is not int:
            raise ConnectorBug("connector_failed", {"connector": "odoo", "error": "row without id"})
    return said


def _shifted(stamp: str, by: timedelta) -> str:
    # The write date is whole seconds; a fraction would be cut, which only reads more.
    moment = datetime.strptime(stamp[:19], _STAMP)  # noqa: DTZ007 - naive UTC is Odoo's own form
    return (moment + by).strftime(_STAMP)


def _all_rows(stream: _Stream) -> dict[str, Any]:
    return {"active_test": False} if stream.archived else {}
