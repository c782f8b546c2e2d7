"""A company whose people sign in elsewhere: the whole application, and browsers that come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from starlette.testclient import TestClient

from actions.change_accounts import link_login
from actions.deed import Runtime
from actions.sign_in import make_account
from api.server import Server
from connectors.http import Http
from connectors.oidc import Oidc, OidcSettings
from connectors.sign_in import Secret, SignIn, SignInProvider
from connectors.wecom import WeCom, WeComSettings
from domain.access import Role
from messages.render import Locale
from storage.engine import Writing
from tests.support import oidc_provider as oidc
from tests.support import shared
from tests.support import wecom_server as wecom
from tests.support.company import SYSTEM, Company, office

HOME = "https://attain.example"
LABELS = {"zh-CN": "公司账号", "en": "Company account"}
WHO = "{ viewer { account } }"
INSIDE_WECOM = "Mozilla/5.0 (Linux; Android 15) wxwork/5.0.6 MicroMessenger/7.0.1"


class Browser:
    """A browser with cookies of its own; it follows nothing by itself."""

    def __init__(self, app: Any, user_agent: str = "Mozilla/5.0", language: str = "en") -> None:
        self.client = TestClient(app, base_url=HOME, follow_redirects=False)
        self.client.headers["user-agent"] = user_agent
        self.client.headers["accept-language"] = language
        self.client.headers["accept"] = "application/json"

    def get(self, address: str, **headers: str) -> httpx2.Response:
        """Go somewhere on our server."""
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.client.get(path, headers=headers)

    def leave(self, provider: str, return_to: str | None = None) -> str:
        """Begin to sign in; return where the provider is."""
        query = "" if return_to is None else f"?return_to={return_to}"
        response = self.get(f"/auth/{provider}/start{query}")
        assert response.status_code == 303, response.text
        return str(response.headers["location"])

    def account(self) -> str | None:
        """Say who is signed in."""
        answer = self.client.post("/graphql", json={"query": WHO}).json()
        viewer = answer["data"]["viewer"]
        return None if viewer is None else viewer["account"]


def code_of(response: httpx2.Response) -> str:
    """Return the code of a refusal of the sign-in pages."""
    code: str = response.json()["errors"][0]["extensions"]["code"]
    return code


@dataclass
class Place:
    """A company, its accounts, its ways of signing in."""

    company: Company
    runtime: Runtime
    app: Any
    idp: oidc.OidcProvider
    other: oidc.OidcProvider
    wecom: wecom.WeComServer
    accounts: dict[str, str] = field(default_factory=dict)

    def browser(self, **about: str) -> Browser:
        """Open a browser."""
        return Browser(self.app, **about)

    def account(self, login: str, *roles: Role, person_id: str | None = None) -> str:
        """Make an account."""
        self.accounts[login] = self.company.write(
            lambda writing: make_account(
                writing,
                login=login,
                person_id=person_id,
                locale="en",
                roles=roles,
                valid_from=date(2026, 1, 1),
            )
        )
        return self.accounts[login]

    def link(self, login: str, provider: str, subject: str, **dates: Any) -> str:
        """Link a login elsewhere to an account."""

        def deed(writing: Writing) -> str:
            return link_login(
                self.runtime,
                writing,
                SYSTEM,
                self.accounts[login],
                provider=provider,
                subject=subject,
                **dates,
            )

        return self.company.write(deed)


@contextmanager
def place(database_url: str, folder: Path) -> Iterator[Place]:
    """Build it; everybody's clock is the company's."""
    with ExitStack() as stack:
        opened = stack.enter_context(office(database_url, folder))
        clock = opened.clock
        idp = stack.enter_context(oidc.oidc_provider(clock))
        other = stack.enter_context(oidc.oidc_provider(clock))
        server = stack.enter_context(wecom.wecom_server(clock))

        def http(seconds: float = 30.0) -> Http:
            made = Http(private_hosts=["127.0.0.1"], seconds=seconds)
            stack.callback(made.close)
            return made

        providers = providers_of(clock, http, idp, other, server)
        sign_in = SignIn(public_url=HOME, providers={each.id: each for each in providers})
        runtime = replace(opened, sign_in=sign_in)
        company = Company(runtime)
        app = shared.app(Server(actions=runtime, catalogue=shared.catalogue(), locale=Locale.EN))
        yield Place(company, runtime, app, idp, other, server)


def providers_of(
    clock: Callable[[], Any],
    http: Callable[[], Http],
    idp: oidc.OidcProvider,
    other: oidc.OidcProvider,
    server: wecom.WeComServer,
) -> list[SignInProvider]:
    """Configure two OpenID providers and one WeCom application."""
    made: list[SignInProvider] = [
        Oidc(
            OidcSettings(
                id=name,
                labels=LABELS,
                legal_entity="Hejia",
                issuer=each.issuer,
                client_id=oidc.CLIENT,
                client_secret=Secret(oidc.SECRET),
                algorithms=("ES256", "RS256"),
            ),
            http(),
            clock,
        )
        for name, each in (("main", idp), ("other", other))
    ]
    made.append(
        WeCom(
            WeComSettings(
                id="wecom",
                labels={"zh-CN": "企业微信", "en": "WeCom"},
                legal_entity="Hejia",
                corp_id=wecom.CORP,
                agent_id=wecom.AGENT,
                secret=Secret(wecom.SECRET),
                api=f"{server.address}/cgi-bin",
                inside=f"{server.address}/inside",
                outside=f"{server.address}/outside",
            ),
            http(),
            clock,
        )
    )
    return made
