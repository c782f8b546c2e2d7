"""The sessions of an account: seen, refreshed, ended."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from actions.secret_tokens import token_hash
from actions.sessions import (
    account_of_refresh,
    end_account_sessions,
    end_own_session,
    refresh_session,
)
from api.access import Audience, output, resolved, shown
from api.asking import REASON, Key, key_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from api.scalars import closed_set
from domain.access import Deed, Resource
from domain.session import SessionKind
from storage.sessions import sessions_of

_MOST = 100

closed_set(
    SessionKind,
    "What holds a session.",
    {
        SessionKind.BROWSER: "One token, in a cookie that no script can read.",
        SessionKind.MOBILE: "A token of some minutes and a refresh token that is used once.",
    },
)


@output(access=Audience.SIGNED_IN, description="A session of the viewer's account.")
class Session:
    """Its token is in it nowhere."""

    id: strawberry.ID = shown("The id of the session; sessionEnd takes it.")
    kind: SessionKind = shown("What holds it.")
    client: str | None = shown("What the client said it is; nobody has checked it.")
    created_at: datetime = shown("When somebody signed in.")
    last_seen_at: datetime = shown("When it was last used, to the minute.")
    expires_at: datetime = shown("When it ends whatever happens; unused it ends before.")
    current: bool = shown("Whether this request belongs to it.")


async def own_sessions(context: Context) -> list[Session]:
    """Read the sessions of the viewer's account; a vendor's token has none."""
    account = context.asker.account_id
    own = token_hash(context.token or "")
    runtime = context.runtime
    rows = await context.read(
        lambda database: sessions_of(
            database, account, context.now, runtime.actions.lifetimes, _MOST
        )
    )
    return [
        Session(
            id=strawberry.ID(row.id),
            kind=row.kind,
            client=row.client,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            current=row.token_hash == own,
        )
        for row in rows
    ]


@strawberry.input(description="The next pair of tokens of a mobile session.")
class SessionRefreshInput:
    """Input of ``sessionRefresh``."""

    idempotency_key: Key = strawberry.field(
        description="Random, one per refresh: a retry after a lost reply sends the same one and"
        " gets the same pair. Another key with a used token ends the session."
    )
    refresh_token: str = strawberry.field(description="The refresh token last received.")


@strawberry.input(description="Which session of the own account to end.")
class SessionEndInput:
    """Input of ``sessionEnd``."""

    idempotency_key: Key = key_field()
    session: strawberry.ID = strawberry.field(description="The id of the session.")


@strawberry.input(description="Whose sessions to end.")
class AccountSessionsEndInput:
    """Input of ``accountSessionsEnd``."""

    idempotency_key: Key = key_field()
    account: strawberry.ID = strawberry.field(description="The id of the account.")
    reason: str = strawberry.field(description=REASON)


@output(access=Audience.EVERYBODY, description="The next pair; the one before is worth nothing.")
class SessionRefreshSuccess:
    """Both tokens are new."""

    token: str = shown("Send it as a bearer token.")
    expires_at: datetime = shown("When the token ends; refresh before.")
    refresh_token: str | None = shown("For the next sessionRefresh, once.")
    refresh_expires_at: datetime | None = shown("When the refresh token ends.")


@output(access=Audience.SIGNED_IN, description="The session is over.")
class SessionEndSuccess:
    """Ended, now or before."""

    session: strawberry.ID = shown("The id of the session.")


@output(access=Resource.ACCOUNT, description="Every session of the account is over.")
class AccountSessionsEndSuccess:
    """Ended, now or before."""

    account: strawberry.ID = shown("The id of the account.")


SessionRefreshResult = Annotated[
    SessionRefreshSuccess | Refusal,
    strawberry.union("SessionRefreshResult", description="The next pair, or why there is none."),
]
SessionEndResult = Annotated[
    SessionEndSuccess | Refusal,
    strawberry.union("SessionEndResult", description="Over, or why not."),
]
AccountSessionsEndResult = Annotated[
    AccountSessionsEndSuccess | Refusal,
    strawberry.union("AccountSessionsEndResult", description="Over, or why not."),
]


@output(access=Audience.EVERYBODY, description="Changes of sessions.")
class SessionsMutation:
    """Part of the mutation root."""

    @resolved(
        "The next pair of tokens for a mobile session. A refresh token that is used a second time,"
        " by another intention, ends the session at once: somebody else has it.",
        access=Audience.EVERYBODY,
        graphql_type=SessionRefreshResult,
    )
    async def session_refresh(
        self,
        info: Info,
        input: Annotated[SessionRefreshInput, described("The last refresh token.")],  # noqa: A002
    ) -> SessionRefreshSuccess:
        """Refresh."""
        context = info.context
        actions, token = context.runtime.actions, input.refresh_token
        context.attempt()
        account = await context.perform(lambda: account_of_refresh(actions, token))
        if account is not None:
            context.attempt(account)
        opened = await context.perform(
            lambda: refresh_session(actions, token, input.idempotency_key)
        )
        return SessionRefreshSuccess(
            token=opened.token,
            expires_at=opened.expires_at,
            refresh_token=opened.refresh_token,
            refresh_expires_at=opened.refresh_expires_at,
        )

    @resolved(
        "End a session of the own account, such as that of a lost phone.",
        access=Audience.SIGNED_IN,
        graphql_type=SessionEndResult,
    )
    async def session_end(
        self,
        info: Info,
        input: Annotated[SessionEndInput, described("Which session.")],  # noqa: A002
    ) -> SessionEndSuccess:
        """End it."""
        context = info.context
        viewer, key = context.asker, input.idempotency_key
        done = await context.perform(
            lambda: end_own_session(context.runtime.actions, viewer, input.session, key)
        )
        return SessionEndSuccess(session=strawberry.ID(done.id))

    @resolved(
        "End every session of an account of the legal entity, such as that of somebody who left.",
        access=Resource.ACCOUNT,
        deed=Deed.WRITE,
        graphql_type=AccountSessionsEndResult,
    )
    async def account_sessions_end(
        self,
        info: Info,
        input: Annotated[AccountSessionsEndInput, described("Whose, and why.")],  # noqa: A002
    ) -> AccountSessionsEndSuccess:
        """End them."""
        context = info.context
        viewer, key = context.asker, input.idempotency_key
        done = await context.perform(
            lambda: end_account_sessions(
                context.runtime.actions, viewer, input.account, input.reason, key
            )
        )
        return AccountSessionsEndSuccess(account=strawberry.ID(done.id))
