"""What we keep of users and groups, attribute by attribute, as RFC 7643 writes schemas.

These are the only definitions: what comes in is read by them, what a path or a filter may name is
looked up in them, and discovery publishes them. Standard attributes that are not here (addresses,
telephone numbers, photos, passwords) are accepted and **not kept**: nobody needs them for pay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.scim_rows import ENTERPRISE

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute. ``parts`` are its sub-attributes, ``many`` says that it is a list."""

    name: str
    type: str = "string"
    many: bool = False
    required: bool = False
    exact: bool = False  # upper and lower case are two things
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    parts: tuple[Attribute, ...] = ()
    choices: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    follows: bool = False  # from another part: a client may say it, we write it ourselves

    def part(self, name: str) -> Attribute | None:
        """Find a sub-attribute; names mean the same in any case."""
        return _named(self.parts, name)

    @property
    def is_kept(self) -> bool:
        """Whether a client may say it; what is read only is ours to say."""
        return self.mutability != "readOnly" and not self.follows

    def document(self) -> dict[str, Any]:
        """Write it as discovery publishes it."""
        found: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "multiValued": self.many,
            "required": self.required,
            "caseExact": self.exact,
            "mutability": self.mutability,
            "returned": self.returned,
            "uniqueness": self.uniqueness,
        }
        if self.choices:
            found["canonicalValues"] = list(self.choices)
        if self.refers:
            found["referenceTypes"] = list(self.refers)
        if self.parts:
            found["subAttributes"] = [part.document() for part in self.parts]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One type of resource: where it is served, and its schemas, the core first."""

    name: str
    endpoint: str
    schemas: Mapping[str, tuple[Attribute, ...]]
    stream: str

    @property
    def core(self) -> str:
        """The schema of its own attributes."""
        return next(iter(self.schemas))

    @property
    def extensions(self) -> tuple[str, ...]:
        """The schemas beside the core."""
        return tuple(self.schemas)[1:]

    def attribute(self, name: str, schema: str | None = None) -> tuple[str, Attribute] | None:
        """Find an attribute with its schema; a bare name may be one of an extension."""
        for each, attributes in self.schemas.items():
            found = _named(attributes, name) if schema in {None, each} else None
            if found is not None:
                return each, found
        found = _named(COMMON, name) if schema in {None, self.core} else None
        return None if found is None else (self.core, found)


def _named(attributes: tuple[Attribute, ...], name: str) -> Attribute | None:
    lower = name.lower()
    return next((each for each in attributes if each.name.lower() == lower), None)


_ID = Attribute(
    name="id", exact=True, mutability="readOnly", returned="always", uniqueness="server"
)
_EXTERNAL_ID = Attribute(name="externalId", exact=True)
_META = Attribute(
    name="meta",
    type="complex",
    mutability="readOnly",
    parts=(
        Attribute(name="resourceType", exact=True, mutability="readOnly"),
        Attribute(name="created", type="dateTime", mutability="readOnly"),
        Attribute(name="lastModified", type="dateTime", mutability="readOnly"),
        Attribute(
            name="location", type="reference", exact=True, mutability="readOnly", refers=("uri",)
        ),
        Attribute(name="version", exact=True, mutability="readOnly"),
    ),
)
_SCHEMAS = Attribute(
    name="schemas", many=True, exact=True, mutability="readOnly", returned="always"
)
_TO_USER = Attribute(
    name="$ref",
    type="reference",
    exact=True,
    mutability="immutable",
    refers=("User",),
    follows=True,
)
# Attributes of every resource; RFC 7643 (3.1) has them outside of the schemas.
COMMON = (_ID, _EXTERNAL_ID, _META, _SCHEMAS)

_USER_ATTRIBUTES = (
    Attribute(name="userName", required=True, uniqueness="server"),
    Attribute(
        name="name",
        type="complex",
        parts=(
            Attribute(name="formatted"),
            Attribute(name="familyName"),
            Attribute(name="givenName"),
            Attribute(name="middleName"),
        ),
    ),
    Attribute(name="displayName"),
    Attribute(name="title"),
    Attribute(name="userType"),
    Attribute(name="preferredLanguage"),
    Attribute(name="locale"),
    Attribute(name="timezone"),
    # Whoever is not said to be switched off is not; but nobody takes the answer away.
    Attribute(name="active", type="boolean", required=True),
    Attribute(
        name="emails",
        type="complex",
        many=True,
        parts=(
            Attribute(name="value"),
            Attribute(name="type", choices=("work", "home", "other")),
            Attribute(name="primary", type="boolean"),
        ),
    ),
)
_ENTERPRISE_ATTRIBUTES = (
    Attribute(name="employeeNumber"),
    Attribute(name="costCenter"),
    Attribute(name="organization"),
    Attribute(name="division"),
    Attribute(name="department"),
    Attribute(
        name="manager",
        type="complex",
        parts=(
            Attribute(name="value", exact=True),
            _TO_USER,
        ),
    ),
)
_GROUP_ATTRIBUTES = (
    Attribute(name="displayName", required=True),
    Attribute(
        name="members",
        type="complex",
        many=True,
        parts=(
            Attribute(name="value", exact=True, mutability="immutable"),
            _TO_USER,
            Attribute(name="type", mutability="immutable", choices=("User",)),
        ),
    ),
)

USERS = Kind(
    name="User",
    endpoint="Users",
    stream="users",
    schemas={USER: _USER_ATTRIBUTES, ENTERPRISE: _ENTERPRISE_ATTRIBUTES},
)
GROUPS = Kind(name="Group", endpoint="Groups", stream="groups", schemas={GROUP: _GROUP_ATTRIBUTES})
KINDS: Mapping[str, Kind] = {kind.endpoint: kind for kind in (USERS, GROUPS)}

# Standard attributes that a provider may send by its ready-made mapping and that we do not keep.
NOT_KEPT = frozenset(
    {
        "addresses",
        "entitlements",
        "groups",
        "ims",
        "nickname",
        "password",
        "phonenumbers",
        "photos",
        "profileurl",
        "roles",
        "x509certificates",
    }
)
