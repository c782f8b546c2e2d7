"""What the API needs of the world, made from what the deeds have and the sentences."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from actions.deed import Runtime
from actions.secret_tokens import VENDOR, token_hash
from actions.sessions import Opened, sign_out
from actions.sign_in import open_demo_session
from domain.access import Actor, System, Viewer
from domain.session import SEEN_EVERY, SessionKind
from messages.render import Catalogue, Locale
from storage.accounts import Account, accounts
from storage.engine import Database, answers, reading
from storage.people import legal_entities, people
from storage.rights import acting_viewer, viewer_of
from storage.row_security import is_secure
from storage.sessions import StoredSession, session_of_token, touch_session
from storage.vendor_tokens import touch_vendor_token, vendor_token_by_hash, viewer_of_vendor

# Who holds a token has to be known before anybody is anybody: the product itself asks.
_SESSIONS = System(name="sessions")
_DEMO = System(name="demo")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSessions:
    """Sessions in the database."""

    actions: Runtime

    def viewer_of(self, token: str, now: datetime) -> tuple[Viewer, Locale | None] | None:
        """Look a token up and build who holds it."""
        runtime = self.actions
        if token.startswith(VENDOR):
            return self._vendor_of(token, now)
        with reading(runtime.engine, _SESSIONS) as connection:
            held = self._held(connection, token, now)
            if held is None:
                return None
            session, account = held
            viewer = viewer_of(connection, account, now.date(), now)
        if session.last_seen_at < now - SEEN_EVERY:
            touch_session(runtime.engine, _SESSIONS, session.id, now)
        return viewer, Locale(account.locale) if account.locale in set(Locale) else None

    def acting_for(self, viewer: Viewer, account: str, now: datetime) -> Viewer | None:
        """Look for a delegation that holds, and build who acts under it."""
        with reading(self.actions.engine, _SESSIONS) as connection:
            return acting_viewer(connection, viewer, account, now.date(), now)

    def _vendor_of(self, token: str, now: datetime) -> tuple[Viewer, None] | None:
        engine = self.actions.engine
        with reading(engine, _SESSIONS) as connection:
            held = vendor_token_by_hash(connection, token_hash(token), now)
        if held is None:
            return None
        if held.last_used_at is None or held.last_used_at < now - SEEN_EVERY:
            touch_vendor_token(engine, _SESSIONS, held.id, now)
        return viewer_of_vendor(held), None

    def open_demo(self, who: str, kind: SessionKind, client: str | None) -> Opened:
        """Open a session on the demo server."""
        return open_demo_session(self.actions, who, kind, client)

    def revoke(self, token: str, now: datetime, *, everywhere: bool) -> bool:
        """End a session and say whether there was one; a vendor's token is none."""
        with reading(self.actions.engine, _SESSIONS) as connection:
            held = self._held(connection, token, now)
        if held is not None:
            sign_out(self.actions, held[0], everywhere=everywhere)
        return held is not None

    def _held(
        self, database: Database, token: str, now: datetime
    ) -> tuple[StoredSession, Account] | None:
        return session_of_token(database, token_hash(token), now, self.actions.lifetimes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Shared by all requests of one process."""

    actions: Runtime
    catalogue: Catalogue
    locale: Locale

    @property
    def demo(self) -> bool:
        """Whether anybody on this machine may sign in as a demo person."""
        return self.actions.demo

    @property
    def sessions(self) -> StoredSessions:
        """The sessions."""
        return StoredSessions(actions=self.actions)

    def now(self) -> datetime:
        """The one clock."""
        return self.actions.clock()

    def reading(self, actor: Actor) -> AbstractContextManager[Database]:
        """Open a short read transaction of ``actor``."""
        return reading(self.actions.engine, actor)

    def ready(self) -> bool:
        """Say whether the database answers and has our tables."""
        return answers(self.actions.engine) and is_secure(self.actions.engine)

    def demo_people(self) -> tuple[tuple[str, str], ...]:
        """List login and name of whom anybody may become; empty unless this is a demo server."""
        if not self.demo:
            return ()
        now = self.now()
        with self.reading(_DEMO) as database:
            rows = [
                each
                for entity in legal_entities(database)
                for each in accounts(database, entity.id)
            ]
            ids = [row.person_id for row in rows if row.person_id is not None]
            names: dict[str | None, str] = {
                person.id: person.name
                for person in people(database, _DEMO, valid_at=now.date(), known_at=now, ids=ids)
            }
        return tuple((row.login, names.get(row.person_id, row.login)) for row in rows)
