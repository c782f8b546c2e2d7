"""Writes a Python function for a selection of plain attributes, once, instead of walking it a row.

Only what reads an attribute of a known class is written: a field with a resolver, a guard, an
argument or a directive stays with graphql-core. The functions trust nothing they read. A value
that is not exactly what the schema promises is a ``Surprise``, and whoever called does the same
piece again the stock way, so that every error, path and null is graphql-core's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    is_abstract_type,
)
from graphql.execution.collect_fields import FieldDetails

FieldSet: TypeAlias = dict[str, list[FieldDetails]]
Collect: TypeAlias = Callable[[GraphQLObjectType, list[FieldDetails]], FieldSet]
Write: TypeAlias = Callable[[Any], Any]

_MADE_BY = "strawberry-definition"
# What is wrong with a value of a built-in scalar; everything else is left to graphql-core.
_WRONG: Mapping[GraphQLScalarType, str] = {
    GraphQLString: "type({v}) is not str",
    GraphQLID: "type({v}) is not str",
    GraphQLBoolean: "type({v}) is not bool",
    GraphQLInt: "type({v}) is not int or not -2147483648 <= {v} <= 2147483647",
    GraphQLFloat: "type({v}) is not float or {v} - {v} != 0.0",
}
# Values that our own scalars are given as they are: none of these can be awaited or be an error.
_VALUES = frozenset({str, int, bool, float, Decimal, date, datetime, dict, list, tuple})


class Surprise(Exception):  # noqa: N818 - nothing is wrong yet: the stock way decides
    """A value is not what the written function takes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the fields of one object are made: some by a function, the rest by graphql-core."""

    write: Write | None  # makes the whole object, with None in the places of the rest
    rest: FieldSet


class Compiler:
    """Writes the plans of one schema; ``collect`` gives the fields of a sub-selection."""

    def __init__(self, schema: GraphQLSchema, collect: Collect) -> None:
        self._schema = schema
        self._collect = collect

    def plan(self, kind: GraphQLObjectType, fields: FieldSet) -> Plan:
        """Divide the fields of an object between a function and graphql-core."""
        source, rest = _Source(), {}
        expected = class_of(kind)
        if expected is not None and not _is_root(self._schema, kind):
            source.add(f"if type(o) is not {source.bind(expected)}: raise Surprise")
        plain = 0
        for key, details in fields.items():
            if self._field(kind, details, source):
                plain += 1
                source.put(key)
            else:
                rest[key] = details
                source.put(key, "None")
        return Plan(source.written() if plain else None, rest)

    def whole(self, kind: GraphQLObjectType, details: list[FieldDetails]) -> Write | None:
        """Write a sub-selection, if every field of it is plain and its class is known."""
        if class_of(kind) is None:
            return None
        plan = self.plan(kind, self._collect(kind, details))
        return None if plan.rest else plan.write

    def item(self, kind: Any, details: list[FieldDetails]) -> Write | None:
        """Write a function for one item of a list; it refuses None where none may be."""
        source = _Source()
        source.add("v0 = o")
        if not self._value(kind, source, "v0", details):
            return None
        return source.returning("v0")

    def _field(self, kind: GraphQLObjectType, details: list[FieldDetails], source: _Source) -> bool:
        node = details[0].node
        if any(each.node.arguments or each.node.directives for each in details):
            return False
        name = source.next()
        if node.name.value == "__typename":
            source.add(f"{name} = {kind.name!r}")
            return True
        attribute = attribute_of(kind.fields.get(node.name.value))
        if attribute is None:
            return False
        mark = source.mark()
        source.add(f"{name} = o.{attribute}")
        if self._value(kind.fields[node.name.value].type, source, name, details):
            return True
        source.back(mark)
        return False

    def _value(self, kind: Any, source: _Source, name: str, details: list[FieldDetails]) -> bool:
        """Write the check and the completion of one value; False leaves it to graphql-core."""
        if not isinstance(kind, GraphQLNonNull):
            source.add(f"if {name} is not None:")
            with_indent = source.indented()
            done = self._present(kind, with_indent, name, details)
            return done and source.take(with_indent)
        return self._present(kind.of_type, source, name, details)

    def _present(self, kind: Any, source: _Source, name: str, details: list[FieldDetails]) -> bool:
        if isinstance(kind, GraphQLScalarType):
            return _scalar(kind, source, name)
        if isinstance(kind, GraphQLEnumType):
            return _enum(kind, source, name)
        write: Write | Mapping[type, Write] | None
        if isinstance(kind, GraphQLList):
            write = self.item(kind.of_type, details)
            if write is None:
                return False
            source.add(f"if type({name}) is not list and type({name}) is not tuple: raise Surprise")
            source.add(f"{name} = [{source.bind(write)}(each) for each in {name}]")
            return True
        if isinstance(kind, GraphQLObjectType):
            write = self.whole(kind, details)
            if write is None:
                return False
            source.add(f"{name} = {source.bind(write)}({name})")
            return True
        by_class = self._abstract(kind, details) if is_abstract_type(kind) else None
        if by_class is None:
            return False
        source.add(f"{name} = {source.bind(by_class)}[type({name})]({name})")
        return True

    def _abstract(
        self, kind: GraphQLAbstractType, details: list[FieldDetails]
    ) -> Mapping[type, Write] | None:
        """Write every possible type of a union or an interface, by its class."""
        found: dict[type, Write] = {}
        for each in self._schema.get_possible_types(kind):
            expected = class_of(each)
            write = self.whole(each, details)
            if expected is None or write is None or _is_generic(each):
                return None
            if any(issubclass(expected, one) or issubclass(one, expected) for one in found):
                return None  # the order of the union decides between them, so the stock way does
            found[expected] = write
        return found


class _Source:
    """The text of one function over ``o`` and the objects it names."""

    def __init__(self, objects: dict[str, object] | None = None, indent: str = "    ") -> None:
        own: dict[str, object] = {"Surprise": Surprise}
        self._objects = own if objects is None else objects
        self._indent = indent
        self._lines: list[str] = []
        self._entries: list[str] = []
        self._names: Iterator[int] = iter(range(1, 10_000))
        self._last = "v0"

    def next(self) -> str:
        """Name the next value."""
        self._last = f"v{next(self._names)}"
        return self._last

    def bind(self, thing: object) -> str:
        """Name an object that the function uses."""
        name = f"k{len(self._objects)}"
        self._objects[name] = thing
        return name

    def add(self, line: str) -> None:
        """Add a line."""
        self._lines.append(self._indent + line)

    def put(self, key: str, value: str | None = None) -> None:
        """Put the last value, or another, under a key of the answer."""
        self._entries.append(f"{key!r}: {value or self._last}")

    def mark(self) -> int:
        """Remember this place."""
        return len(self._lines)

    def back(self, mark: int) -> None:
        """Forget what was written since."""
        del self._lines[mark:]

    def indented(self) -> _Source:
        """Begin a block with the same objects."""
        return _Source(self._objects, self._indent + "    ")

    def take(self, block: _Source) -> bool:
        """Add a finished block."""
        self._lines += block._lines
        return True

    def written(self) -> Write:
        """Return the function that makes the object."""
        return self.returning("{" + ", ".join(self._entries) + "}")

    def returning(self, value: str) -> Write:
        """Return the function with this result."""
        text = "\n".join(["def write(o):", *self._lines, f"    return {value}"])
        # The text holds names of attributes from our own classes and names that GraphQL's grammar
        # allows, quoted; nothing of it is free text of a client.
        exec(compile(text, "<selection>", "exec"), self._objects)  # noqa: S102
        write: Write = self._objects["write"]  # type: ignore[assignment]
        return write


def _scalar(kind: GraphQLScalarType, source: _Source, name: str) -> bool:
    wrong = _WRONG.get(kind)
    if wrong is not None:
        source.add(f"if {wrong.format(v=name)}: raise Surprise")
        return True
    source.add(f"if type({name}) not in {source.bind(_VALUES)}: raise Surprise")
    source.add(f"{name} = {source.bind(kind.coerce_output_value)}({name})")
    nothing = source.bind(Undefined)
    source.add(f"if {name} is None or {name} is {nothing}: raise Surprise")
    return True


def _enum(kind: GraphQLEnumType, source: _Source, name: str) -> bool:
    """Look a member up by its identity: its hash is a slow call, and members live for ever."""
    members = getattr(kind, "wrapped_cls", None)
    if members is None:
        return False
    # Its own coercion looks through all members for each of them, and of codes there are hundreds.
    of_value = {value.value: written for written, value in kind.values.items()}
    names = {id(member): of_value[member.value] for member in members}
    source.bind(members)  # keeps the members, and so their identities
    source.add(f"{name} = {source.bind(names)}[id({name})]")
    return True


def attribute_of(field: GraphQLField | None) -> str | None:
    """Name the attribute that a field reads; None for a field that does more than reading."""
    made = field.extensions.get(_MADE_BY) if field is not None else None
    if field is None or made is None or field.args or not made.is_basic_field:
        return None
    if made.default_resolver is not getattr or not getattr(field.resolve, "_is_default", False):
        return None
    attribute: str = made.python_name
    return attribute if attribute.isidentifier() else None


def class_of(kind: GraphQLObjectType) -> type | None:
    """Return the class whose instances are of this type; None when only a function can tell."""
    made = kind.extensions.get(_MADE_BY)
    if made is None or made.is_type_of is not None:
        return None
    found: type = (made.concrete_of or made).origin
    return found


def _is_generic(kind: GraphQLObjectType) -> bool:
    return kind.extensions[_MADE_BY].concrete_of is not None


def _is_root(schema: GraphQLSchema, kind: GraphQLObjectType) -> bool:
    """Tell whether this is a root type: its fields have no row behind them."""
    return kind in {schema.query_type, schema.mutation_type, schema.subscription_type}
