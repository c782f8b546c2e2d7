"""Sentences in two languages, numbers as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from domain.problem import CODES
from messages.render import (
    Catalogue,
    CatalogueError,
    Locale,
    PercentRounding,
    Quantity,
    display,
    load,
    negotiate,
    percentage,
    quantity,
)

EN, ZH = Locale.EN, Locale.ZH_CN


def test_every_code_has_a_sentence_in_both_languages() -> None:
    assert sorted(CODES - load().codes) == []


def test_every_code_is_explained_in_the_documentation() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "errors.md").read_text("utf-8")
    assert [code for code in sorted(CODES) if f"`{code}`" not in page] == []


def test_a_sentence_missing_in_one_language_stops_the_start() -> None:
    with pytest.raises(CatalogueError, match="b has no sentence in zh-CN"):
        Catalogue({EN: {"a": "A", "b": "B"}, ZH: {"a": "甲"}})


def test_other_places_in_another_language_stop_the_start() -> None:
    with pytest.raises(CatalogueError, match="a has other places"):
        Catalogue({EN: {"a": "A {one}"}, ZH: {"a": "甲 {two}"}})


@pytest.mark.parametrize("sentence", ["{0}", "{a.b}", "{a[0]}", "{a!r}", "{a:>10}", "{}"])
def test_a_place_can_only_be_a_plain_name(sentence: str) -> None:
    with pytest.raises(CatalogueError):
        Catalogue({EN: {"a": sentence}, ZH: {"a": sentence}})


def test_a_value_with_braces_is_shown_and_never_interpreted() -> None:
    catalogue = Catalogue({EN: {"a": "Hello {name}"}, ZH: {"a": "你好 {name}"}})
    assert catalogue.text("a", {"name": "{0.__class__}"}, EN) == "Hello {0.__class__}"
    assert catalogue.text("a", {}, ZH) == "你好 –"


@pytest.mark.parametrize(
    ("num", "den", "unit", "english", "chinese"),
    [
        (120050, 1, "CNY", "CN¥1,200.50", "¥1,200.50"),
        (-120050, 1, "CNY", "-CN¥1,200.50", "-¥1,200.50"),
        (1200, 1, "JPY", "¥1,200", "JP¥1,200"),
        (1_055_555, 1, "RATIO", "105.55%", "105.55%"),
        (600 * 10**6, 1000, "RATIO", "60%", "60%"),
        (2 * 10**6, 3, "RATIO", "66.66%", "66.66%"),
        (900_000, 1, "POINT", "90", "90"),
        (2750, 1, "DAY", "27.5 days", "27.5天"),
        (100, 1, "DAY", "1 day", "1天"),
        (12, 1, "COUNT", "12", "12"),
        (7, 2, "COUNT", "3.5", "3.5"),
        (0, 1, "COUNT", "0", "0"),
    ],
)
def test_quantities_follow_their_unit_and_language(
    num: int, den: int, unit: str, english: str, chinese: str
) -> None:
    assert quantity(num, den, unit, EN) == english
    assert quantity(num, den, unit, ZH) == chinese
    assert display(Quantity(num=num, den=den, unit=unit), EN) == english


def test_a_ratio_is_cut_downwards_unless_the_setting_says_otherwise() -> None:
    ratio = Decimal(95) / Decimal(90)
    assert percentage(ratio, EN, decimals=0) == "105%"
    assert percentage(ratio, EN, decimals=0, rounding=PercentRounding.HALF_UP) == "106%"
    assert percentage(Decimal("0.999999"), EN, decimals=2) == "99.99%"


def test_dates_and_instants_read_as_the_language_writes_them() -> None:
    assert display(date(2026, 9, 30), EN) == "Sep 30, 2026"
    assert display(date(2026, 9, 30), ZH) == "2026年9月30日"
    assert display(datetime(2026, 9, 30, 8, 5, tzinfo=UTC), EN) == "2026-09-30 08:05 UTC"
    assert display(1234567, EN) == "1,234,567"


def test_the_language_is_the_best_weighted_one_we_have() -> None:
    assert negotiate("fr, en;q=0.3, zh-TW;q=0.8", EN) is ZH
    assert negotiate("en-US,en;q=0.9", ZH) is EN
    assert negotiate("fr", ZH) is ZH
    assert negotiate(None, EN) is EN
    assert negotiate("zh;q=nonsense, en;q=0", ZH) is ZH
