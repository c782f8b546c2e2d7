"""The frame of the API over a runtime made by hand: no database is needed to test the door."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from actions.deed import Runtime as Actions
from actions.sessions import Opened
from api.schema import build_schema
from domain.access import Actor, Grant, Role, Viewer
from domain.ids import AccountId, EntityId, PersonId, UnitId
from domain.problem import Refused
from domain.session import SessionKind
from messages.render import Catalogue, Locale
from storage.engine import Database, open_engine, reading
from tests.support import shared
from tests.support.keys import keys

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)


def viewer(role: Role, name: str = "one") -> Viewer:
    """Make a viewer with one role."""
    unit = UnitId("unit_a") if role is Role.MANAGER else None
    return Viewer(
        account_id=AccountId(f"acc_{name}"),
        person_id=PersonId(f"per_{name}"),
        grants=(Grant(role=role, entity_id=EntityId("ent_a"), unit_id=unit),),
    )


class HandMadeSessions:
    """Tokens kept in a dictionary."""

    def __init__(self) -> None:
        self.tokens: dict[str, Viewer] = {role.value.lower(): viewer(role) for role in Role}

    def viewer_of(self, token: str, now: datetime) -> tuple[Viewer, Locale | None] | None:
        """Look the token up."""
        assert now.tzinfo is not None
        found = self.tokens.get(token)
        return None if found is None else (found, None)

    def acting_for(self, viewer: Viewer, account: str, now: datetime) -> Viewer | None:
        """Nobody has delegated anything."""
        assert viewer.account_id != account
        assert now.tzinfo is not None
        return None

    def open_demo(self, who: str, kind: SessionKind, client: str | None) -> Opened:
        """Know one person."""
        assert kind is SessionKind.BROWSER
        assert client is not None
        if who != "per_one":
            raise Refused("sign_in_failed")
        self.tokens["fresh"] = viewer(Role.SALESPERSON)
        return Opened(session_id="ses_fresh", token="fresh", expires_at=NOW)

    def revoke(self, token: str, now: datetime, *, everywhere: bool) -> bool:
        """Forget the token."""
        assert now.tzinfo is not None
        assert everywhere in {True, False}
        return self.tokens.pop(token, None) is not None


class HandMadeRuntime:
    """Everything the API asks of the front door."""

    def __init__(self, database_url: str) -> None:
        self.catalogue: Catalogue = shared.catalogue()
        self.locale = Locale.ZH_CN
        self.demo = True
        self.sessions = HandMadeSessions()
        self.healthy = True
        self._engine = open_engine(database_url, keys())
        self.actions = Actions(engine=self._engine, clock=self.now, data_folder=Path())

    def now(self) -> datetime:
        """Stand still."""
        return NOW

    @contextmanager
    def reading(self, actor: Actor) -> Iterator[Database]:
        """Open the empty database."""
        with reading(self._engine, actor) as database:
            yield database

    def demo_people(self) -> tuple[tuple[str, str], ...]:
        """Nobody."""
        return ()

    def ready(self) -> bool:
        """Say what the test wants."""
        return self.healthy


# ``ATTAIN_EXECUTOR=stock ./run test tests/api`` runs everything here without plans. It is said
# before any file of these tests is imported: some ask for the schema at once.
assert build_schema.__kwdefaults__ is not None
build_schema.__kwdefaults__["compiled"] = os.environ.get("ATTAIN_EXECUTOR") != "stock"


@pytest.fixture
def runtime(sqlite_url: str) -> HandMadeRuntime:
    """A fresh runtime over a migrated, empty database."""
    return HandMadeRuntime(sqlite_url)


@pytest.fixture
def client(runtime: HandMadeRuntime) -> TestClient:
    """A client of the whole application, in process, over HTTP."""
    return TestClient(shared.app(runtime), client=("127.0.0.1", 50000))


@pytest.fixture
def ask(client: TestClient) -> Any:
    """Post a query and return the decoded answer."""

    def post(query: str, variables: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = client.post(
            "/graphql", json={"query": query, "variables": variables}, headers=named
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    return post
