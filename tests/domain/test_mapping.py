"""One row through a mapping: exact, dated, complete; every fault named by its cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.drafts import Drafts, Surroundings, to_drafts
from domain.fact import FactDraft
from domain.mapping import SourceMapping
from domain.mapping_document import decode_mapping, encode_mapping
from domain.problem import Severity

ROOT = Path(__file__).resolve().parents[2]
CHINA = timezone(timedelta(hours=8))
AROUND = Surroundings(today=date(2026, 10, 1), zone=CHINA, home=CHINA)
ORDER: dict[str, Any] = {
    "target": "order",
    "make": "FACT",
    "kind": "order",
    "namespace": "crm",
    "person": {"column": "seller"},
    "date": {"column": "day", "formats": ["%Y-%m-%d", "%Y/%m/%d"], "aheadDays": 3},
    "quantity": {"unit": "CNY", "column": "amount", "sign": "AS_IS", "grouping": ","},
    "subject": {"column": "customer", "missing": ["null"], "whenMissing": "WARN"},
    "attributes": {"product": {"column": "product", "values": {"GTXPro": "GTX Pro"}}},
}
ROW = {
    "seller": " 李娜 ",
    "day": "2026-09-30",
    "amount": "1,234.50",
    "customer": "C1",
    "product": "GTXPro",
    "unknown": "kept by the record",
}


def mapping_of(*targets: Mapping[str, Any], **stream: Any) -> SourceMapping:
    document = {
        "format": "attain.mapping/1",
        "streams": {"orders": {**stream, "targets": list(targets)}},
    }
    mapping, problems = decode_mapping(document)
    assert mapping is not None, problems
    return mapping


def drafts(
    row: Mapping[str, Any],
    *targets: Mapping[str, Any],
    around: Surroundings = AROUND,
    **stream: Any,
) -> Drafts:
    mapping = mapping_of(*(targets or (ORDER,)), **stream)
    return to_drafts(row, "file:orders.csv/row:17", mapping.streams["orders"], around)


def fact(row: Mapping[str, Any], *targets: Mapping[str, Any], **more: Any) -> FactDraft:
    made = drafts(row, *targets, **more)
    assert made.problems == ()
    return next(iter(made.facts.values()))


def codes(made: Drafts) -> list[tuple[str, str]]:
    return [(problem.code, problem.path.split("/", 2)[2]) for problem in made.problems]


def test_a_good_row_becomes_a_fact_with_everything_put_right() -> None:
    made = fact(ROW)
    assert (made.identity, made.business_date, made.quantity, made.unit) == (
        "李娜",
        date(2026, 9, 30),
        123450,
        "CNY",
    )
    assert (made.subject, made.attributes) == ("C1", {"product": "GTX Pro"})


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("1234.5", 123450),
        ("１２３，４５６．７０", 12345670),
        ("-1,234.50", -123450),
        ("－８８", -8800),
        ("0", 0),
        ("+5", 500),
        ("1234567", 123456700),
        (1234, 123400),
    ],
)
def test_an_amount_is_read_exactly(text: str | int, steps: int) -> None:
    assert fact({**ROW, "amount": text}).quantity == steps


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.005", "number_not_exact"),
        ("12,34", "cell_not_a_number"),
        ("1,2345.00", "cell_not_a_number"),
        ("1.234,50", "cell_not_a_number"),
        ("1e5", "cell_not_a_number"),
        ("NaN", "cell_not_a_number"),
        ("Infinity", "cell_not_a_number"),
        ("约八万", "cell_not_a_number"),
        ("--5", "cell_not_a_number"),
        ("5-", "cell_not_a_number"),
        ("²", "cell_not_a_number"),
        ("", "quantity_missing"),
        (None, "quantity_missing"),
        ("9" * 40, "number_not_exact"),
    ],
)
def test_what_is_no_exact_amount_is_never_guessed(text: str | None, code: str) -> None:
    made = drafts({**ROW, "amount": text})
    assert codes(made) == [(code, "column:amount")]
    assert made.facts == {}


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12
    )
)
def test_every_amount_of_two_places_arrives_to_the_cent(amount: Any) -> None:
    for text in (f"{amount:f}", f"{amount:,f}"):
        assert fact({**ROW, "amount": text}).quantity == int(amount * 100)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-02-30", "date_unreadable"),
        ("30.09.2026", "date_unreadable"),
        ("", "date_missing"),
        ("2026-10-04", None),
        ("2026-10-05", "date_implausible"),
        ("0026-10-01", "date_implausible"),
        ("2026/9/3", None),
        ("２０２６-０９-０３", None),
    ],
)
def test_a_date_is_in_a_declared_format_and_plausible(text: str, code: str | None) -> None:
    made = drafts({**ROW, "day": text})
    assert codes(made) == ([] if code is None else [(code, "column:day")])


def test_every_fault_of_a_row_is_found_at_once_and_the_row_makes_nothing() -> None:
    made = drafts({**ROW, "seller": "", "day": "soon", "amount": "much"})
    assert codes(made) == [
        ("person_missing", "column:seller"),
        ("date_unreadable", "column:day"),
        ("cell_not_a_number", "column:amount"),
    ]
    assert made.failed
    visit = {"unit": "COUNT", "constant": "1", "sign": "AS_IS"}
    good = {**ORDER, "target": "deal", "kind": "deal", "quantity": visit}
    assert drafts({**ROW, "amount": "much"}, good, ORDER).facts == {}
    assert made.problems[0].path == "file:orders.csv/row:17/column:seller"


def test_a_missing_subject_is_a_warning_and_the_fact_still_counts() -> None:
    made = drafts({**ROW, "customer": "null"})
    assert [(p.code, p.severity) for p in made.problems] == [("subject_missing", Severity.WARNING)]
    assert not made.failed
    assert made.facts["order"].subject is None


def test_a_column_that_is_gone_is_named() -> None:
    row = {name: value for name, value in ROW.items() if name != "amount"}
    assert ("column_missing", "column:amount") in codes(drafts(row))


def test_a_stage_outside_the_filter_makes_nothing_and_an_unknown_one_is_a_problem() -> None:
    won = {
        **ORDER,
        "where": [{"column": "stage", "comparison": "IN", "values": ["Won"]}],
    }
    choices = [{"column": "stage", "values": ["Won", "Lost"]}]
    lost = drafts({**ROW, "stage": "Lost", "amount": "broken"}, won, choices=choices)
    assert (lost.facts, lost.problems) == ({}, ())
    odd = drafts({**ROW, "stage": "Wom"}, won, choices=choices)
    assert codes(odd) == [("cell_not_a_choice", "column:stage")]
    assert fact({**ROW, "stage": "Won"}, won, choices=choices).quantity == 123450


@pytest.mark.parametrize(
    ("comparison", "values", "cell", "made"),
    [
        ("NOT_IN", ["x"], "y", True),
        ("NOT_IN", ["x"], "x", False),
        ("EMPTY", None, " ", True),
        ("NOT_EMPTY", None, " ", False),
        ("STARTS_WITH", ["SO", "PO"], "PO17", True),
        ("STARTS_WITH", ["SO", "PO"], "XPO", False),
    ],
)
def test_the_comparisons_of_a_filter(
    comparison: str, values: list[str] | None, cell: str, made: bool
) -> None:
    where = {"column": "flag", "comparison": comparison}
    target = {**ORDER, "where": [where if values is None else {**where, "values": values}]}
    assert bool(drafts({**ROW, "flag": cell}, target).facts) is made


@pytest.mark.parametrize(
    ("sign", "text", "steps", "code"),
    [
        ("NEGATED", "5", -500, None),
        ("NOT_NEGATIVE", "5", 500, None),
        ("NOT_NEGATIVE", "-5", None, "quantity_negative"),
        ("AS_IS", "-5", -500, None),
    ],
)
def test_the_sign_is_a_choice(sign: str, text: str, steps: int | None, code: str | None) -> None:
    target = {**ORDER, "quantity": {"unit": "CNY", "column": "amount", "sign": sign}}
    made = drafts({**ROW, "amount": text}, target)
    assert [problem.code for problem in made.problems] == ([] if code is None else [code])
    assert steps is None or made.facts["order"].quantity == steps


def test_a_unit_may_come_from_the_row_and_an_unknown_one_is_a_problem() -> None:
    quantity = {"unitCell": {"column": "currency"}, "column": "amount", "sign": "AS_IS"}
    target = {**ORDER, "quantity": quantity}
    yen = fact({**ROW, "amount": "1234", "currency": "JPY"}, target)
    assert (yen.quantity, yen.unit) == (1234, "JPY")
    odd = drafts({**ROW, "amount": "1", "currency": "XYZ"}, target)
    assert codes(odd) == [("unit_unknown", "column:currency")]


def visit(cell: str, **around: Any) -> FactDraft:
    target = {
        "target": "visit",
        "make": "FACT",
        "kind": "visit",
        "namespace": "wecom",
        "person": {"column": "user"},
        "instant": {"column": "at", "formats": ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]},
        "quantity": {"unit": "COUNT", "constant": "1", "sign": "AS_IS"},
    }
    place = {"today": date(2026, 10, 1), "zone": CHINA, "home": CHINA, **around}
    return fact({"user": "LiNa", "at": cell}, target, around=Surroundings(**place))


def test_the_business_date_is_decided_once_by_zone_and_cut_off() -> None:
    late = visit("2026-09-30 23:59:59")
    assert (late.business_date, late.instant) == (
        date(2026, 9, 30),
        datetime(2026, 9, 30, 15, 59, 59, tzinfo=UTC),
    )
    assert visit("2026-10-01 01:30:00", cutoff_minutes=120).business_date == date(2026, 9, 30)
    assert visit("2026-10-01 02:00:00", cutoff_minutes=120).business_date == date(2026, 10, 1)
    # The source writes UTC, the company lives in China: the evening there is tomorrow here.
    assert visit("2026-09-30 16:30:00", zone=UTC).business_date == date(2026, 10, 1)
    assert visit("2026-09-30T23:30:00-05:00").business_date == date(2026, 10, 1)


def test_one_row_may_make_several_things() -> None:
    count = {"unit": "COUNT", "constant": "1", "sign": "AS_IS"}
    second = {**ORDER, "target": "deal", "kind": "deal", "quantity": count}
    made = drafts(ROW, ORDER, second)
    assert {name: draft.quantity for name, draft in made.facts.items()} == {
        "order": 123450,
        "deal": 1,
    }


# ---------------------------------------------------------------------------- the document


def repository_mappings() -> list[tuple[str, Any]]:
    folders = (ROOT / "docs" / "mappings", ROOT / "attain" / "demo" / "mappings")
    found = [(p.stem, json.loads(p.read_text("utf-8"))) for f in folders for p in f.glob("*.json")]
    return sorted(each for each in found if each[1].get("format") == "attain.mapping/1")


def test_the_mappings_in_the_repository_are_canonical() -> None:
    found = repository_mappings()
    assert len(found) >= 6
    for name, document in found:
        mapping, problems = decode_mapping(document)
        assert (name, problems) == (name, ())
        assert mapping is not None
        assert encode_mapping(mapping) == document


def wrong(change: Mapping[str, Any]) -> list[tuple[str, str]]:
    document = {
        "format": "attain.mapping/1",
        "streams": {"orders": {"targets": [{**ORDER, **change}]}},
    }
    mapping, problems = decode_mapping(document)
    assert mapping is None
    return [(problem.code, problem.path) for problem in problems]


AT = "streams.orders.targets[0]"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"make": "FAKT"}, ("choice_unknown", f"{AT}.make")),
        ({"kind": None}, ("field_missing", f"{AT}.kind")),
        ({"colour": "red"}, ("field_unknown", f"{AT}.colour")),
        ({"person": {}}, ("field_missing", f"{AT}.person.column")),
        (
            {"person": {"column": "a", "constant": "b"}},
            ("field_unknown", f"{AT}.person.column"),
        ),
        (
            {"date": {"column": "d", "formats": ["%Q"]}},
            ("choice_unknown", f"{AT}.date.formats[0]"),
        ),
        ({"date": {"column": "d"}}, ("field_missing", f"{AT}.date.formats")),
        ({"date": None}, ("field_missing", f"{AT}.date")),
        (
            {"quantity": {"unit": "CNY", "column": "a"}},
            ("field_missing", f"{AT}.quantity.sign"),
        ),
        (
            {"quantity": {"column": "a", "sign": "AS_IS"}},
            ("field_missing", f"{AT}.quantity.unit"),
        ),
        (
            {"where": [{"column": "a", "comparison": "IN"}]},
            ("field_missing", f"{AT}.where[0].values"),
        ),
    ],
)
def test_a_fault_in_a_mapping_is_named_by_its_path(
    change: Mapping[str, Any], problem: tuple[str, str]
) -> None:
    assert problem in wrong(change)


def test_two_targets_of_one_name_are_refused_because_the_name_is_in_the_key() -> None:
    document = {"format": "attain.mapping/1", "streams": {"orders": {"targets": [ORDER, ORDER]}}}
    mapping, problems = decode_mapping(document)
    assert mapping is None
    assert [problem.code for problem in problems] == ["name_not_unique"]
