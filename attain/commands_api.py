"""``attain plugin api``: the small distribution for vendors, out of the files we run.

It needs the standard library only. Its version is the version of the contract, not of Attain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import typer

from connectors.contract import API_VERSION
from plugins.api_version import DISTRIBUTION
from plugins.vendor_names import LENT, PACKAGE

_ROOT = Path(__file__).resolve().parent.parent
VERSION = f"{API_VERSION}.0"
# Beside what a vendor imports, what those files need themselves.
_INSIDE: Mapping[str, str] = {
    "allowed_hosts": "connectors.allowed_hosts",
    "kit/__init__": "connectors.kit.__init__",
    "kit/absent": "connectors.kit.absent",
    "kit/budget": "connectors.kit.budget",
    "kit/case": "connectors.kit.case",
    "kit/cassettes": "connectors.kit.cassettes",
    "kit/failing": "connectors.kit.failing",
    "kit/hiding": "connectors.kit.hiding",
    "kit/kept": "connectors.kit.kept",
    "kit/moving": "connectors.kit.moving",
    "kit/reads": "connectors.kit.reads",
    "kit/replaying": "connectors.kit.replaying",
    "kit/said": "connectors.kit.said",
    "kit/scanning": "connectors.kit.scanning",
    "secret_forms": "connectors.secret_forms",
}
_PYPROJECT = f"""\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{DISTRIBUTION}"
version = "{VERSION}"
description = "What a plug-in for Attain promises, and the kit that proves it."
readme = "README.md"
license = "Apache-2.0"
requires-python = ">=3.11"
dependencies = []

[project.entry-points.pytest11]
attain = "{PACKAGE}.fixtures"

[tool.hatch.build.targets.wheel]
packages = ["{PACKAGE}"]
"""
_NEXT = int(API_VERSION.split(".", maxsplit=1)[0]) + 1
_README = f"""\
# {DISTRIBUTION}

What a plug-in for Attain promises: `contract`, `failures`, `web`, `outlets`, `nouns`, the mark
`hookimpl` in `hooks`, `testing`, the kit that proves a connector under pytest, and `fixtures`,
its fixture `replay` for what `attain plugin record` kept. It needs the standard library only.
The version is that of the contract: require `{DISTRIBUTION}>={API_VERSION},<{_NEXT}`.

Inside Attain the host lends its own modules under these names; these copies are for writing and
testing.
"""


def write_api(folder: Path) -> list[Path]:
    """Write the distribution's source into a new or empty folder."""
    if folder.exists() and any(folder.iterdir()):
        raise typer.BadParameter(f"{folder} is not empty")
    package = folder / PACKAGE
    files = {folder / "pyproject.toml": _PYPROJECT, folder / "README.md": _README}
    files[package / "__init__.py"] = (
        f'"""The contract of plug-ins for Attain, version {API_VERSION}."""\n'
    )
    files[package / "py.typed"] = ""
    for name, home in {**LENT, **_INSIDE}.items():
        text = (_ROOT / (home.replace(".", "/") + ".py")).read_text("utf-8")
        files[package / f"{name}.py"] = _renamed(text)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(files)


def _renamed(text: str) -> str:
    """Let the copies import each other."""
    for name, home in LENT.items():
        text = re.sub(rf"\b{re.escape(home)}\b", f"{PACKAGE}.{name}", text)
    for ours in ("allowed_hosts", "kit", "secret_forms"):
        text = re.sub(rf"\bconnectors\.{ours}\b", f"{PACKAGE}.{ours}", text)
    return text.replace("from connectors.kit import", f"from {PACKAGE}.kit import")
