"""Signing in and out, and who is asking."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.context import Context, Info
from api.delegations import DelegatedRight
from api.errors import Refusal
from api.scalars import LanguageTag, UnitCode, closed_set
from api.sessions import Session, own_sessions
from domain.access import Role
from domain.access import Viewer as Asker
from domain.problem import Refused
from domain.session import SessionKind
from storage.engine import Database
from storage.people import legal_entities, people

closed_set(
    Role,
    "What somebody is to the company; each role has its own scope.",
    {
        Role.SALESPERSON: "Is measured: sees the own goals, results and pay.",
        Role.MANAGER: "Leads a unit: sees its goals and performance, not its pay.",
        Role.TEAM_PAY: "Sees the pay of a unit one leads; given by name, on top of leading.",
        Role.HR: "Shapes scorecards and plans, calculates, sees pay of the own legal entity.",
        Role.AUDITOR: "Reads everything of the legal entity and changes nothing.",
        Role.ADMIN: "Runs the system and sees no business data.",
        Role.VENDOR: "A program with a vendor token: what its scopes say, never pay.",
    },
)


@output(access=Audience.SIGNED_IN, description="An employer.")
class LegalEntity:
    """It fixes the zone, the day cut-off and the currency of what it measures."""

    id: strawberry.ID = shown("The id of the legal entity.")
    name: str = shown("Its name.")
    currency: UnitCode = shown("Its currency.")
    zone: str = shown("The time zone that decides which day something belongs to.")


@output(access=Audience.SIGNED_IN, description="A role with its scope.")
class GrantedRole:
    """One grant of the viewer."""

    role: Role = shown("The role.")
    legal_entity: LegalEntity = shown("The legal entity in which the role holds.")
    unit: strawberry.ID | None = shown("The unit whose subtree the role is bound to.")
    valid_from: date | None = shown("The first day of the rows it reaches; null without a limit.")
    valid_to: date | None = shown("The first day after; null while it is open.")
    current: bool = shown("Whether it holds today; one that is over reads its own time only.")


@output(access=Audience.SIGNED_IN, description="The person behind the account.")
class ViewerPerson:
    """The viewer's own person."""

    id: strawberry.ID = shown("The id of the person.")
    name: str = shown("The name.")


@output(access=Audience.EVERYBODY, description="Somebody anybody may become on a demo server.")
class DemoAccount:
    """A demo account."""

    login: str = shown("Give it to sessionCreateDemo.")
    name: str = shown("The name of the person, or the login.")


@output(access=Audience.EVERYBODY, description="What only a demo server on this machine has.")
class Demo:
    """The demo."""

    people: list[DemoAccount] = shown("Whom one may become, at most 500, by login.")


@output(access=Audience.SIGNED_IN, description="On whose behalf a request acts.")
class ActingFor:
    """The account named by the acting-for header; the roles of the viewer are then its roles."""

    account: strawberry.ID = shown("The account that delegated.")
    rights: list[DelegatedRight] = shown(
        "What the delegation covers, at least one; nothing else is allowed."
    )


@output(access=Audience.SIGNED_IN, description="Whoever is asking.")
class Viewer:
    """The signed-in account."""

    account: strawberry.ID = shown("The account.")
    person: ViewerPerson | None = shown("The person behind the account.")
    roles: list[GrantedRole] = shown("What the viewer is, at most one entry per role and scope.")
    language: LanguageTag = shown("The language of this answer.")
    acting_for: ActingFor | None = shown(
        "For whom this request acts; null when the viewer acts for themself."
    )

    @resolved(
        "The living sessions of the account, at most 100, the one seen last first.",
        access=Audience.SIGNED_IN,
    )
    async def sessions(self, info: Info) -> list[Session]:
        """Read them."""
        return await own_sessions(info.context)


@output(access=Audience.EVERYBODY, description="A session has begun.")
class SessionCreateDemoSuccess:
    """The token is shown once; only its hash is kept."""

    token: str = shown("Send it as a bearer token; browsers have it in a cookie already.")
    expires_at: datetime = shown("When the token ends, at the latest.")
    refresh_token: str | None = shown("For sessionRefresh; a browser has none.")
    refresh_expires_at: datetime | None = shown("When the refresh token ends.")


@output(access=Audience.EVERYBODY, description="The session is over.")
class SessionRevokeSuccess:
    """Signed out."""

    revoked: bool = shown("Whether a session of this request was ended.")


@strawberry.input(description="Which demo person to become.")
class SessionCreateDemoInput:
    """Input of ``sessionCreateDemo``."""

    person: strawberry.ID = strawberry.field(
        description="The id of the person, or the login of a demo account such as HeJing."
    )
    kind: SessionKind = strawberry.field(
        default=SessionKind.BROWSER, description="What will hold the session."
    )
    client: str | None = strawberry.field(
        default=None,
        description="What the list of sessions calls the device; its user agent if absent.",
    )


@strawberry.input(description="Which sessions to end.")
class SessionRevokeInput:
    """Input of ``sessionRevoke``."""

    everywhere: bool = strawberry.field(
        default=False, description="Whether to end every session of the account, not this one only."
    )


