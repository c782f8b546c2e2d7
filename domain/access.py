"""Who may see and do what: roles, resources, ranges, and the one table that joins them.

A policy never answers with a yes for a row. It answers with *reaches* (how far, and from where),
and storage turns these into a predicate over dated memberships. What the table does not name is
denied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TypeAlias

from domain.ids import AccountId, ConnectionId, EntityId, PersonId, UnitId


class Role(StrEnum):
    """What somebody is to the company. A person may hold several, each with its own scope."""

    SALESPERSON = "SALESPERSON"
    MANAGER = "MANAGER"
    HR = "HR"
    AUDITOR = "AUDITOR"
    ADMIN = "ADMIN"
    VENDOR = "VENDOR"  # a program with a vendor's token; never granted to an account


class Resource(StrEnum):
    """What can be seen or changed. Performance and pay are two resources on purpose."""

    PERSON = "PERSON"  # name, team, position
    UNIT = "UNIT"  # teams and platforms
    GOAL = "GOAL"
    METRIC = "METRIC"  # definitions, scorecards
    PERFORMANCE = "PERFORMANCE"  # values, scores, ranks of a person
    PAY = "PAY"  # statements, amounts, ledger
    PLAN = "PLAN"  # incentive plans and their versions
    CALCULATION = "CALCULATION"  # runs: trial, posted
    LEADERBOARD = "LEADERBOARD"
    SOURCE = "SOURCE"  # connections, runs, quarantine
    IDENTITY = "IDENTITY"  # who is who in a source
    PACK = "PACK"  # industry packs
    ACCOUNT = "ACCOUNT"  # accounts and role grants
    TOKEN = "TOKEN"  # noqa: S105 - tokens of vendors; a name, no secret
    AUDIT = "AUDIT"  # the trail of who did what


class Deed(StrEnum):
    """What is done with a resource."""

    READ = "READ"
    WRITE = "WRITE"


class Range(IntEnum):
    """How far a right reaches, from nothing to everything; a wider one contains the narrower."""

    NONE = 0
    SELF = 1
    SUBTREE = 2
    ENTITY = 3
    ALL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role with its scope: a manager's unit, an HR officer's legal entity."""

    role: Role
    entity_id: EntityId
    unit_id: UnitId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One thing that a vendor's token may do; ``connection_id`` narrows it to that source."""

    resource: Resource
    deed: Deed
    connection_id: ConnectionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Whoever asks: an account, the person behind it if any, and the roles with their scopes."""

    account_id: AccountId
    person_id: PersonId | None
    grants: tuple[Grant, ...]
    # Of a vendor's token: what its scopes say. None for everybody who is no token.
    rights: tuple[Right, ...] | None = None

    @property
    def roles(self) -> frozenset[Role]:
        """The roles the viewer holds anywhere."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def entity_ids(self) -> frozenset[EntityId]:
        """The legal entities the viewer has any role in."""
        return frozenset(grant.entity_id for grant in self.grants)


# Whoever has not signed in: somebody without an account and without a right.
NOBODY = Viewer(account_id=AccountId(""), person_id=None, grants=())


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The product itself, acting without a person: a worker, a command on the server."""

    name: str


Actor: TypeAlias = Viewer | System


def name_of(actor: Actor) -> str:
    """Return what the trail calls the actor."""
    return actor.name if isinstance(actor, System) else actor.account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One way in which a right reaches rows; several are joined by *or*.

    SELF reaches the rows of ``person_id``; SUBTREE those of people who are members of ``unit_id``
    or a unit below it at the date of the row; ENTITY those of ``entity_id``. A vendor's own source
    is a SELF with ``connection_id`` and nobody's.
    """

    range: Range
    entity_id: EntityId
    unit_id: UnitId | None = None
    person_id: PersonId | None = None
    connection_id: ConnectionId | None = None


_SELF, _SUBTREE, _ENTITY = Range.SELF, Range.SUBTREE, Range.ENTITY
_READ, _WRITE = Deed.READ, Deed.WRITE

Policy: TypeAlias = Mapping[tuple[Role, Resource, Deed], Range]

