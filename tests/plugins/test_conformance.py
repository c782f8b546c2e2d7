"""The grade that a plug-in brings: shown beside it, and worth nothing once it was changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.connectors import connector_from_domain
from connectors.kit.sample import SampleConnector
from messages.render import Locale
from plugins.conformance import FILE, conformances, read_conformance, write_conformance

SAID: dict[str, Any] = {
    "connector": "acme.crm",
    "api": "1.0",
    "graded": "2026-11-26",
    "tier": "Silver",
    "checks": {"K01": "passed", "K02": "failed", "K35": "not applicable", "K03": "passed"},
    "missing": {"K02": "fails"},
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "attain_acme_graded"
    folder.mkdir()
    (folder / "__init__.py").write_text('raise RuntimeError("nobody imports it")\n', "utf-8")
    (folder / "data.json").write_text("{}", "utf-8")
    write_conformance(folder, SAID)
    return folder


def test_a_grade_is_shown_beside_its_connector(package: Path) -> None:
    found = read_conformance(package)
    assert found is not None
    shown = connector_from_domain(SampleConnector(), "attain-acme", Locale.EN, found).conformance
    assert shown is not None
    assert (shown.tier, shown.graded_on.isoformat()) == ("Silver", "2026-11-26")
    assert (shown.passed, shown.not_applicable, shown.open) == (2, 1, 1)
    assert shown.unchanged
    assert connector_from_domain(SampleConnector(), "attain", Locale.EN).conformance is None


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_package_that_was_changed_after_its_grade_says_so(package: Path, change: str) -> None:
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_bytes(b"made by Python")
    sound = read_conformance(package)
    assert sound is not None
    assert sound.sound
    if change == "edited":
        (package / "__init__.py").write_text("better = True\n", "utf-8")
    elif change == "added":
        (package / "more.py").write_text("", "utf-8")
    else:
        (package / "data.json").unlink()
    found = read_conformance(package)
    assert found is not None
    assert not found.sound


@pytest.mark.parametrize(
    ("field", "value"),
    [("tier", "Gold"), ("checks", {}), ("graded", "2027-01-01"), ("files", ""), ("seal", "")],
)
def test_a_grade_that_was_edited_is_none(package: Path, field: str, value: object) -> None:
    path = package / FILE
    document = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(document | {field: value}), "utf-8")
    assert read_conformance(package) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"seal": 1}', "{"])
def test_what_is_no_grade_stops_nothing(package: Path, text: str) -> None:
    (package / FILE).write_text(text, "utf-8")
    assert read_conformance(package) is None


def test_grades_of_installed_distributions_are_found_without_importing_them(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = package.parent / "attain_acme-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.4\nName: attain-acme\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[attain]\nacme = attain_acme_graded\n")
    monkeypatch.syspath_prepend(str(package.parent))
    owners = {"acme.crm": "attain-acme", "odoo": "attain", "gone.crm": "not-installed"}
    found = conformances(owners)
    assert {name: each.tier for name, each in found.items()} == {"acme.crm": "Silver"}
    # What a distribution brings of a connector that somebody else offers is nobody's grade.
    assert conformances({"acme.crm": "attain-other", "acme.pos": "attain-acme"}) == {}
