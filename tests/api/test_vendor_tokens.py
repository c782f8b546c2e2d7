"""Tokens of vendors: shown once, narrow, changed over without a gap, and never near pay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from domain.access import POLICY, Deed, Grant, Range, Resource, Right, Role, Viewer, may, reaches
from domain.ids import AccountId, ConnectionId, EntityId
from domain.vendor_token import SCOPES, rights_of
from storage import tables
from storage.engine import reading
from tests.api.company import Served, calculated, served
from tests.support import shared
from tests.support.company import SYSTEM

FIELDS = "id name scopes version madeBy expiresAt revokedAt lastUsedAt"
CREATE = f"""mutation($key: IdempotencyKey!, $name: String!, $scopes: [String!]!,
  $until: Instant!) {{
  vendorTokenCreate(input: {{idempotencyKey: $key, name: $name, scopes: $scopes,
    expiresAt: $until}}) {{
    ... on VendorTokenCreateSuccess {{ token vendorToken {{ {FIELDS} }} }}
    ... on Problem {{ code path message }} }} }}"""
ROTATE = f"""mutation($key: IdempotencyKey!, $id: ID!, $version: Int!, $until: Instant!) {{
  vendorTokenRotate(input: {{idempotencyKey: $key, vendorToken: $id, expectedVersion: $version,
    expiresAt: $until}}) {{
    ... on VendorTokenRotateSuccess {{ token vendorToken {{ {FIELDS} }} }}
    ... on Problem {{ code path }} }} }}"""
REVOKE = """mutation($key: IdempotencyKey!, $id: ID!) {
  vendorTokenRevoke(input: {idempotencyKey: $key, vendorToken: $id}) {
    ... on VendorTokenRevokeSuccess { vendorToken { id revokedAt } }
    ... on Problem { code } } }"""
WHO = "{ viewer { account person { id } roles { role } sessions { id } } }"
CONNECT = """mutation($key: IdempotencyKey!, $name: String!, $settings: Document!) {
  connectionCreate(input: {idempotencyKey: $key, name: $name, connector: "files",
    settings: $settings}) {
    ... on ConnectionCreateSuccess { connection { id } } ... on Problem { code message } } }"""
SYNC = """mutation($key: IdempotencyKey!, $id: ID!) {
  syncStart(input: {idempotencyKey: $key, connection: $id}) {
    ... on SyncStartSuccess { job { id } } ... on Problem { code } } }"""


class Vendors:
    """A served company whose clock a test sets forward, and its tokens."""

    def __init__(self, made: Served) -> None:
        self.made = made
        self.now = datetime.now(UTC).replace(microsecond=0)
        made.runtime = replace(made.runtime, clock=lambda: self.now)
        made.server = replace(made.server, actions=made.runtime)
        made.app = shared.app(made.server)
        self._keys = 0

    def key(self) -> str:
        """Choose a new idempotency key."""
        self._keys += 1
        return f"key-{self._keys:06}"

    def until(self, days: int = 30) -> str:
        """Name an instant some days from now."""
        return (self.now + timedelta(days=days)).isoformat()

    def create(self, who: str = "hr", name: str = "crm", *scopes: str, **more: Any) -> Any:
        """Create and return the member of the union."""
        given = {"key": self.key(), "name": name, "until": self.until()} | more
        asked = list(scopes or ["read:targets"])
        return self.made.data(who, CREATE, scopes=asked, **given)["vendorTokenCreate"]

    def as_vendor(self, token: str, query: str, **variables: Any) -> Any:
        """Ask with a token."""
        client = TestClient(self.made.app, client=("127.0.0.1", 50000))
        answer = client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {token}", "accept-language": "en"},
        )
        return answer.json()

    def sign_in_anew(self) -> None:
        """Forget every session."""
        self.made.borrow_tokens(Served(self.made.company, self.made.ids))

    def source(self, name: str) -> str:
        """Connect a source and return its id."""
        made = self.made.data(
            "hr", CONNECT, key=self.key(), name=name, settings={"folder": "somewhere"}
        )["connectionCreate"]
        assert "connection" in made, made
        found: str = made["connection"]["id"]
        return found


@pytest.fixture
def vendors(database_url: str, tmp_path: Path) -> Iterator[Vendors]:
    with served(database_url, tmp_path) as made:
        yield Vendors(made)


def vendor(*scopes: str) -> Viewer:
    return Viewer(
        account_id=AccountId("vtk_test"),
        person_id=None,
        grants=(Grant(role=Role.VENDOR, entity_id=EntityId("ent_a")),),
        rights=rights_of(scopes),
    )


NEVER = {Resource.PAY, Resource.ACCOUNT, Resource.TOKEN, Resource.AUDIT, Resource.IDENTITY}


def test_no_scope_in_the_world_gives_a_program_pay_or_accounts() -> None:
    everything = tuple(Right(resource=each, deed=deed) for each in Resource for deed in Deed)
    greedy = replace(vendor(), rights=everything)
    seen = {each for each in Resource for deed in Deed if may(greedy, each, deed)}
    assert not seen & NEVER
    assert {each for (role, each, _), far in POLICY.items() if role is Role.VENDOR and far} == seen
    offered = {right.resource for scope in SCOPES.values() for right in scope}
    assert offered < seen


def test_a_scope_gives_what_it_says_and_nothing_beside_it() -> None:
    reader = vendor("read:targets")
    given = {(each, deed) for each in Resource for deed in Deed if may(reader, each, deed)}
    assert given == {(Resource.GOAL, Deed.READ), (Resource.METRIC, Deed.READ)}
    assert not any(may(vendor(), each, deed) for each in Resource for deed in Deed)


def test_a_token_narrows_whatever_roles_stand_beside_it() -> None:
    hr = Grant(role=Role.HR, entity_id=EntityId("ent_a"))
    both = replace(vendor("read:targets"), grants=(hr, *vendor().grants))
    assert not may(both, Resource.PAY, Deed.READ)
    assert not may(both, Resource.PERSON, Deed.READ)
    role_without_token = replace(vendor("read:targets"), rights=None)
    assert not may(role_without_token, Resource.GOAL, Deed.READ)


def test_a_source_of_ones_own_is_not_all_sources() -> None:
    own = vendor("ingest:con_a")
    for deed in Deed:
        (reach,) = reaches(own, Resource.SOURCE, deed)
        assert reach.range < Range.ENTITY
        assert reach.connection_id == ConnectionId("con_a")


def test_a_token_is_shown_once_and_stored_as_a_hash(vendors: Vendors) -> None:
    key = vendors.key()
    made = vendors.create(key=key)
    token = made["token"]
    assert token.startswith("attain_vt_")
    assert len(token) == 53
    shown = made["vendorToken"]
    assert (shown["name"], shown["scopes"], shown["version"]) == ("crm", ["read:targets"], 1)
    assert vendors.create(key=key) == made  # a lost reply: the same answer
    with reading(vendors.made.runtime.engine, SYSTEM) as connection:
        kept = repr(connection.execute(select(tables.vendor_token)).all())
    assert token[10:] not in kept
    who = vendors.as_vendor(token, WHO)["data"]["viewer"]
    assert who["account"] == shown["id"]
    assert (who["person"], who["roles"], who["sessions"]) == (None, [{"role": "VENDOR"}], [])
    again = vendors.create(key=key)
    assert again["token"] is None  # it has been used: nobody needs to see it again
    assert again["vendorToken"]["id"] == shown["id"]
    assert again["vendorToken"]["lastUsedAt"] is not None


def test_a_retry_sees_the_token_for_a_quarter_of_an_hour_and_from_its_own_session_alone(
    vendors: Vendors,
) -> None:
    asked = {"key": vendors.key(), "until": vendors.until()}
    made = vendors.create(**asked)
    vendors.now += timedelta(minutes=15)
    assert vendors.create(**asked)["token"] == made["token"]
    mine = vendors.made.token("hr")
    vendors.sign_in_anew()
    assert vendors.create(**asked) == {**made, "token": None}
    vendors.now += timedelta(minutes=1)
    vendors.made.remember("hr", mine)
    assert vendors.create(**asked)["token"] is None


def test_two_tokens_of_a_name_are_good_while_a_program_changes_over(vendors: Vendors) -> None:
    first = vendors.create()
    asked = {"id": first["vendorToken"]["id"], "until": vendors.until(90)}
    twice = vendors.create()
    assert (twice["code"], twice["path"]) == ("VENDOR_TOKEN_TWICE", "name")
    late = vendors.made.data("hr", ROTATE, key=vendors.key(), version=2, **asked)
    assert late["vendorTokenRotate"]["code"] == "VERSION_CONFLICT"
    second = vendors.made.data("hr", ROTATE, key=vendors.key(), version=1, **asked)
    second = second["vendorTokenRotate"]
    assert second["vendorToken"]["version"] == 2
    assert second["vendorToken"]["scopes"] == ["read:targets"]
    both = [first["token"], second["token"]]
    assert all(vendors.as_vendor(each, WHO)["data"]["viewer"] for each in both)
    third = vendors.made.data("hr", ROTATE, key=vendors.key(), version=2, **asked)
    assert third["vendorTokenRotate"]["code"] == "VENDOR_TOKEN_TWICE"
    gone = vendors.made.data("hr", REVOKE, key=vendors.key(), id=asked["id"])
    assert gone["vendorTokenRevoke"]["vendorToken"]["revokedAt"] is not None
    said = [vendors.as_vendor(each, WHO)["data"]["viewer"] is not None for each in both]
    assert said == [False, True]
    over = vendors.made.data("hr", ROTATE, key=vendors.key(), version=2, **asked)
    assert over["vendorTokenRotate"]["code"] == "VENDOR_TOKEN_OVER"


def test_a_token_ends_on_its_day_and_none_lives_longer_than_a_year(vendors: Vendors) -> None:
    token = vendors.create()["token"]
    vendors.now += timedelta(days=30)
    assert vendors.as_vendor(token, WHO)["data"]["viewer"] is None
    vendors.sign_in_anew()
    for days in (0, 366):
        refused = vendors.create(name="other", until=vendors.until(days))
        assert (refused["code"], refused["path"]) == ("VENDOR_TOKEN_LIFETIME", "expiresAt")
    assert vendors.create(name="other", until=vendors.until(365))["token"]


def test_nobody_gives_more_than_they_have(vendors: Vendors) -> None:
    admin = vendors.create("admin", "bi", "read:performance")
    assert (admin["code"], admin["path"]) == ("VENDOR_SCOPE_BEYOND_MAKER", "scopes")
    for who in ("anna", "meng", "auditor"):
        assert vendors.create(who, "bi", "read:performance")["code"] == "FORBIDDEN"
    wrong = vendors.create("hr", "bi", "read:pay")
    assert (wrong["code"], wrong["message"]) == (
        "VENDOR_SCOPE_UNKNOWN",
        "There is no scope read:pay.",
    )
    assert vendors.create("hr", "bi", "ingest:con_none")["code"] == "VENDOR_SCOPE_UNKNOWN"
    assert vendors.create("hr", " \t")["code"] == "VENDOR_NAME_INVALID"
    assert vendors.create("hr", "bi", "read:performance")["token"]


def test_an_administrator_sees_and_ends_tokens_of_others(vendors: Vendors) -> None:
    made = vendors.create()
    query = "{ vendorTokens { totalCount nodes { id name lastUsedAt } } }"
    listed = vendors.made.data("admin", query)["vendorTokens"]
    assert listed["nodes"] == [{"id": made["vendorToken"]["id"], "name": "crm", "lastUsedAt": None}]
    vendors.made.data("admin", REVOKE, key=vendors.key(), id=made["vendorToken"]["id"])
    assert vendors.as_vendor(made["token"], WHO)["data"]["viewer"] is None
    assert vendors.made.ask("anna", query)["data"]["vendorTokens"] is None


def test_a_program_makes_no_tokens_and_opens_and_ends_no_sessions(vendors: Vendors) -> None:
    everything = [*SCOPES]
    token = vendors.create("hr", "bi", *everything)["token"]
    given = {"key": vendors.key(), "name": "mine", "scopes": ["read:targets"]}
    answer = vendors.as_vendor(token, CREATE, until=vendors.until(), **given)
    assert answer["data"]["vendorTokenCreate"]["code"] == "FORBIDDEN"
    out = "mutation { sessionRevoke(input: {everywhere: true}) {"
    ended = vendors.as_vendor(token, out + " ... on SessionRevokeSuccess { revoked } } }")
    assert ended["data"]["sessionRevoke"] == {"revoked": False}
    refresh = f'mutation {{ sessionRefresh(input: {{refreshToken: "{token}",'
    refused = vendors.as_vendor(
        token, refresh + ' idempotencyKey: "key-refresh"}) { ... on Problem { code } } }'
    )
    assert refused["data"]["sessionRefresh"] == {"code": "SESSION_OVER"}
    assert vendors.as_vendor(token, WHO)["data"]["viewer"] is not None


def test_a_program_never_reads_pay_or_a_personnel_file(vendors: Vendors) -> None:
    calculated(vendors.made)
    anna = vendors.made.ids["anna"]
    token = vendors.create("hr", "bi", *SCOPES)["token"]
    people = "query($s: String) { people(search: $s) { nodes { name staffNumber joinedOn } } }"
    shown = vendors.as_vendor(token, people)["data"]["people"]["nodes"]
    assert {row["name"] for row in shown} >= {"anna", "bo"}
    assert {(row["staffNumber"], row["joinedOn"]) for row in shown} == {(None, None)}
    number = vendors.made.data("hr", people, s="anna")["people"]["nodes"][0]["staffNumber"]
    if number is not None:
        found = vendors.as_vendor(token, people, s=number)["data"]["people"]["nodes"]
        assert {row["name"] for row in found} <= {"anna"}
    pay = f'{{ statement(period: "2026-09", person: "{anna}") {{ payout {{ text }} }} }}'
    answer = vendors.as_vendor(token, pay)
    assert (answer.get("data") or {}).get("statement") is None
    assert "FORBIDDEN" in str(answer)
    targets = '{ goals(period: "2026-09") { nodes { lines { target { text } } } } }'
    assert len(vendors.as_vendor(token, targets)["data"]["goals"]["nodes"]) >= 7


def test_a_connectors_program_works_with_its_own_source_alone(vendors: Vendors) -> None:
    own, other = vendors.source("crm"), vendors.source("erp")
    token = vendors.create("hr", "crm", f"ingest:{own}")["token"]
    listed = vendors.as_vendor(token, "{ sourceConnections { id name } }")["data"][
        "sourceConnections"
    ]
    assert listed == [{"id": own, "name": "crm"}]
    began = vendors.as_vendor(token, SYNC, key=vendors.key(), id=own)["data"]["syncStart"]
    job = "query($id: ID!) { job(id: $id) { id state } }"
    assert vendors.as_vendor(token, job, id=began["job"]["id"])["data"]["job"]["state"] == "QUEUED"
    refused = vendors.as_vendor(token, SYNC, key=vendors.key(), id=other)["data"]["syncStart"]
    assert refused["code"] == "FORBIDDEN"
    theirs = vendors.made.data("hr", SYNC, key=vendors.key(), id=other)["syncStart"]["job"]["id"]
    assert (vendors.as_vendor(token, job, id=theirs).get("data") or {}).get("job") is None
    made = vendors.as_vendor(
        token, CONNECT, key=vendors.key(), name="more", settings={"folder": "x"}
    )
    assert made["data"]["connectionCreate"]["code"] == "FORBIDDEN"


def test_a_scope_to_provision_is_of_one_connection_and_stands_alone(vendors: Vendors) -> None:
    own = vendors.source("people")
    scope = f"provision:{own}"
    assert vendors.create("hr", "okta", scope)["vendorToken"]["scopes"] == [scope]
    both = vendors.create("hr", "more", scope, "read:targets")
    assert (both["code"], both["path"]) == ("VENDOR_SCOPE_ALONE", "scopes")
    assert vendors.create("hr", "none", "provision:con_none")["code"] == "VENDOR_SCOPE_UNKNOWN"
    assert vendors.create("admin", "mine", scope)["code"] in {
        "VENDOR_SCOPE_UNKNOWN",
        "VENDOR_SCOPE_BEYOND_MAKER",
    }
    provider = vendor(scope)
    given = {(each, deed) for each in Resource for deed in Deed if may(provider, each, deed)}
    assert given == {(Resource.DIRECTORY, deed) for deed in Deed}
    (reach,) = reaches(provider, Resource.DIRECTORY, Deed.WRITE)
    assert (reach.range, reach.connection_id) == (Range.SELF, ConnectionId(own))


def test_the_trail_names_the_token(vendors: Vendors) -> None:
    own = vendors.source("crm")
    made = vendors.create("hr", "crm", f"ingest:{own}")
    vendors.as_vendor(made["token"], SYNC, key=vendors.key(), id=own)
    event = tables.audit_event.c
    with reading(vendors.made.runtime.engine, SYSTEM) as connection:
        query = select(event.account_id, event.action, event.subject_id).order_by(event.seq)
        rows = [tuple(row) for row in connection.execute(query)]
    (creation,) = [row for row in rows if row[1] == "vendorTokenCreate"]
    assert creation[2] == made["vendorToken"]["id"]
    (sync,) = [row for row in rows if row[1] == "syncStart"]
    assert sync[0] == made["vendorToken"]["id"]
