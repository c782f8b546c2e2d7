"""Rules of the contract that a program can hold against every type, field and argument of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    parse,
    specified_directives,
)

from api.errors import ProblemCode
from api.schema import MUTATIONS, QUERIES, Schema, build_schema, sdl
from domain.problem import CODES
from messages.render import Locale
from tests.support import sentences

# What a mutation's name may begin with although no type is called so, and why.
NOUNS_WITHOUT_A_TYPE = {
    "session": "a session is shown to nobody; the token stands for it",
    "connection": "Relay keeps the word for lists: the type is ConnectedSource",
    "account": "an account is shown as its viewer or by its name in the trail",
    "access": "an access reason is given, and read in the trail",
    "team": "teamPay is a right over a unit, shown among the roles of an account",
    "mapping": "a mapping is a document of its connection",
}
# Words that say that something must never be shown, and where they are meant to stand.
SECRETS = re.compile(
    r"password|passwd|token|secret|credential|privatekey|apikey|salt", re.IGNORECASE
)
MAY_NAME_SECRETS = {
    "SessionCreateDemoSuccess.token": "shown once, to whoever has just signed in",
    "SessionCreateDemoSuccess.refreshToken": "shown once, to an app that asked for it",
    "SessionRefreshSuccess.token": "shown once, to whoever held the one before",
    "SessionRefreshSuccess.refreshToken": "shown once, to whoever held the one before",
    "VendorTokenCreateSuccess.token": "shown once, to whoever made it",
    "VendorTokenRotateSuccess.token": "shown once, to whoever changed it",
}


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build_schema()


def own(schema: Schema) -> Iterator[Any]:
    """Yield our own object and interface types."""
    for kind in schema.core.type_map.values():
        is_output = isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        if is_output and not kind.name.startswith("__"):
            yield kind


def test_directives_and_their_arguments_are_described(schema: Schema) -> None:
    bare = [directive.name for directive in schema.core.directives if not directive.description]
    bare += [
        f"@{directive.name}({name}:)"
        for directive in schema.core.directives
        if directive not in specified_directives
        for name, argument in directive.args.items()
        if not argument.description
    ]
    assert bare == []


def test_a_mutation_is_named_after_its_noun(schema: Schema) -> None:
    assert schema.core.mutation_type is not None
    types = " ".join(k.name for k in own(schema) if not k.name.endswith(("Success", "Problem")))
    nouns = {word.lower() for word in re.findall(r"\b[A-Z][a-z]+", types)}
    nouns |= set(NOUNS_WITHOUT_A_TYPE)
    for name in schema.core.mutation_type.fields:
        noun = re.match(r"[a-z]+", name)
        assert noun is not None, name
        assert noun.group() in nouns, f"{name}: no type is called {noun.group()}"
        assert name != noun.group(), f"{name} has no verb"


def test_what_changes_something_that_exists_says_which_version_was_seen(schema: Schema) -> None:
    """An input that may carry a version must carry it, unless it may also create."""
    assert schema.core.mutation_type is not None
    verbs = ("Change", "Update", "Publish", "Leave", "Unlink", "Close")
    # The first publication, and the first settings of an entity, have no version before them.
    creates = {"scorecardPublish", "talentRulesPublish", "legalEntitySettingsChange"}
    for name, field in schema.core.mutation_type.fields.items():
        if not name.endswith(verbs):
            continue
        version = get_named_type(field.args["input"].type).fields.get("expectedVersion")
        assert version is not None, f"{name} does not take expectedVersion"
        if name not in creates:
            assert isinstance(version.type, GraphQLNonNull), f"{name}: expectedVersion is optional"


def test_nothing_goes_round_in_circles_but_what_says_so(schema: Schema) -> None:
    """A circle lets a short document ask for a very large answer; each must be known."""
    edges = {
        kind.name: {
            get_named_type(field.type).name
            for field in kind.fields.values()
            if isinstance(get_named_type(field.type), GraphQLObjectType | GraphQLInterfaceType)
        }
        for kind in own(schema)
    }

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            for name in edges.get(ahead.pop(), ()):
                if name not in seen:
                    seen.add(name)
                    ahead.append(name)
        return seen

    assert {name for name in edges if name in reached(name)} == set()


def test_no_name_speaks_of_a_secret_without_a_reason(schema: Schema) -> None:
    found = {
        f"{kind.name}.{name}"
        for kind in own(schema)
        for name, field in kind.fields.items()
        if SECRETS.search(name) and isinstance(get_named_type(field.type), GraphQLScalarType)
    }
    assert found == set(MAY_NAME_SECRETS)


def test_codes_of_problems_are_a_closed_set_with_a_sentence_in_both_languages() -> None:
    assert {member.value for member in ProblemCode} == set(CODES)
    catalogue = sentences.catalogue()
    silent = [
        (code, locale)
        for code in CODES
        for locale in Locale
        if not catalogue.text(code, dict.fromkeys(catalogue.places(code), "x"), locale).strip()
    ]
    assert silent == []


def test_no_mutation_asks_for_an_echo(schema: Schema) -> None:
    assert "clientMutationId" not in sdl(schema)


def test_the_printed_contract_is_read_back_by_a_stock_parser(schema: Schema) -> None:
    assert len(parse(sdl(schema)).definitions) > len(QUERIES) + len(MUTATIONS)