SessionCreateDemoResult = Annotated[
    SessionCreateDemoSuccess | Refusal,
    strawberry.union("SessionCreateDemoResult", description="A token, or why there is none."),
]
SessionRevokeResult = Annotated[
    SessionRevokeSuccess | Refusal,
    strawberry.union("SessionRevokeResult", description="Signed out, or why not."),
]


def _viewer(database: Database, context: Context) -> Viewer:
    viewer = context.asker
    entities = {
        entity.id: LegalEntity(
            id=strawberry.ID(entity.id),
            name=entity.name,
            currency=UnitCode(entity.currency),
            zone=entity.zone,
        )
        for entity in legal_entities(database)
    }
    return Viewer(
        person=_own_person(database, context),
        account=strawberry.ID(viewer.account_id),
        roles=[
            GrantedRole(
                role=grant.role,
                legal_entity=entities[grant.entity_id],
                unit=None if grant.unit_id is None else strawberry.ID(grant.unit_id),
                valid_from=grant.valid_from,
                valid_to=grant.valid_to,
                current=grant.current,
            )
            for grant in viewer.grants
            if grant.entity_id in entities
        ],
        language=LanguageTag(context.locale.value),
        acting_for=_acting_for(viewer),
    )


def _acting_for(viewer: Asker) -> ActingFor | None:
    if viewer.acting is None:
        return None
    return ActingFor(
        account=strawberry.ID(viewer.acting.account_id),
        rights=[
            DelegatedRight(resource=resource, deed=deed)
            for resource, deed in sorted(viewer.acting.rights)
        ],
    )


def _own_person(database: Database, context: Context) -> ViewerPerson | None:
    viewer = context.asker
    if viewer.person_id is None:
        return None
    found = people(
        database,
        viewer,
        valid_at=context.today,
        known_at=context.now,
        ids=[viewer.person_id],
    )
    if not found:
        return None
    return ViewerPerson(id=strawberry.ID(found[0].id), name=found[0].name)


@output(access=Audience.SIGNED_IN, description="Queries about the viewer.")
class SessionQuery:
    """Part of the query root."""

    @resolved("Whoever is asking; null before signing in.", access=Audience.EVERYBODY)
    async def viewer(self, info: Info) -> Viewer | None:
        """Read the name; the session was looked up before."""
        context = info.context
        if context.viewer is None:
            return None
        return await context.read(lambda database: _viewer(database, context))

    @resolved("What only a demo server on this machine has; else null.", access=Audience.EVERYBODY)
    async def demo(self, info: Info) -> Demo | None:
        """List the accounts."""
        context = info.context
        if not (context.runtime.demo and context.loopback):
            return None
        found = await context.perform(context.runtime.demo_people)
        return Demo(people=[DemoAccount(login=login, name=name) for login, name in found[:500]])

    @resolved("The languages the product speaks; two.", access=Audience.EVERYBODY)
    async def languages(self) -> list[LanguageTag]:
        """Constant."""
        return [LanguageTag("zh-CN"), LanguageTag("en")]


@output(access=Audience.EVERYBODY, description="Changes of the viewer's session.")
class SessionMutation:
    """Part of the mutation root."""

    @resolved(
        "Sign in as a person of the demo company. Only on a demo server on this machine.",
        access=Audience.EVERYBODY,
        graphql_type=SessionCreateDemoResult,
    )
    async def session_create_demo(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name the contract gives to every mutation's argument
            SessionCreateDemoInput, strawberry.argument(description="Which person to become.")
        ],
    ) -> SessionCreateDemoSuccess:
        """Open a session without a password: that is why it is fenced twice."""
        context = info.context
        if not (context.runtime.demo and context.loopback):
            raise Refused("demo_only")
        context.attempt()
        context.attempt(f"demo:{input.person}")
        client = input.client or context.client
        opened = await context.perform(
            lambda: context.runtime.sessions.open_demo(str(input.person), input.kind, client)
        )
        if input.kind is SessionKind.BROWSER:
            context.cookie = opened.token
        return SessionCreateDemoSuccess(
            token=opened.token,
            expires_at=opened.expires_at,
            refresh_token=opened.refresh_token,
            refresh_expires_at=opened.refresh_expires_at,
        )

    @resolved(
        "Sign out: the token of this request is worth nothing afterwards.",
        access=Audience.EVERYBODY,
        graphql_type=SessionRevokeResult,
    )
    async def session_revoke(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            SessionRevokeInput, strawberry.argument(description="Which sessions to end.")
        ],
    ) -> SessionRevokeSuccess:
        """End the session of this request."""
        context = info.context
        token = context.token
        if token is None:
            return SessionRevokeSuccess(revoked=False)
        revoked = await context.perform(
            lambda: context.runtime.sessions.revoke(token, context.now, everywhere=input.everywhere)
        )
        if revoked:
            context.cookie = ""
        return SessionRevokeSuccess(revoked=revoked)
