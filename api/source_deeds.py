"""What HR does with sources: connect, map, pause, say who is who."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, cast

import strawberry

from actions.connect_source import change_connection, create_connection, set_mapping
from actions.link_identity import link_identity, unlink_identity
from api.access import Audience, output, resolved, shown
from api.asking import REASON, Key, act, key_field, version_field
from api.context import Info
from api.errors import Refusal
from api.paging import described
from api.scalars import Document
from api.sources import ConnectedSource, connection_by_id
from api.timetables import TimetableInput, another_timetable, timetable_from
from domain.access import Deed, Resource


@strawberry.input(description="A source is connected.")
class ConnectionCreateInput:
    """Input of ``connectionCreate``."""

    idempotency_key: Key = key_field()
    name: str = strawberry.field(description="Its name.")
    connector: str = strawberry.field(description="The connector, by name.")
    settings: Document = strawberry.field(
        description="What the connector needs; shown never again, because it may hold secrets."
    )
    timetable: TimetableInput | None = strawberry.field(
        default=None, description="When it is read by itself; only when asked if absent."
    )


@strawberry.input(description="A connection is renamed, reconfigured, paused or resumed.")
class ConnectionChangeInput:
    """Input of ``connectionChange``."""

    idempotency_key: Key = key_field()
    connection: strawberry.ID = strawberry.field(description="The connection.")
    expected_version: int = version_field()
    name: str | None = strawberry.field(default=None, description="Another name.")
    settings: Document | None = strawberry.field(default=None, description="Other settings.")
    paused: bool | None = strawberry.field(default=None, description="Whether it pauses.")
    timetable: TimetableInput | None = strawberry.field(
        default=None, description="Another timetable."
    )
    by_hand: bool = strawberry.field(
        default=False, description="Whether it has no timetable from now on."
    )


@strawberry.input(description="How the rows of a connection become facts.")
class MappingSetInput:
    """Input of ``mappingSet``."""

    idempotency_key: Key = key_field()
    connection: strawberry.ID = strawberry.field(description="The connection.")
    document: Document = strawberry.field(description="The mapping, format attain.mapping/1.")
    expected_version: int | None = strawberry.field(
        default=None, description="The mapping version the client last saw; 0 for none."
    )


@strawberry.input(description="Who a name in a source means, from a day to a day.")
class IdentityLinkInput:
    """Input of ``identityLink``."""

    idempotency_key: Key = key_field()
    identity: strawberry.ID = strawberry.field(description="The name in the source.")
    person: strawberry.ID = strawberry.field(description="The person it means.")
    valid_from: date = strawberry.field(description="The first day.")
    valid_to: date | None = strawberry.field(default=None, description="The first day after.")
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="A link is taken back.")
class IdentityUnlinkInput:
    """Input of ``identityUnlink``."""

    idempotency_key: Key = key_field()
    link: strawberry.ID = strawberry.field(description="The link.")
    expected_version: int = version_field()
    reason: str = strawberry.field(description=REASON)


@output(access=Resource.SOURCE, description="The source is connected.")
class ConnectionCreateSuccess:
    """Connected."""

    connection: ConnectedSource = shown("The connection.")


@output(access=Resource.SOURCE, description="The connection is changed.")
class ConnectionChangeSuccess:
    """Changed."""

    connection: ConnectedSource = shown("The connection.")


@output(access=Resource.SOURCE, description="The mapping is set.")
class MappingSetSuccess:
    """Mapped."""

    connection: ConnectedSource = shown("The connection with its mapping.")


@output(access=Resource.IDENTITY, description="A dated link between a source's name and a person.")
class IdentityLink:
    """A link."""

    id: strawberry.ID = shown("The id of the link.")


@output(access=Resource.IDENTITY, description="The name is linked.")
class IdentityLinkSuccess:
    """Linked."""

    link: IdentityLink = shown("The link.")


@output(access=Resource.IDENTITY, description="The link is taken back.")
class IdentityUnlinkSuccess:
    """Unlinked."""

    link: IdentityLink = shown("The link that holds no longer.")


ConnectionCreateResult = Annotated[
    ConnectionCreateSuccess | Refusal,
    strawberry.union("ConnectionCreateResult", description="Connected, or why not."),
]
ConnectionChangeResult = Annotated[
    ConnectionChangeSuccess | Refusal,
    strawberry.union("ConnectionChangeResult", description="Changed, or why not."),
]
MappingSetResult = Annotated[
    MappingSetSuccess | Refusal,
    strawberry.union("MappingSetResult", description="Mapped, or why not."),
]
IdentityLinkResult = Annotated[
    IdentityLinkSuccess | Refusal,
    strawberry.union("IdentityLinkResult", description="Linked, or why not."),
]
IdentityUnlinkResult = Annotated[
    IdentityUnlinkSuccess | Refusal,
    strawberry.union("IdentityUnlinkResult", description="Unlinked, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Changes of sources.")
class SourceMutation:
    """Part of the mutation root."""

    @resolved(
        "Connect a source.",
        access=Resource.SOURCE,
        deed=Deed.WRITE,
        graphql_type=ConnectionCreateResult,
    )
    async def connection_create(
        self,
        info: Info,
        input: Annotated[ConnectionCreateInput, described("Which source, and how.")],  # noqa: A002
    ) -> ConnectionCreateSuccess:
        """Connect."""
        context = info.context
        done = await act(
            context,
            "connectionCreate",
            input,
            lambda writing: create_connection(
                context.runtime.actions,
                writing,
                context.asker,
                name=input.name,
                connector=input.connector,
                config=dict(input.settings),  # type: ignore[call-overload]
                timetable=timetable_from(input.timetable),
            ),
        )
        return ConnectionCreateSuccess(connection=await connection_by_id(context, done.id))

    @resolved(
        "Rename, reconfigure, pause or resume a connection.",
        access=Resource.SOURCE,
        deed=Deed.WRITE,
        graphql_type=ConnectionChangeResult,
    )
    async def connection_change(
        self,
        info: Info,
        input: Annotated[ConnectionChangeInput, described("What is different.")],  # noqa: A002
    ) -> ConnectionChangeSuccess:
        """Change."""
        context = info.context
        settings = cast("Mapping[str, Any] | None", input.settings)
        done = await act(
            context,
            "connectionChange",
            input,
            lambda writing: change_connection(
                context.runtime.actions,
                writing,
                context.asker,
                input.connection,
                name=input.name,
                config=settings,
                paused=input.paused,
                timetable=another_timetable(input.timetable, by_hand=input.by_hand),
                expected_version=input.expected_version,
            ),
        )
        return ConnectionChangeSuccess(connection=await connection_by_id(context, done.id))

    @resolved(
        "Say how the rows of a connection become facts; what was read is mapped anew.",
        access=Resource.SOURCE,
        deed=Deed.WRITE,
        graphql_type=MappingSetResult,
    )
    async def mapping_set(
        self,
        info: Info,
        input: Annotated[MappingSetInput, described("The mapping.")],  # noqa: A002
    ) -> MappingSetSuccess:
        """Map."""
        context = info.context
        done = await act(
            context,
            "mappingSet",
            input,
            lambda writing: set_mapping(
                writing,
                context.asker,
                input.connection,
                input.document,
                expected_version=input.expected_version,
            ),
        )
        return MappingSetSuccess(connection=await connection_by_id(context, done.id))

    @resolved(
        "Say who a name in a source means, from a day to a day.",
        access=Resource.IDENTITY,
        deed=Deed.WRITE,
        graphql_type=IdentityLinkResult,
    )
    async def identity_link(
        self,
        info: Info,
        input: Annotated[IdentityLinkInput, described("Whose name it is.")],  # noqa: A002
    ) -> IdentityLinkSuccess:
        """Link."""
        context = info.context
        done = await act(
            context,
            "identityLink",
            input,
            lambda writing: link_identity(
                writing,
                context.asker,
                input.identity,
                input.person,
                valid_from=input.valid_from,
                valid_to=input.valid_to,
                reason=input.reason,
            ),
        )
        return IdentityLinkSuccess(link=IdentityLink(id=strawberry.ID(done.id)))

    @resolved(
        "Take a link back: its facts wait again.",
        access=Resource.IDENTITY,
        deed=Deed.WRITE,
        graphql_type=IdentityUnlinkResult,
    )
    async def identity_unlink(
        self,
        info: Info,
        input: Annotated[IdentityUnlinkInput, described("Which link.")],  # noqa: A002
    ) -> IdentityUnlinkSuccess:
        """Unlink."""
        context = info.context
        done = await act(
            context,
            "identityUnlink",
            input,
            lambda writing: unlink_identity(
                writing,
                context.asker,
                input.link,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )
        return IdentityUnlinkSuccess(link=IdentityLink(id=strawberry.ID(done.id)))
