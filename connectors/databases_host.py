"""The host's side of databases: which may be spoken to, and with which driver.

A server is held to the same rule as a web address: its name is resolved once, every address must
be public unless the installation names the host, and the connection goes to the address that was
checked. TLS with a checked certificate is left out only towards hosts that the installation names.
A folder of a Unix socket is such a name. SQLite files lie in a folder that the operator names.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from connectors.allowed_hosts import hosts_of
from connectors.contract import ConnectorInfo, Json
from connectors.databases import DatabaseKind, DatabasePlace, OpenDatabase
from connectors.failures import ConfigurationRefused, Transient
from connectors.http import is_public

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
Resolve = Callable[[str, int], Iterable[str]]


def resolved(host: str, port: int) -> list[str]:
    """Look the addresses of a host up."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedDatabases:
    """The databases of one connection.

    ``hosts`` are what its connector declares, ``private`` what the installation names, ``folder``
    where SQLite files lie (none: nowhere).
    """

    hosts: frozenset[str]
    private: frozenset[str]
    folder: Path | None
    resolve: Resolve = resolved

    def open(self, place: DatabasePlace) -> AbstractContextManager[OpenDatabase]:
        """Check where it leads, then connect with the driver of the kind."""
        if place.kind is DatabaseKind.SQLITE:
            from connectors.database_sqlite import open_sqlite

            return open_sqlite(self._file(place.name), place)
        addresses = self._addresses(place)
        if place.kind is DatabaseKind.MYSQL:
            from connectors.database_mysql import open_mysql

            return open_mysql(place, addresses)
        from connectors.database_postgresql import open_postgresql

        return open_postgresql(place, addresses)

    def _addresses(self, place: DatabasePlace) -> tuple[str, ...]:
        """Return the checked addresses of the server; none for a socket that was named."""
        host = place.host.lower()
        refused = ConfigurationRefused("source_host_refused", {"host": place.host[:100] or "-"})
        if place.host.startswith("/"):
            if place.host not in self.private:
                raise refused
            return ()
        named = host in self.private
        if not _HOST.fullmatch(host) or host not in self.hosts or not (place.verified or named):
            raise refused
        found = tuple(self.resolve(host, place.port))
        if not found:
            raise Transient("source_unknown_host", {"host": host})
        if not named and not all(map(is_public, found)):
            raise refused
        return found

    def _file(self, name: str) -> Path:
        if self.folder is None:
            raise ConfigurationRefused("sql_folder_unset")
        folder = self.folder.resolve()
        try:
            path = (folder / name).resolve()
        except (OSError, ValueError):
            raise ConfigurationRefused("sql_file_outside", {"file": name[:100]}) from None
        if not path.is_relative_to(folder):
            raise ConfigurationRefused("sql_file_outside", {"file": name[:100]})
        if not path.is_file():
            raise ConfigurationRefused("sql_file_missing", {"file": name[:100]})
        return path


def databases_of(
    info: ConnectorInfo,
    config: Mapping[str, Json],
    private_hosts: Iterable[str],
    folder: Path | None,
) -> GuardedDatabases:
    """Build the way to the databases of one connection."""
    private = frozenset(host if host.startswith("/") else host.lower() for host in private_hosts)
    return GuardedDatabases(hosts=hosts_of(info, config), private=private, folder=folder)
