"""What a connector may raise, named by its consequence.

::

    ConnectorFailure
    ├── ConfigurationRefused   a person must change the configuration; never retried
    ├── AuthExpired            a person must renew the access; never retried with the same one
    ├── Forbidden              the access is good, but not for this; a person must grant it
    ├── RateLimited            wait until the instant it names, then go on from the last checkpoint
    ├── Transient              try again soon, from the last checkpoint
    ├── ProgramFailed          a program of others broke or took too much; not tried again at once
    ├── Suspicious             it worked, but a person must look before it is believed
    ├── KeysIncomplete         the list of keys has holes: nothing may be deleted by it
    └── ConnectorBug           the connector is wrong; reported to its author

One bad row is none of these: it is a ``Rejected`` message, and the read goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any


class ConnectorFailure(Exception):  # noqa: N818 - named by consequence, see the tree above
    """The root of what a connector may raise; ``code`` and ``values`` make the sentence."""

    def __init__(self, code: str, values: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.values: Mapping[str, str] = MappingProxyType(dict(values or {}))
        super().__init__(f"{code} {dict(self.values)}")


class ConfigurationRefused(ConnectorFailure):
    """The configuration cannot work; a person must change it."""


class AuthExpired(ConnectorFailure):
    """The access is refused; a person must renew it."""


class Forbidden(ConnectorFailure):
    """The source knows us and refuses this; a person there must grant it."""


class RateLimited(ConnectorFailure):
    """The source asks us to wait until ``until`` (an aware UTC instant)."""

    def __init__(self, until: datetime, values: Mapping[str, str] | None = None) -> None:
        self.until = until
        told = {**(values or {}), "until": until.isoformat(timespec="seconds")}
        super().__init__("source_rate_limited", told)


class Transient(ConnectorFailure):
    """It may work in a moment: a reset, a time-out, a 500, a file that is being written."""


class KeysIncomplete(ConnectorFailure):
    """Some keys could not be read, so nobody may conclude that a row is gone."""


class ConnectorBug(ConnectorFailure):
    """The connector broke its own promise."""


class ProgramFailed(ConnectorFailure):
    """A program that the connector runs did not do what it must, or took more than it may."""


class Suspicious(ConnectorFailure):
    """The read came to its end, but what it said is hardly so: a person must look first.

    ``cursor`` covers what was read; the host moves to it only when a person has accepted. With
    ``again`` it reads on from there: what was held back is told then.
    """

    def __init__(
        self,
        code: str,
        values: Mapping[str, str],
        *,
        stream: str,
        cursor: Mapping[str, Any],
        again: bool = False,
    ) -> None:
        self.stream = stream
        self.cursor = cursor
        self.again = again
        super().__init__(code, values)
