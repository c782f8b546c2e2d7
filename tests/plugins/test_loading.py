"""The loader against real distributions: good, broken, raising, misspelt, clashing."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

from plugins import builtin
from plugins.api_version import accepts, declared
from plugins.guests import Guests
from plugins.loading import read_choice
from tests.support.guests import guests
from tests.support.shelf import Shelf, found

SHIPPED = {connector.info.id for connector in builtin.connectors()}
GOOD = """
    from pathlib import Path
    from plugins.hookspecs import hookimpl
    from plugins.nouns import DocumentNoun, PackFile, Sentences

    @hookimpl
    def metrics():
        return [DocumentNoun(key="{key}", document={{"format": "attain.metric/1"}})]

    @hookimpl
    def messages():
        return [Sentences(locale="en", sentences={{"{key}_late": "Late."}})]
"""


def test_a_good_plugin_stands_beside_what_we_ship(shelf: Shelf) -> None:
    shelf.add("acme", GOOD.format(key="acme.nps"))
    plugins = shelf.load()
    assert plugins.names == ("acme",)
    assert plugins.offers["metrics"]["acme.nps"].owner == "acme"
    assert "en:acme.nps_late" in plugins.nouns("messages")
    assert plugins.nouns("connectors")["files"].info.title["en"] == "Files (CSV and Excel)"
    assert plugins.problems == ()


def test_a_plugin_that_cannot_be_imported_is_named_and_the_others_load(shelf: Shelf) -> None:
    shelf.add("a-broken", "import a_module_that_nobody_has")
    shelf.add("b-exits", "raise SystemExit(3)")
    shelf.add("c-good", GOOD.format(key="c.metric"))
    plugins = shelf.load()
    assert plugins.names == ("c-good",)
    assert found(plugins) == [
        ("a-broken", "plugin_import_failed"),
        ("b-exits", "plugin_import_failed"),
    ]
    assert "a_module_that_nobody_has" in plugins.problems[0].values["error"]


def test_a_hook_that_raises_loses_its_own_answer_only(shelf: Shelf) -> None:
    raising = GOOD.format(key="b.metric").replace(
        "return [DocumentNoun", "raise ValueError('no quota'); return [DocumentNoun"
    )
    shelf.add("a-good", GOOD.format(key="a.metric"))
    shelf.add("b-raising", raising)
    shelf.add("c-good", GOOD.format(key="c.metric"))
    plugins = shelf.load()
    assert set(plugins.nouns("metrics")) == {"a.metric", "c.metric"}
    assert "en:b.metric_late" in plugins.nouns("messages")  # its other hook still counts
    assert found(plugins) == [("b-raising", "plugin_hook_failed")]
    assert plugins.problems[0].values == {"hook": "metrics", "error": "ValueError: no quota"}


def test_a_misspelt_hook_is_reported_instead_of_being_ignored(shelf: Shelf) -> None:
    shelf.add("typo", GOOD.format(key="t.metric").replace("def metrics", "def metricks"))
    plugins = shelf.load()
    assert found(plugins) == [("typo", "plugin_hook_unknown")]
    assert "metricks" in plugins.problems[0].values["error"]
    assert plugins.names == ()


def test_a_hook_with_arguments_that_do_not_exist_is_reported(shelf: Shelf) -> None:
    shelf.add("greedy", GOOD.format(key="g.m").replace("def metrics()", "def metrics(database)"))
    assert found(shelf.load()) == [("greedy", "plugin_hook_unknown")]


def test_two_owners_of_one_name_are_both_refused_and_both_named(shelf: Shelf) -> None:
    shelf.add("one", GOOD.format(key="same.key"))
    shelf.add("two", GOOD.format(key="same.key"))
    shelf.add("three", GOOD.format(key="own.key"))
    plugins = shelf.load()
    assert set(plugins.nouns("metrics")) == {"own.key"}
    clash = [problem for problem in plugins.problems if problem.values["what"] == "metrics"]
    assert [problem.plugin for problem in clash] == ["one", "two"]
    assert clash[0].values["owners"] == "one, two"


def test_two_distributions_with_one_entry_point_name_are_both_refused(shelf: Shelf) -> None:
    shelf.add("honest", GOOD.format(key="h.metric"), point="crm")
    shelf.add("impostor", GOOD.format(key="i.metric"), point="crm")
    plugins = shelf.load()
    assert plugins.names == ()
    assert [problem.values["owners"] for problem in plugins.problems] == ["honest, impostor"] * 2
    assert "impostor_plugin" not in sys.modules


def test_nobody_takes_the_name_of_what_we_ship(shelf: Shelf) -> None:
    shelf.add(
        "thief",
        """
        from plugins.hookspecs import hookimpl
        from connectors.files import FilesConnector

        class Mine(FilesConnector):
            pass

        @hookimpl
        def connectors():
            return [Mine()]
        """,
    )
    plugins = shelf.load()
    assert type(plugins.nouns("connectors")["files"]).__name__ == "FilesConnector"
    assert found(plugins) == [("thief", "plugin_name_clash")]


@pytest.mark.parametrize(
    ("api", "code"),
    [
        (">=2.0", "plugin_api_differs"),
        ("<1", "plugin_api_differs"),
        (None, "plugin_api_undeclared"),
    ],
)
def test_the_api_version_is_checked_before_anything_is_imported(
    shelf: Shelf, api: str | None, code: str
) -> None:
    shelf.add("future", GOOD.format(key="f.metric"), api=api)
    assert found(shelf.load()) == [("future", code)]
    assert "future_plugin" not in sys.modules


def test_a_noun_of_another_kind_is_refused(shelf: Shelf) -> None:
    shelf.add(
        "odd",
        """
        from plugins.hookspecs import hookimpl

        @hookimpl
        def connectors():
            return ["a text"]
        """,
    )
    plugins = shelf.load()
    assert found(plugins) == [("odd", "plugin_noun_wrong")]
    assert set(plugins.nouns("connectors")) == SHIPPED


def test_safe_mode_loads_nothing_foreign(shelf: Shelf) -> None:
    shelf.add("acme", GOOD.format(key="acme.nps"))
    shelf.add("other", GOOD.format(key="other.nps"))
    safe = shelf.load(read_choice("none"))
    assert (safe.names, safe.problems) == ((), ())
    assert "acme_plugin" not in sys.modules
    assert set(safe.nouns("connectors")) == SHIPPED
    assert shelf.load(read_choice("Other, missing")).names == ("other",)
    assert shelf.load(read_choice("all")).names == ("acme", "other")


def test_fifty_broken_plugins_are_all_listed_and_the_good_one_works(shelf: Shelf) -> None:
    for number in range(50):
        shelf.add(f"broken-{number:02}", "1 / 0")
    shelf.add("good", GOOD.format(key="good.metric"))
    plugins = shelf.load()
    assert len(plugins.problems) == 50
    assert plugins.names == ("good",)


def test_a_plugin_without_any_hook_says_so(shelf: Shelf) -> None:
    shelf.add("empty", "x = 1")
    assert found(shelf.load()) == [("empty", "plugin_offers_nothing")]


@pytest.mark.parametrize(
    ("clauses", "good"),
    [
        (">=1.0,<2", True),
        ("", True),
        ("==1.*", True),
        ("==2.*", False),
        ("~=1.0", True),
        ("~=1.4", False),
        (">=1.3.1", False),
        ("!=1.3", False),
        ("===1.3", False),
        (">1.2,<=1.3", True),
    ],
)
def test_version_clauses_mean_what_installers_mean(clauses: str, good: bool) -> None:
    assert accepts(clauses, "1.3") is good


def test_the_requirement_is_found_in_every_spelling() -> None:
    assert declared(["httpx2>=1", "Attain_Plugin.API (>=1.0,<2) ; python_version>'3'"]) == (
        ">=1.0,<2"
    )
    assert declared(["attain-plugin-api-extra>=1"]) is None
    assert declared(None) is None


@pytest.mark.parametrize(
    "run",
    [None, pytest.param(guests(), marks=pytest.mark.long)],
    ids=["inside", "outside"],
)
def test_a_distribution_may_have_several_entry_points(shelf: Shelf, run: Guests | None) -> None:
    shelf.add("acme", GOOD.format(key="a.metric"))
    (shelf.folder / "acme_more_plugin.py").write_text(dedent(GOOD.format(key="b.metric")), "utf-8")
    points = "[attain]\none = acme_plugin\ntwo = acme_more_plugin\n"
    (shelf.folder / "acme-1.0.dist-info" / "entry_points.txt").write_text(points, "utf-8")
    plugins = shelf.load(guests=run)
    assert (plugins.names, plugins.problems) == (("acme",), ())
    assert {name: o.owner for name, o in plugins.offers["metrics"].items()} == {
        "a.metric": "acme",
        "b.metric": "acme",
    }
