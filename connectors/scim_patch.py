"""PATCH as providers send it (RFC 7644, 3.5.2): all of its operations, or none of them.

Beyond the standard, because providers do it: operations in any case ("Add"), objects without a
path whose keys are paths, ``members`` removed by a list of values, and a path like
``emails[type eq "work"].value`` that finds no element: it is made, where the brackets say how.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from connectors.scim_filter import Equal, Place, Test, Unknown, place_of, read_inner
from connectors.scim_intake import checked, read_element, read_value
from connectors.scim_refused import ScimRefused
from connectors.scim_schemas import NOT_KEPT, Attribute, Kind

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST = 500
_VERBS = frozenset({"add", "replace", "remove"})


def patched(kind: Kind, resource: Mapping[str, Any], said: Any) -> dict[str, Any]:
    """Return the resource after the operations; the one that was given is left as it is."""
    new = deepcopy(dict(resource))
    for verb, path, value in _operations(said):
        if path is not None:
            _one(kind, new, verb, path, value)
        elif verb == "remove":
            raise ScimRefused("noTarget", "scim_path_missing")
        elif not isinstance(value, Mapping):
            raise ScimRefused("invalidValue", "scim_not_an_object", {"place": "value"})
        else:
            for name, each in value.items():
                if _is_ours(kind, str(name)):
                    _one(kind, new, verb, str(name), each)
    checked(kind, new)
    return new


def _operations(said: Any) -> list[tuple[str, str | None, Any]]:
    lower = {str(name).lower(): each for name, each in said.items()} if _is_object(said) else {}
    listed, schemas = lower.get("operations"), lower.get("schemas")
    if schemas is not None and PATCH_OP not in schemas:
        raise ScimRefused("invalidSyntax", "scim_patch_unread")
    if not isinstance(listed, list) or not listed or not all(map(_is_object, listed)):
        raise ScimRefused("invalidSyntax", "scim_patch_unread")
    if len(listed) > MOST:
        raise ScimRefused("tooMany", "scim_list_too_long", {"place": "Operations"})
    found = []
    for each in listed:
        named = {str(name).lower(): value for name, value in each.items()}
        verb, path = str(named.get("op", "")).lower(), named.get("path")
        if verb not in _VERBS or not (path is None or isinstance(path, str)):
            raise ScimRefused("invalidSyntax", "scim_patch_unread")
        if verb == "add" and "value" not in named:
            raise ScimRefused("invalidValue", "scim_value_wrong", {"place": str(path)[:80]})
        found.append((verb, path or None, named.get("value")))
    return found


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_ours(kind: Kind, name: str) -> bool:
    """Say whether a key of an object without a path means what may be changed here.

    Providers send the whole object at times, with its id and what we do not keep.
    """
    try:
        place = place_of(kind, name.partition("[")[0])
    except Unknown:
        return False
    return place.attribute is None or place.attribute.is_kept


def _one(kind: Kind, resource: dict[str, Any], verb: str, path: str, value: Any) -> None:
    name, inner, part = _cut(path)
    try:
        place = place_of(kind, name + part)
    except Unknown:
        bare = name.lower().removeprefix(f"{kind.core.lower()}:")
        if bare.partition(".")[0] in NOT_KEPT:
            return
        raise ScimRefused("invalidPath", "scim_path_unknown", {"path": path[:80]}) from None
    holder = _holder(resource, place)
    if place.attribute is None:
        _whole(kind, resource, place.extension, verb, value)
    elif not place.attribute.is_kept or (place.part is not None and not place.part.is_kept):
        raise ScimRefused("mutability", "scim_read_only", {"place": path[:80]})
    elif place.attribute.many:
        _Listed(attribute=place.attribute, part=place.part, holder=holder).change(
            verb, inner, value
        )
    elif inner is not None:
        raise ScimRefused("invalidPath", "scim_path_unknown", {"path": path[:80]})
    else:
        _single(holder, place.attribute, place.part, verb, value)
    if place.extension and not resource.get(place.extension):
        resource.pop(place.extension, None)


def _cut(path: str) -> tuple[str, str | None, str]:
    """Cut ``emails[type eq "work"].value`` into name, what is between the brackets, and part."""
    name, bracket, rest = path.strip().partition("[")
    if not bracket:
        return name, None, ""
    inner, bracket, part = rest.rpartition("]")
    if not bracket or (part and not part.startswith(".")):
        raise ScimRefused("invalidPath", "scim_path_unknown", {"path": path[:80]})
    return name, inner, part


def _holder(resource: dict[str, Any], place: Place) -> dict[str, Any]:
    if not place.extension:
        return resource
    inner: dict[str, Any] = resource.setdefault(place.extension, {})
    return inner


def _whole(kind: Kind, resource: dict[str, Any], schema: str, verb: str, value: Any) -> None:
    """Change an extension as a whole; the path names its schema."""
    if verb == "remove" and schema:
        resource.pop(schema, None)
    elif not schema or not isinstance(value, Mapping):
        raise ScimRefused("invalidValue", "scim_not_an_object", {"place": schema or "value"})
    else:
        for name, each in value.items():
            if _is_ours(kind, f"{schema}:{name}"):
                _one(kind, resource, verb, f"{schema}:{name}", each)


def _single(
    holder: dict[str, Any], attribute: Attribute, part: Attribute | None, verb: str, value: Any
) -> None:
    if part is not None:
        inner = dict(holder.get(attribute.name) or {})
        _set(inner, part, None if verb == "remove" else read_value(part, value))
        holder[attribute.name] = inner
    elif verb == "remove":
        _demand_optional(attribute)
        holder.pop(attribute.name, None)
        return
    else:
        read = read_value(attribute, value)
        if read is not None and attribute.parts:
            read = {**(holder.get(attribute.name) or {}), **read}
        _set(holder, attribute, read)
    if not holder.get(attribute.name) and holder.get(attribute.name) is not False:
        _demand_optional(attribute)
        holder.pop(attribute.name, None)


def _set(holder: dict[str, Any], attribute: Attribute, value: Any) -> None:
    if value is None:
        holder.pop(attribute.name, None)
    else:
        holder[attribute.name] = value


def _demand_optional(attribute: Attribute) -> None:
    if attribute.required:
        raise ScimRefused("mutability", "scim_attribute_missing", {"place": attribute.name})


class _Listed:
    """A list of objects that an operation changes: as a whole, some elements, or a part of them."""

    def __init__(
        self, *, attribute: Attribute, part: Attribute | None, holder: dict[str, Any]
    ) -> None:
        self.attribute = attribute
        self.part = part
        self.holder = holder
        self.elements: list[dict[str, Any]] = list(holder.get(attribute.name) or ())

    def change(self, verb: str, inner: str | None, value: Any) -> None:
        """Do one operation."""
        test: Test | None = None
        equals: tuple[Equal, ...] = ()
        if inner is not None:
            test, equals = read_inner(self.attribute, inner)
        if self.part is not None and self.part.mutability == "immutable":
            raise ScimRefused("mutability", "scim_read_only", {"place": self.attribute.name})
        before = [id(each) for each in self.elements if each.get("primary")]
        if verb == "remove":
            self._remove(test, value)
        elif test is None and self.part is None:
            self._put(verb, value)
        else:
            self._put_some(verb, test, equals, value)
        self._one_first(before)
        if self.elements:
            self.holder[self.attribute.name] = self.elements
        else:
            self.holder.pop(self.attribute.name, None)

    def _remove(self, test: Test | None, value: Any) -> None:
        if self.part is not None:
            for each in self.elements:
                if test is None or test(each):
                    each.pop(self.part.name, None)
            self.elements = [each for each in self.elements if each]
        elif test is not None:
            self.elements = [each for each in self.elements if not test(each)]
        elif value is None:
            self.elements = []
        else:
            gone = {each.get("value") for each in read_value(self.attribute, value) or ()}
            self.elements = [each for each in self.elements if each.get("value") not in gone]

    def _put(self, verb: str, value: Any) -> None:
        given = read_value(self.attribute, value) or []
        if verb == "replace":
            self.elements = []
        known = {_mark(each): each for each in self.elements}
        for each in given:
            same = known.get(_mark(each))
            if same is None:
                self.elements.append(each)
                known[_mark(each)] = each
            else:
                same.update(each)

    def _put_some(
        self, verb: str, test: Test | None, equals: tuple[Equal, ...], value: Any
    ) -> None:
        found = [each for each in self.elements if test is None or test(each)]
        if not found:
            if test is not None and not equals:
                raise ScimRefused("noTarget", "scim_target_missing", {"place": self.attribute.name})
            made = read_element(self.attribute, {each.part: each.value for each in equals})
            found = [made or {}]
            self.elements += found
        for each in found:
            if self.part is not None:
                _set(each, self.part, read_value(self.part, value))
                continue
            read = read_element(self.attribute, value) or {}
            if verb == "replace":
                each.clear()
            each.update(read)
        self.elements = [each for each in self.elements if each]

    def _one_first(self, before: list[int]) -> None:
        """A new first choice takes the place of the one before."""
        firsts = [each for each in self.elements if each.get("primary")]
        fresh = [each for each in firsts if id(each) not in before]
        if len(firsts) > 1 and len(fresh) == 1:
            for each in firsts:
                if each is not fresh[0]:
                    each["primary"] = False


def _mark(element: Mapping[str, Any]) -> tuple[Any, Any]:
    value = element.get("value")
    # A member is one whoever says it again; an address may be there as two kinds.
    return (value, None if element.get("type") in {None, "User"} else element.get("type"))
