"""Random questions that fit the schema and ask for much: any field, any argument, ids of everybody.

A question is made from a number, so that one that found something can be asked again. The values
come from pools by type and by the argument's name; nothing here knows who may see what.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

_DEEPEST = 7


@dataclass(slots=True, kw_only=True)
class Pools:
    """Values to ask with: by ``TypeName``, and before that by ``argumentName``."""

    by_type: Mapping[str, Sequence[str]]
    by_name: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cursors: list[str] = field(default_factory=list)  # seen in answers, of whomever


def question(schema: GraphQLSchema, pools: Pools, number: int, roots: Sequence[str] = ()) -> str:
    """Make the question of this number, of any field of the root or of some."""
    return _Writing(schema, pools, Random(number)).document(roots)


class _Writing:
    """One question on its way."""

    def __init__(self, schema: GraphQLSchema, pools: Pools, random: Random) -> None:
        self._schema = schema
        self._pools = pools
        self._random = random

    def document(self, roots: Sequence[str]) -> str:
        """Ask one to three fields of the root."""
        query = self._schema.query_type
        assert query is not None
        names = self._random.choices(
            sorted(roots or query.fields), k=self._random.choice((1, 1, 1, 2, 3))
        )
        parts = [
            f"f{place}: {self._field(name, query.fields[name], 1)}"
            for place, name in enumerate(names)
        ]
        return "{ " + " ".join(parts) + " }"

    def _field(self, name: str, asked: GraphQLField, depth: int) -> str:
        given = [
            f"{key}: {value}"
            for key, argument in asked.args.items()
            if (value := self._argument(key, argument)) is not None
        ]
        arguments = f"({', '.join(given)})" if given else ""
        return name + arguments + self._selection(get_named_type(asked.type), depth)

    def _selection(self, kind: object, depth: int) -> str:
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            # One of the types: fields of two that bear the same name may not stand side by side.
            one = self._random.choice(self._schema.get_possible_types(kind))
            return f" {{ __typename ... on {one.name}{self._selection(one, depth)} }}"
        if not isinstance(kind, GraphQLObjectType):
            return ""
        chosen = [
            self._field(name, each, depth + 1)
            for name, each in sorted(kind.fields.items())
            if self._is_chosen(each, depth)
        ]
        return " { " + " ".join(chosen or ["__typename"]) + " }"

    def _is_chosen(self, asked: GraphQLField, depth: int) -> bool:
        kind = get_named_type(asked.type)
        if not isinstance(kind, GraphQLObjectType | GraphQLUnionType | GraphQLInterfaceType):
            return self._random.random() < 0.9
        if depth >= _DEEPEST:
            return False
        # Small objects of numbers are always worth asking for; large ones are taken by chance.
        return self._random.random() < (0.85 if len(getattr(kind, "fields", ())) <= 5 else 0.5)

    def _argument(self, name: str, argument: GraphQLArgument) -> str | None:
        is_required = isinstance(argument.type, GraphQLNonNull)
        if name in {"first", "last"}:
            # Not both ends; pages large enough to see something, small enough to be allowed.
            return None if name == "last" else str(self._random.choice((1, 2, 4, 6)))
        if name in {"after", "before"}:
            wanted = self._pools.cursors and self._random.random() < 0.2
            return json.dumps(self._random.choice(self._pools.cursors)) if wanted else None
        if not is_required and self._random.random() < 0.55:
            return None
        return self._value(name, argument.type)

    def _value(self, name: str, kind: object) -> str | None:
        if isinstance(kind, GraphQLNonNull):
            return self._value(name, kind.of_type)
        if isinstance(kind, GraphQLList):
            found = [self._value(name, kind.of_type) for _ in range(self._random.choice((1, 1, 3)))]
            return "[" + ", ".join(each for each in found if each is not None) + "]"
        if isinstance(kind, GraphQLEnumType):
            return str(self._random.choice(sorted(kind.values)))
        if isinstance(kind, GraphQLInputObjectType):
            given = (
                (key, self._value(key, each.type))
                for key, each in kind.fields.items()
                if isinstance(each.type, GraphQLNonNull) or self._random.random() < 0.5
            )
            return "{" + ", ".join(f"{key}: {value}" for key, value in given) + "}"
        named = get_named_type(kind).name  # type: ignore[call-overload]
        if named == "Boolean":
            return self._random.choice(("true", "false"))
        if named in {"Int", "Float"}:
            return str(self._random.choice((1, 2, 30)))
        pool = self._pools.by_name.get(name) or self._pools.by_type.get(named)
        assert pool, f"no values for {name}: {named}"
        return json.dumps(self._random.choice(pool))
