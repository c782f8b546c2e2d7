"""The applications that ``bench/graphql.py`` compares: ours, by hand, and stock strawberry.

All serve one page of 50 rows with 8 fields. Over canned rows the rows are the same objects; the
last one is the product itself on SQLite, with a company that was calculated.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from actions.calculate import Mode, calculate
from actions.deed import Runtime
from actions.sign_in import make_account, open_demo_session
from api.access import Audience, output, resolved, shown
from api.app import build_app
from api.budget import Budget
from api.context import Info
from api.operating import Operating
from api.paging import described
from api.schema import build_schema
from api.server import Server
from bench.path_company import LOADER, PERIOD, load
from domain.access import Grant, Resource, Role, Viewer
from domain.ids import AccountId, EntityId, PersonId
from messages.render import Catalogue, Locale
from messages.render import load as load_sentences
from storage.engine import open_engine
from storage.keyring import Keyring, LocalKey
from storage.migrate import upgrade

ROWS = 50
NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)
TOKEN = "a-token-of-the-benchmark"
CANNED = (
    "query Leaderboard($first: Int!) { leaderboard(first: $first)"
    " { rank id name team amount target attainment trend } }"
)
STORED = (
    "query Board($first: Int!, $period: Period!) { leaderboard(period: $period,"
    ' peerGroup: COMPANY, measure: "sales", first: $first) { entries'
    " { nodes { rank own person { id name } value { value unit numerator text } } } } }"
)


@output(access=Resource.LEADERBOARD, description="A row of the board.")
class Entry:
    """A row as our own types are: plain attributes."""

    rank: int = shown("The rank.")
    id: strawberry.ID = shown("The id.")
    name: str = shown("The name.")
    team: str = shown("The team.")
    amount: float = shown("What was sold.")
    target: float = shown("What should be sold.")
    attainment: float = shown("The one by the other.")
    trend: str = shown("Which way it goes.")


ENTRIES = [
    Entry(
        rank=n,
        id=strawberry.ID(f"per_{n:026d}"),
        name=f"Person {n}",
        team=f"Team {n % 7}",
        amount=1_000.5 * n,
        target=50_000.0,
        attainment=1_000.5 * n / 50_000.0,
        trend="up" if n % 3 else "down",
    )
    for n in range(1, ROWS + 1)
]


@output(access=Audience.SIGNED_IN, description="Questions of the benchmark.")
class Asked:
    """The root: rows that need no database, read the way the product reads."""

    @resolved("A board.", access=Resource.LEADERBOARD)
    async def leaderboard(
        self, info: Info, first: Annotated[int, described("How many rows.")]
    ) -> list[Entry]:
        """Read in a thread, inside a transaction that does nothing."""
        return await info.context.read(lambda _database: ENTRIES[:first])

    @resolved("A board that is at hand.", access=Resource.LEADERBOARD)
    async def at_hand(self, first: Annotated[int, described("How many rows.")]) -> list[Entry]:
        """Answer without any read."""
        return ENTRIES[:first]


@output(access=Audience.SIGNED_IN, description="Changes of the benchmark.")
class Changed:
    """The other root."""

    @resolved("Nothing.", access=Audience.SIGNED_IN)
    async def nothing(self) -> bool:
        """Change nothing."""
        return True


class CannedSessions:
    """One session in a dictionary."""

    def __init__(self) -> None:
        grants = (Grant(role=Role.HR, entity_id=EntityId("ent_bench"), unit_id=None),)
        self._held = {
            TOKEN: Viewer(
                account_id=AccountId("acc_bench"), person_id=PersonId("per_bench"), grants=grants
            )
        }

    def viewer_of(self, token: str, now: datetime) -> tuple[Viewer, Locale | None] | None:
        """Look the token up."""
        found = self._held.get(token)
        return None if found is None else (found, None)


class CannedRuntime:
    """What the API asks of the front door, without a database behind it."""

    def __init__(self) -> None:
        self.catalogue: Catalogue = load_sentences()
        self.locale = Locale.EN
        self.demo = False
        self.sessions: Any = CannedSessions()
        self.actions = Runtime(engine=open_engine("sqlite://"), clock=self.now, data_folder=Path())

    def now(self) -> datetime:
        """Stand still."""
        return NOW

    @contextmanager
    def reading(self, actor: object) -> Iterator[Any]:
        """Open nothing."""
        yield None

    def ready(self) -> bool:
        """Always."""
        return True

    def demo_people(self) -> tuple[tuple[str, str], ...]:
        """Nobody."""
        return ()


def watched() -> Operating:
    """All protections of an installation: budget, deadline, meters and the log."""
    budget = Budget(size=10**9, per_second=10**9, seconds=time.monotonic)
    return Operating(budget=budget, deadline_seconds=10, logs_requests=True)


def ours(*, compiled: bool = True) -> ASGIApp:
    """The product's server over canned rows, with all its protections on."""
    schema = build_schema([Asked], [Changed], compiled=compiled)
    return build_app(CannedRuntime(), schema, operating=watched())


