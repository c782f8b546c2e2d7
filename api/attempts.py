"""How often somebody may try to sign in or to refresh: per address and per account, by the minute.

Guessing is slowed down where it comes from and where it aims at; what is remembered is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.budget import MOST_BUCKETS, Budget, Seconds
from messages.render import Catalogue, Locale, negotiate

_ONE = 60  # what an attempt costs of a bucket that holds a minute's attempts


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts of everybody; used from the event loop alone."""

    budget: Budget

    def of_address(self, address: str) -> int:
        """Count an attempt from an address; return 0, or the seconds to wait."""
        return self.budget.spend(None, address, _ONE).wait

    def of_account(self, account: str) -> int:
        """Count an attempt on an account; return 0, or the seconds to wait."""
        return self.budget.spend(account, "", _ONE).wait


def attempts(per_minute: int, seconds: Seconds, most: int = MOST_BUCKETS) -> Attempts:
    """Allow so many attempts a minute, and that many at once."""
    budget = Budget(size=per_minute * _ONE, per_second=per_minute, seconds=seconds, most=most)
    return Attempts(budget)


class FewAttempts:
    """Wraps HTTP routes that sign somebody in: too many requests from an address are 429."""

    def __init__(
        self,
        app: ASGIApp,
        counted: Attempts | None,
        catalogue: Catalogue,
        locale: Locale,
        address: Callable[[Request], str] = lambda request: (
            request.client.host if request.client else ""
        ),
    ) -> None:
        self.app = app
        self.counted = counted
        self.catalogue = catalogue
        self.locale = locale
        self.address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] == "http" and self.counted is not None:
            request = Request(scope)
            wait = self.counted.of_address(self.address(request))
            if wait:
                locale = negotiate(request.headers.get("accept-language"), self.locale)
                await too_many(self.catalogue, locale, wait)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def too_many(catalogue: Catalogue, locale: Locale, wait: int) -> Response:
    """Answer 429, in the form of every other error, with the seconds to wait."""
    message = catalogue.text("attempts_exceeded", {"seconds": str(wait)}, locale)
    body = {"errors": [{"message": message, "extensions": {"code": "ATTEMPTS_EXCEEDED"}}]}
    headers = {
        "retry-after": str(wait),
        "cache-control": "no-store",
        "content-language": locale.value,
    }
    return Response(orjson.dumps(body), 429, headers, media_type="application/json")
