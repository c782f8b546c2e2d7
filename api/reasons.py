"""An auditor's reason: opened before pay is read, and noted with every person read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from actions.open_reason import note_pay_read, open_reason
from api.access import Audience, output, resolved, shown
from api.asking import Entity, Key, act, entity_of, key_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from storage.reasons import reason_expires


async def noted(context: Context, entity_id: str, person_id: str, period: str) -> None:
    """Write down whose pay is being read under a reason, before the answer leaves."""
    viewer = context.asker
    if viewer.reasons:
        runtime = context.runtime.actions
        await context.perform(lambda: note_pay_read(runtime, viewer, entity_id, person_id, period))


@strawberry.input(description="An auditor states why pay is read.")
class AccessReasonOpenInput:
    """Input of ``accessReasonOpen``."""

    idempotency_key: Key = key_field()
    reason: str = strawberry.field(description="Why, for the trail; at most 1,000 characters.")
    subject: strawberry.ID | None = strawberry.field(
        default=None, description="Whose pay; anybody's of the legal entity if absent."
    )
    legal_entity: Entity = strawberry.field(
        default=None, description="The legal entity; the viewer's only or first one if absent."
    )


@output(access=Audience.SIGNED_IN, description="Pay may be read for an hour.")
class AccessReasonOpenSuccess:
    """Opened; every person and period read from now on is in the trail, once each."""

    id: strawberry.ID = shown("The id of the reason, as the trail names it.")
    expires_at: datetime = shown("When it ends by itself.")


AccessReasonOpenResult = Annotated[
    AccessReasonOpenSuccess | Refusal,
    strawberry.union("AccessReasonOpenResult", description="Opened, or why not."),
]


@output(access=Audience.SIGNED_IN, description="What an auditor does.")
class ReasonMutation:
    """Part of the mutation root."""

    @resolved(
        "State why pay is read; an auditor reads none without a reason.",
        access=Audience.SIGNED_IN,
        graphql_type=AccessReasonOpenResult,
    )
    async def access_reason_open(
        self,
        info: Info,
        input: Annotated[AccessReasonOpenInput, described("Why, and whose pay.")],  # noqa: A002
    ) -> AccessReasonOpenSuccess:
        """Open."""
        context = info.context
        done = await act(
            context,
            "accessReasonOpen",
            input,
            lambda writing: open_reason(writing, context.asker, input.reason, input.subject),
            entity_id=entity_of(context.asker, input.legal_entity),
        )
        return AccessReasonOpenSuccess(
            id=strawberry.ID(done.id),
            expires_at=await context.read(lambda database: reason_expires(database, done.id)),
        )
