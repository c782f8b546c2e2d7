"""The manifest of an Airbyte source that an operator brings: looked at before it is ever run.

It is YAML, which only Airbyte's own kit reads: the kit's environment turns it into JSON for us,
behind the fence. A manifest may name Python; that is refused until the operator lets it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from connectors.failures import ConnectorFailure
from connectors.process_host import Limits, Program, can_fence, running

MANIFEST, COMPONENTS = "manifest.yaml", "components.py"
# The switch by which Airbyte's kit takes Python that a manifest names.
_LETS_PYTHON = {"AIRBYTE_ENABLE_UNSAFE_CODE": "true"}
_AS_JSON = (
    "import json, sys, yaml; "
    "json.dump(yaml.safe_load(open(sys.argv[1], encoding='utf-8')), sys.stdout, default=str)"
)
_BYTES_MOST = 16 << 20
_LIMITS = Limits(total_seconds=60.0, line_bytes=_BYTES_MOST, output_bytes=_BYTES_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The files that the operator brings, and whether Python among them may run."""

    file: Path
    components: Path | None = None
    runs_components: bool = False

    @classmethod
    def read(
        cls, file: Path | None, components: Path | None, *, runs_components: bool
    ) -> Manifest | None:
        """Take the words of the command; Python comes only with a manifest and a word for it."""
        if file is None:
            if components is not None or runs_components:
                raise typer.BadParameter("components belong to a manifest: --manifest names it")
            return None
        if components is not None and not runs_components:
            raise typer.BadParameter(
                f"{components.name} is Python that would run with the source's secret in its hand; "
                "read it, and say --runs-components to let it"
            )
        for each in (file, components):
            if each is not None and not each.is_file():
                raise typer.BadParameter(f"there is no file {each}")
        return cls(file=file, components=components, runs_components=runs_components)

    def place(self, own: Path) -> tuple[dict[str, Any], Mapping[str, Any]]:
        """Lay the files into the tap's folder; return what ``tap.json`` says, and the manifest."""
        shutil.copyfile(self.file, own / MANIFEST)
        document = _as_json(own)
        python = sorted(set(_own_python(document)))
        if python and not self.runs_components:
            raise typer.BadParameter(
                f"{self.file.name} names Python of its own ({', '.join(python)[:300]}), which is "
                "not run; read that code, and say --runs-components to let it"
            )
        words: dict[str, Any] = {
            "options": ["--manifest-path", f"{{tap}}/{MANIFEST}"],
            "pinned": {MANIFEST: _digest(own / MANIFEST)},
        }
        if self.runs_components:
            words["environment"] = _LETS_PYTHON
        if self.components is not None:
            shutil.copyfile(self.components, own / COMPONENTS)
            words["options"] += ["--components-path", f"{{tap}}/{COMPONENTS}"]
            words["pinned"][COMPONENTS] = _digest(own / COMPONENTS)
        return words, document


def settings_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the form of the settings that a manifest brings."""
    spec = document.get("spec")
    found = spec.get("connection_specification") if isinstance(spec, dict) else None
    return found if isinstance(found, dict) else {}


def _as_json(own: Path) -> Mapping[str, Any]:
    reader = Program(
        name=MANIFEST,
        command=(str(own / "env" / "bin" / "python"), "-I", "-c", _AS_JSON, str(own / MANIFEST)),
        reads=(str(own), sys.base_prefix),
        fenced=can_fence(),
        limits=_LIMITS,
    )
    try:
        with running(reader) as started:
            found = json.loads(b"".join(started.lines()))
    except (ConnectorFailure, ValueError) as fault:
        raise typer.BadParameter(f"the manifest cannot be read: {fault}") from None
    if not isinstance(found, dict) or not found.get("streams"):
        raise typer.BadParameter("the manifest names no streams: it is none of an Airbyte source")
    return found


def _own_python(found: object) -> Iterator[str]:
    """Find the Python that a manifest names: components of its own, at any depth.

    A column of rows may be called ``class_name`` too; there an object stands behind the name.
    """
    if isinstance(found, dict):
        named, kind = found.get("class_name"), found.get("type")
        if isinstance(named, str):
            yield named
        elif isinstance(kind, str) and kind.startswith("Custom"):
            yield kind
        found = list(found.values())
    if isinstance(found, list):
        for each in found:
            yield from _own_python(each)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
