"""Filters and paths of SCIM (RFC 7644, 3.4.2.2 and 3.5.2): read into parts, and held to a resource.

What is not understood is refused: a filter that is half understood would answer with everybody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.scim_refused import ScimRefused
from connectors.scim_schemas import Attribute, Kind

LONGEST = 4_000
_DEEPEST = 20
_TOKENS = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<word>[^\s()\[\]"]+))', re.DOTALL
)
_TEXT_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "co": lambda here, given: given in here,
    "sw": str.startswith,
    "ew": str.endswith,
}
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": lambda here, given: here > given,
    "ge": lambda here, given: here >= given,
    "lt": lambda here, given: here < given,
    "le": lambda here, given: here <= given,
}
_OPERATORS = frozenset({"eq", "ne", *_TEXT_OPERATORS, *_ORDERS})
Test = Callable[[Mapping[str, Any]], bool]


class Unknown(Exception):  # noqa: N818 - told by whoever asks, as a path or as a filter
    """There is no such attribute, or not of that kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An attribute of a resource, or a part of one; no attribute: the whole extension."""

    attribute: Attribute | None
    part: Attribute | None = None
    extension: str = ""  # the schema that the attribute stands under, when it is not the core

    @property
    def leaf(self) -> Attribute | None:
        """What is compared: of a list of objects it is their value."""
        if self.attribute is None or self.part is not None:
            return self.part
        return self.attribute.part("value") if self.attribute.parts else self.attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal:
    """A condition that says what a part is: from it a missing element can be made."""

    part: str
    value: Any


def place_of(kind: Kind, text: str) -> Place:
    """Find what a name like ``name.givenName`` or one behind a schema's URN means."""
    schema, rest = None, text
    for urn in kind.schemas:
        if text.lower().startswith(urn.lower()):
            schema, rest = urn, text[len(urn) :].lstrip(":")
            if not rest:
                return Place(attribute=None, extension=_beside(kind, urn))
            break
    name, dot, part = rest.partition(".")
    found = kind.attribute(name, schema)
    if found is None:
        raise Unknown(text)
    own = found[1].part(part) if dot else None
    if dot and own is None:
        raise Unknown(text)
    return Place(attribute=found[1], part=own, extension=_beside(kind, found[0]))


def _beside(kind: Kind, schema: str) -> str:
    return schema if schema in kind.extensions else ""


def _part_of(attribute: Attribute) -> Callable[[str], Place]:
    """Find what a name between brackets means: a part of the elements outside."""

    def place(name: str) -> Place:
        part = attribute.part(name)
        if part is None:
            raise Unknown(name)
        return Place(attribute=part)

    return place


def read_filter(kind: Kind, text: str) -> Test:
    """Read a filter into a test of a resource."""
    if len(text) > LONGEST:
        raise _bad(text)
    return _read(text, lambda name: place_of(kind, name))[0]


def names_in(kind: Kind, text: str, names: Collection[str]) -> dict[str, str]:
    """Return which of the ``names`` whoever fits a filter must have, and with what text.

    Nothing where the filter can be fitted otherwise: then everybody has to be looked at.
    """
    _, reading = _read(text, lambda name: place_of(kind, name))
    told = reading.equals if reading.all_hold else ()
    return {
        each.part: each.value
        for each in told
        if each.part in names and isinstance(each.value, str) and each.value.isprintable()
    }


def read_inner(attribute: Attribute, text: str) -> tuple[Test, tuple[Equal, ...]]:
    """Read the filter between the brackets of a path: a test of an element, and what it says."""
    test, reading = _read(text, _part_of(attribute))
    return test, tuple(reading.equals) if reading.only_equals else ()


def _read(text: str, place: Callable[[str], Place]) -> tuple[Test, _Reading]:
    try:
        reading = _Reading(list(_tokens(text)), place)
        test = reading.either(0)
    except (Unknown, IndexError, ValueError):
        raise _bad(text) from None
    if not reading.is_done:
        raise _bad(text)
    return test, reading


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKENS.match(text, at)
        if found is None:
            raise ValueError(text)
        at = found.end()
        yield str(found.lastgroup), found[str(found.lastgroup)]


