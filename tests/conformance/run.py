"""``./run conformance``: suites that nobody here wrote, against a server on this machine.

The packages are installed into ``.conformance``, exactly those of ``package-lock.json``; the lock
names no registry, so npm asks the one it is set up for. Not part of ``./run test``: it needs Node
and, the first time, a network.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import uvicorn
from starlette.types import ASGIApp

from api.app import build_app
from api.documents import OPEN, DocumentMode, DocumentRules
from storage.migrate import upgrade
from tests.api.company import served

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / ".conformance"
# Fewer audits than this is another package than the one we mean.
AUDITS = 61
_LISTED = "{ languages }"
# One server for each way to take documents, in the order in which suites.mjs expects them.
RULES = (
    OPEN,
    DocumentRules(DocumentMode.APQ),
    DocumentRules(
        DocumentMode.TRUSTED,
        frozenset({hashlib.sha256(_LISTED.encode()).hexdigest()}),
        {hashlib.sha256(_LISTED.encode()).hexdigest(): _LISTED},
    ),
)
SECONDS = 300


def main() -> int:
    """Install, serve, run; zero when everything passed."""
    if not shutil.which("node") or not shutil.which("npm"):
        return give_up("Node 20 or newer with npm was not found.")
    if not install():
        return give_up("npm could not install the packages; the lines above say why.")
    with tempfile.TemporaryDirectory() as folder, company(Path(folder)) as words:
        said = ask_node(*words)
    lines = said.splitlines()
    try:
        counts = json.loads(lines[-1])
        passed, failed, audited = (counts[name] for name in ("passed", "failed", "audited"))
    except (IndexError, ValueError, TypeError, KeyError):
        return give_up(f"The suites did not come to their end:\n{said}")
    for line in lines[:-1]:
        print(line)
    if audited != AUDITS:
        print(f"FAILED: graphql-http has {AUDITS} audits, {audited} were run")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def give_up(line: str) -> int:
    """Say why there is no result."""
    print(line, file=sys.stderr)
    return 2


def install() -> bool:
    """Make ``.conformance`` hold exactly the lock; do nothing when it already does."""
    PLACE.mkdir(exist_ok=True)
    shutil.copy(HERE / "suites.mjs", PLACE)
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = PLACE / "installed.json"
    if stamp.exists() and stamp.read_bytes() == lock:
        return True
    stamp.unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, PLACE)
    words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    done = subprocess.run(["npm", *words], cwd=PLACE, stdout=sys.stderr, check=False)
    if done.returncode == 0:
        stamp.write_bytes(lock)
    return done.returncode == 0


def ask_node(*words: str) -> str:
    """Run the suites and return what they print; their own faults go to the terminal."""
    command = ["node", str(PLACE / "suites.mjs"), *words]
    done = subprocess.run(
        command, cwd=PLACE, stdout=subprocess.PIPE, text=True, check=False, timeout=SECONDS
    )
    return done.stdout


@contextmanager
def company(folder: Path) -> Iterator[tuple[str, ...]]:
    """Serve the company of the API's tests; give the addresses and a token of its HR."""
    database = f"sqlite:///{folder / 'attain.db'}"
    upgrade(database)
    with served(database, folder) as made, ExitStack() as stack:
        apps = [build_app(made.server, documents=rules) for rules in RULES]
        ports = [stack.enter_context(listening(app)) for app in apps]
        yield (*(f"http://127.0.0.1:{port}/graphql" for port in ports), made.token("hr"))


@contextmanager
def listening(app: ASGIApp) -> Iterator[int]:
    """Serve an application on a free port of this machine, in a thread."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    sys.exit(main())
