"""``attain plugin grade``: Bronze to Platinum, computed from what the kit finds, never declared."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from attain.platinum import NOWHERE, OF_OURS, Here, live_and_origin
from connectors.contract import API_VERSION
from connectors.kit.budget import told
from connectors.testing import CHECKS, MEASURE, MEASURED
from domain.mapping_document import decode_mapping
from messages.render import load
from plugins.conformance import write_conformance

_TIERS: Mapping[str, tuple[str, ...]] = {
    "Bronze": (*(f"K{number:02d}" for number in (*range(1, 13), 14, 15, 16, 35)), "page", "owner"),
    "Silver": (
        *(f"K{number}" for number in (*range(17, 26), 31, 32)),
        "sentences",
        "troubleshooting",
    ),
    "Gold": (*(f"K{number}" for number in (13, 26, 27, 28, 29, 30, 33, 34)), "mapping"),
    "Platinum": ("typed", "budget", "live", "provenance"),
}
TIERS = ("none", *_TIERS)
_INSTALL = re.compile(r"(?im)^#+ .*(install|access|setting|connect|安装|接入)")
_TROUBLE = re.compile(r"(?im)^#+ .*(troubleshoot|error|refus|mean|排错|错误)")
_MEANS_CODE = frozenset(
    {"AuthExpired", "ConfigurationRefused", "Forbidden", "Transient", "KeysIncomplete"}
)
_SECONDS = 600
ROOT = Path(__file__).resolve().parent.parent
OWN_PACKAGE = ROOT / "connectors"


Outcome = dict[str, Any]  # what ``attain.suite_report`` writes of one check of one case


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What a connector reached, what it lacks for the next tier, and what does not apply."""

    connector: str
    tier: str
    missing: tuple[tuple[str, str], ...]
    not_applicable: tuple[tuple[str, str], ...]
    checks: tuple[tuple[str, str], ...]
    package: Path
    cost: str = ""


def grade(target: str, here: Here = NOWHERE) -> list[Grade]:
    """Run the kit's tests of a folder, a file, a module or a built-in and grade what is in them."""
    own = [] if Path(target).exists() else own_suites(target)
    paths = own or [_path_of(target)]
    root = ROOT if own else _root_of(paths[0])
    found = run(paths, root)
    if own:
        found = [each for each in found if each["attain_connector"] == target]
    if not found:
        raise typer.BadParameter(f"{target} has no test class made by contract_suite")
    return graded_all(found, root, here)


def graded_all(found: list[Outcome], root: Path, here: Here = NOWHERE) -> list[Grade]:
    """Grade every connector in what the kit found."""
    names = sorted({str(each["attain_connector"]) for each in found})
    return [
        _graded(name, [f for f in found if f["attain_connector"] == name], root, here)
        for name in names
    ]


def own_suites(connector: str = "") -> list[Path]:
    """List the test files of our own checkout that hold the kit's suites (of one connector)."""
    begin = f"test_{re.sub('[.-]', '_', connector)}"
    return [
        path
        for path in sorted((ROOT / "tests" / "connectors").glob("test_*.py"))
        if path.stem.startswith(begin) and "= contract_suite(" in path.read_text("utf-8")
    ]


def _path_of(target: str) -> Path:
    path = Path(target)
    if path.exists():
        return path.resolve()
    named = all(part.isidentifier() for part in target.split("."))
    spec = find_spec(target) if named else None
    if spec is None or spec.origin is None:
        raise typer.BadParameter(f"{target} is no folder, no file and no module")
    origin = Path(spec.origin).resolve()
    return origin if origin.name.startswith("test_") else _root_of(origin)


def _root_of(path: Path) -> Path:
    folders = [path, *path.parents] if path.is_dir() else list(path.parents)
    for folder in folders:
        if (folder / "pyproject.toml").is_file():
            return folder
    return folders[0]


