"""A delegation: what one account may do on behalf of another, from a day to a day, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.access import Deed, Resource
from domain.ids import AccountId, EntityId

DELEGATION_DAYS = 92  # a holiday, an illness, a quarter; what lasts longer is a change of role


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """One delegation. ``valid_to`` is the first day after; one that was taken back is ``over``."""

    id: str
    entity_id: EntityId
    from_account: AccountId
    to_account: AccountId
    rights: tuple[tuple[Resource, Deed], ...]
    valid_from: date
    valid_to: date
    reason: str
    over: bool
    version: int
