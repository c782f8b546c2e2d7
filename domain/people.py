"""Who works where, and from when to when: dated people, units, platforms and assignments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.ids import AssignmentId, EntityId, PersonId, PlatformId, UnitId


class AssignmentRole(StrEnum):
    """What a person is in a unit."""

    MEMBER = "MEMBER"
    LEAD = "LEAD"


class UnitKind(StrEnum):
    """The levels a unit may have; a company without departments has one unit of kind COMPANY."""

    COMPANY = "COMPANY"
    REGION = "REGION"
    DEPARTMENT = "DEPARTMENT"
    TEAM = "TEAM"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalEntity:
    """An employer: it fixes the zone, the day cut-off and the currency of what it measures."""

    id: EntityId
    name: str
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    cutoff_minutes: int = 0  # a day ends so many minutes after midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A participant: somebody who is measured or who measures."""

    id: PersonId
    entity_id: EntityId
    name: str
    staff_number: str | None
    joined_on: date | None
    left_on: date | None  # the first day on which the person no longer works here
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgUnit:
    """A unit as it was at a date: its parent may be another one at another date."""

    id: UnitId
    entity_id: EntityId
    code: str
    name: str
    kind: UnitKind
    parent_id: UnitId | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A sales platform (销售平台), young or mature by the day it opened."""

    id: PlatformId
    entity_id: EntityId
    code: str
    name: str
    opened_on: date | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A person in a unit from a day to a day (``valid_to`` is the first day after)."""

    id: AssignmentId
    person_id: PersonId
    unit_id: UnitId
    platform_id: PlatformId | None
    position: str
    role: AssignmentRole
    valid_from: date
    valid_to: date | None
    version: int
