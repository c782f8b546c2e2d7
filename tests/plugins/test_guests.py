"""Plug-ins of others at start: what they offer is known, and none of them is imported by us."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Context
from plugins import guests as host
from plugins import outside
from plugins.guests import Guests
from tests.support.guests import CALM, HASTY, context, guests
from tests.support.shelf import Shelf, found

CRM = """
    from connectors.contract import *
    from connectors.contract import CallLimit
    from plugins.hookspecs import hookimpl
    from plugins.nouns import *
    from datetime import date
    from pathlib import Path

    class Crm:
        info = ConnectorInfo(
            id="{id}", title={{"zh-CN": "客户", "en": "CRM"}}, api="1.0",
            config_schema={{"type": "object", "properties": {{"n": {{"maximum": 0.5}}}}}},
            streams=(StreamInfo(name="o", entity="order", key=("a", "b"), retention_days=7,
                                deletes=Deletes.TOMBSTONE),),
            capabilities={{"backfill": 1}}, allowed_hosts=("crm.example",),
            limits=(CallLimit(calls=1, seconds=0.5, path="/x"),),
            mapping={{"format": "attain.mapping/1", "streams": {{}}}},
        )
        def check(self, context): return CheckReport(code=CheckCode.OK)
        def discover(self, context): return Catalog(streams=())
        def read(self, context, request): yield from ()
        {more}

    @hookimpl
    def connectors():
        return [Crm()]

    @hookimpl
    def metrics():
        return [DocumentNoun(key="{id}.nps", document={{"format": "attain.metric/1", "x": 0.1}})]

    @hookimpl
    def calendars():
        return [HolidayCalendar(key="cn", title={{"en": "x"}}, days_off=(date(2026, 1, 1),),
                                worked_days=())]

    @hookimpl
    def messages():
        return [Sentences(locale="en", sentences={{"acme_late": "Late."}})]

    @hookimpl
    def questions():
        return [Question(key="q", phrases={{"en": ("our NPS",)}}, metric="acme.nps")]
