"""The connector for Northwind CRM: deals, read by the time of their last change.

Pages go on behind the last row of the page before, by time and number, so that rows that move push
nothing out. A row that is gone comes as ``gone``. A callback names a deal to read again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from attain_plugin_api.contract import (
    API_VERSION,
    Backfill,
    CallLimit,
    Catalog,
    CheckCode,
    CheckFinding,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    HookAnswer,
    HookRequest,
    Message,
    ReadRequest,
    Record,
    Rejected,
    Scalar,
    StreamInfo,
    Tombstone,
)
from attain_plugin_api.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    RateLimited,
    Transient,
)

STREAM = StreamInfo(
    name="orders",
    entity="order",
    key=("id",),
    deletes=Deletes.TOMBSTONE,
    zone="Asia/Shanghai",
    personal_fields=("phone",),
    columns=("id", "day", "amount", "owner", "phone", "changed"),
)
_ANSWERS: tuple[tuple[type[ConnectorFailure], CheckCode], ...] = (
    (AuthExpired, CheckCode.AUTHENTICATION),
    (Forbidden, CheckCode.PERMISSION),
    (RateLimited, CheckCode.UNREACHABLE),
    (Transient, CheckCode.UNREACHABLE),
    (ConfigurationRefused, CheckCode.CONFIGURATION),
)


class NorthwindCrmConnector:
    """Reads Northwind CRM; objects keep nothing between calls."""

    info = ConnectorInfo(
        id="northwind.crm",
        title={"zh-CN": "北风客户", "en": "Northwind CRM"},
        api=API_VERSION,
        config_schema={
            "type": "object",
            "required": ["address", "token"],
            "properties": {
                "address": {"type": "string", "title": "https://api.northwind-crm.example"},
                "token": {"type": "string", "secret": True},
                "page": {"type": "integer", "minimum": 1, "maximum": 500, "default": 200},
            },
        },
        streams=(STREAM,),
        capabilities={"keys": 1, "hook": 1, "backfill": 1},
        allowed_hosts=("{address}",),
        limits=(CallLimit(calls=600, seconds=60),),
    )

    def check(self, context: Context) -> CheckReport:
        """Read one row, and say what stands in the way."""
        try:
            Source.of(context).rows({"limit": "1"})
        except ConnectorFailure as failure:
            for kind, code in _ANSWERS:
                if isinstance(failure, kind):
                    finding = CheckFinding(code=failure.code, values=failure.values)
                    return CheckReport(code=code, findings=(finding,))
            raise
        return CheckReport(code=CheckCode.OK)

    def discover(self, context: Context) -> Catalog:
        """Ask for the columns that this very account has."""
        columns = Source.of(context).ask("/orders/fields", {})
        own = StreamInfo(
            name=STREAM.name,
            entity=STREAM.entity,
            key=STREAM.key,
            deletes=STREAM.deletes,
            zone=STREAM.zone,
            personal_fields=STREAM.personal_fields,
            columns=tuple(str(name) for name in columns),
        )
        return Catalog(streams=(own,))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what changed since the cursor; a backfill leaves the cursor where it was."""
        source = Source.of(context)
        order = 0
        for stream in request.streams:
            if stream != STREAM.name:
                raise ConfigurationRefused("stream_unknown", {"stream": stream})
            live = request.cursors.get(stream, {})
            cursor = live if request.backfill is None else {}
            for rows, reached in self.pages(source, cursor, request.backfill):
                for row in rows:
                    message = self.message(row, order + 1)
                    order += not isinstance(message, Rejected)
                    yield message
                kept = reached if request.backfill is None else live
                yield Checkpoint(stream=stream, cursor=kept)

    def pages(
        self, source: Source, cursor: Cursor, backfill: Backfill | None
    ) -> Iterator[tuple[list[dict[str, Any]], Cursor]]:
        """Turn the pages behind the cursor, each with the cursor that covers it."""
        since, after = str(cursor.get("since", "")), str(cursor.get("after", ""))
        days = {} if backfill is None else _days(backfill.start, backfill.end)
        while True:
            query = {**days, "since": since, "after": after, "limit": str(source.page)}
            rows = source.rows(query)
            if rows:
                since, after = _text(rows[-1], "changed"), _text(rows[-1], "id")
            yield rows, {"since": since, "after": after}
            if len(rows) < source.page:
                return

    def message(self, row: Mapping[str, Any], order: int) -> Message:
        """Say one row as it is."""
        key = _text(row, "id")
        where = f"northwind.crm:orders/{key}"
        if not key:
            payload = {name: str(cell)[:200] for name, cell in row.items()}
            return Rejected(
                stream=STREAM.name,
                position=where,
                reason="source_key_missing",
                values={"column": "id"},
                payload=payload,
            )
        version = _text(row, "changed")
        if row.get("gone") is True:
            return Tombstone(
                stream=STREAM.name, key=key, position=where, order=order, version=version
            )
        content: dict[str, Scalar] = {name: _cell(cell) for name, cell in row.items()}
        return Record(
            stream=STREAM.name,
            key=key,
            content=content,
            position=where,
            order=order,
            version=version,
        )

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit the key of every deal that there is."""
        yield from (str(key) for key in Source.of(context).ask("/orders/ids", {}))

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify the signature; the callback only says which deal to read again."""
        token = str(context.config.get("token") or "").encode()
        wanted = hmac.new(token, request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, request.headers.get("x-signature", "")):
            return HookAnswer(status=401)
        said = json.loads(request.body)
        again = {STREAM.name: (str(said["id"]),)}
        return HookAnswer(status=200, reread=again, delivery=str(said["delivery"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Northwind CRM as one connection sees it."""

    context: Context
    address: str
    token: str
    page: int

    @classmethod
    def of(cls, context: Context) -> Source:
        """Read the settings, or name the one that is wrong."""
        address, token = context.config.get("address"), context.config.get("token")
        page = context.config.get("page", 200)
        for field, value in (("address", address), ("token", token)):
            if not isinstance(value, str) or not value.strip():
                raise ConfigurationRefused("source_setting_invalid", {"field": field})
        if type(page) is not int or not 1 <= page <= 500:
            raise ConfigurationRefused("source_setting_invalid", {"field": "page"})
        return cls(context=context, address=str(address).rstrip("/"), token=str(token), page=page)

    def ask(self, path: str, query: Mapping[str, str]) -> list[Any]:
        """Ask once; what is no list came from something that is not Northwind CRM."""
        headers = {"authorization": f"Bearer {self.token}"}
        answer = self.context.web.get(f"{self.address}{path}", query, headers)
        said = answer.demand_ok().json()
        if not isinstance(said, list):
            raise Transient("source_not_json", {"status": str(answer.status)})
        return said

    def rows(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Ask for a page of deals."""
        rows = self.ask("/orders", query)
        for row in rows:
            if not isinstance(row, dict):
                raise Transient("source_not_json", {"status": "row"})
            if "changed" not in row:
                raise ConfigurationRefused("source_setting_invalid", {"field": "changed"})
        return rows


def _days(start: date, end: date) -> dict[str, str]:
    return {"from": start.isoformat(), "until": end.isoformat()}


def _text(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value)


def _cell(value: Any) -> Scalar:
    if value is None or not isinstance(value, dict | list):
        cell: Scalar = value
        return cell
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
