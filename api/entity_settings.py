"""What a legal entity decides about who sees what, and the pay of a team as a right of its own."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from actions.decide_settings import decide_settings, grant_team_pay, revoke_team_pay
from api.access import Audience, output, resolved, shown
from api.access_words import BoardVisibility, Deed, Resource
from api.asking import REASON, Entity, Key, ValidAt, act, entity_of, key_field
from api.context import Context, Info
from api.errors import Refusal
from api.paging import described
from domain.privacy import EntitySettings as SettingsNoun
from storage.engine import Database
from storage.settings import settings_decided, settings_on


@output(access=Resource.SETTING, description="What a legal entity decided, from a day on.")
class EntitySettings:
    """A decision; for data of earlier days the stricter of then and today holds."""

    privacy_minimum: int = shown(
        "How many other people must be behind a total, a mean or a median that is shown."
    )
    leaderboard: BoardVisibility = shown("What a leaderboard shows of others.")
    team_pay_allowed: bool = shown("Whether managers may be given the pay of their team.")
    valid_from: date | None = shown("The first day; null while nothing was decided.")
    version: int = shown("Grows with every change of this day; send it back as expectedVersion.")


@strawberry.input(description="A legal entity decides who sees what, from a day on.")
class LegalEntitySettingsChangeInput:
    """Input of ``legalEntitySettingsChange``; what is left out stays as it is that day."""

    idempotency_key: Key = key_field()
    valid_from: date = strawberry.field(description="The first day; today or later.")
    privacy_minimum: int | None = strawberry.field(
        default=None, description="At least 3; people are told."
    )
    leaderboard: BoardVisibility | None = strawberry.field(
        default=None, description="What a leaderboard shows of others."
    )
    team_pay_allowed: bool | None = strawberry.field(
        default=None, description="Whether managers may be given the pay of their team."
    )
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of that day the client last saw, 0 for none; leave out if unsure.",
    )


@strawberry.input(description="Let whoever leads a unit see its pay.")
class TeamPayGrantInput:
    """Input of ``teamPayGrant``."""

    idempotency_key: Key = key_field()
    account: strawberry.ID = strawberry.field(description="The account of who leads the unit.")
    unit: strawberry.ID = strawberry.field(description="The unit.")
    valid_from: date = strawberry.field(description="The first day of the pay to be seen.")
    valid_to: date | None = strawberry.field(default=None, description="The first day after.")
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="Take the right to a team's pay away.")
class TeamPayRevokeInput:
    """Input of ``teamPayRevoke``."""

    idempotency_key: Key = key_field()
    grant: strawberry.ID = strawberry.field(description="The id that teamPayGrant gave.")
    reason: str = strawberry.field(description=REASON)


@output(access=Resource.SETTING, description="The settings are changed.")
class LegalEntitySettingsChangeSuccess:
    """Changed."""

    settings: EntitySettings = shown("What holds on the first day.")


@output(access=Resource.PAY, description="The right is given.")
class TeamPayGrantSuccess:
    """Given; worth something only while the account's person leads the unit."""

    grant: strawberry.ID = shown("The id of the grant.")


@output(access=Resource.PAY, description="The right is gone.")
class TeamPayRevokeSuccess:
    """Gone."""

    grant: strawberry.ID = shown("The id of the grant.")


LegalEntitySettingsChangeResult = Annotated[
    LegalEntitySettingsChangeSuccess | Refusal,
    strawberry.union("LegalEntitySettingsChangeResult", description="Changed, or why not."),
]
TeamPayGrantResult = Annotated[
    TeamPayGrantSuccess | Refusal,
    strawberry.union("TeamPayGrantResult", description="Given, or why not."),
]
TeamPayRevokeResult = Annotated[
    TeamPayRevokeSuccess | Refusal,
    strawberry.union("TeamPayRevokeResult", description="Gone, or why not."),
]


def _shown(row: SettingsNoun) -> EntitySettings:
    return EntitySettings(
        privacy_minimum=row.privacy_minimum,
        leaderboard=row.leaderboard,
        team_pay_allowed=row.team_pay,
        valid_from=row.valid_from,
        version=row.version,
    )


async def _held(context: Context, entity_id: str, day: date) -> EntitySettings:
    return _shown(await context.read(lambda database: settings_on(database, entity_id, day)))


@output(access=Audience.SIGNED_IN, description="Queries about settings.")
class SettingQuery:
    """Part of the query root."""

    @resolved("What a legal entity lets be seen on a day.", access=Resource.SETTING)
    async def legal_entity_settings(
        self, info: Info, legal_entity: Entity = None, valid_at: ValidAt = None
    ) -> EntitySettings | None:
        """Read what holds."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        return await _held(context, entity, valid_at or context.today)

    @resolved(
        "Every decision of a legal entity about who sees what, by its day; at most some dozens.",
        access=Resource.SETTING,
    )
    async def legal_entity_setting_history(
        self, info: Info, legal_entity: Entity = None
    ) -> list[EntitySettings] | None:
        """Read all."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)

        def work(database: Database) -> list[EntitySettings]:
            return [_shown(row) for row in settings_decided(database, entity)]

        return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Changes of settings.")
class SettingMutation:
    """Part of the mutation root."""

    @resolved(
        "Decide who sees what, from a day on; never backwards.",
        access=Resource.SETTING,
        deed=Deed.WRITE,
        graphql_type=LegalEntitySettingsChangeResult,
    )
    async def legal_entity_settings_change(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            LegalEntitySettingsChangeInput, described("What is decided, from when, and why.")
        ],
    ) -> LegalEntitySettingsChangeSuccess:
        """Decide."""
        context = info.context
        await act(
            context,
            "legalEntitySettingsChange",
            input,
            lambda writing: decide_settings(
                writing,
                context.asker,
                valid_from=input.valid_from,
                privacy_minimum=input.privacy_minimum,
                leaderboard=input.leaderboard,
                team_pay=input.team_pay_allowed,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )
        entity = entity_of(context.asker, None)
        return LegalEntitySettingsChangeSuccess(
            settings=await _held(context, entity, input.valid_from)
        )

    @resolved(
        "Let whoever leads a unit see its pay: a right of its own, for days.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=TeamPayGrantResult,
    )
    async def team_pay_grant(
        self,
        info: Info,
        input: Annotated[TeamPayGrantInput, described("Who sees which pay.")],  # noqa: A002
    ) -> TeamPayGrantSuccess:
        """Grant."""
        context = info.context
        done = await act(
            context,
            "teamPayGrant",
            input,
            lambda writing: grant_team_pay(
                writing,
                context.asker,
                account_id=input.account,
                unit_id=input.unit,
                valid_from=input.valid_from,
                valid_to=input.valid_to,
                reason=input.reason,
            ),
        )
        return TeamPayGrantSuccess(grant=strawberry.ID(done.id))

    @resolved(
        "Take the right to a team's pay away, at once.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=TeamPayRevokeResult,
    )
    async def team_pay_revoke(
        self,
        info: Info,
        input: Annotated[TeamPayRevokeInput, described("Which one.")],  # noqa: A002
    ) -> TeamPayRevokeSuccess:
        """Revoke."""
        context = info.context
        done = await act(
            context,
            "teamPayRevoke",
            input,
            lambda writing: revoke_team_pay(writing, context.asker, input.grant, input.reason),
        )
        return TeamPayRevokeSuccess(grant=strawberry.ID(done.id))
