"""Around every GraphQL request: its deadline, its cost, its line in the log, its counts.

The view is called inside ``Attended``, and calls ``admit`` before it executes and ``tell`` before
it answers; it knows nothing of buckets, timers and meters.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import GraphQLError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.attempts import Attempts
from api.budget import Budget, Seconds
from api.context import Runtime
from api.meters import Condition, Meters
from api.prepared import Documents
from domain.access import System, Viewer
from storage.condition import pool_use, unfinished_jobs
from storage.deadline import Deadline, under

_log = structlog.get_logger("attain.requests")
_METERS = System(name="meters")
_VISIT = "attain.visit"
_UNREAD = 10  # what a document costs that is not executed: it was parsed and looked at


@dataclass(slots=True, kw_only=True)
class Operating:
    """What an operator sets and reads; without a budget nobody is counted out."""

    budget: Budget | None = None
    attempts: Attempts | None = None
    deadline_seconds: float = 10.0
    seconds: Seconds = time.monotonic
    logs_requests: bool = False
    shows_metrics_to_all: bool = False
    meters: Meters = field(default_factory=Meters)

    @property
    def buckets(self) -> int:
        """How many accounts and addresses are remembered."""
        counted = None if self.attempts is None else self.attempts.budget
        return sum(each.buckets for each in (self.budget, counted) if each is not None)


@dataclass(slots=True)
class Visit:
    """One request as the operator sees it: no variables, no names, nothing the client chose."""

    operating: Operating
    cost: int = 0
    remaining: int | None = None
    wait: int = 0
    outcome: str = ""
    status: int = 500
    request_id: str = ""
    stays_open: bool = False  # a stream: its events have deadlines of their own

    def admit(
        self,
        viewer: Viewer | None,
        address: str,
        documents: Documents,
        query: str | None,
        operation: str | None,
        variables: Mapping[str, Any] | None,
    ) -> int:
        """Spend the cost of the request; return 0, or the seconds to wait when it is refused."""
        budget = self.operating.budget
        self.cost = cost_of(documents, query or "", operation, variables)
        if budget is None:
            return 0
        spent = budget.spend(None if viewer is None else viewer.account_id, address, self.cost)
        self.remaining, self.wait = spent.remaining, spent.wait
        return spent.wait

    def tell(self, body: dict[str, Any]) -> dict[str, Any]:
        """Note the outcome of an answer and add what the client is told about its cost."""
        errors = body.get("errors")
        self.outcome = errors[0]["extensions"]["code"] if errors else "OK"
        budget = self.operating.budget
        if budget is None or self.remaining is None:
            return body
        cost = {
            "estimated": self.cost,
            "remaining": self.remaining,
            "size": budget.size,
            "perSecond": budget.per_second,
        }
        return {**body, "extensions": {**body.get("extensions", {}), "cost": cost}}


def visit_of(request: Request) -> Visit:
    """Return the visit that ``Attended`` began."""
    visit: Visit = request.scope[_VISIT]
    return visit


def cost_of(
    documents: Documents,
    query: str,
    operation: str | None,
    variables: Mapping[str, Any] | None,
) -> int:
    """Estimate the cost of the operation that would run; little for what will be refused."""
    try:
        prepared = documents.find(query)
    except GraphQLError:
        return _UNREAD
    chosen = prepared.operation(operation)
    weighed = documents.weigh(prepared, variables)
    if chosen is None or weighed.errors:
        return _UNREAD
    return max(1, weighed.costs[id(chosen)])


class Attended:
    """Calls the application inside the request's deadline; counts and logs the answer."""

    def __init__(self, app: ASGIApp, operating: Operating) -> None:
        self.app = app
        self.operating = operating

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        operating = self.operating
        visit = Visit(operating)
        started = operating.seconds()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                _note(visit, message)
            await send(message)

        async def receiving() -> Message:
            if visit.stays_open:
                return await receive()
            # A client that sends its body drop by drop holds the request open no longer than SQL.
            try:
                async with asyncio.timeout(deadline.left):
                    return await receive()
            except TimeoutError:
                deadline.refuse()

        loop = asyncio.get_running_loop()
        deadline = Deadline(operating.deadline_seconds, time.monotonic)
        # The interruption talks to the database: not on the event loop.
        timer = loop.call_later(
            operating.deadline_seconds, loop.run_in_executor, None, deadline.expire
        )
        try:
            with under(deadline):
                await self.app({**scope, _VISIT: visit}, receiving, noting)
        finally:
            timer.cancel()
            if not visit.stays_open and deadline.was_missed and visit.outcome == "OK":
                visit.outcome = "DEADLINE_EXCEEDED"  # a mutation says so in its data
            if not visit.stays_open:  # a stream counts itself
                self._close(visit, operating.seconds() - started)

    def _close(self, visit: Visit, seconds: float) -> None:
        outcome = self.operating.meters.count(visit.outcome or "INTERNAL", seconds, visit.cost)
        if self.operating.logs_requests:
            _log.info(
                "request",
                request_id=visit.request_id,
                outcome=outcome,
                status=visit.status,
                milliseconds=round(seconds * 1000, 1),
                cost=visit.cost,
            )


def read_condition(runtime: Runtime, seconds: float) -> Condition:
    """Ask the database for its condition; one that is down or slow is a condition too."""
    pool = pool_use(runtime.actions.engine)
    try:
        with under(Deadline(seconds, time.monotonic)), runtime.reading(_METERS) as database:
            return Condition(pool=pool, jobs=unfinished_jobs(database))
    except Exception as fault:  # noqa: BLE001 - an outage is what is being reported here
        _log.warning("database_silent", fault=type(fault).__name__)
        return Condition(pool=pool, jobs=None)


def _note(visit: Visit, message: Message) -> None:
    visit.status = message["status"]
    named = dict(message["headers"])
    visit.request_id = named.get(b"x-request-id", b"").decode("latin-1")
    if visit.wait:
        wait = str(visit.wait).encode()
        message["headers"] = [*message["headers"], (b"retry-after", wait)]
