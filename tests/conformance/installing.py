"""What the suites need, from the package indexes: Node, npm's packages, two small environments.

Everything lands in ``.conformance`` and is stamped with its lock: the second run installs nothing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / ".conformance"
# Kept out of our own environment: their pins are not ours.
TOOLS = ("schemathesis", "clairvoyance")
_COPIED = ("*.mjs", "*.json", "*_hooks.py")


def has_node() -> bool:
    """Say whether Node and npm are there; fetch them on a machine that is ours to change."""
    if not _finds_node() and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Node for the conformance suites", file=sys.stderr, flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ("apt-get", "update", "-qq"),
            ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nodejs", "npm"),
        ):
            subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
    return _finds_node()


def _finds_node() -> bool:
    return bool(shutil.which("node") and shutil.which("npm"))


def install() -> str | None:
    """Make ``.conformance`` hold exactly the locks; return what could not be installed."""
    PLACE.mkdir(exist_ok=True)
    _copy_ours()
    if not _node_packages():
        return "npm's packages"
    for tool in TOOLS:
        if not _environment(tool):
            return tool
    return None


def program(tool: str) -> str:
    """Return the path of a tool's program."""
    return str(PLACE / tool / "bin" / tool)


def _copy_ours() -> None:
    for pattern in _COPIED:
        for file in HERE.glob(pattern):
            shutil.copy(file, PLACE)
    shutil.rmtree(PLACE / "relay", ignore_errors=True)
    shutil.copytree(HERE / "relay", PLACE / "relay")
    shutil.copy(ROOT / "schema.graphql", PLACE)
    for file in (ROOT / "docs" / "contract").iterdir():
        shutil.copy(file, PLACE)


def _node_packages() -> bool:
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = PLACE / "installed.json"
    if stamp.exists() and stamp.read_bytes() == lock:
        return True
    stamp.unlink(missing_ok=True)
    words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    done = subprocess.run(["npm", *words], cwd=PLACE, stdout=sys.stderr, check=False)
    if done.returncode == 0:
        stamp.write_bytes(lock)
    return done.returncode == 0


def _environment(tool: str) -> bool:
    lock = HERE / f"{tool}.lock"
    folder = PLACE / tool
    stamp = folder / "installed.lock"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return True
    shutil.rmtree(folder, ignore_errors=True)
    quiet = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    quiet.append("--no-compile")  # most of what comes along is never imported
    python = str(folder / "bin" / "python")
    ours = importlib.util.find_spec("pip") is not None  # it takes three seconds to make another
    pip = [sys.executable, "-m", "pip", "--python", python] if ours else [python, "-m", "pip"]
    for command in (
        [sys.executable, "-I", "-m", "venv", *(["--without-pip"] if ours else []), str(folder)],
        [*pip, "install", *quiet, "-r", str(lock)],
    ):
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
            return False
    shutil.copy(lock, stamp)
    return True
