"""Servers that nobody here wrote, installed from the package index and run beside the tests.

Each has an environment of its own, by a lock with exact versions and hashes, in a cache outside
the project: their code is never part of ours (one of them is under the GPL), and the second run
installs nothing. Where the index cannot be reached, the machine that decides goes red; anybody
else is told what was not tried.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import SkipTest

LOCKS = Path(__file__).resolve().parents[1] / "live"
_ANSWERS_IN = 60.0  # seconds; measured: Datasette 1, Kinto 3, Tryton 3
_INSTALLS_IN = 600.0


class NotTried(SkipTest):
    """The server could not be installed here; nothing has passed."""


def environment(tool: str) -> Path:
    """Return the ``bin`` of an environment that holds exactly the lock of a tool."""
    lock = LOCKS / f"{tool}.lock"
    digest = hashlib.sha256()
    for part in (lock.read_bytes(), sys.version.encode(), sys.base_prefix.encode()):
        digest.update(part)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "attain-live"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{tool}-{digest.hexdigest()[:16]}"
    with (cache / f"{tool}.busy").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)  # several tests may begin at once
        said = "" if (folder / "installed").exists() else _install(lock, folder)
    if said:
        _tell(tool, said)
    return folder / "bin"


def _install(lock: Path, folder: Path) -> str:
    """Make the environment; return what pip said when that was not possible."""
    shutil.rmtree(folder, ignore_errors=True)
    python = str(folder / "bin" / "python")
    ours = importlib.util.find_spec("pip") is not None  # it takes three seconds to make another
    pip = [sys.executable, "-m", "pip", "--python", python] if ours else [python, "-m", "pip"]
    exact = ["--quiet", "--no-compile", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    patience = ["--disable-pip-version-check", "--retries", "2", "--timeout", "30"]
    for command in (
        [sys.executable, "-I", "-m", "venv", *(["--without-pip"] if ours else []), str(folder)],
        [*pip, "install", *exact, *patience, "-r", str(lock)],
    ):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_INSTALLS_IN, check=False
            )
        except subprocess.TimeoutExpired:
            return f"pip was not done after {_INSTALLS_IN:.0f} seconds"
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            return " ".join(errors)[-1_000:] or f"it ended with status {done.returncode}"
    (folder / "installed").touch()
    return ""


def _tell(tool: str, said: str) -> None:
    sentence = (
        f"The server {tool!r} could not be installed from the package index by "
        f"tests/live/{tool}.lock, so no connector was tried against it. pip said: {said}"
    )
    if os.environ.get("CI") == "true":
        raise AssertionError(sentence)
    raise NotTried(sentence)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def serving(
    command: Sequence[str],
    port: int,
    folder: Path,
    variables: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run a server until the end of the block; give its address as soon as it listens.

    What it says goes into ``server.log``, and its end into the failure when it does not come up.
    """
    log = folder / "server.log"
    with log.open("wb") as said:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(server, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _ANSWERS_IN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            ended = server.poll() is not None
            if ended or time.monotonic() > end:
                why = "ended" if ended else f"did not listen in {_ANSWERS_IN:.0f} seconds"
                last = log.read_text("utf-8", "replace")[-2_000:]
                raise AssertionError(f"The server {why}: {command_of(server)}\n{last}") from None
            time.sleep(0.05)
        else:
            return


def command_of(server: subprocess.Popen[bytes]) -> str:
    """Return the command line of a process that we started."""
    return " ".join(str(word) for word in server.args)  # type: ignore[union-attr]
