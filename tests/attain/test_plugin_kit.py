"""What a vendor does first: write, prove, grade, build; and what the examples are worth."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from typer.testing import CliRunner

from attain import commands_grade, grades_page
from attain.cli import app
from attain.commands_api import write_api
from attain.commands_grade import grade, graded_all, keep
from attain.commands_plugin import Answers, new
from connectors import contract
from connectors.testing import CHECKS
from plugins.conformance import conformances, read_conformance
from plugins.loading import Plugins, load_plugins
from plugins.vendor_names import LENT, lend_names
from tests.support.guests import guests
from tests.support.mapped_sources import three_kinds
from tests.support.northwind import forget_the_example, read_the_example
from tests.support.source import ROOT

SHOP = Answers(
    id="shop.crm", title="Shop CRM", title_zh="商店客户", author="Shop Ltd", stream="sales"
)
BARE = """
import sys
sys.path.insert(0, sys.argv[1])
from attain_plugin_api import contract, failures, hooks, nouns, outlets, testing, web
assert contract.Record.__module__ == "attain_plugin_api.contract"
assert len(testing.CHECKS) == 35
foreign = {m.partition(".")[0] for m in sys.modules} & {"connectors", "plugins", "pluggy", "pytest"}
assert not foreign, foreign
print("ok")
"""


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python without our packages, or with what the words put in."""
    return subprocess.run(
        [sys.executable, "-I", *words], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_a_new_plugin_is_graded_before_its_first_edit(tmp_path: Path) -> None:
    began = time.monotonic()
    new(tmp_path / "shop", SHOP)
    (found,) = grade(str(tmp_path / "shop"))
    assert time.monotonic() - began < 60
    assert found.connector == "shop.crm"
    assert found.tier == "Silver"
    (lack,) = found.missing
    assert lack == (
        "mapping",
        "a mapping to 3 kinds of facts (0 found, ConnectorInfo.mapping is empty)",
    )
    (path,) = keep([found], date(2026, 11, 26))
    assert path == tmp_path / "shop" / "attain_shop_crm" / "conformance.json"
    graded = read_conformance(path.parent)
    assert graded is not None
    assert graded.sound
    assert (graded.connector, graded.tier) == ("shop.crm", "Silver")
    assert graded.checks["K12"] == "passed"
    assert graded.checks["K35"] == "not applicable"
    assert found.cost.count(".") == 2  # two shares of a plain reading


def test_a_broken_promise_costs_the_grade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_grade, "MEASURE", "nothing_besides")  # what it costs is no matter
    new(tmp_path, SHOP)
    connector = tmp_path / "attain_shop_crm" / "connector.py"
    text = connector.read_text("utf-8")
    connector.write_text(text.replace('"secret": True', '"title": "token"'), "utf-8")
    (found,) = grade(str(tmp_path))
    assert found.tier == "none"
    assert found.missing[0][0] == "K01"


MAPPING = three_kinds("sales")


def test_gold_needs_a_mapping_that_a_company_is_offered_and_attain_takes(tmp_path: Path) -> None:
    new(tmp_path, SHOP)
    file = tmp_path / "attain_shop_crm" / "connector.py"
    said = {"attain_connector": "shop.crm", "attain_case": "case", "attain_file": str(file)}
    found = [said | {"attain_check": each, "attain_outcome": "passed"} for each in CHECKS]

    def lacks(mapping: object) -> list[str]:
        text = json.dumps(mapping)
        (made,) = graded_all([each | {"attain_mapping": text} for each in found], tmp_path)
        assert (made.tier == "Gold") is (made.missing[0][0] != "mapping")
        return [why for rule, why in made.missing if rule == "mapping"]

    assert lacks(None) == [
        "a mapping to 3 kinds of facts (0 found, ConnectorInfo.mapping is empty)"
    ]
    assert lacks(MAPPING) == []
    assert lacks(json.loads(json.dumps(MAPPING).replace("lead", "visit"))) == [
        "its mapping is none that Attain takes, see streams.sales.targets[2].target"
    ]
    odd = lacks(json.loads(json.dumps(MAPPING).replace("AS_IS", "ODD")))
    assert odd[0].startswith("its mapping is none that Attain takes, see ")
    assert "streams.sales.targets[0].quantity.sign" in odd[0]


@pytest.mark.parametrize("target", ["../nowhere", "no/where", "nowhere"])
def test_what_is_not_there_is_refused_in_a_sentence(target: str) -> None:
    done = CliRunner().invoke(app, ["plugin", "grade", target])
    assert done.exit_code == 2
    assert "is no folder, no file and no module" in " ".join(done.output.split())


def test_without_the_tools_nothing_is_graded_and_the_page_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "connector-grades.md"
    page.write_text("as it was", "ascii")
    monkeypatch.setattr(grades_page, "PAGE", page)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    for words in (["grade", "odoo"], ["grades"]):
        done = CliRunner().invoke(app, ["plugin", *words])
        assert done.exit_code == 2
        assert "pytest" in done.output
    assert page.read_text("ascii") == "as it was"


def test_nothing_of_the_sample_is_left_in_a_new_plugin(tmp_path: Path) -> None:
    for path in new(tmp_path, SHOP):
        text = path.read_text("utf-8")
        assert "cme" not in text, path
        assert "connectors." not in text.replace("connectors()", ""), path