def run(paths: list[Path], root: Path) -> list[Outcome]:
    """Run the kit's tests in a process of their own and return what each check came to."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "attain.suite_report"]
        command += [
            "-p",
            "no:cacheprovider",
            "-o",
            f"python_functions=test_K {MEASURE}",
            "-k",
            f"test_K or {MEASURE}",
            f"--attain-report={report}",
            *map(str, paths),
        ]
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if not report.is_file():
            typer.echo(done.stdout[-2000:] + done.stderr[-2000:], err=True)
            raise typer.BadParameter(
                "the kit's tests did not run, see above; they need pytest beside Attain"
            )
        return [json.loads(line) for line in report.read_text("utf-8").splitlines()]


def _graded(name: str, found: list[Outcome], root: Path, here: Here) -> Grade:
    why = {rule: _why_not(rule, found) for rule in (*CHECKS, MEASURED)}
    why |= _papers(name, found, root)
    package = package_of(Path(found[0]["attain_file"]))
    why |= live_and_origin(name, package, here) if package != OWN_PACKAGE else OF_OURS
    tier, missing = "none", []
    for each, rules in _TIERS.items():
        missing = [(rule, why[rule]) for rule in rules if why[rule]]
        if missing:
            break
        tier = each
    free = _not_applicable(found, why)
    return Grade(
        connector=name,
        tier=tier,
        missing=tuple(missing),
        not_applicable=free,
        checks=tuple((number, _came_to(number, found)) for number in CHECKS),
        package=package,
        cost=_measured(found),
    )


def _came_to(number: str, found: list[Outcome]) -> str:
    """Say what a check came to in all cases together: one failure is a failure."""
    own = {str(each["attain_outcome"]) for each in found if each["attain_check"] == number}
    order = ("failed", "passed", "not applicable", "not proven")
    return next((outcome for outcome in order if outcome in own), "not run")


def package_of(file: Path) -> Path:
    """Return the folder of the package that a file belongs to."""
    folder = file.parent
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return folder


def keep(found: list[Grade], today: date, private: str | None = None) -> list[Path]:
    """Write each grade into its package, under a seal, for the host to show beside the plug-in.

    A key in hex signs it.
    """
    return [
        write_conformance(
            each.package,
            {
                "connector": each.connector,
                "api": API_VERSION,
                "graded": today.isoformat(),
                "tier": each.tier,
                "checks": dict(each.checks),
                "missing": dict(each.missing),
            },
            private,
        )
        for each in found
        if each.package != OWN_PACKAGE
    ]


def _not_applicable(found: list[Outcome], why: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """List what no case could try and why; what another case proves is proven."""
    free: dict[str, str] = {}
    for each in found:
        if each["attain_outcome"] == "not applicable":
            reason = str(each["reason"]).removeprefix("not applicable because ")
            free.setdefault(str(each["attain_check"]), reason)
    for each in found:
        if each["attain_outcome"] == "passed":
            free.pop(str(each["attain_check"]), None)
    unmapped = _no_mapping(found)
    if unmapped and not why["mapping"]:
        free["mapping"] = unmapped
    return tuple((rule, reason) for rule, reason in sorted(free.items()) if not why[rule])


def _no_mapping(found: list[Outcome]) -> str:
    """Return why there can be no mapping, where all cases say so (K01 has tried it)."""
    reasons = [str(each.get("attain_no_mapping", "")) for each in found]
    return reasons[0] if all(reasons) else ""


def _why_not(number: str, found: list[Outcome]) -> str:
    """Return why a check does not count: it failed once, or no case of the connector proves it."""
    own = [f for f in found if f["attain_check"] == number]
    for each in own:
        if each["attain_outcome"] == "failed":
            return f"fails: {each['reason']}"
    if any(each["attain_outcome"] in ("passed", "not applicable") for each in own):
        return ""
    return str(own[0]["reason"]) if own else "it was not run"


def _measured(found: list[Outcome]) -> str:
    """Return what 10,000 records cost; of several cases, of the first that was measured."""
    own = [each for each in found if each["attain_check"] == MEASURED]
    return next((str(each["attain_measured"]) for each in own if each.get("attain_measured")), "")


def _papers(name: str, found: list[Outcome], root: Path) -> dict[str, str]:
    """Look at what is not code: the page, the owner, the sentences, the mapping, the types."""
    pages = [root / "docs" / "connectors" / f"{name}.md", root / "README.md"]
    page = next((each.read_text("utf-8") for each in pages if each.is_file()), "")
    own_page = pages[0].is_file() or not (root / "docs").is_dir()
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("project", {})
    trees = [ast.parse(Path(file).read_text("utf-8")) for file in _files(found)]
    unsaid = sorted({code for tree in trees for code in _codes(tree)} - load().codes)
    untyped = [name for tree in trees for name in _untyped(tree)]
    mapping = _mapping_of(name, found, root)
    return {
        "page": "" if own_page and _INSTALL.search(page) else "no page says how to connect it",
        "owner": "" if project.get("authors") or project.get("maintainers") else "no owner named",
        "sentences": f"no sentence in zh-CN and en for {', '.join(unsaid)}" if unsaid else "",
        "troubleshooting": (
            "" if own_page and _TROUBLE.search(page) else "no page says what its errors mean"
        ),
        "mapping": _mapping(mapping, _no_mapping(found)),
        "typed": f"no types: {untyped[0]}" if untyped else "",
    }


def _mapping(document: object, no_mapping: str) -> str:
    """Say what is wrong with the mapping that a company is offered to begin with."""
    if no_mapping:
        told = "the case says that there can be no mapping, and there is one"
        return told if document is not None else ""
    if document is None:
        return "a mapping to 3 kinds of facts (0 found, ConnectorInfo.mapping is empty)"
    decoded, problems = decode_mapping(document)
    if decoded is None:
        places = ", ".join(sorted({problem.path for problem in problems}))
        return f"its mapping is none that Attain takes, see {places}"
    kinds = {str(kind) for stream in decoded.streams.values() for kind in stream.fact_kinds}
    return "" if len(kinds) >= 3 else f"a mapping to 3 kinds of facts ({len(kinds)} found)"


def _mapping_of(name: str, found: list[Outcome], root: Path) -> object:
    """Return what the connector hands over; of ours the file, as a company is offered it."""
    file = root / "connectors" / "mappings" / f"{name}.json"
    if root == ROOT and file.is_file():
        return json.loads(file.read_text("utf-8"))
    return json.loads(str(found[0].get("attain_mapping", "null")))


def _files(found: list[Outcome]) -> set[str]:
    """Name the files of a connector: its own one and what it is made of beside it."""
    files: set[str] = set()
    for own, name in {(Path(each["attain_file"]), each["attain_connector"]) for each in found}:
        begin = re.sub("[.-]", "_", str(name)) if own.parent == ROOT / "connectors" else ""
        beside = own.parent.glob("*.py")
        files |= {str(own), *(str(path) for path in beside if path.stem.startswith(begin))}
    return files


def _codes(tree: ast.AST) -> Iterator[str]:
    """Find the codes that the connector can say: of failures, rejected rows, notices, findings."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        given = node.args[:1] if called in _MEANS_CODE else []
        if called in ("Rejected", "Notice", "CheckFinding"):
            given = [word.value for word in node.keywords if word.arg in ("reason", "code")]
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def _untyped(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            own = [*node.args.args, *node.args.kwonlyargs]
            bare = [one for one in own if one.annotation is None and one.arg not in ("self", "cls")]
            if node.returns is None or bare:
                yield node.name


def tell(found: list[Grade]) -> None:
    """Print the grades and what is missing for the next tier."""
    for each in found:
        typer.echo(f"{each.connector}: {each.tier}")
        if each.cost:
            typer.echo(f"  measured  10,000 records: {told(each.cost)}")
        for rule, reason in each.missing:
            typer.echo(f"  missing  {rule}: {reason}")
        for rule, reason in each.not_applicable:
            typer.echo(f"  not applicable  {rule}: {reason}")
