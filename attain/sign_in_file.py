"""The file that says how people sign in: one table per provider, secrets only by reference.

TOML, or JSON with the same names. Every mistake is said at once with its place; a secret itself is
never repeated, neither in a message nor in what Settings shows of itself.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.http import Http
from connectors.oidc import ALGORITHMS, KNOWN_ALGORITHMS, UNSAFE_SUBJECTS, Oidc, OidcSettings
from connectors.sign_in import Secret, SignIn, SignInProvider
from connectors.wecom import API, INSIDE, OUTSIDE, WeCom, WeComSettings

ProviderSettings = OidcSettings | WeComSettings

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_TOP = frozenset({"public_url", "private_hosts", "providers"})
_SHARED = frozenset({"id", "kind", "label", "legal_entity"})
_OIDC = _SHARED | {
    "issuer", "client_id", "client_secret", "scopes", "algorithms", "subject_claim",
}  # fmt: skip
_WECOM = _SHARED | {"corp_id", "agent_id", "secret", "api", "inside", "outside"}
_LONGEST_ISSUER = 400


class SignInFileInvalid(Exception):  # noqa: N818 - named after what is wrong, like SettingsInvalid
    """The file cannot be used; ``lines`` says everything that is wrong with it."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSettings:
    """How people sign in elsewhere, as an administrator wrote it."""

    public_url: str
    private_hosts: tuple[str, ...]
    providers: tuple[ProviderSettings, ...]


def open_sign_in(settings: SignInSettings, clock: Callable[[], datetime]) -> SignIn:
    """Make the providers; nothing is asked of them before somebody signs in."""
    made: dict[str, SignInProvider] = {}
    for each in settings.providers:
        # A client for each: what one of them does to its connections is nothing to the others.
        http = Http(private_hosts=settings.private_hosts)
        if isinstance(each, OidcSettings):
            made[each.id] = Oidc(each, http, clock)
        else:
            made[each.id] = WeCom(each, http, clock)
    return SignIn(public_url=settings.public_url, providers=made)


def read_sign_in(path: Path, environment: Mapping[str, str]) -> SignInSettings:
    """Read the file, or raise SignInFileInvalid with everything that is wrong."""
    try:
        text = path.read_text("utf-8")
        content: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise SignInFileInvalid(
            (f"cannot be read as TOML or JSON: {type(error).__name__}",)
        ) from error
    reader = _Reader(environment, path.parent)
    made = reader.everything(content)
    if reader.problems:
        raise SignInFileInvalid(tuple(reader.problems))
    return made


