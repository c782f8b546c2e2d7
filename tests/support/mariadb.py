"""A throw-away MariaDB of our own, with TLS: an ordinary user's, on loopback, gone at exit."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from tests.support.certificate import self_signed

_MODEST = (
    "--innodb-buffer-pool-size=24M",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-log-bin",
    "--performance-schema=OFF",
)
_SECONDS = 30.0


@dataclass(frozen=True)
class MariaDb:
    """A running server; ``certificate`` signs its own, for the name ``localhost``."""

    folder: Path
    port: int
    certificate: str

    @property
    def socket(self) -> str:
        return str(self.folder / "socket")

    def connect(self, database: str | None = None) -> Any:
        return pymysql.connect(unix_socket=self.socket, user="root", database=database)

    def execute(self, *statements: str, database: str | None = None) -> None:
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()


@contextlib.contextmanager
def running_mariadb() -> Iterator[MariaDb]:
    """Start a server and end it."""
    install, serve = shutil.which("mariadb-install-db"), shutil.which("mariadbd")
    if install is None or serve is None:
        raise RuntimeError("MariaDB's programs were not found: install mariadb-server")
    folder = Path(tempfile.mkdtemp(prefix="attain-maria-", dir="/tmp"))
    certificate = self_signed(folder / "cert.pem", folder / "key.pem")
    owner = pwd.getpwnam("mysql") if os.geteuid() == 0 else None
    if owner:
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    who: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid} if owner else {}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    data = f"--datadir={folder / 'data'}"
    normal = "--auth-root-authentication-method=normal"
    subprocess.run(
        [install, "--no-defaults", data, normal, "--skip-test-db"], check=True, **who, **quiet
    )
    port = _free_port()
    options = (data, f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}", *_MODEST)
    tls = (f"--ssl-cert={folder / 'cert.pem'}", f"--ssl-key={folder / 'key.pem'}")
    where = ("--bind-address=127.0.0.1", f"--port={port}")
    process = subprocess.Popen([serve, "--no-defaults", *options, *tls, *where], **who, **quiet)
    made = MariaDb(folder=folder, port=port, certificate=certificate)
    try:
        _wait(made)
        yield made
    finally:
        process.terminate()
        process.wait(timeout=_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: MariaDb) -> None:
    ends = time.monotonic() + _SECONDS
    while not Path(server.socket).exists():  # it listens there once it is ready
        if time.monotonic() > ends:
            raise RuntimeError("MariaDB did not start")
        time.sleep(0.1)
    server.execute("SELECT 1")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
