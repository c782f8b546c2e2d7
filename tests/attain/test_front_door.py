"""The names that plug-in authors rely on, and the command that starts quickly."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import attain
from tests.support.source import ROOT
from tests.support.taking import processor_seconds

_HEAVY = ("sqlalchemy", "strawberry", "numpy", "starlette", "pyarrow", "babel", "rich", "alembic")


def test_every_public_name_can_be_fetched() -> None:
    for name in attain.__all__:
        assert getattr(attain, name) is not None


def test_the_type_checker_and_the_interpreter_fetch_the_same_names() -> None:
    tree = ast.parse((ROOT / "attain" / "__init__.py").read_text("utf-8"))
    for_checkers = {
        alias.name: node.module
        for branch in tree.body
        if isinstance(branch, ast.If)
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert for_checkers == attain._HOMES
    assert set(attain.__all__) == set(attain._HOMES)


def test_a_plugin_author_gets_real_types(tmp_path: Path) -> None:
    plugin = tmp_path / "vendor_plugin.py"
    plugin.write_text("from attain import Problem\nx = Problem(code=41)\nreveal_type(Problem)\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(plugin)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'has incompatible type "int"; expected "str"' in done.stdout
    assert "domain.problem.Problem" in done.stdout


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no public name 'Nothing'"):
        attain.__getattr__("Nothing")


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nsys.argv = ['attain', '--help']\nfrom attain.cli import main\n"
        f"try:\n    main()\nfinally:\n    print([m for m in {_HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_help_answers_at_once() -> None:
    # 0.2 s of a processor measured: what others do on a busy machine is not counted.
    with processor_seconds() as taken:
        subprocess.run(
            [sys.executable, "-P", "-m", "attain", "--help"], check=True, capture_output=True
        )
    assert taken() < 1.0
