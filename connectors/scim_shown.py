"""A user or a group as it is answered: with its place and version, and only what was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.scim_filter import Place, Unknown, place_of
from connectors.scim_schemas import GROUPS, USERS, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which attributes an answer has: only some, or all but some; the id is always there."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def has(self, kind: Kind, name: str) -> bool:
        """Say whether an attribute will be in the answer as a whole or in part."""
        lower = name.lower()
        if self.only:
            return any(_name_of(kind, each) == lower for each in self.only)
        return all(_whole_name(kind, each) != lower for each in self.without)


def shown(
    kind: Kind, known: Mapping[str, Any], *, key: str, meta: Mapping[str, str], base: str
) -> dict[str, Any]:
    """Write a resource as its own place answers it."""
    extensions = [each for each in kind.extensions if each in known]
    whole: dict[str, Any] = {
        "schemas": [kind.core, *extensions],
        "id": key,
        **known,
        "meta": {
            "resourceType": kind.name,
            "created": meta["created"],
            "lastModified": meta["lastModified"],
            "location": f"{base}/{kind.endpoint}/{key}",
            "version": meta["version"],
        },
    }
    users = f"{base}/{USERS.endpoint}/"
    if kind is GROUPS and "members" in whole:
        whole["members"] = [{**each, "$ref": users + each["value"]} for each in whole["members"]]
    for urn in extensions:
        manager = whole[urn].get("manager")
        if isinstance(manager, Mapping) and manager.get("value"):
            referred = {**manager, "$ref": users + str(manager["value"])}
            whole[urn] = {**whole[urn], "manager": referred}
    return whole


def narrowed(kind: Kind, whole: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    """Leave what was asked for; names that nobody knows ask for nothing."""
    if wanted.only:
        found: dict[str, Any] = {"schemas": whole["schemas"], "id": whole["id"]}
        for place in _places(kind, wanted.only):
            _keep(found, whole, place)
        return found
    found = dict(whole)
    for place in _places(kind, wanted.without):
        _leave_out(found, place)
    return found


def _places(kind: Kind, names: Iterable[str]) -> Iterable[Place]:
    for name in names:
        try:
            yield place_of(kind, name)
        except Unknown:
            continue


def _keep(found: dict[str, Any], whole: Mapping[str, Any], place: Place) -> None:
    source, target = whole, found
    if place.extension:
        if place.extension not in whole:
            return
        source = whole[place.extension]
        if place.attribute is None:
            found[place.extension] = source
            return
        target = found.setdefault(place.extension, {})
    if place.attribute is None or place.attribute.name not in source:
        return
    name, value = place.attribute.name, source[place.attribute.name]
    if place.part is None:
        target[name] = value
        return
    parts = {place.part.name}
    if name in target:
        parts |= _parts_of(target[name])
    target[name] = _with_parts(value, parts)


def _leave_out(found: dict[str, Any], place: Place) -> None:
    holder = found
    if place.extension:
        if place.extension not in found:
            return
        if place.attribute is None:
            del found[place.extension]
            return
        holder = found[place.extension] = dict(found[place.extension])
    attribute = place.attribute
    if attribute is None or attribute.returned == "always" or attribute.name not in holder:
        return
    if place.part is None:
        del holder[attribute.name]
    else:
        others = {part.name for part in attribute.parts} - {place.part.name}
        holder[attribute.name] = _with_parts(holder[attribute.name], others)


def _parts_of(value: Any) -> set[str]:
    many = value if isinstance(value, list) else [value]
    return {name for each in many for name in each}


def _with_parts(value: Any, parts: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_with_parts(each, parts) for each in value]
    return {name: each for name, each in value.items() if name in parts}


def _name_of(kind: Kind, text: str) -> str | None:
    try:
        place = place_of(kind, text)
    except Unknown:
        return None
    return None if place.attribute is None else place.attribute.name.lower()


def _whole_name(kind: Kind, text: str) -> str | None:
    return None if "." in text.rpartition(":")[2] else _name_of(kind, text)
