"""``attain account``: the first administrator, made on the server itself, and a way back in."""

from __future__ import annotations

from enum import StrEnum

import typer

from actions.change_accounts import LOCALES, create_account, grant_role, link_login
from actions.deed import Runtime, perform
from actions.found_company import found_company
from actions.sign_in_elsewhere import start_path
from attain.choosing import SYSTEM, chosen_entity, ready_runtime, refusals_told
from attain.settings import Settings
from domain.access import Role
from domain.people import LegalEntity
from storage.accounts import account_by_login
from storage.engine import Writing, reading


class AccountDeed(StrEnum):
    """What to do with an account."""

    CREATE = "create"
    LINK = "link"


def create(
    settings: Settings,
    *,
    login: str,
    roles: list[str],
    entity: str | None,
    found: str | None,
    person: str | None,
    language: str,
    provider: str | None,
    subject: str | None,
) -> None:
    """Make an account with roles and, when a subject is given, with its login elsewhere."""
    wanted = [_role(each) for each in roles]
    if language not in LOCALES:
        raise typer.BadParameter(f"--language is one of: {', '.join(sorted(LOCALES))}")
    if (provider is None) != (subject is None):
        raise typer.BadParameter("--provider and --subject belong together")
    runtime = ready_runtime(settings)
    with refusals_told(settings.locale):
        there = _entity(runtime, entity, found)

        def deed(writing: Writing) -> str:
            made = create_account(writing, SYSTEM, login=login, person_id=person, locale=language)
            for role in wanted:
                grant_role(writing, SYSTEM, made, role=role)
            if provider is not None and subject is not None:
                link_login(runtime, writing, SYSTEM, made, provider=provider, subject=subject)
            return made

        request = {"login": login, "roles": roles, "provider": provider, "subject": subject}
        done = perform(runtime, SYSTEM, there.id, "accountCreate", request, deed)
    typer.echo(f"account {done.id}  login {login}  in {there.name}")
    _tell_start(runtime, provider)


def link(settings: Settings, *, login: str, provider: str | None, subject: str | None) -> None:
    """Link a login elsewhere to an account that is there."""
    if provider is None or subject is None:
        raise typer.BadParameter("--provider and --subject say which login it is")
    runtime = ready_runtime(settings)
    with reading(runtime.engine, SYSTEM) as connection:
        account = account_by_login(connection, login)
    if account is None:
        raise typer.BadParameter(f"there is no account {login!r} that may sign in")
    with refusals_told(settings.locale):

        def deed(writing: Writing) -> str:
            return link_login(
                runtime, writing, SYSTEM, account.id, provider=provider, subject=subject
            )

        request = {"login": login, "provider": provider, "subject": subject}
        done = perform(runtime, SYSTEM, account.entity_id, "accountLoginLink", request, deed)
    typer.echo(f"link {done.id}  login {login}")
    _tell_start(runtime, provider)


def _role(name: str) -> Role:
    try:
        return Role(name.upper())
    except ValueError:
        raise typer.BadParameter(f"--role is one of: {', '.join(Role)}") from None


def _entity(runtime: Runtime, entity: str | None, found: str | None) -> LegalEntity:
    if found is not None:
        return chosen_entity(runtime, found_company(runtime, found))
    return chosen_entity(runtime, entity)


def _tell_start(runtime: Runtime, provider: str | None) -> None:
    if provider is not None:
        typer.echo(f"sign in at {runtime.sign_in.public_url}{start_path(provider)}")
