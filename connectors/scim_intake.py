"""What a provider says of a user or a group, read by our schemas: kept, put right, or refused.

Providers do not write alike: names of attributes come in any case, ``active`` as the text "False",
a manager as a bare id. What is not in our schemas is left out without a word, as RFC 7643 allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.scim_refused import ScimRefused
from connectors.scim_schemas import Attribute, Kind

LONGEST = 200  # as long as a name may be here
_MANY = 10_000
_TRUTHS: Mapping[str, bool] = {"true": True, "false": False}


def taken_in(kind: Kind, said: Any) -> dict[str, Any]:
    """Read a whole resource: what we keep of it, in the standard's spelling."""
    if not isinstance(said, Mapping):
        raise ScimRefused("invalidSyntax", "scim_not_an_object", {"place": kind.name})
    lower = {str(name).lower(): value for name, value in said.items()}
    found: dict[str, Any] = {}
    _put(found, kind.attribute("externalId"), lower)
    for schema, attributes in kind.schemas.items():
        if schema in kind.extensions:
            inner = lower.get(schema.lower())
            own: dict[str, Any] = {}
            if isinstance(inner, Mapping):
                named = {str(name).lower(): value for name, value in inner.items()}
                for attribute in attributes:
                    _put(own, (schema, attribute), named)
            if own:
                found[schema] = own
        else:
            for attribute in attributes:
                _put(found, (schema, attribute), lower)
    return found


def _put(
    found: dict[str, Any], known: tuple[str, Attribute] | None, said: Mapping[str, Any]
) -> None:
    if known is None or not known[1].is_kept:
        return
    value = read_value(known[1], said.get(known[1].name.lower()))
    if value is not None:
        found[known[1].name] = value


def read_value(attribute: Attribute, said: Any) -> Any:
    """Read the value of an attribute; None where nothing is said by it."""
    if attribute.many:
        many = said if isinstance(said, list) else [] if said is None else [said]
        if len(many) > _MANY:
            raise ScimRefused("tooMany", "scim_list_too_long", {"place": attribute.name})
        read = [read_element(attribute, each) for each in many]
        return [each for each in read if each is not None] or None
    if isinstance(said, list) and attribute.parts:
        # A list of one where one is meant: so a manager comes from one provider.
        said = said[0] if len(said) == 1 else said or None
    return read_element(attribute, said)


def read_element(attribute: Attribute, said: Any) -> Any:
    """Read one value: of a list, one of its elements."""
    if attribute.parts:
        return _object(attribute, said)
    if said is None or said == "":
        return None
    if attribute.type == "boolean":
        truth = said if isinstance(said, bool) else _TRUTHS.get(str(said).strip().lower())
        if truth is None:
            raise _wrong(attribute)
        return truth
    if not isinstance(said, str) or len(said) > LONGEST or not said.isprintable():
        raise _wrong(attribute)
    return said.strip() or None


def _object(attribute: Attribute, said: Any) -> dict[str, Any] | None:
    value = attribute.part("value")
    if isinstance(said, str) and value is not None:
        said = {"value": said}  # a bare id or address
    if said is None:
        return None
    if not isinstance(said, Mapping):
        raise _wrong(attribute)
    lower = {str(name).lower(): each for name, each in said.items()}
    if value is not None and "value" not in lower and isinstance(lower.get("$ref"), str):
        lower["value"] = lower["$ref"].rstrip("/").rpartition("/")[2]
    found = {
        part.name: read_value(part, lower.get(part.name.lower()))
        for part in attribute.parts
        if part.is_kept
    }
    return {name: each for name, each in found.items() if each is not None} or None


def checked(kind: Kind, resource: Mapping[str, Any]) -> None:
    """Refuse a resource that lacks what it must have, or has two first choices."""
    for attributes in kind.schemas.values():
        for attribute in attributes:
            if attribute.required and attribute.name not in resource:
                raise ScimRefused(
                    "invalidValue", "scim_attribute_missing", {"place": attribute.name}
                )
            if attribute.many:
                firsts = [each for each in resource.get(attribute.name, ()) if each.get("primary")]
                if len(firsts) > 1:
                    raise _wrong(attribute)


def _wrong(attribute: Attribute) -> ScimRefused:
    return ScimRefused("invalidValue", "scim_value_wrong", {"place": attribute.name})
