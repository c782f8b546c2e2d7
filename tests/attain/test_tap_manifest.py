"""``attain tap install`` of Airbyte sources: manifests, the Python in them, and packages.

The kit here is a made-up one, which reads JSON for YAML; the real one is in ``tests/live``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from attain.commands_tap import Wish, ask_about, install_tap, tell_settings, tell_taps
from attain.tap_manifest import Manifest
from connectors.failures import ConfigurationRefused
from connectors.process_host import running
from connectors.taps import read_tap
from tests.support.taps import install_source
from tests.support.wheels import write_wheel

_KIT = """
import os, sys

def main():
    print(sys.argv[1:], os.environ.get("AIRBYTE_ENABLE_UNSAFE_CODE"))
"""
_YAML = "import json\n\ndef safe_load(file):\n    return json.load(file)\n"
_FORM = {"properties": {"api_key": {"airbyte_secret": True}}, "required": ["api_key"]}
_PLAIN: dict[str, Any] = {
    "streams": [{"type": "DeclarativeStream", "name": "pupils"}],
    # Rows may have a column of that name: it is a class of a school.
    "schemas": {"pupils": {"properties": {"class_name": {"type": "string"}}}},
    "spec": {"connection_specification": _FORM},
}
_OWN = {"retriever": {"class_name": "source_declarative_manifest.components.Mine"}}


@pytest.fixture
def taps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of taps, and an index with a kit."""
    index = tmp_path / "index"
    index.mkdir()
    program = "source-declarative-manifest"
    write_wheel(index, "airbyte-cdk", "7.0", _KIT, program, yaml=_YAML)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    folder = tmp_path / "taps"
    folder.mkdir()
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of a tap whose environment has nothing but a reader of YAML."""
    folder = tmp_path / "own"
    command = [sys.executable, "-m", "venv", "--without-pip", str(folder / "env")]
    subprocess.run(command, check=True)
    (found,) = (folder / "env").glob("lib/*/site-packages")
    (found / "yaml.py").write_text(_YAML, "utf-8")
    return folder


def written(folder: Path, document: object) -> Path:
    path = folder / "pupils.yaml"
    path.write_text(json.dumps(document), "utf-8")
    return path


def wish(file: Path, *, components: Path | None = None, runs: bool = False) -> Wish:
    manifest = Manifest.read(file, components, runs_components=runs)
    return Wish.read("airbyte-cdk==7.0", called="source-school", manifest=manifest)


def test_python_that_a_manifest_names_waits_for_a_word(own: Path, tmp_path: Path) -> None:
    file = written(tmp_path, {**_PLAIN, "definitions": [_OWN]})
    with pytest.raises(typer.BadParameter, match=r"Python of its own \(source_decl.*Mine\)"):
        Manifest(file=file).place(own)
    words, document = Manifest(file=file, runs_components=True).place(own)
    assert words["environment"] == {"AIRBYTE_ENABLE_UNSAFE_CODE": "true"}
    assert document["definitions"] == [_OWN]
    words, _ = Manifest(file=written(tmp_path, _PLAIN)).place(own)
    assert "environment" not in words


@pytest.mark.parametrize("text", ["no: [yaml", "[1]", "{}"])
def test_what_is_no_manifest_is_refused(own: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(typer.BadParameter, match="the manifest"):
        Manifest(file=file).place(own)


def test_a_manifest_is_installed_with_its_files_pinned_and_told_with_its_settings(
    taps: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = taps.parent / "mine.py"
    python.write_text("class Mine: ...\n", "utf-8")
    file = written(taps.parent, {**_PLAIN, "definitions": [_OWN]})
    with pytest.raises(typer.BadParameter, match="--runs-components"):
        wish(file, components=python)
    install_tap(taps, wish(file, components=python, runs=True), lambda: True)
    assert "pupils.yaml is its author's" in capsys.readouterr().out
    tell_taps(taps)
    tell_settings(taps, "source-school")
    assert capsys.readouterr().out.splitlines() == [
        "source-school  airbyte-cdk 7.0, manifest  EUPL-1.2  fenced  airbyte",
        "api_key (required) (secret)  ",
    ]
    own = taps / "source-school"
    tap = read_tap(taps, "source-school", "airbyte")
    with running(tap.program, ("read", *tap.options)) as started:
        said = b"".join(started.lines()).decode()
    words = [f"--{each}-path" for each in ("manifest", "components")]
    expected = ["read", words[0], f"{own}/manifest.yaml", words[1], f"{own}/components.py"]
    assert said == f"{expected} true"
    (own / "components.py").write_text("class Mine: evil = True\n", "utf-8")
    with pytest.raises(ConfigurationRefused, match=r"components\.py is not the file"):
        read_tap(taps, "source-school")


def test_a_package_says_its_settings_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install_source(tmp_path, tmp_path)
    ask_about(tmp_path, "source-small")
    tell_settings(tmp_path, "source-small")
    assert capsys.readouterr().out.splitlines() == [
        "data (required)  ",
        "pin (secret: give it by reference, its name does not tell)  The key",
    ]


def test_a_manifest_needs_a_name_and_the_kit(tmp_path: Path) -> None:
    manifest = Manifest.read(written(tmp_path, _PLAIN), None, runs_components=False)
    with pytest.raises(typer.BadParameter, match="--name"):
        Wish.read("airbyte-cdk==7.0", manifest=manifest)
    with pytest.raises(typer.BadParameter, match="carried out by airbyte-cdk"):
        Wish.read("tap-jsonl==1.0", called="x", manifest=manifest)
    with pytest.raises(typer.BadParameter, match="no file"):
        Manifest.read(tmp_path / "none.yaml", None, runs_components=False)
    with pytest.raises(typer.BadParameter, match="belong to a manifest"):
        Manifest.read(None, None, runs_components=True)


@pytest.mark.parametrize(
    ("requirement", "speaks", "started"),
    [
        ("airbyte-source-faker==1", "airbyte", "source-faker"),
        ("source-x==1", "airbyte", "source-x"),
        ("tap-jsonl==1", "singer", "tap-jsonl"),
    ],
)
def test_a_name_tells_what_a_program_speaks(requirement: str, speaks: str, started: str) -> None:
    found = Wish.read(requirement)
    assert (found.speaks, found.started) == (speaks, started)
    assert Wish.read(requirement, protocol="airbyte").speaks == "airbyte"
