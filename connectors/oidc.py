"""OpenID Connect: the code flow with PKCE, and an ID token that is believed only when it proves.

What is checked: the signature by a key of the issuer and an algorithm of the list, the issuer, the
audience and the authorised party, the times with a minute's leeway, and the nonce of this attempt.
"""

from __future__ import annotations

import base64
import hmac
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from connectors.http import Fatal, Http, HttpFailure, Retriable
from connectors.sign_in import (
    Arrival,
    Handshake,
    NotIdentified,
    ProviderKind,
    ProviderOut,
    Secret,
)

ALGORITHMS = ("RS256", "ES256")
KNOWN_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"}
)
# A name, an address or a number may pass to somebody else: none of them says who it is.
UNSAFE_SUBJECTS = frozenset(
    {"email", "name", "preferred_username", "nickname", "phone_number", "upn", "unique_name"}
)
LEEWAY_SECONDS = 60
_OLDEST = timedelta(minutes=10)
_DISCOVERY_HOLDS = timedelta(hours=1)
_KEYS_HOLD = timedelta(minutes=10)
_ASYMMETRIC = frozenset({"RSA", "EC", "OKP"})
_LEAST_RSA_BITS = 2048
_LONGEST_SUBJECT = 255
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """What an administrator says about a provider."""

    id: str
    labels: Mapping[str, str]
    legal_entity: str
    issuer: str
    client_id: str
    client_secret: Secret | None = None
    scopes: Sequence[str] = ("openid",)
    algorithms: Sequence[str] = ALGORITHMS
    subject_claim: str = "sub"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Discovery:
    authorize: str
    token: str
    keys: str
    names_issuer: bool
    secret_in_form: bool
    until: datetime


