"""Users and groups of SCIM as flat rows, with the few columns that a mapping needs beside them.

What a server says stays as it said it; names of attributes are put right, because they mean the
same in any case (RFC 7643, 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Scalar
from connectors.json_rows import flat_row

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_NAMES = (
    "id",
    "externalId",
    "userName",
    "displayName",
    "name",
    "formatted",
    "familyName",
    "givenName",
    "emails",
    "title",
    "active",
    "members",
    "meta",
    "created",
    "lastModified",
    "version",
    "employeeNumber",
    "department",
    "division",
    "organization",
    "costCenter",
    "manager",
    "value",
    "display",
    "type",
    "primary",
    ENTERPRISE,
)
# A mapping names these; a server leaves out what a person does not have.
_ALWAYS = (
    "externalId",
    "title",
    "enterprise.employeeNumber",
    "enterprise.department",
    "enterprise.division",
    "enterprise.manager.value",
)
_BY_LOWER: Mapping[str, str] = {name.lower(): name for name in _NAMES}


class RowUnusable(Exception):  # noqa: N818 - named by what it is, like the failures
    """A resource without what it needs; ``code`` and ``values`` make the sentence."""

    def __init__(self, code: str, values: Mapping[str, str]) -> None:
        self.code = code
        self.values = values
        super().__init__(code)


def named_right(value: Any) -> Any:
    """Give attributes the names of the standard, whatever case they came in."""
    if isinstance(value, Mapping):
        found = {_BY_LOWER.get(str(name).lower(), str(name)): each for name, each in value.items()}
        return {name: named_right(each) for name, each in found.items()}
    if isinstance(value, list):
        return [named_right(each) for each in value]
    return value


def id_of(resource: Mapping[str, Any]) -> str:
    """Return the id of a resource, or raise that there is none."""
    found = resource.get("id")
    if not isinstance(found, str | int) or isinstance(found, bool) or not str(found).strip():
        raise RowUnusable("source_key_missing", {"column": "id"})
    return str(found)


def modified(resource: Mapping[str, Any]) -> datetime | None:
    """Read when a resource changed; None where it does not say so, or not in ISO 8601."""
    meta = resource.get("meta")
    text = meta.get("lastModified") if isinstance(meta, Mapping) else None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def user_row(resource: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Scalar]:
    """Flatten a user: the enterprise extension as ``enterprise.…``, and columns of our own.

    ``person`` is the best name there is, ``email`` the primary address, ``is_active`` false for who
    was switched off, and ``inactive_on`` the day of the last change of such a one.
    """
    extension = resource.get(ENTERPRISE)
    plain = {name: value for name, value in resource.items() if name != ENTERPRISE}
    if isinstance(extension, Mapping):
        plain["enterprise"] = _with_manager(extension)
    row = {**dict.fromkeys(_ALWAYS), **flat_row(plain)}
    is_active = str(resource.get("active", True)).lower() != "false"
    changed = modified(resource)
    row["person"] = _best_name(resource)
    row["email"] = _primary(resource.get("emails"))
    row["is_active"] = is_active
    row["inactive_on"] = (
        None if is_active or changed is None else changed.astimezone(zone).date().isoformat()
    )
    return row


def group_row(resource: Mapping[str, Any]) -> dict[str, Scalar]:
    """Flatten a group; who is in it is a stream of its own."""
    row = flat_row({name: value for name, value in resource.items() if name != "members"})
    row["size"] = len(members_of(resource))
    return row


def members_of(group: Mapping[str, Any]) -> list[str]:
    """List the ids of the users in a group, each once; groups within it are left out."""
    members = group.get("members")
    return list(
        dict.fromkeys(
            str(each["value"])
            for each in (members if isinstance(members, list) else ())
            if isinstance(each, Mapping) and each.get("value") and _is_user(each)
        )
    )


def _is_user(member: Mapping[str, Any]) -> bool:
    return str(member.get("type") or "User").lower() == "user"


def _with_manager(extension: Mapping[str, Any]) -> dict[str, Any]:
    """Some servers write the manager as a bare id."""
    manager = extension.get("manager")
    if isinstance(manager, str):
        return {**extension, "manager": {"value": manager}}
    return dict(extension)


def _best_name(resource: Mapping[str, Any]) -> str | None:
    name = resource.get("name")
    name = name if isinstance(name, Mapping) else {}
    parts = (name.get("givenName"), name.get("familyName"))
    joined = " ".join(str(part).strip() for part in parts if part)
    for each in (resource.get("displayName"), name.get("formatted"), joined):
        if isinstance(each, str) and each.strip():
            return each.strip()
    user = resource.get("userName")
    return user if isinstance(user, str) else None


def _primary(emails: Any) -> str | None:
    found = [
        each
        for each in (emails if isinstance(emails, list) else ())
        if isinstance(each, Mapping) and isinstance(each.get("value"), str)
    ]
    first = sorted(found, key=lambda each: str(each.get("primary", "")).lower() != "true")
    return str(first[0]["value"]) if first else None


def texts(resources: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give every resource of a page its right names."""
    for resource in resources:
        yield named_right(resource)
