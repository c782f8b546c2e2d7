"""Tokens of vendors: programs that bring data, edit templates or report."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from actions.vendor_tokens import (
    Made,
    TokenDraft,
    create_vendor_token,
    revoke,
    rotate_vendor_token,
)
from api.access import Audience, output, resolved, shown
from api.asking import (
    After,
    Before,
    Entity,
    First,
    Key,
    Last,
    entity_of,
    key_field,
    version_field,
)
from api.context import Context, Info
from api.errors import Refusal
from api.paging import Connection, connect, cut, described, page
from domain.access import Deed, Resource
from domain.problem import Refused
from storage import vendor_tokens as stored
from storage.engine import Database

_ENTITY = "The legal entity; the viewer's only or first one if absent."


@output(access=Resource.TOKEN, description="A token of a vendor's program, without its secret.")
class VendorToken:
    """What is known of it."""

    id: strawberry.ID = shown("The id of the token; the trail names what is done with it by it.")
    name: str = shown("What the program is called.")
    scopes: list[str] = shown("What it may do; at least one, and at most 20.")
    made_by: strawberry.ID = shown("The account that made it.")
    made_at: datetime = shown("When it was made.")
    expires_at: datetime = shown("When it ends.")
    revoked_at: datetime | None = shown("When somebody ended it.")
    last_used_at: datetime | None = shown("When it was last used, to the minute.")
    version: int = shown("The how manieth token of its name; of the newest, the expectedVersion.")


def token_from_domain(row: stored.VendorToken) -> VendorToken:
    """Show a token."""
    return VendorToken(
        id=strawberry.ID(row.id),
        name=row.name,
        scopes=list(row.scopes),
        made_by=strawberry.ID(row.made_by),
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        version=row.number,
    )


@output(access=Audience.SIGNED_IN, description="Queries about tokens of vendors.")
class VendorTokenQuery:
    """Part of the query root."""

    @resolved("The tokens of vendors, ended ones too, by name.", access=Resource.TOKEN)
    async def vendor_tokens(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        legal_entity: Entity = None,
    ) -> Connection[VendorToken] | None:
        """Read a page."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        asked = page("vendorTokens", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[VendorToken]:
            rows = stored.vendor_tokens(database, context.asker, entity)
            part = cut(rows, asked, _key)
            return connect("vendorTokens", part, token_from_domain, _key)

        return await context.read(work)


def _key(row: stored.VendorToken) -> tuple[str, int]:
    return (row.name, row.number)


@strawberry.input(description="A program gets a token.")
class VendorTokenCreateInput:
    """Input of ``vendorTokenCreate``."""

    idempotency_key: Key = key_field()
    name: str = strawberry.field(description="What the program is called; one name, one program.")
    scopes: list[str] = strawberry.field(
        description="What it may do: read:organisation, read:definitions, write:definitions,"
        " read:targets, write:targets, read:performance, or ingest: or provision: and the id of a"
        " connection."
    )
    expires_at: datetime = strawberry.field(description="When it ends: within a year.")
    legal_entity: strawberry.ID | None = strawberry.field(default=None, description=_ENTITY)


@strawberry.input(description="A program gets its next token.")
class VendorTokenRotateInput:
    """Input of ``vendorTokenRotate``."""

    idempotency_key: Key = key_field()
    vendor_token: strawberry.ID = strawberry.field(description="A valid token of the program.")
    expected_version: int = version_field()
    expires_at: datetime = strawberry.field(description="When the next one ends: within a year.")
    legal_entity: strawberry.ID | None = strawberry.field(default=None, description=_ENTITY)


@strawberry.input(description="A token ends.")
class VendorTokenRevokeInput:
    """Input of ``vendorTokenRevoke``."""

    idempotency_key: Key = key_field()
    vendor_token: strawberry.ID = strawberry.field(description="The token.")
    legal_entity: strawberry.ID | None = strawberry.field(default=None, description=_ENTITY)


_SECRET = (
    "The token, shown once. A retry of the same session within 15 minutes sees it again while it is"  # noqa: S105
    " unused; later it is null, and rotating gives another one."
)


