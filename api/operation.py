"""One operation on a connection that stays open: a question, a change, or a subscription.

The transports below it (``api/socket.py``, ``api/event_stream.py``) only carry what comes out. All
limits of an HTTP request hold here too: documents, cost and budget, deadline, masked faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationType,
    create_source_event_stream,
)
from strawberry.types.graphql import OperationType as Kind

from api.context import Context
from api.demand import Demand
from api.documents import DocumentRefused, DocumentStore
from api.errors import present, reasons
from api.operating import Operating, Visit
from api.schema import Schema
from api.streams import Hub, limited

_log = structlog.get_logger("attain.requests")
_EVENT_SHARE = 20  # an event costs this part of what the operation costs: its data is shared
_LONGEST_WAIT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One message to the client: a result, or errors that end the operation."""

    body: dict[str, Any]
    is_error: bool = False
    status: int = 200  # over HTTP, when nothing else has been sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What every operation of this process shares."""

    schema: Schema
    documents: DocumentStore
    operating: Operating
    hub: Hub


class Operation:
    """Begun once, then read to its end; whoever stops reading closes it."""

    def __init__(
        self,
        door: Door,
        context: Context,
        demand: Demand,
        address: str,
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        self.door = door
        self.context = context
        self.demand = demand
        self.address = address
        self.visit = Visit(door.operating, request_id=context.request_id, status=200)
        self._started = door.operating.seconds()
        self._afterwards = afterwards
        self._text = ""
        self._executor: Executor[Any] | None = None
        self._source: Any = None

    async def begin(self) -> Answer | None:
        """Refuse, or get ready to answer."""
        refused = self._admit()
        if refused is not None:
            return refused
        documents = self.door.schema.documents
        try:
            prepared = documents.find(self._text)
        except GraphQLError as error:
            return self._refused([error])
        errors = documents.errors_of(prepared, self.demand.variables)
        if errors:
            return self._refused(errors)
        operation = prepared.operation(self.demand.operation_name)
        if operation is None:
            return self._said("operation_unknown")
        if operation.operation is OperationType.SUBSCRIPTION:
            with limited(self.door.operating.deadline_seconds):
                return await self._subscribe(prepared.document)
        return None

    async def answers(self) -> AsyncIterator[Answer]:
        """Give every answer; a subscription gives one for each event."""
        try:
            if self._source is None:
                yield await self._once()
                return
            async with aclosing(self._source) as events:
                while True:
                    answer = await self._event(events)
                    if answer is None:
                        return
                    yield answer
                    if answer.is_error:
                        return
                    await self._pay()
        finally:
            self.close()

    def broken(self, fault: Exception) -> Answer:
        """Say that something failed which should not have: masked, and logged once."""
        return self._refused([GraphQLError("broken", original_error=fault)])

    async def leave(self) -> None:
        """Close what was begun and is not going to be read."""
        if self._source is not None:
            await self._source.aclose()
        self.close()

    def close(self) -> None:
        """Count and log the operation, once."""
        if self.visit.outcome == "CLOSED":
            return
        operating, visit = self.door.operating, self.visit
        seconds = operating.seconds() - self._started
        stays = self._executor is not None
        outcome = operating.meters.count(
            visit.outcome or "OK", 0.0 if stays else seconds, visit.cost
        )
        visit.outcome = "CLOSED"
        self._afterwards()
        if operating.logs_requests:
            _log.info(
                "operation",
                request_id=visit.request_id,
                outcome=outcome,
                stream=stays,
                milliseconds=round(seconds * 1000, 1),
                cost=visit.cost,
            )

    def _admit(self) -> Answer | None:
        refused: DocumentRefused | None = None
        try:
            self._text = self.door.documents.text_of(self.demand)
        except DocumentRefused as unknown:
            refused, self._text = unknown, self.demand.query
        self.context.visit = self.visit
        wait = self.visit.admit(
            self.context.viewer,
            self.address,
            self.door.schema.documents,
            self._text,
            self.demand.operation_name,
            self.demand.variables,
        )
        if wait:
            return self._said("rate_limited", status=429, seconds=str(wait))
        return None if refused is None else self._said(refused.code, 400, **refused.values)

    async def _subscribe(self, document: DocumentNode) -> Answer | None:
        kind: type[Executor[Any]] = self.door.schema.execution_context_class or Executor
        executor = kind.build(
            self.door.schema.core,
            document,
            context_value=self.context,
            raw_variable_values=self.demand.variables,
            operation_name=self.demand.operation_name,
            hide_suggestions=True,
        )
        if isinstance(executor, list):
            return self._refused(executor)
        found: Any = create_source_event_stream(executor)
        if isawaitable(found):
            found = await found
        if isinstance(found, ExecutionResult):
            return self._refused(found.errors or [])
        self._executor, self._source = executor, found
        self._keep()
        return None

    async def _once(self) -> Answer:
        with limited(self.door.operating.deadline_seconds):
            result = await self.door.schema.execute(
                self._text,
                variable_values=self.demand.variables,
                context_value=self.context,
                operation_name=self.demand.operation_name,
                allowed_operation_types={Kind.QUERY, Kind.MUTATION},
                operation_extensions=self.demand.extensions,
            )
        errors = result.errors or []
        if errors and result.data is None and all(error.path is None for error in errors):
            return self._refused(errors)
        self._keep()
        return self._result(result, self.context)

    async def _event(self, events: Any) -> Answer | None:
        executor = self._executor
        assert executor is not None
        try:
            event = await anext(events)
        except StopAsyncIteration:
            return None
        except Exception as fault:  # noqa: BLE001 - whatever ended the stream is told, masked
            return self.broken(fault)
        one = executor.build_per_event_executor(event)
        context = self.context.renewed(self.context.runtime.now())
        one.context_value = context
        with limited(self.door.operating.deadline_seconds):
            result: Any = one.execute_operation()
            if isawaitable(result):
                result = await result
        return self._result(result, context)

    async def _pay(self) -> None:
        """Pay for the next event; with an empty bucket it waits, and then is the newest one."""
        budget, viewer = self.door.operating.budget, self.context.viewer
        if budget is None or viewer is None:
            return
        price = max(1, self.visit.cost // _EVENT_SHARE)
        wait = budget.spend(viewer.account_id, self.address, price).wait
        while wait:
            await asyncio.sleep(min(wait, _LONGEST_WAIT))
            wait = budget.spend(viewer.account_id, self.address, price).wait

    def _keep(self) -> None:
        account = self.context.viewer.account_id if self.context.viewer else None
        self.door.documents.keep(self.demand, self._text, account)

    def _result(self, result: Any, context: Context) -> Answer:
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body = {"errors": [present(error, context) for error in result.errors], **body}
        if context.problems:
            body["extensions"] = {"problems": reasons(context)}
        return Answer(body=self._told(body))

    def _refused(self, errors: Sequence[GraphQLError]) -> Answer:
        shown = [present(error, self.context) for error in errors]
        return Answer(body=self._told({"errors": shown}), is_error=True, status=400)

    def _said(self, code: str, status: int = 400, **values: str) -> Answer:
        extensions = {"code": code.upper(), "requestId": self.context.request_id}
        entry = {"message": self.context.say(code, **values), "extensions": extensions}
        return Answer(body=self._told({"errors": [entry]}), is_error=True, status=status)

    def _told(self, body: dict[str, Any]) -> dict[str, Any]:
        """Note the outcome; the first answer tells what the operation cost."""
        told = self.visit.tell(body)
        self.visit.remaining = None
        return told
