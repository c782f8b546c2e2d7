"""``/auth/{provider}/start`` and ``/callback``: browsers leave to sign in elsewhere and come back.

These are pages, not GraphQL: the provider sends a browser here. What goes wrong is said with a
code, in the reader's language, as a page or as JSON; it never tells whether an account exists.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from html import escape
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.sign_in_elsewhere import (
    ATTEMPT_MINUTES,
    Returned,
    begin,
    finish,
    start_path,
)
from api.attempts import Attempts, attempts, too_many
from api.context import Runtime
from api.errors import log
from api.operating import Operating
from api.view import on_this_machine, set_session_cookie
from domain.problem import Refused
from messages.render import Locale, negotiate

T = TypeVar("T")

ATTEMPT_COOKIE = "attain_sign_in"
# Whoever waits for a slow provider must not hold the threads that read the database.
_THREADS = 8
_LONGEST = 2048
# What counts as an attempt is a failure: a whole office signs in from one address at nine o'clock.
# Beginnings are bounded as well, loosely, because each of them leaves a row for some minutes.
_MORE_BEGINNINGS = 30
_STATUS = {
    "sign_in_refused": 403,
    "sign_in_unavailable": 503,
    "sign_in_provider_unknown": 404,
    "deadline_exceeded": 503,
}


def sign_in_routes(runtime: Runtime, operating: Operating) -> list[Route]:
    """List the two routes of every provider."""
    desk = _Desk(runtime, operating)
    return [
        Route("/auth/{provider}/start", desk.start, methods=["GET"]),
        Route("/auth/{provider}/callback", desk.callback, methods=["GET"]),
    ]


class _Desk:
    """Where browsers leave and arrive."""

    def __init__(self, runtime: Runtime, operating: Operating) -> None:
        self.runtime = runtime
        self.threads = CapacityLimiter(_THREADS)
        self.failures = operating.attempts
        self.beginnings: Attempts | None = None
        if self.failures is not None:
            per_minute = self.failures.budget.per_second * _MORE_BEGINNINGS
            self.beginnings = attempts(per_minute, operating.seconds)

    async def start(self, request: Request) -> Response:
        """Send the browser to the provider, with the secret of its attempt."""
        provider = request.path_params["provider"]
        wait = _spend(self.beginnings, request)
        if wait:
            return self._too_many(request, wait)

        def work() -> Response:
            begun = begin(
                self.runtime.actions,
                provider,
                one_of(request, "return_to"),
                request.headers.get("user-agent", ""),
            )
            response = RedirectResponse(begun.address, status_code=303)
            _set_attempt(response, request, provider, begun.browser_secret)
            return response

        return await self._answer(request, work)

    async def callback(self, request: Request) -> Response:
        """Take the browser back: a session, and on to where it wanted to go."""
        provider = request.path_params["provider"]

        def work() -> Response:
            returned = Returned(
                state=one_of(request, "state"),
                code=one_of(request, "code"),
                issuer=one_of(request, "iss"),
                error=one_of(request, "error"),
                client=request.headers.get("user-agent"),
            )
            kept = request.cookies.get(ATTEMPT_COOKIE)
            finished = finish(self.runtime.actions, provider, kept, returned)
            response = RedirectResponse(finished.return_to, status_code=303)
            set_session_cookie(response, finished.token, loopback=on_this_machine(request))
            _set_attempt(response, request, provider, "")
            return response

        return await self._answer(request, work)

    async def _answer(self, request: Request, work: Callable[[], Response]) -> Response:
        request_id = secrets.token_hex(8)
        try:
            if request.method != "GET":  # a HEAD of some scanner must not use up a code
                response: Response = Response(status_code=405, headers={"allow": "GET"})
            else:
                response = await to_thread.run_sync(work, limiter=self.threads)
        except Refused as refused:
            wait = _spend(self.failures, request)
            if wait:
                return self._too_many(request, wait)
            response = self._failed(request, refused.code, dict(refused.values), request_id)
            if refused.code == "sign_in_unavailable":
                response.headers["retry-after"] = refused.values.get("seconds", "60")
        except Exception as fault:  # noqa: BLE001 - the last net: nothing leaves unmasked
            log.error(
                "request %s failed while signing in",
                request_id,
                exc_info=fault,
                extra={"request_id": request_id},
            )
            response = self._failed(request, "fault", {"request": request_id}, request_id)
        response.headers["cache-control"] = "no-store"
        response.headers["x-request-id"] = request_id
        response.headers["x-content-type-options"] = "nosniff"
        response.headers["vary"] = "Accept, Accept-Language, Cookie"
        return response

    def _too_many(self, request: Request, wait: int) -> Response:
        locale = negotiate(request.headers.get("accept-language"), self.runtime.locale)
        return too_many(self.runtime.catalogue, locale, wait)

    def _failed(
        self, request: Request, code: str, values: dict[str, Any], request_id: str
    ) -> Response:
        locale = negotiate(request.headers.get("accept-language"), self.runtime.locale)
        status = 500 if code == "fault" else _STATUS.get(code, 400)
        shown = "INTERNAL" if code == "fault" else code.upper()
        message = self._say(code, locale, values)
        headers = {"content-language": locale.value}
        if "text/html" not in request.headers.get("accept", ""):
            extensions = {"code": shown, "requestId": request_id}
            body = {"errors": [{"message": message, "extensions": extensions}]}
            return JSONResponse(body, status_code=status, headers=headers)
        again = None
        if request.path_params["provider"] in self.runtime.actions.sign_in.providers:
            again = start_path(request.path_params["provider"])
        page = _page(
            locale,
            title=self._say("sign_in_page_title", locale, {}),
            message=message,
            code=f"{shown} {request_id}",
            again=None if again is None else (again, self._say("sign_in_page_again", locale, {})),
        )
        return HTMLResponse(page, status_code=status, headers=headers)

    def _say(self, code: str, locale: Locale, values: dict[str, Any]) -> str:
        return self.runtime.catalogue.text(code, values, locale)


def _spend(counted: Attempts | None, request: Request) -> int:
    return (
        0 if counted is None else counted.of_address(request.client.host if request.client else "")
    )


def one_of(request: Request, name: str) -> str | None:
    """Return the one value of a parameter; one that is there twice, or endless, is not there."""
    found = request.query_params.getlist(name)
    return found[0] if len(found) == 1 and len(found[0]) <= _LONGEST else None


def _set_attempt(response: Response, request: Request, provider: str, secret: str) -> None:
    response.set_cookie(
        ATTEMPT_COOKIE,
        secret,
        httponly=True,
        # Strict would keep the cookie from the return, which another site begins.
        samesite="lax",
        secure=not on_this_machine(request),
        path=f"/auth/{provider}",
        max_age=ATTEMPT_MINUTES * 60 if secret else 0,
    )


def _page(
    locale: Locale, *, title: str, message: str, code: str, again: tuple[str, str] | None
) -> str:
    link = ""
    if again is not None:
        link = f'<p><a href="{escape(again[0])}">{escape(again[1])}</a></p>'
    return (
        f'<!doctype html><html lang="{locale.value}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><main><h1>{escape(title)}</h1>"
        f"<p>{escape(message)}</p>{link}<p><small>{escape(code)}</small></p></main></html>"
    )
