"""What a legal entity has decided about who sees what, and from which day."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from domain.privacy import BoardVisibility, EntitySettings, strictest
from storage import tables

_setting = tables.entity_setting


def settings_on(connection: Connection, entity_id: str, day: date) -> EntitySettings:
    """Return what holds on ``day``, as known by now: of what has begun the latest."""
    rows = [row for row in _rows(connection, entity_id) if row.valid_from <= day]
    return _settings_of(rows[-1]) if rows else _unsaid(connection, entity_id)


def settings_for(connection: Connection, entity_id: str, *days: date) -> EntitySettings:
    """Return the strictest of what holds on ``days``: the day of the data, and today."""
    return strictest([settings_on(connection, entity_id, day) for day in days])


def settings_decided(connection: Connection, entity_id: str) -> tuple[EntitySettings, ...]:
    """Return every decision by its first day; empty when nothing was ever decided."""
    return tuple(_settings_of(row) for row in _rows(connection, entity_id))


def setting_from(connection: Connection, entity_id: str, day: date) -> Row[Any] | None:
    """Return the decision that begins on exactly ``day``, or None."""
    rows = [row for row in _rows(connection, entity_id) if row.valid_from == day]
    return rows[0] if rows else None


def _rows(connection: Connection, entity_id: str) -> list[Row[Any]]:
    newer = _setting.alias()
    later = exists(
        select(1)
        .where(newer.c.id == _setting.c.id, newer.c.revision > _setting.c.revision)
        .correlate(_setting)
    )
    query = select(_setting).where(
        _setting.c.legal_entity_id == entity_id, _setting.c.voided.is_(False), ~later
    )
    return list(connection.execute(query.order_by(_setting.c.valid_from, _setting.c.id)))


def _settings_of(row: Row[Any]) -> EntitySettings:
    return EntitySettings(
        privacy_minimum=row.privacy_minimum,
        leaderboard=BoardVisibility(row.leaderboard),
        team_pay=row.team_pay,
        valid_from=row.valid_from,
        version=row.revision,
    )


def _unsaid(connection: Connection, entity_id: str) -> EntitySettings:
    """Return what holds until somebody decides: the minimum the company was founded with."""
    column = tables.legal_entity.c.privacy_minimum
    found = select(column).where(tables.legal_entity.c.id == entity_id)
    return EntitySettings(
        privacy_minimum=int(connection.execute(found).scalar_one()),
        leaderboard=BoardVisibility.NAMES_AND_RANKS,
        team_pay=False,
    )
