"""A company behind the whole application: a real database, real sessions, a real HTTP client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from actions.calculate import Mode, calculate
from actions.deed import Runtime
from actions.define_metric import define_metric
from actions.jobs import work_once
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from actions.set_goals import set_goal
from actions.sign_in import make_account
from api.server import Server
from domain.access import Role
from domain.goal import GoalLevel
from domain.metric import decode_metric, encode_metric
from domain.people import AssignmentRole, UnitKind
from domain.plan import decode_plan
from domain.plan_document import encode_plan
from messages.render import Locale
from plugins.packs.pack import Pack
from storage.definitions import Scope
from storage.engine import Writing
from tests.support import shared
from tests.support.company import SYSTEM, Company
from tests.support.pack_versions import written
from tests.support.rules import CARD, METRICS, PLAN, SALES, changed, goal, texts
from tests.support.stamped import office_with

YEAR = date(2026, 1, 1)
# Sales of September in cents and customers who came back, out of four, per person and team.
PEOPLE = {
    "anna": ("north", 120_000_000, 4),
    "bo": ("north", 100_000_000, 3),
    "chen": ("north", 99_999_999, 4),
    "dai": ("north", 80_000_000, 1),
    "eve": ("north", 150_000_000, 3),
    "fang": ("south", 70_000_000, 2),
    "gao": ("south", 60_000_000, 2),
}
OFFICE = {
    "hr": Role.HR,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
}


# A pack of one metric and one plan template, under keys of its own.
PACK = Pack(
    id="pilot",
    version="1.0.0",
    hash="0" * 64,
    file="pilot.toml",
    name=texts("Pilot"),
    explanation=texts("A pack for a pilot group"),
    industry="pilot",
    entities=("order",),
    metrics=(written(decode_metric, encode_metric, changed(SALES, key="pilot.sales")),),
    scorecards=(),
    plans=(written(decode_plan, encode_plan, changed(PLAN, key="pilot.plan")),),
    examples=(),
    sources=({"title": texts("A pilot"), "rationale": texts("Tried by a few first")},),
    suits={"industries": ["pilot", "aviation"], "selling": ["AGENTS"], "people": {"to": 50}},
    synonyms={"pilot.sales": {"zh-CN": ("业绩",), "en": ("turnover",)}},
)


class Served:
    """A company and clients signed in as its people."""

    def __init__(
        self, company: Company, ids: dict[str, str], runtime: Runtime | None = None
    ) -> None:
        self.company = company
        self.ids = ids
        self.runtime = replace(
            runtime or company.runtime,
            demo=True,
            connectors=shared.plugins().nouns("connectors"),
            packs={PACK.id: PACK},
        )
        self.server = Server(actions=self.runtime, catalogue=shared.catalogue(), locale=Locale.EN)
        self.app = shared.app(self.server)
        self._tokens: dict[str, str] = {}

    @property
    def entity(self) -> str:
        """The legal entity."""
        return self.company.entity_id

    def ask(
        self, who: str | None, query: str, language: str = "en", **variables: Any
    ) -> dict[str, Any]:
        """Ask as somebody (None: as nobody) and return the whole answer."""
        client = TestClient(self.app, client=("127.0.0.1", 50000))
        headers = {"accept-language": language}
        if who is not None:
            headers["authorization"] = f"Bearer {self.token(who)}"
        response = client.post(
            "/graphql", json={"query": query, "variables": variables}, headers=headers
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def data(self, who: str | None, query: str, language: str = "en", **variables: Any) -> Any:
        """Ask and expect no errors."""
        answer = self.ask(who, query, language, **variables)
        assert "errors" not in answer, answer["errors"]
        assert "extensions" not in answer, answer["extensions"]
        return answer["data"]

    def codes(self, who: str | None, query: str, **variables: Any) -> list[str]:
        """Ask and return the codes of the errors, then of what was left null for a reason."""
        answer = self.ask(who, query, **variables)
        noted = answer.get("extensions", {}).get("problems", [])
        failed = [error["extensions"]["code"] for error in answer.get("errors", [])]
        return failed + [problem["code"] for problem in noted]

    def work(self) -> int:
        """Do all queued jobs; return how many there were."""
        done = 0
        while work_once(self.runtime):
            done += 1
        return done

    def borrow_tokens(self, other: Served) -> None:
        """Be signed in as whoever is signed in there."""
        self._tokens = other._tokens

    def remember(self, who: str, token: str) -> None:
        """Be signed in as somebody by this token."""
        self._tokens[who] = token

    def token(self, who: str) -> str:
        """Sign in, once."""
        if who not in self._tokens:
            answer = self.data(
                None,
                "mutation($p: ID!) { sessionCreateDemo(input: {person: $p}) {"
                " ... on SessionCreateDemoSuccess { token } ... on Problem { code } } }",
                p=who,
            )
            self._tokens[who] = answer["sessionCreateDemo"]["token"]
        return self._tokens[who]


@contextmanager
def served(database_url: str, folder: Path) -> Iterator[Served]:
    """Serve the company: built once, copied for whoever asks again."""
    with office_with(_built, database_url, folder) as (company, ids):
        yield Served(company, ids)


def _built(runtime: Runtime) -> tuple[Company, dict[str, str]]:
    company = Company(runtime)
    company.unit("company", kind=UnitKind.COMPANY)
    teams = {code: company.unit(code, parent="company") for code in ("north", "south")}
    ids = {"north": teams["north"], "south": teams["south"]}
    for name, (team, cents, back) in PEOPLE.items():
        ids[name] = company.person(name)
        company.assign(ids[name], teams[team])
        _facts(company, name, cents, back)
    ids["meng"] = company.person("meng")
    company.assign(ids["meng"], teams["north"], role=AssignmentRole.LEAD, position="manager")
    company.write(lambda writing: _rules(writing, company, ids))
    for name in (*PEOPLE, "meng", *OFFICE):
        company.write(partial(_account, name=name, ids=ids))
    return company, ids


def calculated(made: Served, mode: Mode = Mode.POSTED) -> str:
    """Calculate September."""
    return calculate(
        made.company.runtime, SYSTEM, made.entity, "2026-09", mode, accept_provisional=True
    ).id


def _facts(company: Company, name: str, cents: int, back: int) -> None:
    for customer in range(4):
        subject = f"{name}-{customer}"
        company.fact(name, date(2026, 5, 5), 100, subject=subject)
        if customer < back:
            company.fact(name, date(2026, 7, 5), 100, subject=subject)
    company.fact(name, date(2026, 9, 9), cents, subject=f"{name}-0", channel="shop")


def _rules(writing: Writing, company: Company, ids: dict[str, str]) -> str:
    for document in METRICS:
        define_metric(writing, SYSTEM, document, valid_from=YEAR)
    scope = Scope(positions=("sales",))
    publish_scorecard(writing, SYSTEM, CARD, scope, valid_from=YEAR)
    publish_plan(writing, SYSTEM, draft_plan(writing, SYSTEM, PLAN, scope, valid_from=YEAR))
    whole = _goal(writing, company.entity_id, GoalLevel.COMPANY, None, "7500000.00")
    for name in PEOPLE:
        _goal(writing, ids[name], GoalLevel.PERSON, whole, "1000000.00")
    return whole


def _goal(writing: Writing, owner: str, level: GoalLevel, parent: str | None, target: str) -> str:
    return set_goal(
        writing,
        SYSTEM,
        goal("2026-09", sales=target, retention="0.75", visits="10"),
        level=level,
        owner_id=owner,
        parent_id=parent,
        valid_from=YEAR,
    )


def _account(writing: Writing, name: str, ids: dict[str, str]) -> str:
    role = OFFICE.get(name)
    return make_account(
        writing,
        login=name,
        person_id=ids.get(name),
        locale="en",
        roles=() if role is None else (role,),
        valid_from=YEAR,
    )
