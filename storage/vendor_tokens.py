"""Tokens of vendors: found by a hash; two of one name may be good at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update
from sqlalchemy.exc import OperationalError

from domain.access import Actor, Grant, Resource, Role, Viewer
from domain.ids import AccountId, EntityId
from domain.problem import Refused
from domain.session import SEEN_EVERY
from domain.vendor_token import rights_of
from storage.engine import Engine, Writing, changing
from storage.tables import vendor_token as table
from storage.visibility import entities_seen

_TOUCH_WAIT_MS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorToken:
    """A token as it is kept; ``salt`` is there until the token is used."""

    id: str
    entity_id: str
    name: str
    number: int
    scopes: tuple[str, ...]
    token_hash: str
    salt: str | None
    made_by: str
    made_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Say whether a request may be made with it."""
        return self.revoked_at is None and self.expires_at > now


def vendor_tokens(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    *,
    name: str | None = None,
    ids: tuple[str, ...] | None = None,
) -> tuple[VendorToken, ...]:
    """Return the tokens of a legal entity, by name and number."""
    query = select(table).where(
        table.c.legal_entity_id == entity_id, entities_seen(actor, Resource.TOKEN, table)
    )
    if name is not None:
        query = query.where(table.c.name == name)
    if ids is not None:
        query = query.where(table.c.id.in_(ids))
    return tuple(
        _from_row(row) for row in connection.execute(query.order_by(table.c.name, table.c.number))
    )


def vendor_token_by_hash(
    connection: Connection, token_hash: str, now: datetime
) -> VendorToken | None:
    """Return the token that is good at ``now``."""
    query = select(table).where(table.c.token_hash == token_hash, _good(now))
    row = connection.execute(query).one_or_none()
    return None if row is None else _from_row(row)


def _good(now: datetime) -> ColumnElement[bool]:
    return and_(table.c.revoked_at.is_(None), table.c.expires_at > now)


def _from_row(row: Row[Any]) -> VendorToken:
    return VendorToken(
        id=row.id,
        entity_id=row.legal_entity_id,
        name=row.name,
        number=row.number,
        scopes=tuple(row.scopes),
        token_hash=row.token_hash,
        salt=row.salt,
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def viewer_of_vendor(token: VendorToken) -> Viewer:
    """Build who asks with a token: nobody's account, one legal entity, what its scopes say."""
    try:
        rights = rights_of(token.scopes)
    except Refused:
        rights = ()  # a scope that this version does not know gives nothing
    return Viewer(
        account_id=AccountId(token.id),
        person_id=None,
        grants=(Grant(role=Role.VENDOR, entity_id=EntityId(token.entity_id)),),
        rights=rights,
    )


def add_vendor_token(writing: Writing, new: VendorToken) -> None:
    """Add a token, known by its hash alone."""
    writing.connection.execute(
        insert(table).values(
            id=new.id,
            legal_entity_id=new.entity_id,
            name=new.name,
            number=new.number,
            scopes=list(new.scopes),
            token_hash=new.token_hash,
            salt=new.salt,
            made_by=new.made_by,
            made_at=new.made_at,
            expires_at=new.expires_at,
        )
    )


def revoke_vendor_token(writing: Writing, token_id: str) -> None:
    """End a token at once; one that is over stays as it is."""
    writing.connection.execute(
        update(table)
        .where(table.c.id == token_id, table.c.revoked_at.is_(None))
        .values(revoked_at=writing.known_at, salt=None)
    )


def touch_vendor_token(engine: Engine, actor: Actor, token_id: str, now: datetime) -> None:
    """Note that a token was used, and forget what it was derived with; or leave it for later."""
    late = or_(table.c.last_used_at.is_(None), table.c.last_used_at < now - SEEN_EVERY)
    try:
        with changing(engine, actor, wait_ms=_TOUCH_WAIT_MS) as connection:
            connection.execute(
                update(table)
                .where(table.c.id == token_id, late)
                .values(last_used_at=now, salt=None)
            )
    except OperationalError:
        return
