"""Signing in elsewhere: the browser leaves with a secret of its own and comes back once.

An attempt is bound to its browser (by a secret that only the browser holds), to its provider, to a
few minutes, and to a single return. A sign-in never makes an account: the login has to be linked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from actions.deed import Runtime
from actions.identifiers import new_secret
from actions.sessions import open_session
from connectors.sign_in import (
    Arrival,
    NotIdentified,
    ProviderOut,
    SignInProvider,
    handshake_of,
)
from domain.access import System
from domain.people import LegalEntity
from domain.problem import Refused
from storage.accounts import Account
from storage.engine import changing, reading
from storage.logins import account_of_login, add_attempt, take_attempt
from storage.people import legal_entities

ATTEMPT_MINUTES = 10
_LONGEST_PATH = 512
# No control characters, no space, no backslash: browsers read some of them as a slash.
_PATH = re.compile(r"/[!-\[\]-~]*")

# Nobody is signed in yet: the product itself looks up who came back.
_SYSTEM = System(name="sign_in")

_log = structlog.get_logger("attain.sign_in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where the browser goes, and the secret that it keeps until it is back."""

    address: str
    browser_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A session has begun; the browser goes on to ``return_to``."""

    token: str = field(repr=False)
    return_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What came back, with which browser; ``error`` is the provider's own word."""

    state: str | None
    code: str | None = field(repr=False)
    issuer: str | None
    error: str | None
    client: str | None = None  # what the browser says it is, for the list of sessions


def start_path(provider_id: str) -> str:
    """Return where a browser begins to sign in."""
    return f"/auth/{provider_id}/start"


def safe_return(path: str | None) -> str:
    """Return a path of this server, or refuse: never another host, however it is written."""
    if path is None:
        return "/"
    parts = urlsplit(path) if len(path) <= _LONGEST_PATH else None
    if (
        parts is None
        or not _PATH.fullmatch(path)
        or path.startswith("//")
        or parts.scheme
        or parts.netloc
    ):
        raise Refused("return_to_invalid")
    return path


def provider_called(runtime: Runtime, provider_id: str) -> SignInProvider:
    """Return the way of signing in of that name, or refuse."""
    found = runtime.sign_in.providers.get(provider_id)
    if found is None:
        raise Refused("sign_in_provider_unknown", {"provider": provider_id[:40]})
    return found


def begin(runtime: Runtime, provider_id: str, return_to: str | None, user_agent: str) -> Begun:
    """Begin an attempt: remember it, and say where the browser has to go."""
    provider = provider_called(runtime, provider_id)
    path = safe_return(return_to)
    entity = _entity_of(runtime, provider)
    secret, now = new_secret(), runtime.clock()
    redirect_uri = runtime.sign_in.redirect_uri(provider.id)
    try:
        address = provider.leave_for(handshake_of(secret), redirect_uri, user_agent)
    except ProviderOut as out:
        raise _unavailable(provider, out) from None
    with changing(runtime.engine, _SYSTEM) as connection:
        add_attempt(
            connection,
            browser_hash=_hash(secret),
            entity_id=entity.id,
            provider=provider.id,
            return_to=path,
            now=now,
            expires_at=now + timedelta(minutes=ATTEMPT_MINUTES),
        )
    return Begun(address=address, browser_secret=secret)


def finish(
    runtime: Runtime, provider_id: str, browser_secret: str | None, returned: Returned
) -> Finished:
    """Finish an attempt: once, in the browser that began it, with whom the provider names."""
    provider = provider_called(runtime, provider_id)
    if browser_secret is None:
        raise _refused("sign_in_expired", provider, "browser_unknown")
    handshake = handshake_of(browser_secret)
    if not hmac.compare_digest((returned.state or "").encode(), handshake.state.encode()):
        raise _refused("sign_in_expired", provider, "state_of_another")
    now = runtime.clock()
    with changing(runtime.engine, _SYSTEM) as connection:
        attempt = take_attempt(connection, _hash(browser_secret), provider.id, now)
    if attempt is None:
        raise _refused("sign_in_expired", provider, "attempt_gone")
    if returned.error is not None or not returned.code:
        raise _refused("sign_in_unfinished", provider, "provider_says_no")
    try:
        subject = provider.identify(
            Arrival(code=returned.code, issuer=returned.issuer),
            handshake,
            runtime.sign_in.redirect_uri(provider.id),
        )
    except NotIdentified as unknown:
        raise _refused("sign_in_refused", provider, unknown.reason) from None
    except ProviderOut as out:
        raise _unavailable(provider, out) from None
    account = _account(runtime, provider, subject, now)
    if account is None:
        raise _refused("sign_in_refused", provider, "login_unlinked")
    _log.info("signed_in", provider=provider.id, account=account.id)
    opened = open_session(runtime, account, client=returned.client)
    return Finished(token=opened.token, return_to=attempt.return_to)


def _account(
    runtime: Runtime, provider: SignInProvider, subject: str, now: datetime
) -> Account | None:
    entity = _entity_of(runtime, provider)
    with reading(runtime.engine, _SYSTEM) as connection:
        return account_of_login(
            connection,
            provider=provider.id,
            issuer=provider.issuer,
            subject=subject,
            entity_id=entity.id,
            day=now.date(),
        )


def entity_of_provider(runtime: Runtime, provider: SignInProvider) -> LegalEntity | None:
    """Return the legal entity that the settings name, by id or name; None when it is not one."""
    with reading(runtime.engine, _SYSTEM) as connection:
        found = legal_entities(connection)
    fitting = [each for each in found if provider.legal_entity in {each.id, each.name}]
    return fitting[0] if len(fitting) == 1 else None


def _entity_of(runtime: Runtime, provider: SignInProvider) -> LegalEntity:
    entity = entity_of_provider(runtime, provider)
    if entity is None:
        raise _unavailable(provider, ProviderOut("legal_entity_unknown"))
    return entity


def _hash(browser_secret: str) -> str:
    return hashlib.sha256(browser_secret.encode()).hexdigest()


def _refused(code: str, provider: SignInProvider, reason: str) -> Refused:
    # The reason is for the installation alone: a stranger learns nothing of accounts from it.
    _log.warning("sign_in_refused", provider=provider.id, reason=reason)
    return Refused(code)


def _unavailable(provider: SignInProvider, out: ProviderOut) -> Refused:
    _log.warning("sign_in_unavailable", provider=provider.id, reason=out.reason)
    seconds = "" if out.after is None else str(max(1, round(out.after)))
    return Refused("sign_in_unavailable", {"seconds": seconds} if seconds else {})
