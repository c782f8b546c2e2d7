"""Who may see and do what: roles, resources, ranges, and the one table that joins them.

A policy never answers with a yes for a row. It answers with *reaches* (how far, from where, for
which days), and storage turns these into a predicate over dated memberships. What the table does
not name is denied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TypeAlias

from domain.ids import AccountId, ConnectionId, EntityId, PersonId, UnitId


class Role(StrEnum):
    """What somebody is to the company. A person may hold several, each with its own scope."""

    SALESPERSON = "SALESPERSON"
    MANAGER = "MANAGER"
    TEAM_PAY = "TEAM_PAY"
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
    TALENT = "TALENT"  # suggestions about a person: promotion, training, recognition
    SETTING = "SETTING"  # what a legal entity decides about who sees what
    DIRECTORY = "DIRECTORY"  # what an identity provider pushes into one source: people, groups


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


def covers(day: date, valid_from: date | None, valid_to: date | None) -> bool:
    """Say whether ``day`` lies in ``[valid_from, valid_to)``, where None is without end."""
    return (valid_from is None or valid_from <= day) and (valid_to is None or day < valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role with its scope: a manager's unit, an HR officer's legal entity or branch.

    ``valid_from`` and ``valid_to`` (the first day after) bound the days of the rows it reaches:
    the manager of that time sees that time. A grant that is over (not ``current``) still reads
    its own time and changes nothing.
    """

    role: Role
    entity_id: EntityId
    unit_id: UnitId | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    current: bool = True

    def covers(self, day: date) -> bool:
        """Say whether the grant reaches rows of ``day``."""
        return covers(day, self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReason:
    """Why an auditor may read pay at present: of one person, or of all of a legal entity."""

    id: str
    entity_id: EntityId
    person_id: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """On whose behalf a request acts, and what the delegation covers; nothing else is left."""

    account_id: AccountId
    person_id: PersonId | None
    delegation_id: str
    rights: frozenset[tuple[Resource, Deed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One thing that a vendor's token may do; ``connection_id`` narrows it to that source."""

    resource: Resource
    deed: Deed
    connection_id: ConnectionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Whoever asks: an account, the person behind it if any, and the roles with their scopes.

    While acting for somebody the grants are theirs, and ``person_id`` stays whoever really asks.
    """

    account_id: AccountId
    person_id: PersonId | None
    grants: tuple[Grant, ...]
    # Of a vendor's token: what its scopes say. None for everybody who is no token.
    rights: tuple[Right, ...] | None = None
    reasons: tuple[OpenReason, ...] = ()
    acting: Acting | None = None

    @property
    def roles(self) -> frozenset[Role]:
        """The roles the viewer holds anywhere."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def entity_ids(self) -> frozenset[EntityId]:
        """The legal entities the viewer has any role in."""
        return frozenset(grant.entity_id for grant in self.grants)

    @property
    def persons(self) -> frozenset[PersonId]:
        """Who counts as oneself: nobody decides about them in this request."""
        mine = (self.person_id, self.acting.person_id if self.acting else None)
        return frozenset(person for person in mine if person is not None)


# Whoever has not signed in: somebody without an account and without a right.
NOBODY = Viewer(account_id=AccountId(""), person_id=None, grants=())


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The product itself, acting without a person: a worker, a command on the server."""

    name: str


Actor: TypeAlias = Viewer | System


def behalf_of(actor: Actor) -> str | None:
    """Return the account for which the actor acts, or None."""
    return actor.acting.account_id if isinstance(actor, Viewer) and actor.acting else None


def name_of(actor: Actor) -> str:
    """Return what the trail calls the actor."""
    return actor.name if isinstance(actor, System) else actor.account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One way in which a right reaches rows; several are joined by *or*.

    SELF reaches the rows of ``person_id``; SUBTREE those of people who are members of ``unit_id``
    or a unit below it at the date of the row; ENTITY those of ``entity_id``. A vendor's own source
    is a SELF with ``connection_id`` and nobody's. Only rows of the days ``[valid_from, valid_to)``,
    and never those of the person ``without``.
    """

    range: Range
    entity_id: EntityId
    unit_id: UnitId | None = None
    person_id: PersonId | None = None
    connection_id: ConnectionId | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    without: PersonId | None = None


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
        # Answering for oneself: objecting, agreeing to be thanked. Nobody decides about oneself.
        (Role.SALESPERSON, Resource.TALENT, _READ): _SELF,
        (Role.SALESPERSON, Resource.TALENT, _WRITE): _SELF,
        (Role.SALESPERSON, Resource.SETTING, _READ): _ENTITY,
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
        (Role.MANAGER, Resource.TALENT, _READ): _SUBTREE,
        (Role.MANAGER, Resource.TALENT, _WRITE): _SUBTREE,
        (Role.MANAGER, Resource.SETTING, _READ): _ENTITY,
        # Granted by name and day, on top of leading the unit.
        (Role.TEAM_PAY, Resource.PAY, _READ): _SUBTREE,
        **{
            (Role.HR, resource, deed): _ENTITY
            for resource in Resource
            if resource not in {Resource.ACCOUNT, Resource.AUDIT, Resource.LEADERBOARD}
            for deed in Deed
        },
        (Role.HR, Resource.LEADERBOARD, _READ): _ENTITY,
        (Role.HR, Resource.AUDIT, _READ): _ENTITY,
        # An auditor reads everything of the legal entity and changes nothing; pay only while a
        # reason is open.
        **{(Role.AUDITOR, resource, _READ): _ENTITY for resource in Resource},
        # An administrator runs the system and sees no business data.
        (Role.ADMIN, Resource.ACCOUNT, _READ): _ENTITY,
        (Role.ADMIN, Resource.ACCOUNT, _WRITE): _ENTITY,
        (Role.ADMIN, Resource.TOKEN, _READ): _ENTITY,
        (Role.ADMIN, Resource.TOKEN, _WRITE): _ENTITY,
        (Role.ADMIN, Resource.AUDIT, _READ): _ENTITY,
        (Role.ADMIN, Resource.UNIT, _READ): _ENTITY,
        (Role.ADMIN, Resource.SETTING, _READ): _ENTITY,
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
        (Role.VENDOR, Resource.DIRECTORY, _READ): _ENTITY,
        (Role.VENDOR, Resource.DIRECTORY, _WRITE): _ENTITY,
    }
)


# What is left of HR when the grant names a unit: the people of the branch, no rule and no source.
BRANCH: Mapping[tuple[Resource, Deed], Range] = MappingProxyType(
    {
        (Resource.PERSON, _READ): _SUBTREE,
        (Resource.PERSON, _WRITE): _SUBTREE,
        (Resource.UNIT, _READ): _ENTITY,
        (Resource.GOAL, _READ): _SUBTREE,
        (Resource.GOAL, _WRITE): _SUBTREE,
        (Resource.METRIC, _READ): _ENTITY,
        (Resource.PERFORMANCE, _READ): _SUBTREE,
        (Resource.PERFORMANCE, _WRITE): _SUBTREE,
        (Resource.PAY, _READ): _SUBTREE,
        (Resource.PLAN, _READ): _ENTITY,
        (Resource.LEADERBOARD, _READ): _ENTITY,
        (Resource.TALENT, _READ): _SUBTREE,
        (Resource.TALENT, _WRITE): _SUBTREE,
        (Resource.SETTING, _READ): _ENTITY,
    }
)

# What nobody may hand to a deputy: whatever gives rights, and the trail of who did what.
UNDELEGATED = frozenset({Resource.ACCOUNT, Resource.TOKEN, Resource.SETTING, Resource.AUDIT})
# What goes along with anything: the words in which the company speaks, nothing about people.
WORDS = frozenset({(Resource.UNIT, Deed.READ), (Resource.METRIC, Deed.READ)})
# The roles of which a delegation passes anything on; the others speak of the account itself.
DELEGATED_ROLES = frozenset({Role.MANAGER, Role.TEAM_PAY, Role.HR})


def extent_of(grant: Grant, resource: Resource, deed: Deed, policy: Policy = POLICY) -> Range:
    """Return how far a grant goes by the table, before its scope and its days are looked at."""
    if grant.role is Role.HR and grant.unit_id is not None:
        return BRANCH.get((resource, deed), Range.NONE)
    return policy.get((grant.role, resource, deed), Range.NONE)


def reaches(
    viewer: Viewer, resource: Resource, deed: Deed, policy: Policy = POLICY
) -> tuple[Reach, ...]:
    """Return how far ``viewer`` may go; empty means not at all.

    A SUBTREE right without a unit, and a SELF right of an account without a person, reach nothing.
    """
    found: dict[Reach, None] = {}
    for grant in viewer.grants:
        for reach in reaches_of(viewer, grant, resource, deed, policy):
            found[reach] = None
    return tuple(found)


def reaches_of(
    viewer: Viewer, grant: Grant, resource: Resource, deed: Deed, policy: Policy = POLICY
) -> tuple[Reach, ...]:
    """Return how far one grant of ``viewer`` goes."""
    if deed is Deed.WRITE and not grant.current:
        return ()
    extent = extent_of(grant, resource, deed, policy)
    if viewer.rights is not None or grant.role is Role.VENDOR:
        asked = [each for each in viewer.rights or () if _is_of(each, resource, deed)]
        return tuple(_narrowed(grant, extent, asked))
    if grant.role is Role.AUDITOR and resource is Resource.PAY:
        return tuple(_reasoned(reason) for reason in _reasons(viewer, grant, extent))
    reach = _reach(viewer, grant, extent)
    if reach is None or viewer.acting is None:
        return () if reach is None else (reach,)
    return _handed_on(viewer.acting, reach, resource, deed)


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
        return Reach(
            range=extent,
            entity_id=grant.entity_id,
            unit_id=grant.unit_id,
            valid_from=grant.valid_from,
            valid_to=grant.valid_to,
        )
    # A right over the legal entity is held now or not at all: it has no days of its own.
    if extent in {Range.ENTITY, Range.ALL} and grant.current:
        return Reach(range=extent, entity_id=grant.entity_id)
    return None


def _reasons(viewer: Viewer, grant: Grant, extent: Range) -> tuple[OpenReason, ...]:
    if extent is Range.NONE or not grant.current:
        return ()
    return tuple(each for each in viewer.reasons if each.entity_id == grant.entity_id)


def _reasoned(reason: OpenReason) -> Reach:
    if reason.person_id is None:
        return Reach(range=Range.ENTITY, entity_id=reason.entity_id)
    return Reach(range=Range.SELF, entity_id=reason.entity_id, person_id=reason.person_id)


def _handed_on(acting: Acting, reach: Reach, resource: Resource, deed: Deed) -> tuple[Reach, ...]:
    """Keep of a right what the delegation covers: never what is one's own, never accounts."""
    if (resource, deed) not in acting.rights | WORDS or resource in UNDELEGATED:
        return ()
    if reach.range is Range.SELF:
        return ()
    return (replace(reach, without=acting.person_id) if resource is Resource.PAY else reach,)


def may(
    viewer: Viewer,
    resource: Resource,
    deed: Deed,
    entity_id: str | None = None,
    policy: Policy = POLICY,
) -> bool:
    """Say whether ``viewer`` may do the deed to anything of the resource (in ``entity_id``)."""
    return any(
        entity_id is None or reach.entity_id == entity_id
        for reach in reaches(viewer, resource, deed, policy)
    )


def may_all(viewer: Viewer, resource: Resource, deed: Deed, entity_id: str) -> bool:
    """Say whether ``viewer`` may do the deed to everything of the resource in a legal entity."""
    return any(
        reach.range >= Range.ENTITY and reach.entity_id == entity_id and reach.without is None
        for reach in reaches(viewer, resource, deed)
    )


def refusal_of(viewer: Viewer, resource: Resource, deed: Deed) -> str:
    """Return the code of the sentence that says what to do when ``may`` says no."""
    if viewer.acting is not None and (resource, deed) not in viewer.acting.rights:
        return "acting_beyond"
    if resource is Resource.PAY and deed is Deed.READ and Role.AUDITOR in viewer.roles:
        return "reason_required"
    return "forbidden"


def sees_files(viewer: Viewer) -> bool:
    """Say whether the personnel file of people one may see is shown: to no vendor's program."""
    return viewer.rights is None


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
