"""The pages for vendors say what the code says: every hook, check, failure and outcome."""

from __future__ import annotations

import inspect
from pathlib import Path

import pluggy
import pytest

import attain
from actions.sync_source import Outcome
from connectors import failures, testing
from domain.problem import CODES
from plugins import builtin, hookspecs
from plugins.asking import HOOKS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def hooks() -> dict[str, str]:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    names = [name for name in vars(hookspecs) if manager.parse_hookspec_opts(hookspecs, name)]
    return {name: inspect.getdoc(getattr(hookspecs, name)) or "" for name in names}


def test_every_hook_is_asked_and_has_a_line_and_an_example() -> None:
    assert set(hooks()) == set(HOOKS)
    page = (DOCS / "hooks.md").read_text("utf-8")
    for name, doc in hooks().items():
        assert f"| `{name}()` |" in page
        assert "Example::" in doc
        assert f"def {name}():" in doc
        assert not inspect.signature(getattr(hookspecs, name)).parameters


def test_what_we_ship_goes_through_the_same_hooks() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(builtin)
    manager.check_pending()
    assert {caller.name for caller in manager.get_hookcallers(builtin) or ()} <= set(hooks())


def test_the_pages_of_connectors_name_every_check_failure_and_outcome() -> None:
    pages = ("connectors.md", "connector-checks.md")
    page = "".join((DOCS / name).read_text("utf-8") for name in pages)
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
    assert [each for each in named if each not in page] == []


def test_every_word_of_the_loader_is_explained() -> None:
    page = (DOCS / "hooks.md").read_text("utf-8")
    assert [code for code in CODES if code.startswith("plugin_") and code not in page] == []


@pytest.mark.parametrize("name", ["hookimpl", "Connector", "Record", "Checkpoint", "Context"])
def test_the_front_door_hands_a_vendor_what_the_pages_use(name: str) -> None:
    assert name in attain.__all__
    assert getattr(attain, name) is not None
