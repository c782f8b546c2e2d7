"""What every way of signing in elsewhere promises, and the secrets of one attempt.

A provider sends the browser away and says afterwards who came back: as an issuer and a subject,
never as a name. Everything secret about an attempt is derived from one random text that only the
browser holds, so that nobody who reads our database can finish what somebody else began.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol


class ProviderKind(StrEnum):
    """The ways of signing in elsewhere."""

    OIDC = "OIDC"
    WECOM = "WECOM"


class NotIdentified(Exception):  # noqa: N818 - an answer, not an error of the program
    """The provider does not say who it was, or says it in a way that proves nothing.

    ``reason`` is for the log of the installation: a word, never a value.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ProviderOut(Exception):  # noqa: N818 - named by consequence
    """The provider cannot be asked now, or refuses us; ``after`` are seconds to wait."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        self.reason = reason
        self.after = after
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that no repr, message or trace shows."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        """Hide the text here as well."""
        return "Secret()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """The secrets of one attempt, all derived from the text that its browser holds."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier (RFC 7636)."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def handshake_of(browser_secret: str) -> Handshake:
    """Derive the secrets of an attempt: letters and digits only, as WeCom wants its state."""
    return Handshake(
        state=_derived(browser_secret, "state"),
        nonce=_derived(browser_secret, "nonce"),
        verifier=_derived(browser_secret, "verifier"),
    )


def _derived(browser_secret: str, use: str) -> str:
    key = browser_secret.encode()
    return hmac.new(key, f"attain sign-in {use}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What the browser brought back from the provider."""

    code: str = field(repr=False)
    issuer: str | None = None  # RFC 9207: whoever sent it back says who they are


class SignInProvider(Protocol):
    """A way of signing in elsewhere, as the settings describe it."""

    @property
    def id(self) -> str:
        """The name in addresses; it never changes."""
        ...

    @property
    def kind(self) -> ProviderKind:
        """Which protocol it speaks."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """What its button says, by language tag."""
        ...

    @property
    def legal_entity(self) -> str:
        """The id or the name of the legal entity whose accounts sign in here."""
        ...

    @property
    def issuer(self) -> str:
        """Whose subjects these are: a link holds for this issuer alone."""
        ...

    def subject_of_text(self, text: str) -> str | None:
        """Return a subject as it is stored, or None when the text can be none."""
        ...

    def leave_for(self, handshake: Handshake, redirect_uri: str, user_agent: str) -> str:
        """Return the address that the browser is sent to."""
        ...

    def identify(self, arrival: Arrival, handshake: Handshake, redirect_uri: str) -> str:
        """Return the subject of whoever came back; raise NotIdentified or ProviderOut."""
        ...


_NONE: Mapping[str, SignInProvider] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Every way of signing in that an installation has, and its own address."""

    public_url: str = ""
    providers: Mapping[str, SignInProvider] = field(default_factory=lambda: _NONE)

    def redirect_uri(self, provider_id: str) -> str:
        """Return where a provider sends the browser back: another address for each."""
        return f"{self.public_url}/auth/{provider_id}/callback"
