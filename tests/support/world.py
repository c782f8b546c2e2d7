"""Two companies on one server whose every number and text betrays whom it is about.

``numbers`` decides what each person sold and is to reach. Built twice with other numbers for some
people, the two worlds have the same ids, the same rows in the same order and the same instants:
what differs between the answers of both is what somebody was told about those people.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from actions import identifiers
from actions.calculate import ByTimetable, Mode, calculate
from actions.change_people import PersonDraft, put_person
from actions.connect_source import create_connection, set_mapping
from actions.decide_timetable import decide_timetable
from actions.deed import Runtime
from actions.define_metric import define_metric
from actions.delegate import delegate
from actions.link_identity import put_identity, put_link
from actions.open_reason import _note, open_reason
from actions.pay_batches import approve_batch, lock_batch, submit_batch
from actions.pay_rules import WageDraft, set_wages
from actions.prepare_pay import prepare_batch
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from actions.set_goals import set_goal
from actions.sign_in import make_account, open_demo_session
from actions.sync_source import sync_source
from actions.timetable import Timetable
from actions.trail_key import key_file
from api.server import Server
from connectors.files import FilesConnector
from domain.access import Deed, Resource, Role, Viewer
from domain.goal import GoalLevel
from domain.people import AssignmentRole, UnitKind
from domain.period import PeriodKind
from domain.timed_calculation import LateSources
from messages.render import Locale
from storage import tables
from storage.accounts import account_by_login
from storage.definitions import Scope
from storage.engine import Writing, open_engine, reading
from storage.people import add_row
from storage.rights import viewer_of
from tests.api.company import Served
from tests.support import shared
from tests.support.company import SYSTEM, Company, Ticking
from tests.support.disputing import disputed
from tests.support.keys import keys
from tests.support.moving_in import moved_in
from tests.support.offering import offered
from tests.support.posting import post
from tests.support.rules import CARD, METRICS, PLAN, goal
from tests.support.suggesting import declined
from tests.support.syncing import ORDER_MAPPING

NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)
YEAR = date(2026, 1, 1)
PERIOD = "2026-09"
TEAMS: Mapping[str, tuple[str, ...]] = {
    "north": ("anna", "bo", "chen", "dai", "eve", "ned"),
    "south": ("fang", "gao", "hua", "ivy", "jun", "kai"),
    "west": ("lan", "mei", "nan", "ou", "pei", "qi"),
    "tiny": ("tina", "tom", "tess"),
}
BRANCH = ("bea", "ben", "bob", "bia", "bru")  # of the other company
LEADS = {"meng": "north", "sun": "south", "dora": "company"}
OFFICE = {
    "hr": Role.HR,
    "auditor": Role.AUDITOR,
    "examiner": Role.AUDITOR,  # has a reason to read pay
    "admin": Role.ADMIN,
}
UNIT_HR = "south_hr"  # HR of one unit
# Who acts for whom: two of the south may see the performance of the north, or all pay, and no more.
ACTING = {
    "deputy": ("fang", "meng", Resource.PERFORMANCE),
    "payer": ("gao", "hr", Resource.PAY),
}
PERIODS = (PERIOD, "2026-Q3", "2026-08")
SELLERS = tuple(itertools.chain(*TEAMS.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What is secret about a person, in cents, and four letters that stand in every text."""

    sold: int
    target: int
    mark: str

    @property
    def staff_number(self) -> str:
        """A number that nobody else has."""
        return f"SN-{self.mark}"


