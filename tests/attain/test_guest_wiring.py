"""Plug-ins of others as an installation has them: outside, but for those that are trusted."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from attain.settings import Settings, read_settings
from attain.wiring import wire
from tests.support.guests import FENCED
from tests.support.shelf import Shelf

CRM = """
    from connectors.contract import ConnectorInfo
    from plugins.hookspecs import hookimpl

    class Crm:
        info = ConnectorInfo(id="wired.crm", title={}, api="1.0", config_schema={})
        def check(self, context): ...
        def discover(self, context): ...
        def read(self, context, request): ...

    @hookimpl
    def connectors():
        return [Crm()]
"""


def test_a_plugin_stays_outside_until_the_operator_trusts_it(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    Shelf(tmp_path).add("wired", CRM, record="wired_plugin.py,sha256=1,9\n")
    given = {"ATTAIN_DATA": str(tmp_path / "data"), "ATTAIN_PLUGINS": "wired"}
    trusting = read_settings({**given, "ATTAIN_PLUGINS_INSIDE": "Wired, other"})
    for settings, inside in ((read_settings(given), False), (trusting, True)):
        assert imported(replace(settings, database_url=sqlite_url), inside=inside)
    assert (tmp_path / "data" / "plugins.json").exists() is FENCED


def imported(settings: Settings, *, inside: bool) -> bool:
    """Wire, and say whether the plug-in is where it should be."""
    wired = wire(settings)
    wired.runtime.engine.dispose()
    found = type(wired.runtime.connectors.get("wired.crm")).__module__
    outside = "plugins.outside" if FENCED else "builtins"
    return (
        found == ("wired_plugin" if inside else outside)
        and ("wired_plugin" in sys.modules) is inside
    )
