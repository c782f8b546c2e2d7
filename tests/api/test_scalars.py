"""Scalars are exact and finite, and say what is wrong with a value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.scalars import parse_date, parse_decimal, parse_instant, show_decimal, show_instant


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999999",
        "1E5",
        " 1",
        "1 ",
        "",
        "+1",
        ".5",
        "5.",
        "١٢",
        "1_000",
        "1,000",
        "9" * 39,
        1.5,
        True,
        None,
        [],
        {},
        10**38,
        -(10**400),
    ],
)
def test_what_is_no_exact_decimal_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        parse_decimal(value)


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20
    )
)
def test_a_decimal_reads_back_exactly(number: Decimal) -> None:
    assert parse_decimal(show_decimal(number)) == number


def test_a_decimal_never_leaves_with_an_exponent() -> None:
    assert show_decimal(Decimal("1E+6")) == "1000000"
    assert show_decimal(12) == "12"
    with pytest.raises(GraphQLError):
        show_decimal(Decimal("NaN"))


@pytest.mark.parametrize(
    "value", ["2026-13-01", "20260101", "2026-1-1", 5, None, "2026-W01-1", "2026-01-01T00"]
)
def test_a_wrong_date_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        parse_date(value)


def test_an_instant_needs_a_zone_and_leaves_in_utc() -> None:
    assert parse_instant("2026-01-01T08:00:00+08:00") == datetime(2026, 1, 1, tzinfo=UTC)
    assert show_instant(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"
    assert parse_date("2026-01-01") == date(2026, 1, 1)
    for wrong in ("2026-01-01T08:00:00", "yesterday", 5, "0001-01-01T00:00:00+08:00"):
        with pytest.raises(GraphQLError):
            parse_instant(wrong)


@pytest.mark.parametrize(
    ("query", "chinese"),
    [
        ('{ statement(period: "yesterday") { hash } }', "期间应写作"),
        ('{ people(validAt: "30.9.2026") { totalCount } }', "日期应写作"),
        (
            "{ people(first: 100) { " + " ".join(f"a{n}: totalCount" for n in range(40)) + " } }",
            "别名",
        ),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_the_readers_language(
    client: TestClient, query: str, chinese: str
) -> None:
    for language, wanted in (("zh-CN", True), ("en", False)):
        headers = {"accept-language": language, "authorization": "Bearer hr"}
        answer = client.post("/graphql", json={"query": query}, headers=headers).json()
        message = answer["errors"][0]["message"]
        assert (chinese in message) is wanted, message
        assert "sentence" not in answer["errors"][0]["extensions"]
