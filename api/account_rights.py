"""What administrators give to accounts and take from them: logins elsewhere, and roles."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from actions.change_accounts import grant_role, link_login, revoke_role, unlink_login
from api.access import Audience, output, resolved, shown
from api.accounts import Account, account_by_id, entity_of_account
from api.asking import REASON, Key, act, key_field, version_field
from api.context import Info
from api.errors import Refusal
from api.paging import described
from domain.access import Deed, Resource, Role

_FROM = "The first day; today if absent."
_TO = "The first day after; open if absent."


@strawberry.input(description="A login elsewhere signs in an account, from a day to a day.")
class AccountLoginLinkInput:
    """Input of ``accountLoginLink``."""

    idempotency_key: Key = key_field()
    account: strawberry.ID = strawberry.field(description="The account.")
    provider: strawberry.ID = strawberry.field(
        description="The way of signing in, one of signInProviders."
    )
    subject: str = strawberry.field(
        description="Whom the provider names: a subject of OpenID Connect, a userid of WeCom."
    )
    valid_from: date | None = strawberry.field(default=None, description=_FROM)
    valid_to: date | None = strawberry.field(default=None, description=_TO)
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="A login elsewhere signs in the account no longer.")
class AccountLoginUnlinkInput:
    """Input of ``accountLoginUnlink``."""

    idempotency_key: Key = key_field()
    account: strawberry.ID = strawberry.field(description="The account.")
    login: strawberry.ID = strawberry.field(description="The id of the link.")
    expected_version: int = version_field()
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="An account gets a role, from a day to a day.")
class RoleGrantInput:
    """Input of ``roleGrant``."""

    idempotency_key: Key = key_field()
    account: strawberry.ID = strawberry.field(description="The account.")
    role: Role = strawberry.field(description="The role.")
    legal_entity: strawberry.ID | None = strawberry.field(
        default=None,
        description="The legal entity in which it holds; the one of the account if absent.",
    )
    unit: strawberry.ID | None = strawberry.field(
        default=None,
        description="The unit that a manager leads, or the branch that HR is to be for; else none.",
    )
    valid_from: date | None = strawberry.field(default=None, description=_FROM)
    valid_to: date | None = strawberry.field(default=None, description=_TO)
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="A role ends.")
class RoleRevokeInput:
    """Input of ``roleRevoke``."""

    idempotency_key: Key = key_field()
    grant: strawberry.ID = strawberry.field(description="The id of the grant.")
    legal_entity: strawberry.ID | None = strawberry.field(
        default=None,
        description="The legal entity in which it holds; the viewer's only or first one if absent.",
    )
    on: date | None = strawberry.field(
        default=None, description="The first day without it; today, at once, if absent."
    )
    expected_version: int = version_field()
    reason: str = strawberry.field(description=REASON)


@output(access=Resource.ACCOUNT, description="The login is linked.")
class AccountLoginLinkSuccess:
    """Linked."""

    account: Account = shown("The account with its logins.")


@output(access=Resource.ACCOUNT, description="The login is unlinked; the sessions are over.")
class AccountLoginUnlinkSuccess:
    """Unlinked."""

    account: Account = shown("The account with its logins.")


@output(access=Resource.ACCOUNT, description="The role is granted.")
class RoleGrantSuccess:
    """Granted."""

    account: Account = shown("The account with its roles.")


@output(access=Resource.ACCOUNT, description="The role ends.")
class RoleRevokeSuccess:
    """Revoked."""

    account: Account = shown("The account with its roles.")


AccountLoginLinkResult = Annotated[
    AccountLoginLinkSuccess | Refusal,
    strawberry.union("AccountLoginLinkResult", description="Linked, or why not."),
]
AccountLoginUnlinkResult = Annotated[
    AccountLoginUnlinkSuccess | Refusal,
    strawberry.union("AccountLoginUnlinkResult", description="Unlinked, or why not."),
]
RoleGrantResult = Annotated[
    RoleGrantSuccess | Refusal,
    strawberry.union("RoleGrantResult", description="Granted, or why not."),
]
RoleRevokeResult = Annotated[
    RoleRevokeSuccess | Refusal,
    strawberry.union("RoleRevokeResult", description="Revoked, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Changes of what accounts may do.")
class AccountRightsMutation:
    """Part of the mutation root."""

    @resolved(
        "Say that a login elsewhere is an account's. Without this nobody gets in through it.",
        access=Resource.ACCOUNT,
        deed=Deed.WRITE,
        graphql_type=AccountLoginLinkResult,
    )
    async def account_login_link(
        self,
        info: Info,
        input: Annotated[AccountLoginLinkInput, described("Whose login it is.")],  # noqa: A002
    ) -> AccountLoginLinkSuccess:
        """Link."""
        context = info.context
        await act(
            context,
            "accountLoginLink",
            input,
            lambda writing: link_login(
                context.runtime.actions,
                writing,
                context.asker,
                input.account,
                provider=input.provider,
                subject=input.subject,
                valid_from=input.valid_from,
                valid_to=input.valid_to,
                reason=input.reason,
            ),
            entity_id=await entity_of_account(context, input.account),
        )
        return AccountLoginLinkSuccess(account=await account_by_id(context, input.account))

    @resolved(
        "End a link today. Every session of the account ends, whichever login began it.",
        access=Resource.ACCOUNT,
        deed=Deed.WRITE,
        graphql_type=AccountLoginUnlinkResult,
    )
    async def account_login_unlink(
        self,
        info: Info,
        input: Annotated[AccountLoginUnlinkInput, described("Which link.")],  # noqa: A002
    ) -> AccountLoginUnlinkSuccess:
        """Unlink."""
        context = info.context
        await act(
            context,
            "accountLoginUnlink",
            input,
            lambda writing: unlink_login(
                writing,
                context.asker,
                input.account,
                input.login,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
            entity_id=await entity_of_account(context, input.account),
        )
        return AccountLoginUnlinkSuccess(account=await account_by_id(context, input.account))

    @resolved(
        "Give an account a role. Nobody grants rights to their own account.",
        access=Resource.ACCOUNT,
        deed=Deed.WRITE,
        graphql_type=RoleGrantResult,
    )
    async def role_grant(
        self,
        info: Info,
        input: Annotated[RoleGrantInput, described("Which role, for whom.")],  # noqa: A002
    ) -> RoleGrantSuccess:
        """Grant."""
        context = info.context
        own = await entity_of_account(context, input.account)
        await act(
            context,
            "roleGrant",
            input,
            lambda writing: grant_role(
                writing,
                context.asker,
                input.account,
                role=input.role,
                unit_id=input.unit,
                valid_from=input.valid_from,
                valid_to=input.valid_to,
                reason=input.reason,
            ),
            entity_id=input.legal_entity or own,
        )
        return RoleGrantSuccess(account=await account_by_id(context, input.account))

    @resolved(
        "End a role, on a day or at once. The last administrator stays.",
        access=Resource.ACCOUNT,
        deed=Deed.WRITE,
        graphql_type=RoleRevokeResult,
    )
    async def role_revoke(
        self,
        info: Info,
        input: Annotated[RoleRevokeInput, described("Which grant.")],  # noqa: A002
    ) -> RoleRevokeSuccess:
        """Revoke."""
        context = info.context
        done = await act(
            context,
            "roleRevoke",
            input,
            lambda writing: revoke_role(
                writing,
                context.asker,
                input.grant,
                on=input.on,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
            entity_id=input.legal_entity,
        )
        return RoleRevokeSuccess(account=await account_by_id(context, done.id))
