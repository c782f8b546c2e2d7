"""The floors of the building: what may import what, and that no room is forgotten."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source import ROOMS, ROOT, Source, assert_none, imports, read

_LINTER = Path(sys.executable).parent / "lint-imports"
_BESIDE_THE_FLOORS = {
    "tests",
    "bench",
    "docs",
    "examples",
    "web",
    "verifier",
    "data",
    "dist",
    "build",
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_LINTER), "--no-logo", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_import_only_goes_down_the_floors() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, (
        "An import goes up, sideways or past the owner of a library. Then one floor can no longer "
        f"be changed, tested or read without the other.\n{done.stdout}{done.stderr}"
    )


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("domain", "import storage", "An import may only go down the floors"),
        ("actions", "import api", "An import may only go down the floors"),
        ("plugins", "import storage", "An import may only go down the floors"),
        ("messages", "import connectors", "An import may only go down the floors"),
        ("domain", "import logging", "The domain knows no machine"),
        ("api", "import sqlalchemy", "Only storage knows the database"),
        ("actions", "import strawberry", "Only api and the ASGI module"),
        ("storage", "import pluggy", "Only plugins and the front door"),
        ("actions", "import httpx2", "Only connectors/http.py"),
        ("connectors", "import psycopg", "Only storage knows the database"),
        ("storage", "import pymysql", "Only connectors/database_mysql.py"),
    ],
)
def test_the_linter_sees_a_forbidden_import(
    tmp_path: Path, room: str, line: str, contract: str
) -> None:
    for name in ROOMS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / room / "planted.py").write_text(f"{line}\n")
    done = lint(tmp_path)
    broken = [row for row in done.stdout.splitlines() if row.endswith("BROKEN")]
    assert done.returncode != 0
    assert any(row.startswith(contract) for row in broken), done.stdout + done.stderr


def unknown_folders(root: Path) -> list[str]:
    known = {*ROOMS, *_BESIDE_THE_FLOORS}
    return [
        folder.name
        for folder in sorted(root.iterdir())
        if folder.is_dir()
        and folder.name not in known
        and not folder.name.startswith((".", "__"))
        and any(folder.rglob("*.py"))
    ]


def test_every_folder_with_code_is_a_room_of_the_contracts() -> None:
    assert_none(
        unknown_folders(ROOT),
        "The import linter ignores a folder that no contract names, so code there may import "
        "anything unseen. Add it to the contracts and to ROOMS, or move it.",
    )


def test_an_unknown_folder_is_seen(tmp_path: Path) -> None:
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "anything.py").write_text("")
    assert unknown_folders(tmp_path) == ["helpers"]


def test_every_room_is_typed_for_plugin_authors() -> None:
    missing = [room for room in ROOMS if not (ROOT / room / "py.typed").exists()]
    assert_none(
        missing,
        "Without py.typed in every room, names imported from the front door are Any for a "
        "vendor's type checker, and wrong arguments pass unseen.",
    )


def test_tests_are_no_packages() -> None:
    found = [path.as_posix() for path in (ROOT / "tests").rglob("__init__.py")]
    assert_none(
        found,
        "A package such as tests/domain would be imported as 'domain' and hide the room.",
    )


def strange_clients(sources: list[Source]) -> list[str]:
    banned = ("urllib.request", "http.client", "aiohttp", "requests")
    return [
        source.at(node, name)
        for source in sources
        if source.path != "connectors/http.py"
        for node, name in imports(source)
        if name.startswith(banned)
    ]


def test_only_one_file_speaks_http_to_the_outside() -> None:
    assert_none(
        strange_clients(read(*ROOMS)),
        "Retries, rate limits, signing and the hiding of secrets are written once, in "
        "connectors/http.py; a second client has none of them.",
    )


def test_a_second_client_is_seen() -> None:
    planted = Source("connectors/planted.py", "from urllib.request import urlopen\n")
    assert strange_clients([planted]) == ["connectors/planted.py:1 urllib.request.urlopen"]


def environment_readers(sources: list[Source]) -> list[str]:
    return [
        source.at(node, name)
        for source in sources
        if source.path != "attain/settings.py"
        for node, name in imports(source)
        if name in {"os", "os.environ", "os.getenv"}
        and re.search(r"\b(environb?|getenvb?)\b", source.text)
    ]


def test_the_environment_is_read_in_one_place() -> None:
    assert_none(
        environment_readers(read(*ROOMS)),
        "A setting read elsewhere is undocumented, unchecked, and differs between two processes.",
    )


def test_a_second_reader_of_the_environment_is_seen() -> None:
    planted = Source("storage/planted.py", 'import os\nhost = os.environ["HOST"]\n')
    assert environment_readers([planted]) == ["storage/planted.py:1 os"]


# Who may start a program, and which one. Programs of others for a connection: the host alone.
STARTS: dict[str, str] = {
    "attain/commands_grade.py": "pytest, on the author's own tests",
    "attain/commands_template.py": "git, to see what its owner has not committed",
    "attain/commands_tap.py": "pip, by the operator",
    "connectors/anchors.py": "git, in the operator's repository",
    "connectors/kit/said.py": "Python, to import a connector under test",
    "connectors/process_guard.py": "by fork: what the host tells it",
    "connectors/process_host.py": "programs of others, behind the guard",
}
_STARTERS = re.compile(
    r"\b(subprocess|multiprocessing|pty)\b|\bos\.(fork|exec|spawn|posix_spawn|popen|system)"
)


def starters(sources: list[Source]) -> list[str]:
    found = {
        source.path
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Attribute)
        and _STARTERS.search(ast.unparse(node))
    }
    return sorted(found - STARTS.keys())


def test_programs_are_started_in_few_places() -> None:
    assert_none(
        starters(read(*ROOMS)),
        "A program that is started elsewhere has our environment, no limits and no end: see "
        "docs/decisions/2026-11-26-process-host.md.",
    )


@pytest.mark.parametrize(
    "line",
    ["import subprocess", "from subprocess import run", "import os; os.execv('/bin/sh', [])"],
)
def test_another_place_that_starts_programs_is_seen(line: str) -> None:
    assert starters([Source("actions/planted.py", line)]) == ["actions/planted.py"]


VENDOR_API = (
    "connectors.contract",
    "connectors.databases",
    "connectors.failures",
    "connectors.outlets",
    "connectors.web",
)


def built_in(sources: list[Source]) -> set[str]:
    """Name the modules that plugins/builtin.py hands over: one per source or channel outside."""
    hands_over = [source for source in sources if source.path == "plugins/builtin.py"]
    named = {name.rpartition(".")[0] for source in hands_over for _, name in imports(source)}
    return {name for name in named if name.startswith("connectors.")} - set(VENDOR_API)


def entangled(sources: list[Source]) -> list[str]:
    connectors = built_in(sources)
    return [
        source.at(node, name)
        for source in sources
        for node, name in imports(source)
        if source.path.removesuffix(".py").replace("/", ".") in connectors
        and name.rpartition(".")[0] in connectors
    ]


def test_connectors_do_not_know_each_other() -> None:
    assert_none(
        entangled(read("connectors", "plugins")),
        "One connector's change of mind would break another; what they share is a file of its own.",
    )


def test_entangled_connectors_are_seen() -> None:
    hands_over = "from connectors.wecom import A\nfrom connectors.feishu import B\n"
    sources = [
        Source("plugins/builtin.py", hands_over),
        Source("connectors/feishu.py", "from connectors.wecom import sign\n"),
    ]
    assert entangled(sources) == ["connectors/feishu.py:1 connectors.wecom.sign"]


def strange_to_the_contract(source: Source) -> list[str]:
    return [
        source.at(node, name)
        for node, name in imports(source)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and name.rpartition(".")[0] not in VENDOR_API
    ]


def test_the_connector_contract_needs_the_standard_library_only() -> None:
    api = [
        each
        for each in read("connectors")
        if each.path.removesuffix(".py").replace("/", ".") in VENDOR_API
    ]
    assert len(api) == len(VENDOR_API)
    assert_none(
        [found for each in api for found in strange_to_the_contract(each)],
        "These files are the small distribution for vendors, who install nothing of ours with it.",
    )


def test_a_contract_that_needs_more_is_seen() -> None:
    planted = Source("connectors/contract.py", "import numpy\nimport json\n")
    assert strange_to_the_contract(planted) == ["connectors/contract.py:1 numpy"]