"""


def crm(more: str = "", id_: str = "acme.crm") -> str:
    return CRM.format(id=id_, more=more)


def test_everything_it_offers_is_known_and_nothing_of_it_is_imported(shelf: Shelf) -> None:
    shelf.add("acme", crm("def keys(self, context, stream): yield from ()"))
    outside_ones = shelf.load(guests=guests())
    assert "acme_plugin" not in sys.modules
    assert (outside_ones.names, outside_ones.problems) == (("acme",), ())
    connector = outside_ones.nouns("connectors")["acme.crm"]
    assert hasattr(connector, "keys")
    assert not hasattr(connector, "hook")
    inside = shelf.load()
    assert connector.info == inside.nouns("connectors")["acme.crm"].info
    for hook in ("metrics", "calendars", "messages", "questions"):
        assert outside_ones.nouns(hook) == inside.nouns(hook), hook
        assert {o.owner for o in outside_ones.offers[hook].values()} == {"acme"}


def test_it_is_asked_once_for_each_version(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "data" / "plugins.json"
    asked: list[str] = []

    def describe(plugin: outside.Plugin) -> list[Any]:
        asked.append(plugin.owner)
        return outside.describe(plugin)

    monkeypatch.setattr(host, "describe", describe)
    shelf.add("acme", crm(), record="acme_plugin.py,sha256=1,9\n")
    first = shelf.load(guests=guests(kept=kept))
    again = shelf.load(guests=guests(kept=kept))
    assert asked == ["acme"]
    assert again.nouns("connectors")["acme.crm"].info == first.nouns("connectors")["acme.crm"].info
    # A file that somebody spoilt costs a question and nothing else.
    told = json.loads(kept.read_text("utf-8"))
    told["guests"]["acme:acme_plugin"]["said"][0] = '{"is":"Offered"'
    kept.write_text(json.dumps(told), "utf-8")
    assert shelf.load(guests=guests(kept=kept)).problems == ()
    shelf.add("acme", crm(id_="acme.new"), record="acme_plugin.py,sha256=2,9\n")
    assert "acme.new" in shelf.load(guests=guests(kept=kept)).nouns("connectors")
    assert asked == ["acme"] * 3


def test_one_in_a_checkout_is_asked_each_time(shelf: Shelf, tmp_path: Path) -> None:
    kept = tmp_path / "plugins.json"
    shelf.add("acme", crm(), record="acme_plugin.py,sha256=1,9\n")
    link = shelf.folder / "acme-1.0.dist-info" / "direct_url.json"
    link.write_text('{"dir_info": {"editable": true}, "url": "x"}', "utf-8")
    assert shelf.load(guests=guests(kept=kept)).names == ("acme",)
    assert not kept.exists()


def test_one_that_breaks_at_its_import_is_named_and_the_others_load(shelf: Shelf) -> None:
    shelf.add("a-hangs", "import time; time.sleep(99)")
    shelf.add("b-exits", "import os; os._exit(0)")
    shelf.add("c-crashes", "import ctypes; ctypes.string_at(0)")
    shelf.add("d-raises", "raise ValueError('no quota')")
    shelf.add("e-typo", crm().replace("def metrics", "def metricks"))
    shelf.add("f-good", crm(id_="f.crm"))
    plugins = shelf.load(guests=guests(limits=replace(HASTY, idle_seconds=2)))
    assert plugins.names == ("f-good",)
    assert found(plugins) == [
        ("a-hangs", "plugin_outside_failed"),
        ("b-exits", "plugin_outside_failed"),
        ("c-crashes", "plugin_outside_failed"),
        ("d-raises", "plugin_import_failed"),
        ("e-typo", "plugin_hook_unknown"),
    ]
    told = [problem.values.get("error", "") for problem in plugins.problems]
    assert told[0].startswith("program_silent 2")
    assert told[2].startswith("program_killed 11")
    assert told[3] == "ValueError: no quota"


def test_what_works_in_our_process_only_is_left_out_and_said(shelf: Shelf, tmp_path: Path) -> None:
    code = """
        from connectors.outlets import AnchorInfo
        from plugins.hookspecs import hookimpl
        from plugins.nouns import PackFile
        from pathlib import Path

        class Stamp:
            info = AnchorInfo(id="stamp", title={{}}, api="1.0", place="x")
            def keep(self, place, line): return ""
            def kept(self, place): yield from ()

        @hookimpl
        def anchors():
            return [Stamp()]

        @hookimpl
        def kpi_packs():
            return [PackFile(id="mine", path=Path(__file__)),
                    PackFile(id="yours", path=Path("{key}"))]
    """
    shelf.add("stamper", code.format(key=tmp_path / "data" / "attain.key"))
    plugins = shelf.load(guests=guests())
    assert found(plugins) == [("stamper", "plugin_inside_only"), ("stamper", "plugin_noun_wrong")]
    assert set(plugins.nouns("kpi_packs")) - {"yours"} >= {"mine"}
    assert "yours" not in plugins.nouns("kpi_packs")
    assert "stamp" not in plugins.nouns("anchors")
    trusted = shelf.load(guests=guests(inside=frozenset({"stamper"})))
    assert "stamp" in trusted.nouns("anchors")
    assert "stamper_plugin" in sys.modules


@pytest.mark.long
def test_a_connector_that_is_not_there_any_more_is_a_bug(shelf: Shelf) -> None:
    shelf.add("acme", crm())
    connector = shelf.load(guests=guests()).nouns("connectors")["acme.crm"]
    shelf.add("acme", crm(id_="acme.new"))
    given: Context = context(shelf.folder, {})
    with pytest.raises(Exception, match="there is no connector acme"):
        connector.check(given)


@pytest.mark.long
def test_two_guests_that_claim_one_name_are_both_refused(shelf: Shelf) -> None:
    shelf.add("one", crm().replace('"files"', '"x"'))
    shelf.add("two", crm(id_="files"))
    plugins = shelf.load(guests=guests())
    assert type(plugins.nouns("connectors")["files"]).__name__ == "FilesConnector"
    assert ("two", "plugin_name_clash") in found(plugins)
    assert "acme.crm" in plugins.nouns("connectors")


def test_without_a_fence_nobody_is_let_in(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "can_cut_network", lambda: False)
    shelf.add("acme", crm())
    plugins = shelf.load(guests=Guests(limits=CALM))
    assert found(plugins) == [("acme", "plugin_no_fence")]
    assert plugins.names == ()
