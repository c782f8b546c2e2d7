"""docs/access.md is the policy table and the tags of the schema, not somebody's memory of them."""

from __future__ import annotations

from pathlib import Path

from graphql import GraphQLObjectType

from api.access import tags
from api.access_page import access_page
from api.schema import definitions
from tests.support import shared


def test_the_page_about_access_is_fresh() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "access.md"
    assert page.read_text(encoding="utf-8") == access_page(), (
        "write it anew with: python -P -m api.access_page > docs/access.md"
    )


def test_the_page_names_every_field_of_the_schema() -> None:
    """The inventory that is reviewed is whole: nothing is served that it does not name."""
    made = shared.schema()
    named = {(kind, _plain(field)) for kind, field, _tag, _deed in tags(definitions(made))}
    served = {
        (_family(name), _plain(field))
        for name, kind in made.core.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
        for field in kind.fields
    }
    assert len(served) > 300
    assert served - named == set()


def _plain(field: str) -> str:
    return field.replace("_", "").lower()


def _family(kind: str) -> str:
    """Pages of all kinds of rows are one generic type each, and named once."""
    return next((each for each in ("Connection", "Edge", "Part") if kind.endswith(each)), kind)