class _Reading:
    """A filter that is being read, from the left to the right."""

    def __init__(self, tokens: list[tuple[str, str]], place: Callable[[str], Place]) -> None:
        self._tokens = tokens
        self._place = place
        self._at = 0
        self.equals: list[Equal] = []
        self.only_equals = True
        self.all_hold = True  # every condition has to, for there is neither "or" nor "not"

    @property
    def is_done(self) -> bool:
        """Whether everything was read."""
        return self._at == len(self._tokens)

    def either(self, depth: int) -> Test:
        """Read conditions joined by ``or``, which binds less than ``and``."""
        if depth > _DEEPEST:
            raise ValueError("deep")
        tests = [self._both(depth)]
        while self._is_word("or"):
            self.only_equals = self.all_hold = False
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda one: any(test(one) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._is_word("and"):
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda one: all(test(one) for test in tests)

    def _one(self, depth: int) -> Test:
        if self._is_word("not"):
            self.only_equals = self.all_hold = False
            self._expect("(")
            inner = self._closed(depth, ")")
            return lambda one: not inner(one)
        if self._peek() == ("mark", "("):
            self._at += 1
            return self._closed(depth, ")")
        return self._condition(depth)

    def _closed(self, depth: int, mark: str) -> Test:
        inner = self.either(depth + 1)
        self._expect(mark)
        return inner

    def _condition(self, depth: int) -> Test:
        group, name = self._next()
        if group != "word":
            raise ValueError(name)
        place = self._place(name)
        if self._peek() == ("mark", "["):
            return self._among(place, depth)
        _, word = self._next()
        operator = word.lower()
        if operator == "pr":
            self.only_equals = False
            return lambda one: any(_is_there(value) for value in _values(one, place))
        if operator not in _OPERATORS:
            raise ValueError(word)
        given = self._given()
        self._note(place, operator, given)
        return _comparison(place, operator, given)

    def _among(self, place: Place, depth: int) -> Test:
        attribute = place.attribute
        if attribute is None or not attribute.parts or place.part is not None:
            raise ValueError("brackets")
        self._at += 1
        outer, self._place = self._place, _part_of(attribute)
        inner = self._closed(depth, "]")
        self._place = outer
        return lambda one: any(inner(each) for each in _elements(one, place))

    def _given(self) -> Any:
        group, word = self._next()
        if group == "text" or word in {"true", "false", "null"}:
            return json.loads(word)
        if word.lower() in {"true", "false"}:
            return word.lower() == "true"
        return float(word)  # a number: nothing here is one, so nothing equals it

    def _note(self, place: Place, operator: str, given: Any) -> None:
        if operator == "eq" and place.attribute is not None:
            self.equals.append(Equal(part=place.attribute.name, value=given))
        else:
            self.only_equals = False

    def _peek(self) -> tuple[str, str] | None:
        return None if self.is_done else self._tokens[self._at]

    def _next(self) -> tuple[str, str]:
        self._at += 1
        return self._tokens[self._at - 1]

    def _is_word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token[0] != "word" or token[1].lower() != word:
            return False
        self._at += 1
        return True

    def _expect(self, mark: str) -> None:
        if self._next() != ("mark", mark):
            raise ValueError(mark)


def _comparison(place: Place, operator: str, given: Any) -> Test:
    leaf = place.leaf
    if leaf is None or leaf.parts:
        raise ValueError("no value")
    if operator == "ne":
        same = _comparison(place, "eq", given)
        return lambda one: not same(one)
    if given is None:
        if operator != "eq":
            raise ValueError("null")
        return lambda one: not any(_is_there(value) for value in _values(one, place))
    if leaf.type == "boolean":
        return _truth(place, operator, given)
    if not isinstance(given, str):
        raise Unknown(leaf.name)
    if leaf.type == "dateTime":
        return _time(place, operator, given)
    fold: Callable[[str], str] = str if leaf.exact else str.casefold
    wanted = fold(given)
    compare = _TEXT_OPERATORS.get(operator) or _ORDERS.get(operator) or _same
    return lambda one: any(
        isinstance(value, str) and compare(fold(value), wanted) for value in _values(one, place)
    )


def _same(here: Any, given: Any) -> bool:
    return bool(here == given)


def _truth(place: Place, operator: str, given: Any) -> Test:
    wanted = {"true": True, "false": False}.get(str(given).lower())
    if operator != "eq" or wanted is None:
        raise ValueError(operator)
    return lambda one: any(value is wanted for value in _values(one, place))


def _time(place: Place, operator: str, given: str) -> Test:
    wanted = _instant(given)
    compare = _ORDERS.get(operator) or (_same if operator == "eq" else None)
    if compare is None:
        raise ValueError(operator)
    return lambda one: any(
        isinstance(value, str) and compare(_instant(value), wanted) for value in _values(one, place)
    )


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _elements(one: Mapping[str, Any], place: Place) -> list[Mapping[str, Any]]:
    found = _holder(one, place).get(place.attribute.name) if place.attribute else None
    if isinstance(found, Mapping):
        return [found]
    return [each for each in found or () if isinstance(each, Mapping)]


def _values(one: Mapping[str, Any], place: Place) -> list[Any]:
    attribute = place.attribute
    if attribute is None:
        return [one.get(place.extension)] if place.extension else []
    found = _holder(one, place).get(attribute.name)
    many = found if isinstance(found, list) else [] if found is None else [found]
    if not attribute.parts:
        return many
    if place.part is None and place.leaf is None:
        return many  # an object without a value: only its being there can be asked for
    name = (place.part or place.leaf or attribute).name
    return [each.get(name) for each in many if isinstance(each, Mapping)]


def _holder(one: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    if not place.extension:
        return one
    inner = one.get(place.extension)
    return inner if isinstance(inner, Mapping) else {}


def _is_there(value: Any) -> bool:
    return value is not None and value not in ("", [], {})


def _bad(text: str) -> ScimRefused:
    return ScimRefused("invalidFilter", "scim_filter_unread", {"filter": text[:80]})
