"""What a request carries: who asks, in which language, at what instant, and how to reach data.

Database work is blocking and runs in threads, one short read transaction per root field; the event
loop never waits for a disk.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import strawberry
from anyio import CapacityLimiter

from actions.deed import Runtime as Actions
from actions.sessions import Opened
from api.attempts import Attempts
from api.disclosure import Introspection
from api.threads import blocking
from domain.access import NOBODY, Actor, Viewer
from domain.problem import Refused
from domain.session import SessionKind
from messages.render import Catalogue, Locale
from messages.talent_words import Words
from storage.engine import Database

if TYPE_CHECKING:
    from api.operating import Visit
    from api.streams import Hub

T = TypeVar("T")


class Sessions(Protocol):
    """Server-side sessions behind opaque tokens."""

    def viewer_of(self, token: str, now: datetime) -> tuple[Viewer, Locale | None] | None:
        """Return who holds a token that is neither expired nor revoked, and their language."""
        ...

    def acting_for(self, viewer: Viewer, account: str, now: datetime) -> Viewer | None:
        """Return the viewer who acts for ``account``; None where no delegation holds."""
        ...

    def open_demo(self, who: str, kind: SessionKind, client: str | None) -> Opened:
        """Open a session for a login or a person of the demo; refused with ``sign_in_failed``."""
        ...

    def revoke(self, token: str, now: datetime, *, everywhere: bool) -> bool:
        """End a session, or all of its account; say whether there was one."""
        ...


class Runtime(Protocol):
    """What the front door hands to the API: made once, shared by all requests."""

    @property
    def catalogue(self) -> Catalogue:
        """The sentences."""
        ...

    @property
    def locale(self) -> Locale:
        """The language when a person has chosen none."""
        ...

    @property
    def demo(self) -> bool:
        """Whether anybody on this machine may sign in as a demo person."""
        ...

    @property
    def sessions(self) -> Sessions:
        """The sessions."""
        ...

    @property
    def actions(self) -> Actions:
        """What deeds need of the world."""
        ...

    def now(self) -> datetime:
        """The one clock."""
        ...

    def reading(self, actor: Actor) -> AbstractContextManager[Database]:
        """Open a short read transaction of ``actor``."""
        ...

    def ready(self) -> bool:
        """Say whether the database answers and has this version's tables."""
        ...

    def demo_people(self) -> tuple[tuple[str, str], ...]:
        """List login and name of whom anybody may become; empty unless this is a demo server."""
        ...


@dataclass(slots=True, kw_only=True)
class Context:
    """One request."""

    runtime: Runtime
    viewer: Viewer | None
    token: str | None
    locale: Locale
    request_id: str
    now: datetime
    loopback: bool
    threads: CapacityLimiter
    introspection: Introspection = Introspection.OPEN
    client: str | None = None  # what the client says it is
    address: str = ""
    attempts: Attempts | None = None
    wait: int = 0  # seconds, when somebody tried too often
    cookie: str | None = None  # a session to set; an empty text takes the cookie away
    seen: dict[str, object] = field(default_factory=dict)
    problems: list[tuple[list[str | int], Refused]] = field(default_factory=list)
    visit: Visit | None = None  # what the request costs, and what is left
    hub: Hub | None = None  # what is watched; there only for an operation that can stream

    def renewed(self, now: datetime) -> Context:
        """Return the same asker at a later instant: what an event of a stream is answered in."""
        return replace(self, now=now, seen={}, problems=[])

    @property
    def asker(self) -> Viewer:
        """The viewer, where the guard has made sure that there is one."""
        if self.viewer is None:
            raise Refused("sign_in_required")
        return self.viewer

    @property
    def today(self) -> date:
        """The calendar day of the request in the zone of the server's clock."""
        return self.now.date()

    def attempt(self, account: str | None = None) -> None:
        """Count an attempt to sign in, from this address or on an account; refuse one too many."""
        if self.attempts is None:
            return
        counted = self.attempts
        of_one = (
            counted.of_address(self.address) if account is None else counted.of_account(account)
        )
        if of_one:
            self.wait = max(self.wait, of_one)
            raise Refused("attempts_exceeded", {"seconds": str(of_one)})

    def note(self, refused: Refused, path: list[str | int]) -> None:
        """Keep why the field at ``path`` is null, for the answer's ``extensions.problems``."""
        self.problems.append((path, refused))

    def say(self, code: str, /, **values: object) -> str:
        """Render a sentence in the request's language."""
        return self.runtime.catalogue.text(code, values, self.locale)  # type: ignore[arg-type]

    @property
    def words(self) -> Words:
        """Renders sentences in the request's language, for those who know nothing of requests."""
        return partial(self.runtime.catalogue.text, locale=self.locale)

    async def read(self, work: Callable[[Database], T]) -> T:
        """Run ``work`` in a thread, inside one read transaction of whoever asks."""
        actor = self.viewer or NOBODY

        def run() -> T:
            with self.runtime.reading(actor) as connection:
                return work(connection)

        return await blocking(run, limiter=self.threads)

    async def perform(self, deed: Callable[[], T]) -> T:
        """Run an action in a thread; it opens and commits its own transaction."""
        return await blocking(deed, limiter=self.threads)


Info: TypeAlias = strawberry.Info[Context, None]
