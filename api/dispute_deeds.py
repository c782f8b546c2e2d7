"""The steps of a dispute over the API: opened, assigned, asked, answered, decided, closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import strawberry

from actions.disputes import (
    Acceptance,
    accept_dispute,
    answer_dispute,
    ask_about_dispute,
    assign_dispute,
    close_dispute,
    reject_dispute,
    withdraw_dispute,
)
from actions.open_dispute import DisputeDraft, open_dispute
from api.access import Audience, output, resolved, shown
from api.asking import act, entity_of
from api.context import Context, Info
from api.dispute_inputs import (
    DisputeAcceptInput,
    DisputeAnswerInput,
    DisputeAskInput,
    DisputeAssignInput,
    DisputeCloseInput,
    DisputeOpenInput,
    DisputeRejectInput,
    DisputeWithdrawInput,
    evidence_from,
)
from api.disputes import Dispute, dispute_by_id
from api.errors import Refusal
from api.of_person import person_of
from api.paging import described
from domain.access import Deed, Resource
from storage.engine import Writing


@output(access=Resource.PAY, description="The dispute is opened.")
class DisputeOpenSuccess:
    """Opened."""

    dispute: Dispute = shown("The dispute after it.")


@output(access=Resource.PAY, description="The dispute is assigned.")
class DisputeAssignSuccess:
    """Assigned."""

    dispute: Dispute = shown("The dispute after it.")


@output(access=Resource.PAY, description="The dispute is waiting for an answer.")
class DisputeAskSuccess:
    """Asked."""

    dispute: Dispute = shown("The dispute after it.")


@output(access=Resource.PAY, description="The dispute is answered.")
class DisputeAnswerSuccess:
    """Answered."""

    dispute: Dispute = shown("The dispute after it.")


@output(access=Resource.PAY, description="The dispute is accepted, and an adjustment is booked.")
class DisputeAcceptSuccess:
    """Accepted."""

    dispute: Dispute = shown("The dispute after it.")


@output(access=Resource.PAY, description="The dispute is rejected.")
class DisputeRejectSuccess:
    """Rejected."""

    dispute: Dispute = shown("The dispute after it.")


@output(access=Resource.PAY, description="The dispute is closed.")
class DisputeCloseSuccess:
    """Closed."""

    dispute: Dispute = shown("The dispute after it.")


@output(access=Resource.PAY, description="The dispute is withdrawn.")
class DisputeWithdrawSuccess:
    """Withdrawn."""

    dispute: Dispute = shown("The dispute after it.")


DisputeOpenResult = Annotated[
    DisputeOpenSuccess | Refusal,
    strawberry.union("DisputeOpenResult", description="Opened, or why not."),
]
DisputeAssignResult = Annotated[
    DisputeAssignSuccess | Refusal,
    strawberry.union("DisputeAssignResult", description="Assigned, or why not."),
]
DisputeAskResult = Annotated[
    DisputeAskSuccess | Refusal,
    strawberry.union("DisputeAskResult", description="Asked, or why not."),
]
DisputeAnswerResult = Annotated[
    DisputeAnswerSuccess | Refusal,
    strawberry.union("DisputeAnswerResult", description="Answered, or why not."),
]
DisputeAcceptResult = Annotated[
    DisputeAcceptSuccess | Refusal,
    strawberry.union("DisputeAcceptResult", description="Accepted, or why not."),
]
DisputeRejectResult = Annotated[
    DisputeRejectSuccess | Refusal,
    strawberry.union("DisputeRejectResult", description="Rejected, or why not."),
]
DisputeCloseResult = Annotated[
    DisputeCloseSuccess | Refusal,
    strawberry.union("DisputeCloseResult", description="Closed, or why not."),
]
DisputeWithdrawResult = Annotated[
    DisputeWithdrawSuccess | Refusal,
    strawberry.union("DisputeWithdrawResult", description="Withdrawn, or why not."),
]


async def _done(
    context: Context,
    operation: str,
    given: object,
    legal_entity: str | None,
    deed: Callable[[Writing], str],
) -> Dispute:
    """Take a step and read the dispute back."""
    entity = entity_of(context.asker, legal_entity)
    done = await act(context, operation, given, deed, entity_id=entity)
    return await dispute_by_id(context, done.id, entity)


@output(access=Audience.SIGNED_IN, description="Changes of disputes.")
class DisputeMutation:
    """Part of the mutation root."""

    @resolved(
        "Say what is wrong with one's own posted statement, or what is missing in it; HR may say"
        " it in somebody's name.",
        access=Resource.PAY,
        graphql_type=DisputeOpenResult,
    )
    async def dispute_open(
        self,
        info: Info,
        input: Annotated[DisputeOpenInput, described("What is wrong.")],  # noqa: A002
    ) -> DisputeOpenSuccess:
        """Open."""
        context = info.context
        dispute = await _done(
            context,
            "disputeOpen",
            input,
            input.legal_entity,
            lambda writing: open_dispute(
                writing,
                context.asker,
                DisputeDraft(
                    person_id=person_of(context, input.person),
                    period=input.period,
                    text=input.text,
                    line=input.line,
                    transaction=input.transaction,
                    fact_id=input.fact,
                    expected=input.expected,
                    evidence=evidence_from(input.evidence),
                ),
            ),
        )
        return DisputeOpenSuccess(dispute=dispute)

    @resolved(
        "Say who is to decide a dispute: never somebody whose own pay it is about.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=DisputeAssignResult,
    )
    async def dispute_assign(
        self,
        info: Info,
        input: Annotated[DisputeAssignInput, described("Which, and to whom.")],  # noqa: A002
    ) -> DisputeAssignSuccess:
        """Assign."""
        context = info.context
        dispute = await _done(
            context,
            "disputeAssign",
            input,
            input.legal_entity,
            lambda writing: assign_dispute(
                writing,
                context.asker,
                input.dispute,
                input.expected_version,
                account_id=input.assignee,
                reason=input.reason,
            ),
        )
        return DisputeAssignSuccess(dispute=dispute)

    @resolved(
        "Ask for what is needed to decide; the days until the answer do not count.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=DisputeAskResult,
    )
    async def dispute_ask(
        self,
        info: Info,
        input: Annotated[DisputeAskInput, described("Which, and what.")],  # noqa: A002
    ) -> DisputeAskSuccess:
        """Ask."""
        context = info.context
        dispute = await _done(
            context,
            "disputeAsk",
            input,
            input.legal_entity,
            lambda writing: ask_about_dispute(
                writing, context.asker, input.dispute, input.expected_version, input.text
            ),
        )
        return DisputeAskSuccess(dispute=dispute)

    @resolved(
        "Answer what was asked, with more evidence if there is some.",
        access=Resource.PAY,
        graphql_type=DisputeAnswerResult,
    )
    async def dispute_answer(
        self,
        info: Info,
        input: Annotated[DisputeAnswerInput, described("Which, and what.")],  # noqa: A002
    ) -> DisputeAnswerSuccess:
        """Answer."""
        context = info.context
        dispute = await _done(
            context,
            "disputeAnswer",
            input,
            input.legal_entity,
            lambda writing: answer_dispute(
                writing,
                context.asker,
                input.dispute,
                input.expected_version,
                input.text,
                evidence_from(input.evidence),
            ),
        )
        return DisputeAnswerSuccess(dispute=dispute)

    @resolved(
        "Accept a dispute: an adjustment is booked in an open period.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=DisputeAcceptResult,
    )
    async def dispute_accept(
        self,
        info: Info,
        input: Annotated[DisputeAcceptInput, described("Which, how much, and why.")],  # noqa: A002
    ) -> DisputeAcceptSuccess:
        """Accept."""
        context = info.context
        dispute = await _done(
            context,
            "disputeAccept",
            input,
            input.legal_entity,
            lambda writing: accept_dispute(
                writing,
                context.asker,
                input.dispute,
                input.expected_version,
                Acceptance(
                    amount=input.amount,
                    currency=input.currency,
                    period=input.booked_in,
                    component=input.component,
                    reason=input.reason,
                ),
            ),
        )
        return DisputeAcceptSuccess(dispute=dispute)

    @resolved(
        "Reject a dispute with a reason: the statement stands.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=DisputeRejectResult,
    )
    async def dispute_reject(
        self,
        info: Info,
        input: Annotated[DisputeRejectInput, described("Which, and why.")],  # noqa: A002
    ) -> DisputeRejectSuccess:
        """Reject."""
        context = info.context
        dispute = await _done(
            context,
            "disputeReject",
            input,
            input.legal_entity,
            lambda writing: reject_dispute(
                writing, context.asker, input.dispute, input.expected_version, input.reason
            ),
        )
        return DisputeRejectSuccess(dispute=dispute)

    @resolved(
        "Close a dispute that was decided.",
        access=Resource.PAY,
        graphql_type=DisputeCloseResult,
    )
    async def dispute_close(
        self,
        info: Info,
        input: Annotated[DisputeCloseInput, described("Which.")],  # noqa: A002
    ) -> DisputeCloseSuccess:
        """Close."""
        context = info.context
        dispute = await _done(
            context,
            "disputeClose",
            input,
            input.legal_entity,
            lambda writing: close_dispute(
                writing, context.asker, input.dispute, input.expected_version
            ),
        )
        return DisputeCloseSuccess(dispute=dispute)

    @resolved(
        "Withdraw a dispute that nobody has decided.",
        access=Resource.PAY,
        graphql_type=DisputeWithdrawResult,
    )
    async def dispute_withdraw(
        self,
        info: Info,
        input: Annotated[DisputeWithdrawInput, described("Which, and why.")],  # noqa: A002
    ) -> DisputeWithdrawSuccess:
        """Withdraw."""
        context = info.context
        dispute = await _done(
            context,
            "disputeWithdraw",
            input,
            input.legal_entity,
            lambda writing: withdraw_dispute(
                writing, context.asker, input.dispute, input.expected_version, input.reason
            ),
        )
        return DisputeWithdrawSuccess(dispute=dispute)
