"""Delegations: what somebody may do on behalf of somebody else, and until when."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from actions.delegate import delegate, take_back
from api.access import Audience, output, resolved, shown
from api.access_words import Deed, Resource
from api.asking import REASON, Entity, Key, act, entity_of, key_field, version_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from domain.access import may_all
from domain.delegation import Delegation as DelegationNoun
from domain.problem import Refused
from storage.delegations import delegation_by_id, delegations
from storage.engine import Database

_MOST = 200


@output(access=Audience.SIGNED_IN, description="One thing that may be done.")
class DelegatedRight:
    """A resource and a deed."""

    resource: Resource = shown("The resource.")
    deed: Deed = shown("What may be done with it.")


@output(access=Audience.SIGNED_IN, description="What one account may do on behalf of another.")
class Delegation:
    """A delegation; the own pay and accounts are never part of it."""

    id: strawberry.ID = shown("The id of the delegation.")
    from_account: strawberry.ID = shown("Who delegates: the value of the acting-for header.")
    to_account: strawberry.ID = shown("Who may act.")
    rights: list[DelegatedRight] = shown("What may be done; at least one.")
    valid_from: date = shown("The first day.")
    valid_to: date = shown("The first day after.")
    reason: str = shown("Why.")
    over: bool = shown("Whether it was taken back.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


@strawberry.input(description="A resource and what may be done with it.")
class DelegatedRightInput:
    """One right."""

    resource: Resource = strawberry.field(description="The resource.")
    deed: Deed = strawberry.field(description="What may be done with it.")


@strawberry.input(description="Hand some of the own rights to somebody for a while.")
class DelegationCreateInput:
    """Input of ``delegationCreate``."""

    idempotency_key: Key = key_field()
    to: strawberry.ID = strawberry.field(description="The account that may act.")
    rights: list[DelegatedRightInput] = strawberry.field(description="What it may do.")
    valid_from: date = strawberry.field(description="The first day; today or later.")
    valid_to: date = strawberry.field(description="The first day after; 92 days later at most.")
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="End a delegation at once.")
class DelegationRevokeInput:
    """Input of ``delegationRevoke``."""

    idempotency_key: Key = key_field()
    delegation: strawberry.ID = strawberry.field(description="The id of the delegation.")
    expected_version: int = version_field()


@output(access=Audience.SIGNED_IN, description="The delegation is made.")
class DelegationCreateSuccess:
    """Made."""

    delegation: Delegation = shown("The delegation.")


@output(access=Audience.SIGNED_IN, description="The delegation is over.")
class DelegationRevokeSuccess:
    """Over."""

    delegation: Delegation = shown("The delegation.")


DelegationCreateResult = Annotated[
    DelegationCreateSuccess | Refusal,
    strawberry.union("DelegationCreateResult", description="Delegated, or why not."),
]
DelegationRevokeResult = Annotated[
    DelegationRevokeSuccess | Refusal,
    strawberry.union("DelegationRevokeResult", description="Over, or why not."),
]


def _shown(row: DelegationNoun) -> Delegation:
    return Delegation(
        id=strawberry.ID(row.id),
        from_account=strawberry.ID(row.from_account),
        to_account=strawberry.ID(row.to_account),
        rights=[DelegatedRight(resource=what, deed=deed) for what, deed in row.rights],
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        reason=row.reason,
        over=row.over,
        version=row.version,
    )


async def _by_id(context: Context, entity_id: str, delegation_id: str) -> Delegation:
    found = await context.read(
        lambda database: delegation_by_id(database, entity_id, delegation_id)
    )
    if found is None:
        raise Refused("not_found", {"id": delegation_id})
    return _shown(found)


@output(access=Audience.SIGNED_IN, description="Queries about delegations.")
class DelegationQuery:
    """Part of the query root."""

    @resolved(
        "The delegations that the viewer gave or has, all of the legal entity for HR and auditors;"
        " the newest first, at most 200.",
        access=Audience.SIGNED_IN,
    )
    async def delegations(self, info: Info, legal_entity: Entity = None) -> list[Delegation] | None:
        """Read the newest."""
        context, viewer = info.context, info.context.asker
        entity = entity_of(viewer, legal_entity)
        wide = may_all(viewer, Resource.PERSON, Deed.READ, entity) and viewer.acting is None
        mine = None if wide else viewer.account_id

        def work(database: Database) -> list[Delegation]:
            rows = delegations(database, entity, account_id=mine)
            return [_shown(row) for row in rows[:_MOST]]

        return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Changes of delegations.")
class DelegationMutation:
    """Part of the mutation root."""

    @resolved(
        "Let somebody do some of what one may do oneself, for a while.",
        access=Audience.SIGNED_IN,
        graphql_type=DelegationCreateResult,
    )
    async def delegation_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            DelegationCreateInput, described("Who may do what, how long, and why.")
        ],
    ) -> DelegationCreateSuccess:
        """Delegate."""
        context = info.context
        done = await act(
            context,
            "delegationCreate",
            input,
            lambda writing: delegate(
                writing,
                context.asker,
                to_account=input.to,
                rights=[(each.resource, each.deed) for each in input.rights],
                valid_from=input.valid_from,
                valid_to=input.valid_to,
                reason=input.reason,
            ),
        )
        entity = entity_of(context.asker, None)
        return DelegationCreateSuccess(delegation=await _by_id(context, entity, done.id))

    @resolved(
        "End a delegation at once; who gave it, who has it and HR may.",
        access=Audience.SIGNED_IN,
        graphql_type=DelegationRevokeResult,
    )
    async def delegation_revoke(
        self,
        info: Info,
        input: Annotated[DelegationRevokeInput, described("Which one.")],  # noqa: A002
    ) -> DelegationRevokeSuccess:
        """Revoke."""
        context = info.context
        done = await act(
            context,
            "delegationRevoke",
            input,
            lambda writing: take_back(
                writing, context.asker, input.delegation, input.expected_version
            ),
        )
        entity = entity_of(context.asker, None)
        return DelegationRevokeSuccess(delegation=await _by_id(context, entity, done.id))
