"""A company into which an identity provider pushes, over the whole application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from actions.identifiers import new_id
from actions.secret_tokens import VENDOR, new_token, token_hash
from api.server import Server
from connectors.scim import PUSHED, ScimConnector
from messages.render import Locale
from storage import tables
from storage.engine import reading
from storage.rules import known
from storage.sealing import opened_row
from storage.vendor_tokens import VendorToken, add_vendor_token
from tests.support import shared
from tests.support.mapped_sources import shipped_mapping
from tests.support.syncing import HOST, Company

CONFIG: Mapping[str, Any] = {"changes": PUSHED, "zone": "Asia/Shanghai"}
PLACED: Mapping[str, Any] = {
    "target": "place",
    "make": "ASSIGNMENT",
    "where": [{"column": "since", "comparison": "NOT_EMPTY"}],
    "person": {"column": "user"},
    "unit": {"column": "group"},
    "position": {"constant": "Member"},
    "role": {"constant": "MEMBER"},
    "validFrom": {"column": "since", "formats": ["%Y-%m-%d"]},
    "validTo": {"column": "until", "formats": ["%Y-%m-%d"], "whenMissing": "ALLOW"},
}
_LATER = datetime(2100, 1, 1, tzinfo=UTC)


def placing_mapping() -> dict[str, Any]:
    """Return the mapping that comes along, and the block that places members of groups."""
    mapping = shipped_mapping("scim")
    mapping["streams"]["members"] = {"targets": [dict(PLACED)]}
    return mapping


class Provider:
    """An identity provider at our door."""

    def __init__(self, company: Company, connection: str, **operated: Any) -> None:
        self.company = company
        self.connection = connection
        self.now = datetime(2026, 10, 1, 8, tzinfo=UTC)
        company.runtime = replace(company.runtime, clock=self._tick)
        self.server = Server(
            actions=company.runtime, catalogue=shared.catalogue(), locale=Locale.EN
        )
        self.app = shared.app(self.server, **operated)
        self.client = TestClient(
            self.app,
            base_url="https://kpi.acme.example",
            client=("192.0.2.7", 50000),
            raise_server_exceptions=False,
        )
        self.token = self.new_token(f"provision:{connection}")

    def _tick(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def new_token(self, *scopes: str) -> str:
        """Make a vendor's token, without the sheet of paper around it."""
        token = new_token(VENDOR)
        with self.company.runtime.writing(self.company.entity_id, HOST) as writing:
            now = writing.known_at
            stored = VendorToken(
                id=new_id("vtk", now),
                entity_id=self.company.entity_id,
                name=f"provider {now}",
                number=1,
                scopes=scopes,
                token_hash=token_hash(token),
                salt=None,
                made_by="acc_test",
                made_at=now,
                expires_at=now + timedelta(days=300),
            )
            add_vendor_token(writing, stored)
        return token

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> Any:
        """Send a request and return the whole answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("authorization", f"Bearer {token or self.token}")
        named.setdefault("accept-language", "en")
        if body is not None:
            named.setdefault("content-type", "application/scim+json")
        url = f"/scim/v2/{path}"
        if isinstance(body, bytes):
            return self.client.request(method, url, content=body, headers=named)
        return self.client.request(method, url, json=body, headers=named)

    def get(self, path: str, **query: str) -> Any:
        """Read and expect it to be there."""
        answer = self.client.get(
            f"/scim/v2/{path}",
            params=query,
            headers={"authorization": f"Bearer {self.token}", "accept-language": "en"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        """Make and expect it to be made."""
        answer = self.ask("POST", path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def patch(self, path: str, *operations: Any) -> Any:
        """Change and expect it to be changed."""
        answer = self.ask("PATCH", path, patch_op(*operations))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wrong(self, method: str, path: str, body: Any = None) -> tuple[int, str | None]:
        """Expect a refusal: its status and its ``scimType``."""
        answer = self.ask(method, path, body)
        told = answer.json()
        assert told["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert told["status"] == str(answer.status_code)
        assert told["detail"]
        return answer.status_code, told.get("scimType")

    def people(self) -> dict[str, tuple[str | None, date | None]]:
        """List who is known, with his number and the day from which he has left."""
        rows = self.newest(tables.person, "id")
        return {row.name: (row.staff_number, row.left_on) for row in rows}

    def places(self) -> set[tuple[str, str, date, date | None]]:
        """List who is in which unit, from when until when."""
        people = {row.id: row.name for row in self.newest(tables.person, "id")}
        units = {row.id: row.name for row in self.newest(tables.unit, "id")}
        return {
            (people[row.person_id], units[row.unit_id], row.valid_from, row.valid_to)
            for row in self.newest(tables.assignment, "series_id")
            if not row.voided
        }

    def newest(self, table: Any, series: str) -> list[Any]:
        """List the newest revision of every row of a table."""
        with reading(self.company.runtime.engine, HOST) as connection:
            rows = connection.execute(select(table).where(known(table, _LATER, series))).all()
            return [opened_row(connection, table, row) for row in rows]


def patch_op(*operations: Any) -> dict[str, Any]:
    """Write a PATCH."""
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    return {"schemas": [schema], "Operations": list(operations)}


def user(name: str, **values: Any) -> dict[str, Any]:
    """Write a user as a provider does."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": f"{name}@acme.example",
        "displayName": name.title(),
        "emails": [{"value": f"{name}@acme.example", "type": "work", "primary": True}],
        "active": True,
        **values,
    }


@contextmanager
def provided(
    database_url: str, folder: Path, mapping: Mapping[str, Any] | None = None, **operated: Any
) -> Iterator[Provider]:
    """Found a company and open it to a provider."""
    company = Company(database_url, folder, {"scim": ScimConnector()})
    try:
        made = company.connect(dict(CONFIG), mapping or shipped_mapping("scim"), "scim")
        provider = Provider(company, made, **operated)
        with provider.client:  # one loop for all of its requests
            yield provider
    finally:
        company.runtime.engine.dispose()
