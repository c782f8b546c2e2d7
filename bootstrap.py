"""Prepare ``.venv`` from the hash-checked lock, then become the command that was asked for.

Standard library only: this file runs before anything is installed. Two processes may start at
once: the second waits for the first, and a start with nothing to do costs a few milliseconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "attain-stamp.json"
PYTHON = VENV / "bin" / "python"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}

# Words that need the tools of development, and the script that each of them runs.
SCRIPTS = {
    "test": ("tests/run.py", "test"),
    "check": ("tests/run.py", "check"),
    "golden": ("tests/run.py", "golden"),
    "live": ("tests/run.py", "live"),
    "bench": ("bench/run.py",),
    "conformance": ("tests/conformance/run.py",),
}

# Words of ``attain`` itself that run tests: a vendor's kit, from a fresh clone.
GRADING = {("plugin", "grade"), ("plugin", "grades")}


def main(words: Sequence[str]) -> NoReturn:
    """Install what the first word needs, then replace this process by the command."""
    word = words[0] if words else "--help"
    prepare(kind_of(words))
    if word in SCRIPTS:
        script, *leading = SCRIPTS[word]
        command = [str(PYTHON), "-P", str(ROOT / script), *leading, *words[1:]]
    else:
        command = [str(PYTHON), "-P", "-m", "attain", *(words or [word])]
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def kind_of(words: Sequence[str]) -> str:
    """Say which lock the command needs."""
    needs_tools = bool(words) and (words[0] in SCRIPTS or tuple(words[:2]) in GRADING)
    return "dev" if needs_tools else "runtime"


def prepare(kind: str) -> None:
    """Make ``.venv`` hold exactly the lock of this kind; do nothing when it already does."""
    if read_stamp() == wanted_stamp(kind, read_stamp()):
        return
    try:
        with one_at_a_time():
            found = read_stamp()
            wanted = wanted_stamp(kind, found)
            if found != wanted:
                build(kind, found, wanted)
    except OSError as fault:
        stop(f"Attain cannot prepare {VENV}: {fault}")


def build(kind: str, found: dict[str, str], wanted: dict[str, str]) -> None:
    """Create the environment when it is another one's, install the lock, and stamp it."""
    say(f"Preparing .venv with Python {sys.version.split()[0]} (once; a minute at most)")
    uv = shutil.which("uv")
    if found.get("home") != wanted["home"]:
        shutil.rmtree(VENV, ignore_errors=True)
        create(uv)
    STAMP.unlink(missing_ok=True)  # an interrupted installation must not look finished
    install(uv, LOCKS[kind])
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (VENV / "lib" / version / "site-packages" / "attain.pth").write_text(f"{ROOT}\n", "utf-8")
    written = STAMP.with_suffix(".new")
    written.write_text(json.dumps(wanted, indent=1), "utf-8")
    written.replace(STAMP)


def create(uv: str | None) -> None:
    """Create an empty environment with uv, or with the standard library's own module."""
    if uv and run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)]):
        return
    if importlib.util.find_spec("ensurepip") is None:
        heal_missing_ensurepip()
    if not run([sys.executable, "-I", "-m", "venv", str(VENV)]):
        stop(f"Python could not create {VENV}; the lines above say why.")


def install(uv: str | None, lock: Path) -> None:
    """Install the lock, every file checked against its hash, nothing built from source."""
    exact = ["--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    if uv and run([uv, "pip", "install", "--python", str(PYTHON), *exact]):
        return
    if uv:
        say("uv could not install the packages; trying pip")
    if not (VENV / "bin" / "pip").exists() and not run([str(PYTHON), "-I", "-m", "ensurepip"]):
        stop("Python's venv has no pip: remove .venv and run again.")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Python compiles what it imports: compiling all that was installed takes ten seconds more.
    pip.append("--no-compile")
    if not run([*pip, *exact]):
        stop(f"The packages of {lock.name} could not be installed; the lines above say why.")


def heal_missing_ensurepip() -> None:
    """Debian and Ubuntu keep ``ensurepip`` in a package of its own: fetch it, or say the line."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {package}")
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        run(["apt-get", "update", "-qq"])
        if run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]):
            return
    stop(f"Python's venv module is missing. Run: sudo apt-get install {package}")


def wanted_stamp(kind: str, found: dict[str, str]) -> dict[str, str]:
    """Return the stamp of a finished environment: which Python and folder, and which locks.

    The development lock contains the runtime lock (a test compares them), so installing it
    satisfies both words.
    """
    home = "\n".join((sys.version, sys.base_prefix, str(ROOT)))
    wanted = {"home": hashlib.sha256(home.encode()).hexdigest()}
    current = {name: hashlib.sha256(lock.read_bytes()).hexdigest() for name, lock in LOCKS.items()}
    wanted["runtime"] = current["runtime"]
    keeps_dev = found.get("home") == wanted["home"] and found.get("dev") == current["dev"]
    if kind == "dev" or (keeps_dev and found.get("runtime") == current["runtime"]):
        wanted["dev"] = current["dev"]
    return wanted


def read_stamp() -> dict[str, str]:
    """Return what ``.venv`` says about itself; nothing when it is missing or unfinished."""
    try:
        found = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and PYTHON.exists() else {}


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold a lock on the checkout itself, so that no lock file is left behind."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def run(command: Sequence[str]) -> bool:
    """Run a tool, its words on standard error, so that our own output stays clean."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, check=False, stdout=sys.stderr, env=environment).returncode == 0


def say(line: str) -> None:
    """Tell the person at the terminal; standard output belongs to the command."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def stop(line: str) -> NoReturn:
    """Give up with one exact line."""
    say(line)
    raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
