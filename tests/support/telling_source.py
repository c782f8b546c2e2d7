"""A source that tells its secrets and its people in every way, and a connector that reads it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from connectors.contract import (
    Catalog,
    CheckCode,
    Checkpoint,
    CheckReport,
    ConnectorInfo,
    Context,
    Message,
    ReadRequest,
    Record,
    StreamInfo,
)
from connectors.kit.recording import Wish
from connectors.web import Pairs, WebAnswer

SECRET = 'pä"ss/word+&=1'
ISSUED = "issued-access-77"
NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)
ADDRESS = "https://crm.pangu-works.cn"
CONFIG: Mapping[str, Any] = {"address": ADDRESS, "password": SECRET, "user": "li.na@pangu-works.cn"}
PEOPLE = [
    {"id": 81001, "name": "李娜", "phone": "13812345678", "mail": "li.na@pangu-works.cn"},
    {"id": 81002, "name": "王小明", "phone": "13912345678", "mail": "wxm@pangu-works.cn"},
]
ORDERS: list[dict[str, Any]] = [
    {"no": "S1", "by": 81001, "amount": 120000.50, "note": "李娜 called 13812345678"},
    {"no": "S2", "by": 81002, "amount": 10, "note": "for wxm@pangu-works.cn"},
]
# How a source repeats a secret; an own writing of each form, to look at ours with.
FORMS: Mapping[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in url-safe base64": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "as a Basic header": lambda s: "Basic " + base64.b64encode(f"attain:{s}".encode()).decode(),
    "behind three signs in base64": lambda s: base64.b64encode(f"abc{s}xy".encode()).decode(),
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "percent-encoded in small letters": lambda secret: quote(secret, safe="").lower(),
    "as a form has it": quote_plus,
    "in a JSON string": lambda secret: json.dumps({"was": secret}),
    "in a JSON string of ASCII": lambda secret: json.dumps({"was": secret}, ensure_ascii=True),
    "in hex": lambda secret: secret.encode().hex(),
    "in an address": lambda secret: f"https://x.example/?a=1&key={quote(secret)}&b=2",
}


@dataclass
class TellingWeb:
    """Hands out a token for the password, wants it in the query, and repeats what it is told to."""

    issued: str = "access_token"
    echo: str = ""
    besides: Mapping[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        said, path = dict(query), urlsplit(address).path
        self.asked.append(path)
        if said.get("ticket_token") != ISSUED:
            return answered({"error": "no"}, 401)
        if path == "/orders":
            note = {"echo": self.echo} if self.echo else {}
            return answered([{**row, **note, **self.besides} for row in ORDERS])
        if path == "/people":
            return answered(PEOPLE)
        found = next(each for each in PEOPLE if str(each["id"]) == path.rpartition("/")[2])
        return answered({"who": found["name"]})

    def post(self, address: str, *, form: Pairs | None = None, **_: object) -> WebAnswer:
        assert dict(form or ())["password"] == SECRET
        return answered({self.issued: ISSUED, "token_type": "Bearer", "expires_in": 7200})


def answered(body: object, status: int = 200) -> WebAnswer:
    raw = json.dumps(body, ensure_ascii=False).encode()
    return WebAnswer(status=status, headers={"set-cookie": "sid=1", "server": "x"}, body=raw)


class TellingConnector:
    """Reads people, and orders with the person's name asked for one by one."""

    info = ConnectorInfo(
        id="pangu.crm",
        title={"zh-CN": "盘古", "en": "Pangu"},
        api="1.0",
        config_schema={
            "type": "object",
            "properties": {
                "address": {"type": "string"},
                "user": {"type": "string"},
                "password": {"type": "string", "secret": True},
            },
        },
        streams=(
            StreamInfo(
                name="people",
                entity="person",
                key=("id",),
                personal_fields=("id", "name", "phone", "mail"),
                columns=("id", "name", "phone", "mail"),
            ),
            StreamInfo(name="orders", entity="order", key=("no",), columns=("no", "by", "amount")),
        ),
        allowed_hosts=("{address}",),
    )

    def check(self, context: Context) -> CheckReport:
        self.token(context)
        return CheckReport(code=CheckCode.OK)

    def discover(self, context: Context) -> Catalog:
        return Catalog(streams=self.info.streams)

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        token = self.token(context)
        (stream,) = request.streams
        rows = self.ask(context, f"/{stream}", token)
        for order, row in enumerate(rows, 1):
            if stream == "orders":
                row["who"] = self.ask(context, f"/people/{row['by']}", token)["who"]
            key = str(row["id" if stream == "people" else "no"])
            yield Record(stream=stream, key=key, content=row, position=key, order=order)
        yield Checkpoint(stream=stream, cursor={})

    def token(self, context: Context) -> str:
        address, password = context.config["address"], context.config["password"]
        answer = context.web.post(
            f"{address}/token",
            form={"user": str(context.config["user"]), "password": str(password)},
        )
        said = answer.demand_ok().json()
        return str(said.get("access_token") or said["code"])

    def ask(self, context: Context, path: str, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer = context.web.get(
            f"{context.config['address']}{path}", {"ticket_token": token}, headers
        )
        return answer.demand_ok().json()


def wish_of(**besides: Any) -> Wish:
    """Wish for a recording of everything."""
    given: dict[str, Any] = {"config": CONFIG, "secrets": (("password", SECRET),), "now": NOW}
    return Wish(**{"connector": TellingConnector(), **given, **besides})