@pytest.mark.parametrize("id_", ["Shop", "shop crm", "../shop", "shop-"])
def test_an_id_that_cannot_stay_for_ever_is_refused(id_: str, tmp_path: Path) -> None:
    words = ["--title", "a", "--title-zh", "b", "--author", "c", "--stream", "sales"]
    done = CliRunner().invoke(app, ["plugin", "new", str(tmp_path / "x"), "--id", id_, *words])
    assert done.exit_code == 2
    assert not (tmp_path / "x").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", "ascii")
    words = ["--id", "shop", "--title", "a", "--title-zh", "b", "--author", "c", "--stream", "s"]
    assert CliRunner().invoke(app, ["plugin", "new", str(tmp_path), *words]).exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_small_distribution_needs_nothing_of_ours(tmp_path: Path) -> None:
    write_api(tmp_path)
    done = python("-S", "-c", BARE, str(tmp_path), cwd=tmp_path)
    assert done.stdout == "ok\n", done.stderr


def test_the_small_distribution_imports_only_itself_and_the_standard_library(
    tmp_path: Path,
) -> None:
    for path in write_api(tmp_path):
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom):
                    top = (node.module or "").partition(".")[0]
                    assert top in {"attain_plugin_api", *sys.stdlib_module_names}, path


def test_the_host_lends_its_own_classes_under_the_vendors_names() -> None:
    lend_names()
    import attain_plugin_api.contract as lent  # type: ignore[import-not-found]

    assert lent.Record is contract.Record
    inside = {"databases", "failures", "fixtures", "hooks", "nouns", "outlets", "testing", "web"}
    assert set(LENT) == {"contract", *inside}


def test_the_example_is_what_the_tool_writes(tmp_path: Path) -> None:
    answers = Answers(
        id="northwind.crm",
        title="Northwind CRM",
        title_zh="北风客户",
        author="Northwind Traders",
        stream="orders",
    )
    example = ROOT / "examples" / "attain-northwind"
    written = new(tmp_path / "new", answers)
    assert written
    for path in written:
        kept = example / path.relative_to(tmp_path / "new")
        # The formatter puts imports in another order here than in a project of its own.
        words = (sorted(each.read_text("utf-8").split()) for each in (path, kept))
        assert next(words) == next(words), f"write {kept.relative_to(ROOT)} anew"


def test_the_example_ships_the_grade_that_the_kit_gave_it() -> None:
    graded = read_conformance(ROOT / "examples" / "attain-northwind" / "attain_northwind_crm")
    assert graded is not None
    assert graded.sound, "attain plugin grade examples/attain-northwind --write"
    assert (graded.connector, graded.tier) == ("northwind.crm", "Silver")
    assert set(graded.checks) == set(CHECKS)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """The example as a guest, found in a checkout of its vendor."""
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "attain-northwind"))
    info = tmp_path / "attain_northwind_crm-0.1.0.dist-info"
    info.mkdir()
    head = "Metadata-Version: 2.1\nName: attain-northwind-crm\nVersion: 0.1.0\n"
    (info / "METADATA").write_text(f"{head}Requires-Dist: attain-plugin-api>=1.0,<2\n", "ascii")
    (info / "entry_points.txt").write_text("[attain]\nn = attain_northwind_crm\n", "ascii")
    forget_the_example()  # another test may have imported it by itself
    return load_plugins(path=[str(tmp_path)], guests=guests())


def test_the_example_is_read_end_to_end_as_a_guest(
    example: Plugins, sqlite_url: str, tmp_path: Path
) -> None:
    read_the_example(example, sqlite_url, tmp_path)


@pytest.mark.long
def test_the_example_keeps_its_contract_as_a_guest(example: Plugins, tmp_path: Path) -> None:
    connector = example.nouns("connectors")["northwind.crm"]
    lend_names()
    place = ROOT / "examples" / "attain-northwind" / "tests" / "test_contract.py"
    spec = spec_from_file_location("northwind_contract", place)
    assert spec is not None
    assert spec.loader is not None
    contract_of = module_from_spec(spec)
    spec.loader.exec_module(contract_of)
    for number, check in CHECKS.items():
        folder = tmp_path / number
        folder.mkdir()
        check(contract_of.case_of(connector, folder))
    forget_the_example()


@pytest.mark.long
def test_the_examples_install_into_a_fresh_environment_and_run(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_api(tmp_path / "api")
    wheels = tmp_path / "wheels"
    for source in (tmp_path / "api", *sorted(each for each in (ROOT / "examples").iterdir())):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
        subprocess.run(command, cwd=source, check=True, capture_output=True)
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    inside = str(venv / "bin" / "python")
    found = [str(path) for path in sorted(wheels.glob("*.whl"))]
    subprocess.run([inside, "-m", "pip", "install", "-q", "--no-index", *found], check=True)
    subprocess.run([inside, "-m", "pip", "install", "-q", "pytest"], check=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    tests = ROOT / "examples" / "attain-northwind" / "tests"
    command = [inside, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(
        command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "39 passed" in done.stdout
    (site,) = venv.glob("lib/python*/site-packages")
    monkeypatch.syspath_prepend(str(site))
    graded = conformances({"northwind.crm": "attain-northwind-crm"})["northwind.crm"]
    assert (graded.tier, graded.sound) == ("Silver", True)  # what pip writes beside it is no change
    read_the_example(load_plugins(path=[str(site)], guests=guests()), sqlite_url, tmp_path)
    pack = "import attain_cafe_pack as p; print(p.kpi_packs()[0].path.read_text()[:20])"
    assert subprocess.run([inside, "-P", "-c", pack], check=True, cwd=tmp_path).returncode == 0
