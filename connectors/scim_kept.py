"""Pushed users and groups as the rows that a read directory has, and back again.

The rows are those of ``scim_rows``: one mapping fits both. What a push knows besides, because it is
told when it happens: the day on which somebody was switched off, joined a group and left it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Scalar, join_key
from connectors.json_rows import flat_row
from connectors.scim_rows import ENTERPRISE, group_row, user_row
from connectors.scim_schemas import GROUPS, USERS, Attribute, Kind

_META = ("id", "externalId", "meta.resourceType", "meta.created", "meta.lastModified")
_OWN: Mapping[str, tuple[str, ...]] = {
    "users": ("person", "email", "is_active", "inactive_on"),
    "groups": ("size",),
}
_MEMBER = ("group", "group.name", "user", "since", "until", "is_member")
_PREFIX: Mapping[str, str] = {ENTERPRISE: "enterprise."}


def user_content(
    resource: Mapping[str, Any], before: Mapping[str, Any] | None, at: datetime, zone: ZoneInfo
) -> dict[str, Scalar]:
    """Make the row of a user; who was switched off before keeps that day."""
    row = user_row(resource, zone)
    if row["is_active"] is False and before is not None and before.get("inactive_on"):
        row["inactive_on"] = before["inactive_on"]
    elif row["is_active"] is False:
        row["inactive_on"] = at.astimezone(zone).date().isoformat()
    return row


def group_content(resource: Mapping[str, Any]) -> dict[str, Scalar]:
    """Make the row of a group; its members are rows of their own."""
    return group_row(resource)


def member_content(group: str, name: Scalar, user: str, since: date | None) -> dict[str, Scalar]:
    """Make the row of a member; one who is switched off is in the group and nowhere ``since``."""
    row = flat_row({"group": group, "group.name": name, "user": user, "until": None})
    return {**row, "since": None if since is None else since.isoformat(), "is_member": True}


def member_key(group: str, user: str, since: date) -> str:
    """Name a stay in a group: who leaves and comes back has two."""
    return join_key((group, user, since.isoformat()))


def member_prefix(group: str) -> str:
    """Say how the names of all stays in a group begin."""
    return join_key((group, ""))


def member_part(user: str) -> str:
    """Say what the names of all stays of a user have within them."""
    return join_key(("", user, ""))


def is_member(content: Mapping[str, Any]) -> bool:
    """Say whether the provider still counts a stay."""
    return content.get("is_member") is True


def is_placed(content: Mapping[str, Any]) -> bool:
    """Say whether a stay goes on: who is switched off stays a member, and works nowhere."""
    return is_member(content) and bool(content.get("since")) and content.get("until") is None


def rested(content: Mapping[str, Scalar], today: date) -> dict[str, Scalar]:
    """End a stay today, of who remains a member; one that began today lasts that day."""
    if not is_placed(content):
        return dict(content)
    first = date.fromisoformat(str(content["since"]))
    return {**content, "until": max(today, first + timedelta(days=1)).isoformat()}


def ended(content: Mapping[str, Scalar], today: date) -> dict[str, Scalar]:
    """End a stay today, of who is no member any more."""
    return {**rested(content, today), "is_member": False}


def resource_of(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """Read a resource out of its row again: exactly what was kept of it."""
    external = content.get("externalId")
    found: dict[str, Any] = {} if external is None else {"externalId": external}
    for schema, attributes in kind.schemas.items():
        own = _attributes(attributes, content, _PREFIX.get(schema, ""))
        if schema in kind.extensions:
            found |= {schema: own} if own else {}
        else:
            found |= own
    if kind is USERS:
        found.setdefault("active", True)
    return found


def _attributes(
    attributes: tuple[Attribute, ...], content: Mapping[str, Any], prefix: str
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in attributes:
        name = prefix + attribute.name
        if attribute.many:
            told = content.get(name)
            value = json.loads(told) if isinstance(told, str) else None
        elif attribute.parts:
            value = _attributes(attribute.parts, content, f"{name}.")
        else:
            value = content.get(name)
        if value not in (None, {}, []):
            found[attribute.name] = value
    return found


def columns_of(stream: str) -> tuple[str, ...]:
    """List the columns that the pushed rows of a stream may have."""
    kind = next((each for each in (USERS, GROUPS) if each.stream == stream), None)
    if kind is None:
        return _MEMBER
    found: dict[str, None] = dict.fromkeys(_META)
    for schema, attributes in kind.schemas.items():
        for attribute in attributes:
            name = _PREFIX.get(schema, "") + attribute.name
            if attribute.parts and not attribute.many:
                parts = (part.name for part in attribute.parts if part.is_kept)
                found |= dict.fromkeys(f"{name}.{part}" for part in parts)
            elif name != "members":
                found[name] = None
    return (*found, *_OWN[stream])
