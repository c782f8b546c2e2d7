"""Sessions: of a browser or of the mobile app, and how long each may live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class SessionKind(StrEnum):
    """What holds a session."""

    BROWSER = "BROWSER"  # one token, in a cookie that no script can read
    MOBILE = "MOBILE"  # a short access token and a refresh token that is used once


class SessionEnd(StrEnum):
    """Why a session is over before its time."""

    SIGNED_OUT = "SIGNED_OUT"
    ENDED = "ENDED"  # by its owner from another session, or by an administrator
    REFRESH_REUSED = "REFRESH_REUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long sessions live without a request, and at most; and a phone's access token."""

    browser_idle: timedelta = timedelta(hours=24)
    browser_longest: timedelta = timedelta(days=7)
    mobile_idle: timedelta = timedelta(days=30)
    mobile_longest: timedelta = timedelta(days=180)
    access: timedelta = timedelta(minutes=10)

    def longest(self, kind: SessionKind) -> timedelta:
        """Return how long a session may live at most."""
        return self.mobile_longest if kind is SessionKind.MOBILE else self.browser_longest

    def idle(self, kind: SessionKind) -> timedelta:
        """Return how long a session may stay unused."""
        return self.mobile_idle if kind is SessionKind.MOBILE else self.browser_idle


# A request within this of the last one noted is not noted: reading stays reading.
SEEN_EVERY = timedelta(minutes=1)
