"""``connectionTest``: a connection is tried, before or after it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

import strawberry

from actions.check_connection import Trying, check_connection, note_check
from api.access import Audience, output, resolved, shown
from api.asking import Key, act, entity_of, key_field
from api.context import Info
from api.errors import DataProblem, Refusal
from api.paging import described
from api.scalars import Document, closed_set
from api.sources import problem_of
from connectors.contract import CheckCode
from domain.access import Deed, Resource

closed_set(
    CheckCode,
    "What a test of a connection found; each asks for another deed of another person.",
    {
        CheckCode.OK: "The source can be read.",
        CheckCode.CONFIGURATION: "The settings are wrong.",
        CheckCode.AUTHENTICATION: "The secret is wrong or has expired.",
        CheckCode.PERMISSION: "The source knows us and does not let us read.",
        CheckCode.UNREACHABLE: "The source cannot be reached.",
    },
)


@strawberry.input(description="A connection is tried; nothing is read and nothing is changed.")
class ConnectionTestInput:
    """Input of ``connectionTest``."""

    idempotency_key: Key = key_field()
    connection: strawberry.ID | None = strawberry.field(
        default=None, description="The connection; absent for one that is not made yet."
    )
    connector: str | None = strawberry.field(
        default=None, description="The connector, for a connection that is not made yet."
    )
    settings: Document | None = strawberry.field(
        default=None, description="Settings to try instead of those that are stored."
    )


@output(access=Resource.SOURCE, description="The connection was tried.")
class ConnectionTestSuccess:
    """What the source said. That it cannot be read is an answer, not a refusal."""

    outcome: CheckCode = shown("Whether it can be read, and if not, whose turn it is.")
    findings: list[DataProblem] = shown(
        "What was found, as sentences without any secret; may be empty."
    )


ConnectionTestResult = Annotated[
    ConnectionTestSuccess | Refusal,
    strawberry.union("ConnectionTestResult", description="Tried, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Trying a connection.")
class SourceCheckMutation:
    """Part of the mutation root."""

    @resolved(
        "Try a connection: whether its source can be read, and if not, what is to be done.",
        access=Resource.SOURCE,
        deed=Deed.WRITE,
        graphql_type=ConnectionTestResult,
    )
    async def connection_test(
        self,
        info: Info,
        input: Annotated[ConnectionTestInput, described("What to try.")],  # noqa: A002
    ) -> ConnectionTestSuccess:
        """Write into the trail that it is tried, then ask the source; a retry asks it again."""
        context = info.context
        viewer = context.asker
        trying = Trying(
            connection_id=input.connection,
            connector=input.connector,
            config=cast("Mapping[str, Any] | None", input.settings),
        )
        await act(context, "connectionTest", input, lambda w: note_check(w, viewer, trying))
        entity = entity_of(viewer, None)
        actions = context.runtime.actions
        report = await context.perform(lambda: check_connection(actions, viewer, entity, trying))
        return ConnectionTestSuccess(
            outcome=report.code,
            findings=[problem_of(each.code, each.values, context) for each in report.findings],
        )
