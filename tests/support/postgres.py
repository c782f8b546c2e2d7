"""A throw-away PostgreSQL cluster of our own: no root, no service, no password, gone at exit.

It lives in a short folder in memory or under /tmp (a socket's name has a limit of about 100 bytes),
belongs to an ordinary user even when the tests run as root, and listens on a socket only. For tests
that cut the power there is a durable kind, which syncs to disk and listens on a loopback port.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

OWNER = "attain"
# By whole files: half of the work of writing every page of it into the log.
_COPIED = " TEMPLATE {} STRATEGY FILE_COPY"
_FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "jit=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)
_PLENTY = 6 << 30  # bytes; a worker's databases take less than a tenth of it
_DURABLE = ("fsync=on", "listen_addresses=127.0.0.1", "unix_socket_directories=")
_MODEST = ("shared_buffers=64MB", "max_connections=100", "log_min_messages=warning")


def find_binaries() -> Path | None:
    """Return the folder that holds initdb and pg_ctl: PG_BIN, the system's newest, or PATH's."""
    named = os.environ.get("PG_BIN")
    if named:
        return Path(named)
    places = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *Path("/opt/homebrew/opt").glob("postgresql@*/bin"),
        *Path("/usr/local/opt").glob("postgresql@*/bin"),
    ]
    complete = [place for place in places if (place / "initdb").exists()]
    if complete:
        return max(complete, key=lambda place: int("".join(filter(str.isdigit, place.parent.name))))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@dataclass(slots=True)
class Cluster:
    """One server process with its data; ``create_database`` hands out databases by URL."""

    binaries: Path
    folder: Path
    port: int
    durable: bool
    settings: tuple[str, ...] = ()  # more of them, as NAME=VALUE
    _names: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def host(self) -> str:
        """The loopback address of a durable cluster, the socket's folder of a fast one."""
        return "127.0.0.1" if self.durable else str(self.folder)

    def url(self, database: str) -> str:
        """Return the address in the form that our settings take."""
        host = quote(self.host, safe="")
        return f"postgresql+psycopg://{OWNER}@/{database}?host={host}&port={self.port}"

    def create_database(self, template: str | None = None) -> str:
        """Create a database, a copy of ``template`` when one is named, and return its name."""
        name = f"t{next(self._names)}"
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template:
            statement += sql.SQL(_COPIED).format(sql.Identifier(template))
        self._administer(statement)
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, together with connections that a test forgot."""
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def fill_database(self, name: str, template: str) -> None:
        """Put a copy of ``template`` in the place of a database to which nobody is connected."""
        self._administer(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
        words = sql.SQL("CREATE DATABASE {}" + _COPIED)
        self._administer(words.format(sql.Identifier(name), sql.Identifier(template)))

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = (*(_DURABLE if self.durable else _FAST), *_MODEST, *self.settings)
        options = [f"-p {self.port}"] if self.durable else [f"-k '{self.folder}'"]
        options += [f"-c {name}='{value}'" for name, value in (s.split("=") for s in settings)]
        log = self.folder / "log"
        command = ("pg_ctl", "start", "-s", "-w", "-D", self._data, "-l", str(log))
        try:
            _run_as_owner(self.binaries, (*command, "-o", " ".join(options)), self.folder)
        except subprocess.CalledProcessError as fault:
            said = log.read_text("utf-8") if log.exists() else ""
            raise RuntimeError(f"PostgreSQL did not start: {fault.stderr}\n{said}") from fault

    def kill(self) -> None:
        """End every process of the server as a power cut would: no word, no checkpoint."""
        pid_file = self.folder / "data" / "postmaster.pid"
        main = int(pid_file.read_text("utf-8").split()[0])
        with self._connect() as connection:
            others = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ).fetchall()
            for pid in (main, *(row[0] for row in others), connection.info.backend_pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        # After a real power cut the number in this file belongs to nobody; here it may still be
        # a process that waits to be buried.
        pid_file.unlink()

    def stop(self) -> None:
        """Stop at once and remove everything."""
        if (self.folder / "data" / "postmaster.pid").exists():
            command = ("pg_ctl", "stop", "-s", "-w", "-D", self._data, "-m", "immediate")
            _run_as_owner(self.binaries, command, self.folder, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _administer(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=self.host, port=self.port, user=OWNER, dbname="postgres", autocommit=True
        )


# Every cluster that this process has started, by where it listens.
_started: dict[tuple[str, int], Cluster] = {}


def cluster_of(host: str, port: int) -> Cluster:
    """Find the cluster that an address of a database speaks of."""
    return _started[host, port]


def start_cluster(*, durable: bool = False, settings: tuple[str, ...] = ()) -> Cluster:
    """Create and start a cluster; it is stopped when this process ends, at the latest."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError(
            "PostgreSQL's programs were not found: install PostgreSQL 15 or newer, or say "
            "where they are with PG_BIN=/path/to/bin"
        )
    folder = Path(tempfile.mkdtemp(prefix="attain-pg-", dir=_place(durable=durable)))
    if owner := _unprivileged():
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    create = ("initdb", "-A", "trust", "-U", OWNER, "--no-sync", "-E", "UTF8", "--locale=C")
    port = _free_port() if durable else 5432
    cluster = Cluster(
        binaries=binaries, folder=folder, port=port, durable=durable, settings=settings
    )
    atexit.register(cluster.stop)
    _run_as_owner(binaries, (*create, "-D", str(folder / "data")), folder)
    cluster.start()
    _started[cluster.host, cluster.port] = cluster
    return cluster


def _place(*, durable: bool) -> str:
    """Say where a cluster lives: in memory if there is plenty, for to copy is half to write."""
    memory = Path("/dev/shm")
    if durable or not memory.is_mount():
        return "/tmp"
    told = Path("/proc/meminfo").read_text("ascii").split()
    free = min(shutil.disk_usage(memory).free, int(told[told.index("MemAvailable:") + 1]) << 10)
    return str(memory) if free >= _PLENTY else "/tmp"


def _run_as_owner(
    binaries: Path, command: Sequence[str], folder: Path, *, check: bool = True
) -> None:
    """Run one of PostgreSQL's programs, which all refuse to run as root."""
    owner = _unprivileged()
    environment = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    subprocess.run(
        [str(binaries / command[0]), *command[1:]],
        check=check,
        cwd=folder,
        env={**environment, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )


def _unprivileged() -> pwd.struct_passwd | None:
    """The user to run as when we are root; None when we are an ordinary user already."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