@dataclass(slots=True)
class _Kept:
    """What was read of the provider; replaced as a whole, under the lock."""

    discovery: _Discovery | None = None
    keys: KeySet | None = None
    keys_until: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Oidc:
    """One provider; shared by threads."""

    kind = ProviderKind.OIDC

    def __init__(self, settings: OidcSettings, http: Http, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self._http = http
        self._clock = clock
        self._kept = _Kept()

    @property
    def id(self) -> str:
        """The name in addresses."""
        return self.settings.id

    @property
    def labels(self) -> Mapping[str, str]:
        """What its button says."""
        return self.settings.labels

    @property
    def legal_entity(self) -> str:
        """Whose accounts sign in here."""
        return self.settings.legal_entity

    @property
    def issuer(self) -> str:
        """The issuer."""
        return self.settings.issuer

    def subject_of_text(self, text: str) -> str | None:
        """Return a subject as the issuer writes it: its case matters."""
        return text if 0 < len(text) <= _LONGEST_SUBJECT and text.isprintable() else None

    def leave_for(self, handshake: Handshake, redirect_uri: str, user_agent: str) -> str:
        """Return the authorisation request."""
        found = self._discovery()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": handshake.state,
            "nonce": handshake.nonce,
            "code_challenge": handshake.challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(found.authorize).query else "?"
        return f"{found.authorize}{joint}{urlencode(query)}"

    def identify(self, arrival: Arrival, handshake: Handshake, redirect_uri: str) -> str:
        """Swap the code for an ID token and return whose it is."""
        found = self._discovery()
        if arrival.issuer is None and found.names_issuer:
            raise NotIdentified("issuer_unnamed")
        if arrival.issuer is not None and arrival.issuer != self.issuer:
            raise NotIdentified("issuer_of_another")
        token = self._swap(found, arrival.code, handshake.verifier, redirect_uri)
        claims = self._proven(found, token)
        self._check(claims, handshake.nonce)
        subject = claims.get(self.settings.subject_claim)
        if not isinstance(subject, str) or self.subject_of_text(subject) is None:
            raise NotIdentified("subject_missing")
        return subject

    # ---- what the provider says about itself ----

    def _discovery(self) -> _Discovery:
        with self._kept.lock:
            known = self._kept.discovery
            if known is None or known.until <= self._clock():
                known = self._kept.discovery = self._discover()
            return known

    def _discover(self) -> _Discovery:
        address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        said = _asked(lambda: self._http.get(address).demand_ok().json_object())
        if said.get("issuer") != self.issuer:
            raise ProviderOut("discovery_of_another_issuer")
        places = [said.get(f"{name}_endpoint") for name in ("authorization", "token")]
        places.append(said.get("jwks_uri"))
        authorize, token, keys = (each if isinstance(each, str) else "" for each in places)
        if not all(_is_web(each) for each in (authorize, token, keys)):
            raise ProviderOut("discovery_incomplete")
        methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return _Discovery(
            authorize=authorize,
            token=token,
            keys=keys,
            names_issuer=said.get("authorization_response_iss_parameter_supported") is True,
            secret_in_form=isinstance(methods, list) and "client_secret_basic" not in methods,
            until=self._clock() + _DISCOVERY_HOLDS,
        )

    def _keys(self, found: _Discovery, *, anew: bool) -> KeySet:
        with self._kept.lock:
            until = self._kept.keys_until
            if self._kept.keys is None or until is None or anew or until <= self._clock():
                self._kept.keys = self._read_keys(found)
                self._kept.keys_until = self._clock() + _KEYS_HOLD
            return self._kept.keys

    def _read_keys(self, found: _Discovery) -> KeySet:
        said = _asked(lambda: self._http.get(found.keys).demand_ok().json_object())
        listed = said.get("keys")
        keys = [_key_of(each) for each in (listed if isinstance(listed, list) else [])]
        usable = [key for key in keys if key is not None]
        if not usable:
            raise ProviderOut("keys_unreadable")
        return KeySet(usable)

    # ---- the exchange ----

    def _swap(self, found: _Discovery, code: str, verifier: str, redirect_uri: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"accept": "application/json"}
        client, secret = self.settings.client_id, self.settings.client_secret
        if secret is None:
            form["client_id"] = client
        elif found.secret_in_form:
            form |= {"client_id": client, "client_secret": secret.value}
        else:
            pair = f"{quote(client, safe='')}:{quote(secret.value, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = _asked(lambda: self._http.post_form(found.token, form, headers))
        said = _asked(answer.json_object)
        if not answer.ok:
            if said.get("error") == "invalid_grant":
                raise NotIdentified("code_refused")
            raise ProviderOut("client_refused")
        token = said.get("id_token")
        if not isinstance(token, str):
            raise NotIdentified("token_missing")
        return token

    def _proven(self, found: _Discovery, token: str) -> dict[str, Any]:
        """Return the claims of a token that a key of the issuer signed."""
        algorithms = list(self.settings.algorithms)
        try:
            try:
                keys = self._keys(found, anew=False)
                return jwt.decode(token, keys, algorithms=algorithms).claims
            except InvalidKeyIdError:
                # The provider may have changed its keys: looked at once more, and only once.
                keys = self._keys(found, anew=True)
                return jwt.decode(token, keys, algorithms=algorithms).claims
        except _UNREADABLE:
            raise NotIdentified("signature_unproven") from None

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        client, now = self.settings.client_id, int(self._clock().timestamp())
        registry = JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": client},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True},
        )
        try:
            registry.validate(dict(claims))
        except _UNREADABLE:
            raise NotIdentified("claims_wrong") from None
        audiences, party = claims["aud"], claims.get("azp")
        if isinstance(audiences, list) and len(audiences) > 1 and party is None:
            raise NotIdentified("party_unnamed")
        if party is not None and party != client:
            raise NotIdentified("party_of_another")
        if claims["iat"] < now - _OLDEST.total_seconds() - LEEWAY_SECONDS:
            raise NotIdentified("token_old")
        given = claims["nonce"]
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
            raise NotIdentified("nonce_of_another")


def _asked(ask: Callable[[], Any]) -> Any:
    """Ask the provider; a failure on the way becomes one of signing in."""
    try:
        return ask()
    except Retriable as failure:
        raise ProviderOut(str(failure), failure.after) from None
    except (Fatal, HttpFailure) as failure:
        raise ProviderOut(str(failure)) from None


def _key_of(listed: object) -> Key | None:
    """Read one key of the list; what we cannot or should not use is left out."""
    # A shared secret among public keys would let anybody sign.
    if not isinstance(listed, dict) or listed.get("kty") not in _ASYMMETRIC:
        return None
    if listed.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(listed)
        if isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS:
            return None
    except _UNREADABLE:
        return None
    return key


def _is_web(address: str) -> bool:
    return urlsplit(address).scheme in {"https", "http"}
