"""The web as a connector sees it: the host decides where it leads and how fast.

Standard library only, like the rest of the contract; no connector imports an HTTP client.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient

Pairs: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """What came back: any status, headers by lower-case name, the body in full."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status says that it was done (HTTP alone: read the body as well)."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Read the body as JSON with exact numbers; anything else is Transient (some proxy)."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Transient("source_not_json", {"status": str(self.status)}) from None

    def demand_ok(self) -> WebAnswer:
        """Return the answer, or raise what its status means."""
        if self.ok:
            return self
        values = {"status": str(self.status)}
        if self.status == 401:
            raise AuthExpired("source_access_refused", values)
        if self.status == 403:
            raise Forbidden("source_forbidden", values)
        raise ConfigurationRefused("source_answer_refused", values)


def _no_number(text: str) -> Any:
    raise ValueError(text)


class Web(Protocol):
    """The way out: bounded, limited, only to the allowed hosts, silent about secrets.

    An answer comes back for every status but those that mean "later": 429 and 503 with a time
    raise ``RateLimited``; 408, 425, other 5xx, resets and time-outs raise ``Transient``. A read is
    tried again a few times before that. Nothing is redirected.
    """

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Read."""
        ...

    def post(
        self,
        address: str,
        *,
        json: object = None,
        form: Pairs | None = None,
        body: bytes | None = None,
        query: Pairs = (),
        headers: Pairs = (),
        reads: bool = False,
    ) -> WebAnswer:
        """Send JSON, a form or bytes; ``reads``: twice is harmless, so it may be tried again."""
        ...


class NoWeb:
    """A host without a way out, for connectors that need none."""

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Refuse."""
        raise ConfigurationRefused("source_without_web")

    def post(self, address: str, **_: object) -> WebAnswer:
        """Refuse."""
        raise ConfigurationRefused("source_without_web")
