"""What administrators do with accounts: make them, close them, and open them again."""

from __future__ import annotations

from typing import Annotated

import strawberry

from actions.change_accounts import create_account, disable_account, enable_account
from api.access import Audience, output, resolved, shown
from api.accounts import Account, account_by_id, entity_of_account
from api.asking import Key, act, entity_of, key_field, version_field
from api.context import Info
from api.errors import Refusal
from api.paging import described
from api.scalars import LanguageTag
from domain.access import Deed, Resource


@strawberry.input(description="An account is made; it has no role and no login elsewhere yet.")
class AccountCreateInput:
    """Input of ``accountCreate``."""

    idempotency_key: Key = key_field()
    login: str = strawberry.field(description="Its name, unique in the installation.")
    person: strawberry.ID | None = strawberry.field(
        default=None, description="The person behind it, if there is one."
    )
    language: LanguageTag = strawberry.field(
        default=LanguageTag("zh-CN"), description="The language it reads."
    )
    legal_entity: strawberry.ID | None = strawberry.field(
        default=None,
        description="The legal entity to which it belongs; the viewer's only or first one if "
        "absent.",
    )


@strawberry.input(description="Nobody signs in with an account any more.")
class AccountDisableInput:
    """Input of ``accountDisable``."""

    idempotency_key: Key = key_field()
    account: strawberry.ID = strawberry.field(description="The account.")
    expected_version: int = version_field()


@strawberry.input(description="An account signs in again.")
class AccountEnableInput:
    """Input of ``accountEnable``."""

    idempotency_key: Key = key_field()
    account: strawberry.ID = strawberry.field(description="The account.")
    expected_version: int = version_field()


@output(access=Resource.ACCOUNT, description="The account is made.")
class AccountCreateSuccess:
    """Made."""

    account: Account = shown("The account.")


@output(access=Resource.ACCOUNT, description="The account is disabled and its sessions are over.")
class AccountDisableSuccess:
    """Disabled."""

    account: Account = shown("The account.")


@output(access=Resource.ACCOUNT, description="The account is enabled.")
class AccountEnableSuccess:
    """Enabled."""

    account: Account = shown("The account.")


AccountCreateResult = Annotated[
    AccountCreateSuccess | Refusal,
    strawberry.union("AccountCreateResult", description="Made, or why not."),
]
AccountDisableResult = Annotated[
    AccountDisableSuccess | Refusal,
    strawberry.union("AccountDisableResult", description="Disabled, or why not."),
]
AccountEnableResult = Annotated[
    AccountEnableSuccess | Refusal,
    strawberry.union("AccountEnableResult", description="Enabled, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Changes of accounts.")
class AccountMutation:
    """Part of the mutation root."""

    @resolved(
        "Make an account. It can do nothing until a role is granted and a login is linked.",
        access=Resource.ACCOUNT,
        deed=Deed.WRITE,
        graphql_type=AccountCreateResult,
    )
    async def account_create(
        self,
        info: Info,
        input: Annotated[AccountCreateInput, described("Which account.")],  # noqa: A002
    ) -> AccountCreateSuccess:
        """Make."""
        context = info.context
        entity = entity_of(context.asker, input.legal_entity)
        done = await act(
            context,
            "accountCreate",
            input,
            lambda writing: create_account(
                writing,
                context.asker,
                login=input.login,
                person_id=input.person,
                locale=input.language,
            ),
            entity_id=entity,
        )
        return AccountCreateSuccess(account=await account_by_id(context, done.id))

    @resolved(
        "Let nobody sign in with an account any more; every session of it ends at once.",
        access=Resource.ACCOUNT,
        deed=Deed.WRITE,
        graphql_type=AccountDisableResult,
    )
    async def account_disable(
        self,
        info: Info,
        input: Annotated[AccountDisableInput, described("Which account.")],  # noqa: A002
    ) -> AccountDisableSuccess:
        """Disable."""
        context = info.context
        done = await act(
            context,
            "accountDisable",
            input,
            lambda writing: disable_account(
                writing, context.asker, input.account, expected_version=input.expected_version
            ),
            entity_id=await entity_of_account(context, input.account),
        )
        return AccountDisableSuccess(account=await account_by_id(context, done.id))

    @resolved(
        "Let an account sign in again, with the roles it has today.",
        access=Resource.ACCOUNT,
        deed=Deed.WRITE,
        graphql_type=AccountEnableResult,
    )
    async def account_enable(
        self,
        info: Info,
        input: Annotated[AccountEnableInput, described("Which account.")],  # noqa: A002
    ) -> AccountEnableSuccess:
        """Enable."""
        context = info.context
        done = await act(
            context,
            "accountEnable",
            input,
            lambda writing: enable_account(
                writing, context.asker, input.account, expected_version=input.expected_version
            ),
            entity_id=await entity_of_account(context, input.account),
        )
        return AccountEnableSuccess(account=await account_by_id(context, done.id))