class _Reader:
    """Reads field by field and collects what is wrong; what it returns counts only without."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.problems: list[str] = []
        self.private: tuple[str, ...] = ()

    def everything(self, content: Any) -> SignInSettings:
        table = self._table(content, "", _TOP)
        hosts = self._texts(table, "private_hosts", "", ())
        self.private = tuple(host.lower() for host in hosts)
        listed = table.get("providers")
        if not isinstance(listed, list) or not listed:
            self.problems.append("providers: at least one is wanted")
            listed = []
        providers = tuple(
            made
            for index, each in enumerate(listed)
            if (made := self._provider(each, f"providers[{index}]")) is not None
        )
        names = [each.id for each in providers]
        if len(set(names)) != len(names):
            self.problems.append("providers: two have the same id")
        return SignInSettings(
            public_url=self._public_url(table), private_hosts=self.private, providers=providers
        )

    def _public_url(self, table: Mapping[str, Any]) -> str:
        url = self._text(table, "public_url", "").rstrip("/")
        parts = urlsplit(url)
        plain = parts.scheme == "http" and parts.hostname in _LOCAL
        if (
            not (parts.scheme == "https" or plain)
            or not parts.hostname
            or parts.path
            or parts.query
        ):
            self.problems.append("public_url: https and a host, without a path")
        return url

    def _provider(self, given: Any, at: str) -> ProviderSettings | None:
        kind = given.get("kind") if isinstance(given, dict) else None
        if kind == "oidc":
            return self._oidc(self._table(given, at, _OIDC), at)
        if kind == "wecom":
            return self._wecom(self._table(given, at, _WECOM), at)
        self.problems.append(f"{at}.kind: oidc or wecom")
        return None

    def _oidc(self, table: Mapping[str, Any], at: str) -> OidcSettings:
        claim = self._text(table, "subject_claim", at, "sub")
        if claim in UNSAFE_SUBJECTS:
            self.problems.append(f"{at}.subject_claim: {claim} may pass to somebody else; use sub")
        algorithms = self._texts(table, "algorithms", at, ALGORITHMS)
        if not algorithms or not KNOWN_ALGORITHMS.issuperset(algorithms):
            self.problems.append(f"{at}.algorithms: of {', '.join(sorted(KNOWN_ALGORITHMS))}")
        scopes = self._texts(table, "scopes", at, ("openid",))
        if "openid" not in scopes:
            self.problems.append(f"{at}.scopes: openid has to be among them")
        issuer = self._address(table, "issuer", at)
        if len(issuer) > _LONGEST_ISSUER:
            self.problems.append(f"{at}.issuer: at most {_LONGEST_ISSUER} characters")
        return OidcSettings(
            id=self._id(table, at),
            labels=self._labels(table, at),
            legal_entity=self._text(table, "legal_entity", at),
            issuer=issuer,
            client_id=self._text(table, "client_id", at),
            client_secret=self._secret(table, "client_secret", at, optional=True),
            scopes=scopes,
            algorithms=algorithms,
            subject_claim=claim,
        )

    def _wecom(self, table: Mapping[str, Any], at: str) -> WeComSettings:
        return WeComSettings(
            id=self._id(table, at),
            labels=self._labels(table, at),
            legal_entity=self._text(table, "legal_entity", at),
            corp_id=self._text(table, "corp_id", at),
            agent_id=self._text(table, "agent_id", at),
            secret=self._secret(table, "secret", at) or Secret(""),
            api=self._address(table, "api", at, API),
            inside=self._address(table, "inside", at, INSIDE),
            outside=self._address(table, "outside", at, OUTSIDE),
        )

    # ---- the parts ----

    def _table(self, given: Any, at: str, known: frozenset[str]) -> Mapping[str, Any]:
        table: Mapping[str, Any] = given if isinstance(given, dict) else {}
        for name in table:
            if name not in known:
                self.problems.append(f"{at or 'the file'}: there is no setting {name!r}")
        return table

    def _text(self, table: Mapping[str, Any], name: str, at: str, default: str = "") -> str:
        value = table.get(name, default)
        if isinstance(value, str) and value.strip() and value.isprintable():
            return value
        self.problems.append(f"{_place(at, name)}: a text is wanted")
        return ""

    def _texts(
        self, table: Mapping[str, Any], name: str, at: str, default: Sequence[str]
    ) -> tuple[str, ...]:
        value = table.get(name, list(default))
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self.problems.append(f"{_place(at, name)}: a list of texts is wanted")
        return ()

    def _id(self, table: Mapping[str, Any], at: str) -> str:
        value = self._text(table, "id", at)
        if value and not _ID.fullmatch(value):
            self.problems.append(f"{at}.id: small letters, digits and dashes, at most 40")
        return value

    def _labels(self, table: Mapping[str, Any], at: str) -> Mapping[str, str]:
        value = table.get("label")
        wanted = {"zh-CN", "en"}
        if isinstance(value, dict) and set(value) == wanted:
            return {name: self._text(value, name, f"{at}.label") for name in wanted}
        self.problems.append(f"{at}.label: a text for zh-CN and one for en are wanted")
        return {}

    def _address(self, table: Mapping[str, Any], name: str, at: str, default: str = "") -> str:
        value = self._text(table, name, at, default)
        parts = urlsplit(value)
        plain = parts.scheme == "http" and parts.hostname in self.private
        if value and not ((parts.scheme == "https" and parts.hostname) or plain):
            self.problems.append(f"{_place(at, name)}: an https address is wanted")
        return value

    def _secret(
        self, table: Mapping[str, Any], name: str, at: str, *, optional: bool = False
    ) -> Secret | None:
        given = table.get(name)
        if given is None and optional:
            return None
        if isinstance(given, dict) and set(given) == {"env"} and isinstance(given["env"], str):
            value = self.environment.get(given["env"], "")
            if given["env"].startswith("ATTAIN_"):
                self.problems.append(f"{at}.{name}: names that begin with ATTAIN_ are settings")
        elif isinstance(given, dict) and set(given) == {"file"} and isinstance(given["file"], str):
            value = self._content(self.folder / given["file"])
        else:
            # What stands there may be the secret itself: it is not repeated.
            self.problems.append(f'{at}.{name}: write {{ env = "NAME" }} or {{ file = "PATH" }}')
            return None
        if not value:
            self.problems.append(f"{at}.{name}: what it refers to is missing or empty")
        return Secret(value)

    def _content(self, path: Path) -> str:
        try:
            return path.read_text("utf-8").strip()
        except (OSError, ValueError):
            return ""


def _place(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
