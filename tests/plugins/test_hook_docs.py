"""The pages for vendors say what the code says: every hook, check, failure and outcome."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pluggy
import pytest

import attain
from actions.sync_source import Outcome
from attain.hooks_page import PRELUDE, example_of, page
from connectors import failures, testing
from domain.curve import read_curve
from domain.document import DocumentReader
from domain.metric import Direction, decode_metric
from domain.problem import CODES
from plugins import builtin, hookspecs
from plugins.asking import HOOKS
from plugins.loading import load_plugins
from plugins.vendor_names import lend_names
from tests.support.source import ROOT

DOCS = Path(__file__).resolve().parents[2] / "docs"


def hooks() -> dict[str, str]:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    names = [name for name in vars(hookspecs) if manager.parse_hookspec_opts(hookspecs, name)]
    return {name: inspect.getdoc(getattr(hookspecs, name)) or "" for name in names}


def test_every_hook_is_asked_and_has_a_line_and_an_example() -> None:
    assert set(hooks()) == set(HOOKS)
    text = (DOCS / "hooks.md").read_text("utf-8")
    for name, doc in hooks().items():
        assert f"| `{name}()` |" in text
        assert "Example::" in doc
        assert f"def {name}():" in doc
        assert not inspect.signature(getattr(hookspecs, name)).parameters


def test_the_reference_says_every_hook_and_type_as_it_is_now() -> None:
    kept = (DOCS / "hook-reference.md").read_text("utf-8")
    assert page() == kept, "attain plugin hooks > docs/hook-reference.md"
    for name in hooks():
        assert f"### `{name}() -> Sequence[" in kept


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_the_example_of_every_hook_runs_as_a_plugin(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "attain-northwind"))
    lend_names()
    (tmp_path / "attain_acme.py").write_text(f"{PRELUDE}\n{example_of(hook)}\n", "utf-8")
    told = tmp_path / "attain_acme-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: attain-acme\nVersion: 1.0\n"
        "Requires-Dist: attain-plugin-api>=1.0,<2\n"
    )
    (told / "entry_points.txt").write_text("[attain]\nacme = attain_acme\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "attain_acme", raising=False)
    loaded = load_plugins(path=[str(tmp_path)])
    assert loaded.problems == ()
    own = [offer.noun for offer in loaded.offers[hook].values() if offer.owner == "attain-acme"]
    assert own
    monkeypatch.delitem(sys.modules, "attain_acme")
    if hook == "metrics":
        assert decode_metric(own[0].document)[1] == ()
    if hook == "curves":
        reader = DocumentReader(own[0].document)
        assert read_curve(reader, "CNY", Direction.HIGHER) is not None
        assert not reader.problems


def test_what_we_ship_goes_through_the_same_hooks() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(builtin)
    manager.check_pending()
    assert {caller.name for caller in manager.get_hookcallers(builtin) or ()} <= set(hooks())


def test_the_pages_of_connectors_name_every_check_failure_and_outcome() -> None:
    pages = ("connectors.md", "connector-checks.md")
    text = "".join((DOCS / name).read_text("utf-8") for name in pages)
    named = [f"| {number} |" for number in testing.CHECKS]
    named += [f"`{outcome.value}`" for outcome in Outcome]
    raised = [
        kind.__name__
        for kind in vars(failures).values()
        if isinstance(kind, type) and issubclass(kind, failures.ConnectorFailure)
    ]
    named += [f"`{name}" for name in raised if name not in ("ConnectorFailure", "ConnectorBug")]
    messages = ("Record", "Tombstone", "Rejected", "Notice", "Ready", "Progress", "Checkpoint")
    named += [f"| `{name}` |" for name in messages]
    assert [each for each in named if each not in text] == []


def test_every_word_of_the_loader_is_explained() -> None:
    text = (DOCS / "hooks.md").read_text("utf-8")
    assert [code for code in CODES if code.startswith("plugin_") and code not in text] == []


@pytest.mark.parametrize("name", ["hookimpl", "Connector", "Record", "Checkpoint", "Context"])
def test_the_front_door_hands_a_vendor_what_the_pages_use(name: str) -> None:
    assert name in attain.__all__
    assert getattr(attain, name) is not None