@output(access=Resource.TOKEN, description="The program has a token.")
class VendorTokenCreateSuccess:
    """Made."""

    vendor_token: VendorToken = shown("The token, without its secret.")
    token: str | None = shown(_SECRET)


@output(access=Resource.TOKEN, description="The program has its next token.")
class VendorTokenRotateSuccess:
    """Made; the one before is good until it is revoked or ends."""

    vendor_token: VendorToken = shown("The next token, without its secret.")
    token: str | None = shown(_SECRET)


@output(access=Resource.TOKEN, description="The token is worth nothing any more.")
class VendorTokenRevokeSuccess:
    """Ended."""

    vendor_token: VendorToken = shown("The token.")


VendorTokenCreateResult = Annotated[
    VendorTokenCreateSuccess | Refusal,
    strawberry.union("VendorTokenCreateResult", description="The token, or why there is none."),
]
VendorTokenRotateResult = Annotated[
    VendorTokenRotateSuccess | Refusal,
    strawberry.union("VendorTokenRotateResult", description="The token, or why there is none."),
]
VendorTokenRevokeResult = Annotated[
    VendorTokenRevokeSuccess | Refusal,
    strawberry.union("VendorTokenRevokeResult", description="Ended, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Changes of tokens of vendors.")
class VendorTokenMutation:
    """Part of the mutation root."""

    @resolved(
        "Give a program a token. Nobody gives a right that they do not have themselves.",
        access=Resource.TOKEN,
        deed=Deed.WRITE,
        graphql_type=VendorTokenCreateResult,
    )
    async def vendor_token_create(
        self,
        info: Info,
        input: Annotated[VendorTokenCreateInput, described("Which program.")],  # noqa: A002
    ) -> VendorTokenCreateSuccess:
        """Make it."""
        context = info.context
        viewer, parent = context.asker, _own_token(context)
        entity = entity_of(viewer, input.legal_entity)
        draft = TokenDraft(name=input.name, scopes=tuple(input.scopes), expires_at=input.expires_at)
        actions, key = context.runtime.actions, input.idempotency_key
        made: Made = await context.perform(
            lambda: create_vendor_token(actions, viewer, entity, draft, key, parent)
        )
        return VendorTokenCreateSuccess(
            vendor_token=token_from_domain(made.stored), token=made.token
        )

    @resolved(
        "Give a program its next token; the one before goes on until it is revoked.",
        access=Resource.TOKEN,
        deed=Deed.WRITE,
        graphql_type=VendorTokenRotateResult,
    )
    async def vendor_token_rotate(
        self,
        info: Info,
        input: Annotated[VendorTokenRotateInput, described("Which program.")],  # noqa: A002
    ) -> VendorTokenRotateSuccess:
        """Make the next."""
        context = info.context
        viewer, parent = context.asker, _own_token(context)
        entity = entity_of(viewer, input.legal_entity)
        made: Made = await context.perform(
            lambda: rotate_vendor_token(
                context.runtime.actions,
                viewer,
                entity,
                input.vendor_token,
                expires_at=input.expires_at,
                expected_version=input.expected_version,
                key=input.idempotency_key,
                parent=parent,
            )
        )
        return VendorTokenRotateSuccess(
            vendor_token=token_from_domain(made.stored), token=made.token
        )

    @resolved(
        "End a token at once.",
        access=Resource.TOKEN,
        deed=Deed.WRITE,
        graphql_type=VendorTokenRevokeResult,
    )
    async def vendor_token_revoke(
        self,
        info: Info,
        input: Annotated[VendorTokenRevokeInput, described("Which token.")],  # noqa: A002
    ) -> VendorTokenRevokeSuccess:
        """End it."""
        context = info.context
        viewer, key = context.asker, input.idempotency_key
        entity = entity_of(viewer, input.legal_entity)
        done = await context.perform(
            lambda: revoke(context.runtime.actions, viewer, entity, input.vendor_token, key)
        )
        rows = await context.read(
            lambda database: stored.vendor_tokens(database, viewer, entity, ids=(done.id,))
        )
        return VendorTokenRevokeSuccess(vendor_token=token_from_domain(rows[0]))


def _own_token(context: Context) -> str:
    if context.token is None:
        raise Refused("sign_in_required")
    return context.token