@dataclass(slots=True, kw_only=True)
class World:
    """What was built: ids by name, and a server in front of it."""

    served: Served
    ids: dict[str, str]
    numbers: Mapping[str, Numbers]
    loop: asyncio.AbstractEventLoop

    def ask(
        self,
        who: str | None,
        query: str,
        language: str = "en",
        variables: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Ask as somebody, on one event loop: thousands of questions cost no new one each."""
        headers = [(b"content-type", b"application/json"), (b"host", b"testserver")]
        headers.append((b"accept-language", language.encode()))
        if who is not None:
            login, boss, _ = ACTING.get(who, (who, None, None))
            headers.append((b"authorization", f"Bearer {self.served.token(login)}".encode()))
            if boss is not None:
                headers.append((b"x-attain-acting-for", self.ids[f"account:{boss}"].encode()))
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        sent: list[bytes] = []
        self.loop.run_until_complete(post(self.served.app, headers, body, sent))
        answer: dict[str, Any] = json.loads(b"".join(sent))
        return answer


def ordinary() -> dict[str, Numbers]:
    """Give everybody numbers that nobody else has, far enough apart to be moved a little."""
    people = (*SELLERS, *BRANCH)
    # The order of the people by what they sold has nothing to do with their teams or names.
    places = {name: (index * 7) % len(people) for index, name in enumerate(people)}
    return {
        name: Numbers(
            sold=60_000_000 + 7_000_000 * places[name] + 13_17 * (index + 3),
            target=100_000_000 + 1_000_000 * (index % 4) + 19 * index,
            mark=f"{name[0]}{index:02d}Q".upper(),
        )
        for index, name in enumerate(people)
    }


@contextmanager
def world(database_url: str, folder: Path, numbers: Mapping[str, Numbers]) -> Iterator[World]:
    """Build both companies on a migrated, empty database and serve them."""
    engine = open_engine(database_url, keys())
    counter = itertools.count(1)
    # Ids are counted instead of drawn, so that both worlds call the same things by the same names.
    with (
        mock.patch("actions.identifiers.secrets.randbits", side_effect=lambda _: next(counter)),
        mock.patch.object(identifiers, "_last", 0),
    ):
        ids: dict[str, str] = {}
        key_file(folder).write_text("17" * 32 + "\n", "ascii")  # both worlds sign by the same
        clock = Ticking(NOW - timedelta(days=1))
        runtime = Runtime(
            engine=engine,
            clock=clock,
            data_folder=folder,
            pdf_font=folder / "none.ttf",  # a PDF holds what a workbook holds, and takes seconds
            connectors={"files": FilesConnector()},
        )
        company = _head_office(runtime, folder, numbers, ids)
        _handed_on(company, ids)
        _opened(company, ids)
        _branch(runtime, folder, numbers, ids)
    served = Served(company, ids, replace(runtime, clock=lambda: NOW))
    for name in (*SELLERS, *LEADS, *OFFICE, UNIT_HR, "b_hr", *BRANCH):
        served.remember(name, open_demo_session(served.runtime, name).token)
    served.remember("vendor", _vendor_token(served, "hr", ids["hejia"]))
    # Everybody is in: from here on it is a server on which nobody signs in as somebody else.
    closed = replace(served.runtime, demo=False)
    served.app = shared.app(Server(actions=closed, catalogue=shared.catalogue(), locale=Locale.EN))
    loop = asyncio.new_event_loop()
    try:
        yield World(served=served, ids=ids, numbers=numbers, loop=loop)
    finally:  # also when a test is broken off: threads of the loop would outlive the process
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        engine.dispose()


def _vendor_token(served: Served, who: str, entity_id: str) -> str:
    """Have a token made for a program that may read targets, and nothing that came of them."""
    made = served.data(
        who,
        'mutation($entity: ID!, $key: IdempotencyKey!) { vendorTokenCreate(input: {name: "BI",'
        ' scopes: ["read:organisation", "read:targets", "read:definitions"],'
        ' expiresAt: "2027-01-01T00:00:00Z", legalEntity: $entity, idempotencyKey: $key}) {'
        " ... on VendorTokenCreateSuccess { token } ... on Problem { code } } }",
        entity=entity_id,
        key="vendor-of-the-campaign",
    )
    token: str = made["vendorTokenCreate"]["token"]
    return token


def _head_office(
    runtime: Runtime, folder: Path, numbers: Mapping[str, Numbers], ids: dict[str, str]
) -> Company:
    company = Company(runtime, "Hejia")
    ids["hejia"] = company.entity_id
    ids["company"] = company.unit("company", kind=UnitKind.COMPANY)
    for team, members in TEAMS.items():
        ids[team] = company.unit(team, parent="company")
        for name in members:
            ids[name] = _person(company, name, numbers[name])
            company.assign(ids[name], ids[team])
    for name, unit in LEADS.items():
        ids[name] = company.person(name)
        company.assign(ids[name], ids[unit], role=AssignmentRole.LEAD, position="manager")
    _accounts(company, (*SELLERS, *LEADS), OFFICE, ids)
    company.write(lambda writing: _rules(writing, company, SELLERS, numbers, ids))
    ids["connection"] = _source(company, folder / "hejia", SELLERS, numbers)
    ids["run"] = _calculated(company)
    ids["trial"] = _timed(company)
    _paid(company, numbers, ids)
    betrayed = {name: numbers[name].sold for name in ("anna", "fang")}
    disputed(company, PERIOD, ids, betrayed)
    moved_in(company, PERIOD, {name: numbers[name].sold for name in SELLERS})
    offered(company, NOW.date(), {name: _viewer(company, name) for name in betrayed}, betrayed)
    words = {name: f"sold {_money(numbers[name].sold)}" for name in ("anna", "fang")}
    ids |= {f"suggestion:{name}": each for name, each in declined(company, ids, words).items()}
    return company


def _timed(company: Company) -> str:
    """Have August tried by the timetable: scores are shown to whom they concern, pay to nobody."""
    with company.runtime.writing(company.entity_id, SYSTEM) as writing:
        decide_timetable(
            writing,
            SYSTEM,
            timetable=Timetable(every=15),
            kinds=[PeriodKind.MONTH],
            months_begin_on=1,
            late_sources=LateSources.CALCULATE,
            shows_scores=True,
            reason="fresh scores",
            expected_version=0,
        )
    runtime, entity = company.runtime, company.entity_id
    shown = ByTimetable(shows_scores=True)
    return calculate(runtime, SYSTEM, entity, "2026-08", Mode.TRIAL, by_timetable=shown).id


def _paid(company: Company, numbers: Mapping[str, Numbers], ids: dict[str, str]) -> None:
    """Record wages that betray whose they are, and approve the pay: payees see their sheets."""
    wages = [
        WageDraft(
            person_id=ids[name],
            month=YEAR,
            amount=numbers[name].sold + 7,
            currency="CNY",
            region="Shanghai",
        )
        for name in SELLERS
    ]
    company.write(lambda writing: set_wages(writing, SYSTEM, wages, "hired"))
    batch = company.write(lambda writing: prepare_batch(writing, SYSTEM, PERIOD))
    company.write(lambda writing: lock_batch(writing, SYSTEM, batch, 1))
    company.write(lambda writing: submit_batch(writing, SYSTEM, batch, 2))
    viewer = _viewer(company, "hr")
    company.write(lambda writing: approve_batch(writing, viewer, batch, 3))


def _handed_on(company: Company, ids: dict[str, str]) -> None:
    """Let those who act for somebody do so, and make an account the HR of one unit."""
    for login, boss, right in ACTING.values():
        with company.runtime.writing(company.entity_id, _viewer(company, boss)) as writing:
            delegate(
                writing,
                _viewer(company, boss),
                to_account=ids[f"account:{login}"],
                rights=[(right, Deed.READ)],
                valid_from=writing.known_at.date(),
                valid_to=date(2026, 12, 1),
                reason="on leave",
            )
    company.write(partial(_account, name=UNIT_HR, role=None, ids=ids))
    company.write(partial(_unit_role, ids=ids))


def _unit_role(writing: Writing, ids: dict[str, str]) -> str:
    """Grant HR of a unit by hand: the table knows it, and no action grants it yet."""
    identifier = identifiers.new_id("grant", writing.known_at)
    add_row(
        writing,
        tables.role_grant,
        id=identifier,
        revision=1,
        valid_from=YEAR,
        valid_to=None,
        voided=False,
        made_by=writing.actor,
        reason="a branch",
        account_id=ids[f"account:{UNIT_HR}"],
        role=Role.HR.value,
        unit_id=ids["south"],
    )
    return identifier


def _opened(company: Company, ids: dict[str, str]) -> None:
    """Open a reason to read pay, and note every reading: asking then writes nothing more."""
    runtime = replace(company.runtime, clock=lambda: NOW)
    with runtime.writing(company.entity_id, _viewer(company, "examiner")) as writing:
        open_reason(writing, _viewer(company, "examiner"), "yearly audit", None)
    examiner = _viewer(company, "examiner")
    (reason,) = examiner.reasons
    with runtime.writing(company.entity_id, examiner) as writing:
        for name in (*SELLERS, *LEADS):
            for period in PERIODS:
                _note(writing, reason, ids[name], period)


def _viewer(company: Company, login: str) -> Viewer:
    with reading(company.engine, SYSTEM) as connection:
        account = account_by_login(connection, login)
        assert account is not None
        return viewer_of(connection, account, NOW.date(), NOW)


def _branch(
    runtime: Runtime, folder: Path, numbers: Mapping[str, Numbers], ids: dict[str, str]
) -> None:
    # The twins of those who see nothing of the branch may have somebody more in it.
    people = tuple(name for name in numbers if name not in SELLERS)
    company = Company(runtime, "Branch")
    ids["branch"] = company.entity_id
    ids["b_company"] = company.unit("b_company", kind=UnitKind.COMPANY)
    for name in people:
        ids[name] = _person(
            company, name, numbers[name], title=f"{name} {numbers[name].mark.lower()}"
        )
        company.assign(ids[name], ids["b_company"])
    _accounts(company, people, {"b_hr": Role.HR}, ids)
    company.write(lambda writing: _rules(writing, company, people, numbers, ids))
    ids["b_connection"] = _source(company, folder / "branch", people, numbers)
    ids["b_run"] = _calculated(company)


def _person(company: Company, name: str, secret: Numbers, title: str | None = None) -> str:
    def deed(writing: Writing) -> str:
        draft = PersonDraft(source_key=name, name=title or name, staff_number=secret.staff_number)
        person_id = put_person(writing, draft)
        put_link(
            writing,
            source_key=name,
            identity_id=put_identity(writing, "crm", f"{name}.crm"),
            person_id=person_id,
            valid_from=date(2020, 1, 1),
            valid_to=None,
        )
        return person_id

    return company.write(deed)


def _accounts(
    company: Company, people: tuple[str, ...], office: Mapping[str, Role], ids: dict[str, str]
) -> None:
    for name in (*people, *office):
        company.write(partial(_account, name=name, role=office.get(name), ids=ids))


def _account(writing: Writing, name: str, role: Role | None, ids: dict[str, str]) -> str:
    made = make_account(
        writing,
        login=name,
        person_id=ids.get(name),
        locale="en",
        roles=() if role is None else (role,),
        valid_from=YEAR,
    )
    ids[f"account:{name}"] = made
    return made


def _rules(
    writing: Writing,
    company: Company,
    people: tuple[str, ...],
    numbers: Mapping[str, Numbers],
    ids: dict[str, str],
) -> str:
    for document in METRICS:
        define_metric(writing, SYSTEM, document, valid_from=YEAR)
    scope = Scope(positions=("sales",))
    publish_scorecard(writing, SYSTEM, CARD, scope, valid_from=YEAR)
    publish_plan(writing, SYSTEM, draft_plan(writing, SYSTEM, PLAN, scope, valid_from=YEAR))
    targets = {name: numbers[name].target for name in people}
    whole = _goal(writing, company.entity_id, GoalLevel.COMPANY, None, sum(targets.values()))
    ids[f"goal:{people[0]}:all"] = whole
    for name in people:
        ids[f"goal:{name}"] = _goal(writing, ids[name], GoalLevel.PERSON, whole, targets[name])
    return whole


def _goal(writing: Writing, owner: str, level: GoalLevel, parent: str | None, cents: int) -> str:
    return set_goal(
        writing,
        SYSTEM,
        goal(PERIOD, sales=_money(cents), retention="0.75"),
        level=level,
        owner_id=owner,
        parent_id=parent,
        valid_from=YEAR,
    )


def _source(
    company: Company, folder: Path, people: tuple[str, ...], numbers: Mapping[str, Numbers]
) -> str:
    """Deliver a file per company and read it: good rows, rows of nobody, rows that are spoilt."""
    folder.mkdir(exist_ok=True)
    lines = ["order_no,seller,customer,amount,day"]
    for name in people:
        secret = numbers[name]
        # Customers of the base months; three of four come back, which is what they all have alike.
        for customer in range(4):
            lines.append(f"{name}-b{customer},{name}.crm,{secret.mark}{customer},1.00,2026-05-05")
            if customer:
                lines.append(
                    f"{name}-r{customer},{name}.crm,{secret.mark}{customer},1.00,2026-07-05"
                )
        lines.append(f"{name}-s,{name}.crm,{secret.mark}9,{_money(secret.sold)},2026-09-09")
        lines.append(f"{name}-x,{name}.crm,{secret.mark}9,about {secret.mark},2026-09-10")
        lines.append(f"{name}-w,{secret.mark}.ghost,{secret.mark}9,5.00,2026-09-11")
    (folder / "orders.csv").write_text("\n".join(lines) + "\n", "utf-8")
    runtime = company.runtime

    def connect(writing: Writing) -> str:
        made = create_connection(
            runtime,
            writing,
            SYSTEM,
            name="CRM",
            connector="files",
            config={
                "path": folder.name,
                "streams": {"orders": {"pattern": "orders*.csv", "key": ["order_no"]}},
            },
        )
        set_mapping(writing, SYSTEM, made, ORDER_MAPPING)
        return made

    made = company.write(connect)
    sync_source(runtime, SYSTEM, company.entity_id, made, accept=True, wait=lambda _seconds: None)
    return made


def _calculated(company: Company) -> str:
    return calculate(
        company.runtime, SYSTEM, company.entity_id, PERIOD, Mode.POSTED, accept_provisional=True
    ).id


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
