"""Tokens of vendors are made, changed over and revoked; each is shown once.

Nobody gives more than they have: every scope must be a right of whoever makes the token, in the
whole legal entity. So an administrator, who sees no business data, cannot make a token that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.deed import Done, Runtime, demand_entity, perform
from actions.identifiers import new_id
from actions.secret_tokens import VENDOR, derived_token, new_salt, token_hash
from domain.access import Actor, Resource, System, Viewer
from domain.problem import Refused
from domain.vendor_token import connection_of, rights_of, stands_alone
from storage.engine import Writing, reading
from storage.sources import connections
from storage.vendor_tokens import (
    VendorToken,
    add_vendor_token,
    revoke_vendor_token,
    vendor_tokens,
)

LONGEST = timedelta(days=365)
_AT_ONCE = 2  # the old one goes on while the new one is put in place
_SHOWN_AGAIN = timedelta(minutes=15)  # for a reply that was lost
_LONGEST_NAME = 120
_OWN = System(name="tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A token that was made; ``token`` is None when it cannot be shown again."""

    stored: VendorToken
    token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDraft:
    """What a new token is to be."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime


def create_vendor_token(
    runtime: Runtime, viewer: Viewer, entity_id: str, draft: TokenDraft, key: str, parent: str
) -> Made:
    """Make the first token of a name; ``parent`` is the token of whoever asks."""

    def deed(writing: Writing) -> str:
        demand_entity(viewer, Resource.TOKEN, entity_id)
        name = draft.name.strip()
        if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
            raise Refused("vendor_name_invalid", path="name")
        _check_scopes(writing, viewer, draft.scopes)
        before = vendor_tokens(writing.connection, _OWN, entity_id, name=name)
        if any(each.is_good(writing.known_at) for each in before):
            raise Refused("vendor_token_twice", {"name": name}, path="name")
        return _add(writing, name, draft.scopes, draft.expires_at, len(before) + 1, parent)

    request = {
        "name": draft.name,
        "scopes": list(draft.scopes),
        "expires_at": draft.expires_at.isoformat(),
    }
    return _made(runtime, viewer, entity_id, "vendorTokenCreate", request, deed, key, parent)


def rotate_vendor_token(
    runtime: Runtime,
    viewer: Viewer,
    entity_id: str,
    token_id: str,
    *,
    expires_at: datetime,
    expected_version: int,
    key: str,
    parent: str,
) -> Made:
    """Make the next token of a name, with the same scopes; the old one is good until revoked."""

    def deed(writing: Writing) -> str:
        demand_entity(viewer, Resource.TOKEN, entity_id)
        old = _one(writing, entity_id, token_id)
        family = vendor_tokens(writing.connection, _OWN, entity_id, name=old.name)
        if family[-1].number != expected_version:
            raise Refused("version_conflict", {"current": str(family[-1].number)})
        good = [each for each in family if each.is_good(writing.known_at)]
        if not old.is_good(writing.known_at):
            raise Refused("vendor_token_over", path="vendorToken")
        if len(good) >= _AT_ONCE:
            raise Refused("vendor_token_twice", {"name": old.name})
        _check_scopes(writing, viewer, old.scopes)
        return _add(writing, old.name, old.scopes, expires_at, len(family) + 1, parent)

    request = {
        "token": token_id,
        "expires_at": expires_at.isoformat(),
        "expected_version": expected_version,
    }
    return _made(runtime, viewer, entity_id, "vendorTokenRotate", request, deed, key, parent)


def revoke(runtime: Runtime, viewer: Viewer, entity_id: str, token_id: str, key: str) -> Done:
    """End a token at once."""

    def deed(writing: Writing) -> str:
        demand_entity(viewer, Resource.TOKEN, entity_id)
        revoke_vendor_token(writing, _one(writing, entity_id, token_id).id)
        return token_id

    request = {"token": token_id}
    return perform(runtime, viewer, entity_id, "vendorTokenRevoke", request, deed, key)


def _made(
    runtime: Runtime,
    viewer: Viewer,
    entity_id: str,
    operation: str,
    request: Mapping[str, object],
    deed: Callable[[Writing], str],
    key: str,
    parent: str,
) -> Made:
    """Do it and show the token; a retry of the same session sees it until it has been used."""
    done = perform(runtime, viewer, entity_id, operation, request, deed, key)
    with reading(runtime.engine, _OWN) as connection:
        (stored,) = vendor_tokens(connection, _OWN, entity_id, ids=(done.id,))
    if stored.salt is None or stored.made_at + _SHOWN_AGAIN < runtime.clock():
        return Made(stored=stored, token=None)
    token = derived_token(VENDOR, parent, stored.salt)
    # Another session than the one that made it derives something else: not a token at all.
    return Made(stored=stored, token=token if token_hash(token) == stored.token_hash else None)


def _one(writing: Writing, entity_id: str, token_id: str) -> VendorToken:
    found = vendor_tokens(writing.connection, _OWN, entity_id, ids=(token_id,))
    if not found:
        raise Refused("not_found", {"id": token_id})
    return found[0]


def _check_scopes(writing: Writing, maker: Actor, scopes: Sequence[str]) -> None:
    if not scopes:
        raise Refused("list_empty", {"field": "scopes"}, path="scopes")
    known = {
        each.id
        for each in connections(
            writing.connection, maker, writing.entity_id, known_at=writing.known_at
        )
    }
    for scope in scopes:
        if stands_alone(scope) and len(set(scopes)) > 1:
            raise Refused("vendor_scope_alone", {"scope": scope[:80]}, path="scopes")
        own = connection_of(scope)
        if own is not None and own not in known:
            raise Refused("vendor_scope_unknown", {"scope": scope[:80]}, path="scopes")
        for right in rights_of([scope]):
            try:
                demand_entity(maker, right.resource, writing.entity_id, right.deed)
            except Refused as no:
                raise Refused("vendor_scope_beyond_maker", {"scope": scope}, "scopes") from no


def _add(
    writing: Writing,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime,
    number: int,
    parent: str,
) -> str:
    now = writing.known_at
    if not now < expires_at <= now + LONGEST:
        raise Refused("vendor_token_lifetime", path="expiresAt")
    salt = new_salt()
    stored = VendorToken(
        id=new_id("vtk", now),
        entity_id=writing.entity_id,
        name=name,
        number=number,
        scopes=tuple(dict.fromkeys(scopes)),
        token_hash=token_hash(derived_token(VENDOR, parent, salt)),
        salt=salt,
        made_by=writing.actor or "",
        made_at=now,
        expires_at=expires_at,
    )
    add_vendor_token(writing, stored)
    return stored.id
