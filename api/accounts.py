"""Accounts as their administrators see them, and the ways of signing in that everybody sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from actions.sign_in_elsewhere import start_path
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, After, Before, First, Last
from api.context import Context, Info
from api.identified import Node
from api.paging import Connection, connect, cut, described, page
from api.scalars import LanguageTag, UnitCode, closed_set
from api.session import LegalEntity
from connectors.sign_in import ProviderKind
from domain.access import Resource, Role
from domain.problem import Refused
from storage.account_list import ListedAccount, accounts_seen, grants_of, last_sign_ins
from storage.account_list import RoleGrant as StoredGrant
from storage.engine import Database
from storage.logins import AccountLogin as StoredLogin
from storage.logins import logins_of
from storage.people import legal_entities

closed_set(
    ProviderKind,
    "How people are signed in elsewhere.",
    {
        ProviderKind.OIDC: "OpenID Connect: the company's own directory, for example.",
        ProviderKind.WECOM: "WeCom (企业微信).",
    },
)


@output(access=Audience.EVERYBODY, description="A way of signing in.")
class SignInProvider:
    """A button of the sign-in page."""

    id: strawberry.ID = shown("Its name in addresses.")
    kind: ProviderKind = shown("How it signs people in.")
    label: str = shown("What its button says, in the language of the request.")
    start_path: str = shown(
        "Where the browser begins, on this server; return_to=PATH says where it goes afterwards."
    )


@output(access=Resource.ACCOUNT, description="A role of an account, from a day to a day.")
class RoleGrant:
    """A grant."""

    id: strawberry.ID = shown("The id of the grant.")
    role: Role = shown("The role.")
    legal_entity: LegalEntity = shown("The legal entity in which it holds.")
    unit: strawberry.ID | None = shown("The unit whose subtree it is about.")
    valid_from: date = shown("The first day.")
    valid_to: date | None = shown("The first day after; null while it is open.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


@output(access=Resource.ACCOUNT, description="A login elsewhere that signs in an account.")
class AccountLogin:
    """A link."""

    id: strawberry.ID = shown("The id of the link.")
    provider: strawberry.ID = shown("The way of signing in, one of signInProviders.")
    subject: str = shown("Whom the provider names: a subject of OpenID Connect, a userid of WeCom.")
    valid_from: date = shown("The first day.")
    valid_to: date | None = shown("The first day after; null while it is open.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


@output(access=Resource.ACCOUNT, description="Somebody, or something, that can sign in.")
class Account(Node):
    """An account; whose person it is, is no business of an administrator beyond the id."""

    id: strawberry.ID = shown("The id of the account.")
    legal_entity: LegalEntity = shown("The legal entity to which it belongs.")
    login: str = shown("Its name, unique in the installation.")
    person: strawberry.ID | None = shown("The person behind it.")
    language: LanguageTag = shown("The language it has chosen.")
    disabled_at: datetime | None = shown("Since when nobody signs in with it; null if it is open.")
    last_sign_in_at: datetime | None = shown("When its latest session began.")
    roles: list[RoleGrant] = shown("Its roles, past ones as well; at most a few.")
    logins: list[AccountLogin] = shown("Its logins elsewhere, past ones as well; at most a few.")
    version: int = shown("Grows with every change; send it back as expectedVersion.")


def _entities(database: Database) -> dict[str, LegalEntity]:
    return {
        entity.id: LegalEntity(
            id=strawberry.ID(entity.id),
            name=entity.name,
            currency=UnitCode(entity.currency),
            zone=entity.zone,
        )
        for entity in legal_entities(database)
    }


def _grant(row: StoredGrant, entities: Mapping[str, LegalEntity]) -> RoleGrant:
    return RoleGrant(
        id=strawberry.ID(row.id),
        role=row.role,
        legal_entity=entities[row.entity_id],
        unit=None if row.unit_id is None else strawberry.ID(row.unit_id),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        version=row.version,
    )


def _login(row: StoredLogin) -> AccountLogin:
    return AccountLogin(
        id=strawberry.ID(row.id),
        provider=strawberry.ID(row.provider),
        subject=row.subject,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        version=row.version,
    )


def filled(
    database: Database, rows: Sequence[ListedAccount], known_at: datetime
) -> dict[str, Account]:
    """Fill accounts with roles, logins and last sign-ins: four statements, however many."""
    ids = [row.id for row in rows]
    entities = _entities(database)
    roles: dict[str, list[RoleGrant]] = {}
    for grant in grants_of(database, ids, known_at=known_at):
        roles.setdefault(grant.account_id, []).append(_grant(grant, entities))
    logins: dict[str, list[AccountLogin]] = {}
    for login in logins_of(database, ids, known_at=known_at):
        logins.setdefault(login.account_id, []).append(_login(login))
    signed_in = last_sign_ins(database, ids)
    return {
        row.id: Account(
            id=strawberry.ID(row.id),
            legal_entity=entities[row.entity_id],
            login=row.login,
            person=None if row.person_id is None else strawberry.ID(row.person_id),
            language=LanguageTag(row.locale),
            disabled_at=row.disabled_at,
            last_sign_in_at=signed_in.get(row.id),
            roles=roles.get(row.id, []),
            logins=logins.get(row.id, []),
            version=row.version,
        )
        for row in rows
    }


async def account_by_id(context: Context, account_id: str) -> Account:
    """Read one account that the viewer may see, as it is after all deeds so far."""

    def work(database: Database) -> Account:
        rows = accounts_seen(database, context.asker, ids=[account_id])
        if not rows:
            raise Refused("not_found", {"id": account_id})
        return filled(database, rows, ALL_KNOWN)[rows[0].id]

    return await context.read(work)


async def entity_of_account(context: Context, account_id: str) -> str:
    """Return the legal entity of an account that the viewer may see."""

    def work(database: Database) -> str:
        rows = accounts_seen(database, context.asker, ids=[account_id])
        if not rows:
            raise Refused("not_found", {"id": account_id})
        return rows[0].entity_id

    return await context.read(work)


def _key(row: ListedAccount) -> tuple[str, str]:
    return (row.login, row.id)


@output(access=Audience.SIGNED_IN, description="Queries about accounts and signing in.")
class AccountQuery:
    """Part of the query root."""

    @resolved(
        "The ways of signing in, in the order of the settings; at most some dozens.",
        access=Audience.EVERYBODY,
    )
    async def sign_in_providers(self, info: Info) -> list[SignInProvider]:
        """Show the settings."""
        context = info.context
        return [
            SignInProvider(
                id=strawberry.ID(each.id),
                kind=each.kind,
                label=each.labels.get(context.locale.value, each.id),
                start_path=start_path(each.id),
            )
            for each in context.runtime.actions.sign_in.providers.values()
        ]

    @resolved("The accounts the viewer administers or audits, by login.", access=Resource.ACCOUNT)
    async def accounts(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        search: Annotated[str | None, described("Part of the login.")] = None,
    ) -> Connection[Account] | None:
        """Read a page."""
        context = info.context
        asked = page("accounts", first=first, after=after, last=last, before=before)

        def work(database: Database) -> Connection[Account]:
            rows = accounts_seen(database, context.asker, search=search)
            part = cut(sorted(rows, key=_key), asked, _key)
            shown_rows = filled(database, part.rows, context.now)
            return connect("accounts", part, lambda row: shown_rows[row.id], _key)

        return await context.read(work)
