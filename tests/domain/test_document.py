"""Reading documents: every fault in one pass, each with its place; one canonical form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.document import DocumentReader, canonical, document_hash, without_absent
from domain.problem import Severity


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


def faults(reader: DocumentReader) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in reader.problems]


Read = Callable[[DocumentReader], Any]


@pytest.mark.parametrize(("read", "value", "found"), [
    (lambda r: r.text("x"), "a", "a"),
    (lambda r: r.flag("x"), False, False),
    (lambda r: r.whole("x", 1, 3), 3, 3),
    (lambda r: r.choice("x", Colour), "RED", Colour.RED),
    (lambda r: r.unit("x"), "CNY", "CNY"),
    (lambda r: r.steps("x", "CNY"), "12.30", 1230),
    (lambda r: r.steps("x", "CNY"), 12, 1200),
    (lambda r: r.day("x"), "2026-09-01", date(2026, 9, 1)),
    (lambda r: r.names("x"), ["a", "b"], ("a", "b")),
    (lambda r: r.texts("x"), {"zh-CN": "甲", "en": "a"}, {"zh-CN": "甲", "en": "a"}),
    (lambda r: r.raw("x"), [1], [1]),
])  # fmt: skip
def test_a_good_field_is_read_without_a_word(read: Read, value: object, found: object) -> None:
    reader = DocumentReader({"x": value})
    assert read(reader) == found
    reader.finish()
    assert reader.problems == []
    assert not reader.failed


@pytest.mark.parametrize(("read", "value", "code"), [
    (lambda r: r.text("x"), 1, "field_wrong_type"),
    (lambda r: r.text("x"), "  ", "text_missing"),
    (lambda r: r.text("x"), None, "field_missing"),
    (lambda r: r.flag("x"), 1, "field_wrong_type"),
    (lambda r: r.whole("x", 1, 3), 4, "number_out_of_range"),
    (lambda r: r.whole("x", 1, 3), 0, "number_out_of_range"),
    (lambda r: r.whole("x", 0, 3), True, "field_wrong_type"),
    (lambda r: r.whole("x", 0, 3), 1.0, "field_wrong_type"),
    (lambda r: r.choice("x", Colour), "GREEN", "choice_unknown"),
    (lambda r: r.choice("x", Colour), ["RED"], "choice_unknown"),
    (lambda r: r.unit("x"), "XYZ", "unit_unknown"),
    (lambda r: r.steps("x", "CNY"), 1.5, "field_wrong_type"),
    (lambda r: r.steps("x", "CNY"), True, "field_wrong_type"),
    (lambda r: r.steps("x", "CNY"), "1.005", "number_not_exact"),
    (lambda r: r.day("x"), "2026-02-30", "date_invalid"),
    (lambda r: r.names("x"), ["a", 1], "field_wrong_type"),
    (lambda r: r.names("x"), "a", "field_wrong_type"),
    (lambda r: r.child("x"), [], "document_not_an_object"),
    (lambda r: r.children("x"), {}, "field_wrong_type"),
    (lambda r: r.children("x"), None, "field_missing"),
])  # fmt: skip
def test_a_bad_field_is_named_by_code_and_path(read: Read, value: object, code: str) -> None:
    reader = DocumentReader({"x": value}, "items[2]")
    read(reader)
    reader.finish()
    assert faults(reader) == [(code, "items[2].x")]
    assert reader.failed


def test_places_inside_lists_and_objects_have_their_whole_path() -> None:
    document = {"list": [{"name": "a"}, {}], "child": {"name": {"zh-CN": "甲"}}, "more": 1}
    reader = DocumentReader(document)
    for each in reader.children("list"):
        each.text("name")
    child = reader.child("child")
    assert child is not None
    child.texts("name")
    reader.finish()
    assert faults(reader) == [
        ("field_missing", "list[1].name"),
        ("field_missing", "child.name.en"),
        ("field_unknown", "more"),
    ]


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_what_is_no_object_is_said_once_before_its_missing_fields(document: object) -> None:
    reader = DocumentReader(document)
    reader.text("name")
    assert faults(reader) == [("document_not_an_object", ""), ("field_missing", "name")]


def test_null_is_the_same_as_absent() -> None:
    reader = DocumentReader({"x": None})
    assert reader.text("x", required=False) is None
    reader.finish()
    assert reader.problems == []
    assert without_absent({"a": None, "b": 0, "c": ""}) == {"b": 0, "c": ""}


def test_a_number_that_is_too_large_is_told_the_largest_in_its_own_unit() -> None:
    reader = DocumentReader({"x": "90000000000000.01"})
    assert reader.steps("x", "CNY") is None
    (problem,) = reader.problems
    assert problem.values == {
        "value": "90000000000000.01",
        "unit": "CNY",
        "largest": "90000000000000",
    }


def test_a_foreign_format_is_named_with_the_one_that_is_wanted() -> None:
    reader = DocumentReader({"format": "attain.plan/2"})
    reader.format("attain.plan/1")
    assert [(p.code, dict(p.values)) for p in reader.problems] == [
        ("document_format_unknown", {"wanted": "attain.plan/1"})
    ]


def test_a_warning_does_not_fail_a_document() -> None:
    reader = DocumentReader({})
    reader.note("goal_administrative", "", {"metric": "m"}, severity=Severity.WARNING)
    assert not reader.failed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON))
def test_the_order_of_keys_changes_neither_the_canonical_form_nor_the_hash(
    document: dict[str, Any],
) -> None:
    backwards = dict(reversed(document.items()))
    assert canonical(backwards) == canonical(document)
    assert document_hash(backwards) == document_hash(document)


def test_the_canonical_form_is_sorted_without_spaces_and_in_utf_8() -> None:
    assert canonical({"b": [1, "甲"], "a": None}) == '{"a":null,"b":[1,"甲"]}'.encode()
    assert document_hash({"a": 1}) != document_hash({"a": "1"})