# The whole policy. A missing line means Range.NONE.
POLICY: Policy = MappingProxyType(
    {
        (Role.SALESPERSON, Resource.PERSON, _READ): _SELF,
        (Role.SALESPERSON, Resource.UNIT, _READ): _ENTITY,
        (Role.SALESPERSON, Resource.GOAL, _READ): _SELF,
        (Role.SALESPERSON, Resource.METRIC, _READ): _ENTITY,
        (Role.SALESPERSON, Resource.PERFORMANCE, _READ): _SELF,
        (Role.SALESPERSON, Resource.PAY, _READ): _SELF,
        (Role.SALESPERSON, Resource.PLAN, _READ): _ENTITY,
        (Role.SALESPERSON, Resource.LEADERBOARD, _READ): _ENTITY,
        # A manager sees and sets goals of the subtree and sees its performance, never its pay.
        (Role.MANAGER, Resource.PERSON, _READ): _SUBTREE,
        (Role.MANAGER, Resource.UNIT, _READ): _ENTITY,
        (Role.MANAGER, Resource.GOAL, _READ): _SUBTREE,
        (Role.MANAGER, Resource.GOAL, _WRITE): _SUBTREE,
        (Role.MANAGER, Resource.METRIC, _READ): _ENTITY,
        (Role.MANAGER, Resource.PERFORMANCE, _READ): _SUBTREE,
        (Role.MANAGER, Resource.PAY, _READ): _SELF,
        (Role.MANAGER, Resource.PLAN, _READ): _ENTITY,
        (Role.MANAGER, Resource.LEADERBOARD, _READ): _ENTITY,
        **{
            (Role.HR, resource, deed): _ENTITY
            for resource in Resource
            if resource not in {Resource.ACCOUNT, Resource.AUDIT, Resource.LEADERBOARD}
            for deed in Deed
        },
        (Role.HR, Resource.LEADERBOARD, _READ): _ENTITY,
        (Role.HR, Resource.AUDIT, _READ): _ENTITY,
        # An auditor reads everything of the legal entity and changes nothing.
        **{(Role.AUDITOR, resource, _READ): _ENTITY for resource in Resource},
        # An administrator runs the system and sees no business data.
        (Role.ADMIN, Resource.ACCOUNT, _READ): _ENTITY,
        (Role.ADMIN, Resource.ACCOUNT, _WRITE): _ENTITY,
        (Role.ADMIN, Resource.TOKEN, _READ): _ENTITY,
        (Role.ADMIN, Resource.TOKEN, _WRITE): _ENTITY,
        (Role.ADMIN, Resource.AUDIT, _READ): _ENTITY,
        (Role.ADMIN, Resource.UNIT, _READ): _ENTITY,
        # The widest that a vendor's token may ever get; its scopes narrow it. Never pay, accounts,
        # tokens, the trail, or who is who.
        (Role.VENDOR, Resource.PERSON, _READ): _ENTITY,
        (Role.VENDOR, Resource.UNIT, _READ): _ENTITY,
        (Role.VENDOR, Resource.GOAL, _READ): _ENTITY,
        (Role.VENDOR, Resource.GOAL, _WRITE): _ENTITY,
        (Role.VENDOR, Resource.METRIC, _READ): _ENTITY,
        (Role.VENDOR, Resource.METRIC, _WRITE): _ENTITY,
        (Role.VENDOR, Resource.PERFORMANCE, _READ): _ENTITY,
        (Role.VENDOR, Resource.PLAN, _READ): _ENTITY,
        (Role.VENDOR, Resource.SOURCE, _READ): _ENTITY,
        (Role.VENDOR, Resource.SOURCE, _WRITE): _ENTITY,
        (Role.VENDOR, Resource.PACK, _READ): _ENTITY,
    }
)


def reaches(
    viewer: Viewer, resource: Resource, deed: Deed, policy: Policy = POLICY
) -> tuple[Reach, ...]:
    """Return how far ``viewer`` may go; empty means not at all.

    A SUBTREE right without a unit, and a SELF right of an account without a person, reach nothing.
    """
    found: dict[Reach, None] = {}
    for grant in viewer.grants:
        extent = policy.get((grant.role, resource, deed), Range.NONE)
        if viewer.rights is not None or grant.role is Role.VENDOR:
            asked = [each for each in viewer.rights or () if _is_of(each, resource, deed)]
            found.update(dict.fromkeys(_narrowed(grant, extent, asked)))
            continue
        reach = _reach(viewer, grant, extent)
        if reach is not None:
            found[reach] = None
    return tuple(found)


def _is_of(right: Right, resource: Resource, deed: Deed) -> bool:
    return right.resource is resource and right.deed is deed


def _narrowed(grant: Grant, extent: Range, rights: Sequence[Right]) -> Iterator[Reach]:
    """Yield how far a token goes: no further than the vendor's role, nowhere without a scope."""
    if grant.role is not Role.VENDOR or extent is Range.NONE:
        return
    for right in rights:
        if right.connection_id is None:
            yield Reach(range=extent, entity_id=grant.entity_id)
        else:
            own = right.connection_id
            yield Reach(range=Range.SELF, entity_id=grant.entity_id, connection_id=own)


def _reach(viewer: Viewer, grant: Grant, extent: Range) -> Reach | None:
    if extent is Range.SELF and viewer.person_id is not None:
        return Reach(range=extent, entity_id=grant.entity_id, person_id=viewer.person_id)
    if extent is Range.SUBTREE and grant.unit_id is not None:
        return Reach(range=extent, entity_id=grant.entity_id, unit_id=grant.unit_id)
    if extent in {Range.ENTITY, Range.ALL}:
        return Reach(range=extent, entity_id=grant.entity_id)
    return None


def may(viewer: Viewer, resource: Resource, deed: Deed, policy: Policy = POLICY) -> bool:
    """Say whether ``viewer`` may do the deed to anything of the resource at all."""
    return bool(reaches(viewer, resource, deed, policy))


def table_of(policy: Policy = POLICY) -> tuple[tuple[Resource, Deed, tuple[Range, ...]], ...]:
    """Return the policy as rows: resource, deed, one range per role in the order of ``Role``."""
    return tuple(
        (
            resource,
            deed,
            tuple(policy.get((role, resource, deed), Range.NONE) for role in Role),
        )
        for resource in Resource
        for deed in Deed
    )