def by_hand() -> ASGIApp:
    """What a good engineer would write for this page alone."""

    async def leaderboard(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        first = asked["variables"]["first"]
        rows = [
            {
                "rank": row.rank,
                "id": row.id,
                "name": row.name,
                "team": row.team,
                "amount": row.amount,
                "target": row.target,
                "attainment": row.attainment,
                "trend": row.trend,
            }
            for row in ENTRIES[:first]
        ]
        body = orjson.dumps({"data": {"leaderboard": rows}})
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/graphql", leaderboard, methods=["POST"])])


@strawberry.type
class StockEntry:
    """The same row for a stock schema."""

    rank: int
    id: strawberry.ID
    name: str
    team: str
    amount: float
    target: float
    attainment: float
    trend: str


@strawberry.type
class StockQuery:
    """The root of the stock schema."""

    @strawberry.field
    async def leaderboard(self, first: int) -> list[StockEntry]:
        """Answer from the same rows."""
        return ENTRIES[:first]  # type: ignore[return-value]


def stock(*, caches: bool) -> ASGIApp:
    """Stock strawberry with its own view and its stock settings, with or without its caches."""
    extensions: list[Any] = [ParserCache, ValidationCache] if caches else []
    view: Any = GraphQL(strawberry.Schema(StockQuery, extensions=extensions))
    return Starlette(routes=[Route("/graphql", view, methods=["POST"])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The product on SQLite."""

    app: ASGIApp
    token: str
    people: int


@contextmanager
def product(folder: Path, people: int) -> Iterator[Stored]:
    """Build a company on SQLite, calculate it, and serve it to an account of HR."""
    url = f"sqlite:///{folder / 'bench.db'}"
    upgrade(url)
    engine = open_engine(url, Keyring(LocalKey(os.urandom(32))))
    clock = _Clock()
    runtime = Runtime(engine=engine, clock=clock, data_folder=folder, demo=True)
    loaded = load(runtime, people)
    calculate(runtime, LOADER, loaded.entity_id, PERIOD, Mode.POSTED, accept_provisional=True)
    with runtime.writing(loaded.entity_id, LOADER) as writing:
        make_account(
            writing,
            login="bench",
            person_id=f"per_{0:026d}",
            locale="en",
            roles=(Role.HR,),
            valid_from=date(2026, 1, 1),
        )
    token = open_demo_session(runtime, "bench").token
    server = Server(actions=runtime, catalogue=load_sentences(), locale=Locale.EN)
    app = build_app(server, build_schema(), operating=watched())
    try:
        yield Stored(app=app, token=token, people=people)
    finally:
        engine.dispose()


class _Clock:
    """Begins after the period's end and goes on by itself."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._from = datetime(2026, 10, 2, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the instant."""
        return self._from + timedelta(seconds=time.monotonic() - self._begun)
