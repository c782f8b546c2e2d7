"""What a person filled in is read or refused by name, whatever it is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import CheckCode, Connector, Context
from connectors.failures import ConfigurationRefused
from connectors.form import address_of, again_of, choice_of, chosen, text_of
from connectors.fxiaoke import FxiaokeConnector
from connectors.odoo import OdooConnector
from connectors.tryton import TrytonConnector
from connectors.wecom_source import WeComConnector
from tests.support.source_web import NOW


def refused(read: Any) -> str:
    with pytest.raises(ConfigurationRefused) as raised:
        read()
    return raised.value.values["field"]


def test_texts_lose_the_spaces_around_them_and_empty_ones_are_refused() -> None:
    assert text_of({"user": " bot "}, "user") == "bot"
    assert text_of({}, "user", required=False) == ""
    for wrong in ({}, {"user": ""}, {"user": "  "}, {"user": 7}, {"user": None}):
        assert refused(lambda wrong=wrong: text_of(wrong, "user")) == "user"
    assert refused(lambda: text_of({"user": 7}, "user", required=False)) == "user"


def test_an_address_names_a_host() -> None:
    assert address_of({"address": "https://crm.acme.cn/api/"}) == "https://crm.acme.cn/api"
    assert address_of({}, otherwise="https://api.example/") == "https://api.example"
    for wrong in ("http://[", "crm", "https://", " "):
        assert refused(lambda wrong=wrong: address_of({"address": wrong})) == "address"


def test_streams_are_names_that_are_known() -> None:
    known = {"sales": 1, "visits": 2}
    assert chosen({"streams": ["visits", "sales"]}, known) == (2, 1)
    assert chosen({}, known) == ()
    assert chosen({}, known, otherwise=known) == (1, 2)
    for wrong in (["else"], "sales", [["sales"]], {"sales": 1}):
        assert refused(lambda wrong=wrong: chosen({"streams": wrong}, known)) == "streams"


def test_numbers_and_choices_keep_to_their_bounds() -> None:
    assert again_of({}) == timedelta(minutes=60)
    assert again_of({"again_minutes": 0}) == timedelta()
    for wrong in (-1, 10_081, 1.5, True, "60"):
        assert refused(lambda wrong=wrong: again_of({"again_minutes": wrong})) == "again_minutes"
    assert choice_of({"protocol": "json2"}, "protocol", ("json2",)) == "json2"
    assert refused(lambda: choice_of({"protocol": "soap"}, "protocol", ("json2",))) == "protocol"


@pytest.mark.parametrize(
    "connector", [FxiaokeConnector(), OdooConnector(), TrytonConnector(), WeComConnector()]
)
def test_an_address_that_is_none_is_a_fault_of_the_form_and_not_of_the_connector(
    connector: Connector,
) -> None:
    required: Any = connector.info.config_schema["required"]
    filled: dict[str, Any] = dict.fromkeys(required, "x1")
    config = filled | {"address": "http://[", "begin": "2026-01-01", "protocol": "json2"}
    report = connector.check(Context(config={**config, "streams": []}, folder=Path(), now=NOW))
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"field": "address"}
