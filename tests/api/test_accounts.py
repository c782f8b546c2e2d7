"""Accounts: made, linked, granted and closed by administrators, and nobody raises themself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.found_company import found_company
from actions.sessions import open_session
from actions.sign_in import make_account
from domain.access import Role
from storage import tables
from storage.accounts import account_by_login
from storage.engine import reading
from tests.support import shared
from tests.support.company import SYSTEM
from tests.support.signing_in import Browser, Place, code_of, place

ACCOUNT = """id login version disabledAt lastSignInAt language person legalEntity { id }
  roles { id role unit validFrom validTo version legalEntity { id } }
  logins { id provider subject validFrom validTo version }"""
ACCOUNTS = f"query($s: String) {{ accounts(search: $s) {{ totalCount nodes {{ {ACCOUNT} }} }} }}"
NODE = f"query($id: ID!) {{ node(id: $id) {{ ... on Account {{ {ACCOUNT} }} }} }}"


def mutation(name: str) -> str:
    """Write a mutation that answers with the account."""
    kind = name[0].upper() + name[1:]
    return (
        f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{"
        f" ... on {kind}Success {{ account {{ {ACCOUNT} }} }}"
        " ... on Problem { code message } } }"
    )


class Office:
    """A company with an administrator, another one, and somebody of HR."""

    def __init__(self, there: Place) -> None:
        self.there = there
        self._number = 0
        self._tokens: dict[str, str] = {}
        for login, role in (("ada", Role.ADMIN), ("ben", Role.ADMIN), ("hua", Role.HR)):
            there.account(login, role)

    @property
    def ids(self) -> dict[str, str]:
        """The accounts by login."""
        return self.there.accounts

    def ask(self, who: str, query: str, **variables: Any) -> dict[str, Any]:
        """Ask as somebody."""
        if who not in self._tokens:
            with reading(self.there.runtime.engine, SYSTEM) as connection:
                account = account_by_login(connection, who)
            assert account is not None
            self._tokens[who] = open_session(self.there.runtime, account).token
        client = self.there.browser().client
        response = client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self._tokens[who]}"},
        )
        answer: dict[str, Any] = response.json()
        return answer

    def do(self, who: str, name: str, **given: Any) -> dict[str, Any]:
        """Do a deed and return the account, or the problem."""
        self._number += 1
        given.setdefault("idempotencyKey", f"key-{self._number:06d}")
        answer = self.ask(who, mutation(name), input=given)
        assert "errors" not in answer, answer
        said: dict[str, Any] = answer["data"][name]
        account: dict[str, Any] = said.get("account", said)
        return account

    def code(self, who: str, name: str, **given: Any) -> str:
        """Do a deed in vain and return the code."""
        said = self.do(who, name, **given)
        assert "code" in said, said
        return str(said["code"])

    def account(self, login: str) -> dict[str, Any]:
        """Read an account as its administrator."""
        said: dict[str, Any] = self.ask("ada", NODE, id=self.ids[login])["data"]["node"]
        return said

    def create(self, login: str, **given: Any) -> dict[str, Any]:
        """Make an account as an administrator."""
        made = self.do("ada", "accountCreate", login=login, **given)
        self.ids[login] = made["id"]
        return made


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """The company."""
    with place(database_url, tmp_path) as there:
        yield Office(there)


def test_from_nothing_to_a_signed_in_manager(office: Office) -> None:
    there = office.there
    north = there.company.unit("north")
    person = there.company.person("anna")
    made = office.create("anna", person=person, language="en")
    assert (made["version"], made["roles"], made["logins"], made["lastSignInAt"]) == (
        1,
        [],
        [],
        None,
    )
    who: dict[str, Any] = {"account": made["id"], "reason": "joins the north"}
    linked = office.do("ada", "accountLoginLink", **who, provider="main", subject="s-anna")
    assert [(each["provider"], each["subject"]) for each in linked["logins"]] == [
        ("main", "s-anna")
    ]
    granted = office.do("ada", "roleGrant", **who, role="MANAGER", unit=north)
    assert [(each["role"], each["unit"]) for each in granted["roles"]] == [("MANAGER", north)]
    browser = there.browser()
    assert browser.get(there.idp.authorise(browser.leave("main"), "s-anna")).status_code == 303
    assert browser.account() == made["id"]
    listed = office.ask("ada", ACCOUNTS, s="ann")["data"]["accounts"]
    assert listed["totalCount"] == 1
    assert listed["nodes"][0]["lastSignInAt"] is not None
    with reading(there.runtime.engine, SYSTEM) as connection:
        trail = connection.execute(
            select(tables.audit_event.c.action, tables.audit_event.c.account_id)
            .where(
                tables.audit_event.c.action.in_(["accountCreate", "accountLoginLink", "roleGrant"])
            )
            .order_by(tables.audit_event.c.seq)
        ).all()
    assert [row.action for row in trail] == ["accountCreate", "accountLoginLink", "roleGrant"]
    assert {row.account_id for row in trail} == {office.ids["ada"]}


def test_an_account_that_is_disabled_is_out_at_once_and_comes_back_when_enabled(
    office: Office,
) -> None:
    there = office.there
    there.link("hua", "main", "s-hua")
    browser = there.browser()
    assert browser.get(there.idp.authorise(browser.leave("main"), "s-hua")).status_code == 303
    hua = office.ids["hua"]
    assert browser.account() == hua
    disabled = office.do("ada", "accountDisable", account=hua, expectedVersion=1)
    assert (disabled["version"], disabled["disabledAt"] is None) == (2, False)
    assert browser.account() is None
    assert code_of(browser.get(there.idp.authorise(browser.leave("main"), "s-hua"))) == (
        "SIGN_IN_REFUSED"
    )
    enabled = office.do("ada", "accountEnable", account=hua, expectedVersion=2)
    assert (enabled["version"], enabled["disabledAt"]) == (3, None)
    # The old session stays over; a new one begins.
    assert browser.account() is None
    assert browser.get(there.idp.authorise(browser.leave("main"), "s-hua")).status_code == 303


def test_a_login_that_is_unlinked_lets_nobody_in_and_ends_what_it_began(office: Office) -> None:
    there = office.there
    there.link("hua", "wecom", "HuaLi")
    browser = there.browser()
    browser.get(there.wecom.authorise(browser.leave("wecom"), userid="huali"))
    assert browser.account() == office.ids["hua"]
    (link,) = office.account("hua")["logins"]
    assert link["subject"] == "huali"
    given = {"account": office.ids["hua"], "login": link["id"], "reason": "lost phone"}
    code = office.code("ada", "accountLoginUnlink", **given, expectedVersion=2)
    assert code == "VERSION_CONFLICT"
    office.do("ada", "accountLoginUnlink", **given, expectedVersion=1)
    assert browser.account() is None
    again = browser.get(there.wecom.authorise(browser.leave("wecom"), userid="huali"))
    assert code_of(again) == "SIGN_IN_REFUSED"
    assert office.code("ada", "accountLoginUnlink", **given, expectedVersion=2) == "NOT_FOUND"
    # Somebody else may have it now.
    linked = {"provider": "wecom", "subject": "huali", "reason": "new owner"}
    assert office.do("ada", "accountLoginLink", account=office.ids["ben"], **linked)["logins"]


def test_a_login_belongs_to_one_account_at_a_time(office: Office) -> None:
    office.there.link("hua", "wecom", "HuaLi", valid_to=date(2027, 1, 1))
    given = {"account": office.ids["ben"], "provider": "wecom", "reason": "test"}
    assert (
        office.code("ada", "accountLoginLink", **given, subject="HUALI") == "LOGIN_LINKED_ALREADY"
    )
    later = office.do("ada", "accountLoginLink", **given, subject="HUALI", validFrom="2027-01-01")
    assert [each["validFrom"] for each in later["logins"]] == ["2027-01-01"]
    assert office.code("ada", "accountLoginLink", **given, subject="hua li") == "SUBJECT_INVALID"
    wrong = {**given, "provider": "nowhere"}
    assert (
        office.code("ada", "accountLoginLink", **wrong, subject="x") == "SIGN_IN_PROVIDER_UNKNOWN"
    )
    dates = {"validFrom": "2028-01-02", "validTo": "2028-01-02"}
    assert office.code("ada", "accountLoginLink", **given, subject="y", **dates) == "DATES_REVERSED"


def test_nobody_grants_rights_to_their_own_account_or_person(office: Office) -> None:
    there = office.there
    given = {"role": "HR", "reason": "why not"}
    assert office.code("ada", "roleGrant", account=office.ids["ada"], **given) == "RIGHTS_OWN"
    # A second account of the administrator's own person is the administrator.
    person = there.company.person("carl")
    there.account("carl", Role.ADMIN, person_id=person)
    there.account("carl-too", person_id=person)
    assert office.code("carl", "roleGrant", account=office.ids["carl-too"], **given) == "RIGHTS_OWN"
    assert office.do("ben", "roleGrant", account=office.ids["carl-too"], **given)["roles"]


def test_the_last_administrator_stays(office: Office) -> None:
    def grant_of(login: str) -> dict[str, Any]:
        (grant,) = [each for each in office.account(login)["roles"] if each["role"] == "ADMIN"]
        return {"grant": grant["id"], "expectedVersion": grant["version"], "reason": "leaves"}

    ada, ben = office.ids["ada"], office.ids["ben"]
    # An administrator whose role ends is none for good.
    office.create("dora")
    temporary = {"role": "ADMIN", "validTo": "2026-12-31", "reason": "holiday"}
    office.do("ada", "roleGrant", account=office.ids["dora"], **temporary)
    office.do("ada", "accountDisable", account=ben, expectedVersion=1)
    assert office.code("ada", "accountDisable", account=ada, expectedVersion=1) == (
        "ADMINISTRATOR_LAST"
    )
    assert office.code("ada", "roleRevoke", **grant_of("ada")) == "ADMINISTRATOR_LAST"
    assert office.code("ada", "roleRevoke", **grant_of("ada"), on="2027-01-01") == (
        "ADMINISTRATOR_LAST"
    )
    office.do("ada", "accountEnable", account=ben, expectedVersion=2)
    revoked = office.do("ada", "roleRevoke", **grant_of("ada"))
    assert revoked["roles"][0]["validTo"] == "2026-10-01"
    assert office.ask("ada", ACCOUNTS)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_a_role_has_the_scope_that_it_needs_and_is_held_once(office: Office) -> None:
    north = office.there.company.unit("north")
    given = {"account": office.ids["hua"], "reason": "test"}
    for role, unit, code in (
        ("MANAGER", None, "ROLE_NEEDS_UNIT"),
        ("TEAM_PAY", north, "ROLE_NOT_GRANTED"),
        ("AUDITOR", north, "ROLE_WITHOUT_UNIT"),
        ("MANAGER", "unit_00000000000000000000000000", "NOT_FOUND"),
        ("HR", None, "ROLE_GRANTED_ALREADY"),
        ("VENDOR", None, "ROLE_NOT_GRANTED"),
    ):
        assert office.code("ada", "roleGrant", **given, role=role, unit=unit) == code
    assert office.do("ada", "roleGrant", **given, role="MANAGER", unit=north)["roles"]
    branch = {"account": office.ids["ben"], "reason": "test", "role": "HR", "unit": north}
    (hr,) = [
        each for each in office.do("ada", "roleGrant", **branch)["roles"] if each["role"] == "HR"
    ]
    assert hr["unit"] == north


def test_a_role_ends_on_its_day_and_one_that_had_not_begun_never_was(office: Office) -> None:
    future = {"account": office.ids["hua"], "role": "AUDITOR", "validFrom": "2027-01-01"}
    granted = office.do("ada", "roleGrant", **future, reason="next year")
    (auditor,) = [each for each in granted["roles"] if each["role"] == "AUDITOR"]
    given = {"grant": auditor["id"], "expectedVersion": 1, "reason": "changed our minds"}
    revoked = office.do("ada", "roleRevoke", **given)
    assert [each["role"] for each in revoked["roles"]] == ["HR"]
    (hr,) = revoked["roles"]
    ended = office.do(
        "ada", "roleRevoke", grant=hr["id"], expectedVersion=1, on="2026-12-01", reason="leaves"
    )
    assert [(each["validTo"], each["version"]) for each in ended["roles"]] == [("2026-12-01", 2)]


def test_a_key_that_is_sent_again_does_nothing_twice(office: Office) -> None:
    first = office.create("eva", idempotencyKey="one-intention")
    again = office.create("eva", idempotencyKey="one-intention")
    assert first["id"] == again["id"]
    assert office.code("ada", "accountCreate", login="eva") == "ACCOUNT_LOGIN_TAKEN"
    other = {"login": "eve", "idempotencyKey": "one-intention"}
    assert office.code("ada", "accountCreate", **other) == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize("login", ["", "   ", "a" * 121, "a\nb"])
def test_a_login_that_is_no_name_is_refused(office: Office, login: str) -> None:
    assert office.code("ada", "accountCreate", login=login) in {
        "TEXT_EMPTY", "ACCOUNT_LOGIN_INVALID",
    }  # fmt: skip


def test_a_person_has_one_account(office: Office) -> None:
    person = office.there.company.person("anna")
    office.create("anna", person=person)
    assert office.code("ada", "accountCreate", login="anna2", person=person) == "PERSON_HAS_ACCOUNT"
    nobody = "per_00000000000000000000000000"
    assert office.code("ada", "accountCreate", login="x", person=nobody) == "PERSON_UNKNOWN"


def deeds(account: str) -> list[tuple[str, dict[str, Any]]]:
    who, why = {"account": account}, {"reason": "test"}
    return [
        ("accountDisable", {**who, "expectedVersion": 1}),
        ("accountEnable", {**who, "expectedVersion": 1}),
        ("accountLoginLink", {**who, **why, "provider": "main", "subject": "x"}),
        ("accountLoginUnlink", {**who, **why, "login": "alog_x", "expectedVersion": 1}),
        ("roleGrant", {**who, **why, "role": "HR"}),
    ]


def test_only_administrators_do_any_of_this(office: Office) -> None:
    office.there.account("otto", Role.AUDITOR)
    for name, given in [*deeds(office.ids["ben"]), ("accountCreate", {"login": "x"})]:
        for who in ("hua", "otto"):
            assert office.code(who, name, **given) == "FORBIDDEN", (who, name)
    assert office.ask("hua", ACCOUNTS)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert office.ask("otto", ACCOUNTS)["data"]["accounts"]["totalCount"] == 4


def test_an_administrator_of_one_legal_entity_is_nobody_in_another(office: Office) -> None:
    there = office.there
    other = found_company(there.runtime, "Elsewhere")
    with there.runtime.writing(other, SYSTEM) as writing:
        stranger = make_account(
            writing,
            login="stranger",
            person_id=None,
            locale="en",
            roles=(Role.ADMIN,),
            valid_from=date(2026, 1, 1),
        )
    for name, given in deeds(stranger):
        assert office.code("ada", name, **given) == "NOT_FOUND", name
    given = {"login": "x", "legalEntity": other}
    assert office.code("ada", "accountCreate", **given) == "NOT_FOUND"
    grant = {"account": office.ids["hua"], "role": "HR", "legalEntity": other, "reason": "test"}
    assert office.code("ada", "roleGrant", **grant) == "NOT_FOUND"
    assert office.ask("ada", NODE, id=stranger)["data"]["node"] is None
    assert "stranger" not in str(office.ask("ada", ACCOUNTS))
    # And its own people do not come in through a provider of ours.
    link = {"account": stranger, "provider": "main", "subject": "x", "reason": "test"}
    assert office.code("stranger", "accountLoginLink", **link) == "SIGN_IN_PROVIDER_UNKNOWN"


def test_failures_are_counted_by_address_and_successes_are_not(office: Office) -> None:
    from api.attempts import attempts
    from api.operating import Operating
    from api.server import Server
    from messages.render import Locale, load

    there = office.there
    there.link("hua", "main", "s-hua")

    def still() -> float:
        return 0.0

    operating = Operating(attempts=attempts(3, still), seconds=still)
    server = Server(actions=there.runtime, catalogue=load(), locale=Locale.EN)
    browser = Browser(shared.app(server, operating=operating))
    for _ in range(6):
        back = there.idp.authorise(browser.leave("main"), "s-hua")
        assert browser.get(back).status_code == 303
    said = [browser.get("/auth/main/callback?code=1&state=2") for _ in range(5)]
    assert [each.status_code for each in said] == [400, 400, 400, 429, 429]
    assert code_of(said[4]) == "ATTEMPTS_EXCEEDED"
    assert int(said[4].headers["retry-after"]) > 0
