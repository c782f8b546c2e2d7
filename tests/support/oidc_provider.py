"""An OpenID provider over real HTTP that keeps the rules, and breaks one when a test says so."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.support.loopback import Asked, Told, on_loopback

CLIENT = "attain-client"
SECRET = "canary-secret-of-the-oidc-client+/"
CODE_MINUTES = 5


@cache
def key(kind: str, number: int) -> RSAKey | ECKey:
    """Make a key once for all tests."""
    if kind == "RSA":
        return RSAKey.generate_key(2048, {"kid": f"rsa-{number}", "use": "sig"})
    return ECKey.generate_key("P-256", {"kid": f"ec-{number}", "use": "sig"})


@dataclass(slots=True)
class _Code:
    subject: str
    nonce: str
    challenge: str
    redirect_uri: str
    at: datetime
    used: bool = False


@dataclass(slots=True)
class OidcProvider:
    """The provider. The fields in the middle are what it does wrong."""

    issuer: str
    clock: Callable[[], datetime]
    signing: RSAKey | ECKey = field(default_factory=lambda: key("EC", 1))
    published: list[Any] | None = None  # the keys it shows, if not those it signs with
    claims: dict[str, Any] = field(default_factory=dict)  # claims that replace the right ones
    without: set[str] = field(default_factory=set)  # claims that are left out
    forge: Callable[[dict[str, Any]], str] | None = None  # how it writes the token instead
    broken: dict[str, Told] = field(default_factory=dict)  # answers by path
    slow: float = 0.0
    names_issuer: bool = False
    discovery: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    codes: dict[str, _Code] = field(default_factory=dict)

    def authorise(self, address: str, subject: str, **changed: str) -> str:
        """Do what the page does when somebody signs in; return where the browser is sent back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = _Code(
            subject=subject,
            nonce=query["nonce"],
            challenge=query["code_challenge"],
            redirect_uri=query["redirect_uri"],
            at=self.clock(),
        )
        back = {"code": code, "state": query["state"]}
        if self.names_issuer:
            back["iss"] = self.issuer
        back |= changed
        return f"{query['redirect_uri']}?{urlencode({k: v for k, v in back.items() if v})}"

    def answer(self, asked: Asked) -> Told:
        """Answer one request."""
        self.asked.append(asked)
        time.sleep(self.slow)
        if asked.path in self.broken:
            return self.broken[asked.path]
        if asked.path == "/.well-known/openid-configuration":
            return Told(body=self._discovery())
        if asked.path == "/keys":
            keys = self.published or [self.signing]
            return Told(body={"keys": [_public(each) for each in keys]})
        if asked.path == "/token" and asked.method == "POST":
            return self._token(asked)
        return Told(status=404, body=b"not here")

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": self.names_issuer,
            **self.discovery,
        }

    def _token(self, asked: Asked) -> Told:
        if _client(asked) != (CLIENT, SECRET):
            return Told(status=401, body={"error": "invalid_client"})
        code = self.codes.get(asked.form.get("code", ""))
        verifier = asked.form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            code is None
            or code.used
            or code.at + timedelta(minutes=CODE_MINUTES) <= self.clock()
            or code.redirect_uri != asked.form.get("redirect_uri")
            or code.challenge != challenge
        ):
            return Told(status=400, body={"error": "invalid_grant"})
        code.used = True
        claims = self._claims(code)
        token = self.forge(claims) if self.forge else self.sign(claims)
        return Told(body={"access_token": "at", "token_type": "Bearer", "id_token": token})

    def _claims(self, code: _Code) -> dict[str, Any]:
        now = int(self.clock().timestamp())
        right = {
            "iss": self.issuer,
            "sub": code.subject,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": code.nonce,
        }
        return {
            name: value
            for name, value in {**right, **self.claims}.items()
            if name not in self.without
        }

    def sign(self, claims: dict[str, Any]) -> str:
        """Sign as the rules say."""
        algorithm = "RS256" if isinstance(self.signing, RSAKey) else "ES256"
        header = {"alg": algorithm, "kid": self.signing.kid}
        return jwt.encode(header, claims, self.signing, algorithms=[algorithm])


def unsigned(claims: dict[str, Any]) -> str:
    """Write a token that says that it needs no signature."""
    head, body = (_packed(part) for part in ({"alg": "none", "typ": "JWT"}, claims))
    return f"{head}.{body}."


def signed_with_the_public_key(public: RSAKey | ECKey) -> Callable[[dict[str, Any]], str]:
    """Write tokens with HS256 and the provider's public key as the shared secret."""
    secret = public.as_pem(private=False)

    def forge(claims: dict[str, Any]) -> str:
        head, body = (_packed(part) for part in ({"alg": "HS256", "kid": public.kid}, claims))
        signature = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    return forge


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _packed(value: Any) -> str:
    return base64.urlsafe_b64encode(_json(value)).decode().rstrip("=")


def _public(each: Any) -> Any:
    return each if isinstance(each, dict) else each.as_dict(private=False)


def _client(asked: Asked) -> tuple[str, str]:
    scheme, _, packed = asked.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        name, _, secret = base64.b64decode(packed).decode().partition(":")
        return unquote(name), unquote(secret)
    return asked.form.get("client_id", ""), asked.form.get("client_secret", "")


@contextmanager
def oidc_provider(clock: Callable[[], datetime]) -> Iterator[OidcProvider]:
    """Run a provider."""
    holder: list[OidcProvider] = []

    def answer(asked: Asked) -> Told:
        return holder[0].answer(asked)

    with on_loopback(answer) as address:
        holder.append(OidcProvider(issuer=address, clock=clock))
        yield holder[0]
