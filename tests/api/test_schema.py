"""The contract: described everywhere, tagged everywhere, printed, and never stale."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from api.access import Audience, UntaggedFieldError, output, resolved
from api.schema import Schema, build_schema, sdl
from domain.access import Resource

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build_schema()


@strawberry.type(description="A row that forgot the tag.")
class Row:
    amount: int = strawberry.field(description="An amount.")


@output(access=Audience.EVERYBODY, description="A part.")
class Part:
    @resolved("A row.", access=Resource.PAY)
    async def row(self) -> Row:
        return Row(amount=1)


def named_types(schema: Schema) -> list[Any]:
    """The types of ours."""
    found = schema.core.type_map.values()
    return [kind for kind in found if not kind.name.startswith("__")]


BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def test_the_printed_contract_is_fresh(schema: Schema) -> None:
    printed = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert printed == sdl(schema), "run ./run schema and commit schema.graphql"


def test_everything_has_a_description(schema: Schema) -> None:
    bare = []
    for kind in named_types(schema):
        if kind.name in BUILT_IN:
            continue
        members: list[tuple[str, Any]] = [(kind.name, kind)]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            members += [(f"{kind.name}.{name}", field) for name, field in kind.fields.items()]
        if isinstance(kind, GraphQLObjectType):
            members += [
                (f"{kind.name}.{name}({argument}:)", value)
                for name, field in kind.fields.items()
                for argument, value in field.args.items()
            ]
        if isinstance(kind, GraphQLEnumType):
            members += [(f"{kind.name}.{name}", value) for name, value in kind.values.items()]
        bare += [name for name, member in members if not (member.description or "").strip()]
    assert bare == []


def test_every_description_is_a_sentence_that_begins_like_one(schema: Schema) -> None:
    found = re.findall(r'"""\s*(.+?)\s*"""', sdl(schema), re.DOTALL)
    assert len(found) > 500
    assert [text for text in found if text[0].islower()] == []


def test_a_field_without_an_access_tag_stops_the_schema() -> None:
    @strawberry.type(description="A part that forgot the tags.")
    class Forgetful:
        @strawberry.field(description="Open by mistake.")
        async def pay(self) -> int:
            return 1

    with pytest.raises(UntaggedFieldError, match="pay"):
        build_schema([Forgetful])


def test_a_plain_field_of_an_untagged_type_stops_the_schema() -> None:
    with pytest.raises(UntaggedFieldError, match=r"Row\.amount"):
        build_schema([Part])


def test_two_schemas_live_in_one_process(schema: Schema) -> None:
    assert sdl(build_schema()) == sdl(schema)


def test_mutations_take_one_input_and_answer_with_a_union_of_success_and_problems(
    schema: Schema,
) -> None:
    mutation = schema.core.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        head = name[0].upper() + name[1:]
        assert list(field.args) == ["input"], name
        assert isinstance(field.args["input"].type, GraphQLNonNull), name
        result = get_named_type(field.type)
        assert isinstance(field.type, GraphQLNonNull), name
        assert isinstance(result, GraphQLUnionType), name
        assert result.name == f"{head}Result", name
        assert {kind.name for kind in result.types} == {
            f"{head}Success",
            "InvalidProblem",
            "ForbiddenProblem",
            "NotFoundProblem",
            "ConflictProblem",
        }, name


def test_objects_stand_instead_of_ids_and_lists_say_their_bound(schema: Schema) -> None:
    for kind in named_types(schema):
        if not isinstance(kind, GraphQLObjectType):
            continue
        for name, field in kind.fields.items():
            where = f"{kind.name}.{name}"
            assert not re.search(r"[a-z]Ids?$", name), where
            if is_list_type(get_nullable_type(field.type)) and name not in {"edges", "nodes"}:
                bound = re.search(
                    r"at most|one (entry )?per|bounded|at least one|may be empty|two\b|\d+",
                    field.description or "",
                    re.IGNORECASE,
                )
                assert bound, f"{where} does not say how long it may be: {field.description}"


def test_a_read_that_takes_arguments_may_be_null(schema: Schema) -> None:
    """What can be asked wrongly answers null with a reason, and spares the fields beside it."""
    roots = {schema.core.mutation_type, schema.core.subscription_type}
    strict = [
        f"{kind.name}.{name}: write its type as `... | None`"
        for kind in named_types(schema)
        if isinstance(kind, GraphQLObjectType) and kind not in roots
        for name, field in kind.fields.items()
        if field.args and isinstance(field.type, GraphQLNonNull)
    ]
    assert strict == []
