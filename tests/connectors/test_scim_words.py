"""What providers write in PATCH and in filters, without a server: every dialect, every refusal."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from connectors.scim_filter import names_in, read_filter
from connectors.scim_intake import taken_in
from connectors.scim_patch import patched
from connectors.scim_refused import ScimRefused
from connectors.scim_rows import ENTERPRISE
from connectors.scim_schemas import GROUPS, USERS
from connectors.scim_shown import shown
from tests.support.provisioning import patch_op, user

LI = taken_in(USERS, user("li"))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "Replace", "path": "displayName", "value": "Na"}, {"displayName": "Na"}),
        ({"op": "replace", "value": {"displayName": "Na"}}, {"displayName": "Na"}),
        ({"op": "Add", "path": "TITLE", "value": "Boss"}, {"title": "Boss"}),
        ({"op": "Add", "path": "name.familyName", "value": "Li"}, {"name": {"familyName": "Li"}}),
        ({"op": "Add", "value": {"name.familyName": "Li"}}, {"name": {"familyName": "Li"}}),
        ({"op": "Remove", "path": "displayName"}, {"displayName": None}),
        ({"op": "Replace", "path": "displayName", "value": ""}, {"displayName": None}),
        (
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "n@x.example"},
            {"emails": [{"value": "n@x.example", "type": "work", "primary": True}]},
        ),
        (
            {"op": "Add", "path": 'emails[type eq "home"].value', "value": "n@x.example"},
            {
                "emails": [
                    {"value": "li@acme.example", "type": "work", "primary": True},
                    {"value": "n@x.example", "type": "home"},
                ]
            },
        ),
        (
            {"op": "replace", "value": {'emails[type eq "work"].value': "n@x.example"}},
            {"emails": [{"value": "n@x.example", "type": "work", "primary": True}]},
        ),
        (
            {
                "op": "add",
                "path": "emails",
                "value": [{"value": "n@x.example", "type": "home", "primary": "True"}],
            },
            {
                "emails": [
                    {"value": "li@acme.example", "type": "work", "primary": False},
                    {"value": "n@x.example", "type": "home", "primary": True},
                ]
            },
        ),
        ({"op": "Remove", "path": 'emails[type eq "work"]'}, {"emails": None}),
        (
            {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "East"},
            {ENTERPRISE: {"department": "East"}},
        ),
        (
            {"op": "Add", "value": {f"{ENTERPRISE}:department": "East"}},
            {ENTERPRISE: {"department": "East"}},
        ),
        (
            {"op": "Add", "value": {ENTERPRISE: {"department": "East"}}},
            {ENTERPRISE: {"department": "East"}},
        ),
        ({"op": "Add", "path": "externalId", "value": "A1"}, {"externalId": "A1"}),
        ({"op": "Add", "path": "phoneNumbers", "value": [{"value": "1"}]}, {"phoneNumbers": None}),
        ({"op": "Add", "path": 'addresses[type eq "work"].region', "value": "X"}, {}),
        ({"op": "replace", "value": {"id": "other", "password": "s3cret", "made": "up"}}, {}),
    ],
    ids=str,
)
def test_a_patch_is_understood_as_providers_write_it(
    operation: Any, expected: dict[str, Any]
) -> None:
    before = deepcopy(LI)
    told = patched(USERS, LI, patch_op(operation))
    wanted = {name: value for name, value in {**LI, **expected}.items() if value is not None}
    assert told == wanted
    assert before == LI, "what was given is left as it is"


@pytest.mark.parametrize(
    "value", ["m", {"value": "m"}, [{"value": "m"}], {"$ref": "../Users/m"}], ids=str
)
def test_a_manager_may_be_written_in_four_ways(value: Any) -> None:
    operation = {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": value}
    told = patched(USERS, LI, patch_op(operation))
    assert told[ENTERPRISE] == {"manager": {"value": "m"}}
    none = {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": ""}
    assert ENTERPRISE not in patched(USERS, told, patch_op(none))


@pytest.mark.parametrize(
    ("operations", "kind"),
    [
        ([{"op": "remove"}], "noTarget"),
        ([{"op": "swap", "path": "title", "value": "x"}], "invalidSyntax"),
        ([], "invalidSyntax"),
        ([{"op": "add", "path": "title"}], "invalidValue"),
        ([{"op": "add", "value": "x"}], "invalidValue"),
        ([{"op": "replace", "path": "active", "value": "perhaps"}], "invalidValue"),
        ([{"op": "replace", "path": "title", "value": "x" * 201}], "invalidValue"),
        ([{"op": "replace", "path": "title", "value": 7}], "invalidValue"),
        ([{"op": "replace", "path": "title", "value": "a\x00b"}], "invalidValue"),
        ([{"op": "remove", "path": "userName"}], "mutability"),
        ([{"op": "remove", "path": "active"}], "mutability"),
        ([{"op": "replace", "path": "id", "value": "x"}], "mutability"),
        ([{"op": "replace", "path": "meta.created", "value": "x"}], "mutability"),
        ([{"op": "replace", "path": "shoeSize", "value": "x"}], "invalidPath"),
        ([{"op": "replace", "path": "title[", "value": "x"}], "invalidPath"),
        ([{"op": "replace", "path": 'emails[type eq "work', "value": "x"}], "invalidPath"),
        (
            [{"op": "replace", "path": "emails[type like 1].value", "value": "x"}],
            "invalidFilter",
        ),
        (
            [{"op": "replace", "path": 'emails[type co "w" or type co "z"].value', "value": "x"}],
            None,
        ),
        ([{"op": "replace", "path": 'emails[type co "zz"].value', "value": "x"}], "noTarget"),
    ],
    ids=str,
)
def test_a_patch_that_cannot_be_done_is_refused(operations: list[Any], kind: str | None) -> None:
    if kind is None:
        assert patched(USERS, LI, patch_op(*operations))["emails"][0]["value"] == "x"
        return
    with pytest.raises(ScimRefused) as refused:
        patched(USERS, LI, patch_op(*operations))
    assert (refused.value.kind, refused.value.status) == (kind, 400)


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ({"op": "remove", "path": 'members[value eq "b"]'}, "ac"),
        ({"op": "Remove", "path": "members", "value": [{"value": "b"}, {"value": "z"}]}, "ac"),
        ({"op": "remove", "path": 'members[value eq "b" or value eq "c"]'}, "a"),
        ({"op": "remove", "path": 'members[value eq "z"]'}, "abc"),
        ({"op": "remove", "path": "members"}, ""),
        ({"op": "add", "path": "members", "value": [{"value": "b"}, {"value": "d"}]}, "abcd"),
        ({"op": "add", "path": "members", "value": {"value": "d", "type": "User"}}, "abcd"),
        ({"op": "Add", "value": {"members": [{"value": "d"}]}}, "abcd"),
        ({"op": "replace", "path": "members", "value": [{"value": "d"}]}, "d"),
        ({"op": "replace", "value": {"members": []}}, ""),
    ],
    ids=str,
)
def test_members_come_and_go_as_providers_write_it(operation: Any, left: str) -> None:
    group = {"displayName": "East", "members": [{"value": each} for each in "abc"]}
    told = patched(GROUPS, group, patch_op(operation))
    assert "".join(each["value"] for each in told.get("members", [])) == left


def _people() -> dict[str, dict[str, Any]]:
    said = {
        "li": user(
            "li",
            externalId="X1",
            **{ENTERPRISE: {"department": "East", "manager": {"value": "m1"}}},
        ),
        "bo": user("bo", active=False, title='say "hi"'),
        "an": user("an", emails=[]),
    }
    meta = {"created": "2026-10-01T08:00:00Z", "lastModified": "2026-10-01T08:00:00Z"}
    return {
        name: shown(USERS, taken_in(USERS, each), key=name, meta={**meta, "version": "1"}, base="")
        for name, each in said.items()
    }


PEOPLE = _people()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('userName eq "LI@ACME.example"', "li"),
        ('USERNAME Eq "bo@acme.example"', "bo"),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName sw "a"', "an"),
        ('externalId eq "X1"', "li"),
        ('externalId eq "x1"', ""),
        ("externalId pr", "li"),
        ("not (externalId pr)", "bo an"),
        ("active eq false", "bo"),
        ('active eq "False"', "bo"),
        ("active ne false", "li an"),
        ('displayName co "I" or displayName co "o"', "li bo"),
        ('displayName sw "L" and active eq true', "li"),
        ('active eq true and (userName sw "l" or userName sw "b")', "li"),
        ('emails eq "bo@acme.example"', "bo"),
        ('emails.value eq "bo@acme.example"', "bo"),
        ('emails[type eq "work" and value sw "l"]', "li"),
        ('emails[type eq "home"]', ""),
        ("emails pr", "li bo"),
        ("title eq null", "li an"),
        (r'title eq "say \"hi\""', "bo"),
        ('title ew "\\"hi\\""', "bo"),
        (f'{ENTERPRISE}:department eq "east"', "li"),
        (f'{ENTERPRISE}:manager.value eq "m1"', "li"),
        ('manager eq "m1"', "li"),
        (f"{ENTERPRISE} pr", "li"),
        ('meta.lastModified ge "2026-10-01T00:00:00Z"', "li bo an"),
        ('meta.lastModified lt "2026-10-01T08:00:00+08:00"', ""),
        ('userName eq "nobody"', ""),
    ],
    ids=str,
)
def test_a_filter_finds_whom_it_says(text: str, found: str) -> None:
    test = read_filter(USERS, text)
    assert [name for name, each in PEOPLE.items() if test(each)] == found.split()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        "userName eq",
        'userName like "x"',
        'shoeSize eq "x"',
        'userName eq "x" and',
        'userName eq "x" extra',
        '(userName eq "x"',
        'userName eq "x',
        "userName eq unquoted",
        "userName eq 5",
        'active gt "true"',
        'name eq "Li"',
        'meta.lastModified ge "yesterday"',
        "(" * 60 + 'userName eq "x"' + ")" * 60,
        "not " * 2_000,
        "userName[value pr]",
    ],
    ids=lambda text: text[:30],
)
def test_a_filter_that_is_not_understood_is_refused_and_never_everybody(text: str) -> None:
    with pytest.raises(ScimRefused) as refused:
        read_filter(USERS, text)
    assert refused.value.kind == "invalidFilter"


def test_a_group_is_found_by_who_is_in_it() -> None:
    group = {"id": "g", "displayName": "East", "members": [{"value": "a"}, {"value": "b"}]}
    assert read_filter(GROUPS, 'id eq "g" and members eq "b"')(group)
    assert not read_filter(GROUPS, 'members[value eq "z"]')(group)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('userName eq "a"', {"userName": "a"}),
        ('active eq true and USERNAME eq "a" and title pr', {"userName": "a"}),
        ('userName eq "a" or title pr', {}),
        ('not (userName eq "a")', {}),
        ('userName ne "a"', {}),
        ('userName sw "a"', {}),
        ("userName eq null", {}),
        (r'userName eq "\u0000"', {}),
        ('id eq "x" and manager eq "m"', {"id": "x"}),
    ],
    ids=str,
)
def test_only_who_can_fit_a_filter_need_be_looked_at(text: str, told: dict[str, str]) -> None:
    assert names_in(USERS, text, ("id", "userName")) == told
