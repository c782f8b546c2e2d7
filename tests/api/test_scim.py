"""Identity providers push people and groups by SCIM: the dialects, the refusals, the door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.attempts import attempts
from api.budget import Budget
from api.operating import Operating
from connectors.scim_rows import ENTERPRISE
from storage import tables
from storage.engine import reading
from tests.support.provisioning import (
    PLACED,
    Provider,
    patch_op,
    placing_mapping,
    provided,
    user,
)
from tests.support.source import ROOT
from tests.support.syncing import HOST

OCTOBER = date(2026, 10, 1)


@pytest.fixture
def provider(sqlite_url: str, tmp_path: Path) -> Iterator[Provider]:
    with provided(sqlite_url, tmp_path, placing_mapping()) as made:
        yield made


@pytest.fixture
def both(database_url: str, tmp_path: Path) -> Iterator[Provider]:
    with provided(database_url, tmp_path, placing_mapping()) as made:
        yield made


def trail(provider: Provider) -> list[tuple[str, str]]:
    event = tables.audit_event.c
    with reading(provider.company.runtime.engine, HOST) as connection:
        query = select(event.account_id, event.action).order_by(event.seq)
        return [(row.account_id, row.action) for row in connection.execute(query)]


# ---- what becomes of people ---------------------------------------------------------------------


def test_a_pushed_user_is_a_person_and_who_is_switched_off_or_deleted_has_left_that_day(
    both: Provider,
) -> None:
    number = {ENTERPRISE: {"employeeNumber": "A1", "department": "East", "manager": {"value": "x"}}}
    li, bo = (both.post("Users", user(name, **number)) for name in ("li", "bo"))
    assert both.people() == {"Li": ("A1", None), "Bo": ("A1", None)}
    assert {row.name for row in both.newest(tables.unit, "id")} == {"East"}
    # Half past midnight in Shanghai: the day is the connection's, not the server's.
    both.now += timedelta(hours=8, minutes=30)
    both.patch(f"Users/{li['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert both.people()["Li"] == ("A1", date(2026, 10, 2))
    # Said once more a month later, the day stays: nobody leaves twice.
    both.now += timedelta(days=30)
    both.patch(f"Users/{li['id']}", {"op": "replace", "value": {"title": "gone", "active": False}})
    assert both.people()["Li"] == ("A1", date(2026, 10, 2))
    assert both.ask("DELETE", f"Users/{bo['id']}").status_code == 204
    assert both.people()["Bo"] == ("A1", date(2026, 11, 1))
    assert both.wrong("GET", f"Users/{bo['id']}") == (404, None)
    assert both.get("Users")["totalResults"] == 1
    # And who comes back works here again.
    both.patch(f"Users/{li['id']}", {"op": "replace", "path": "active", "value": "True"})
    assert both.people()["Li"] == ("A1", None)


def test_groups_are_teams_and_whoever_joins_and_leaves_one_does_so_that_day(
    both: Provider,
) -> None:
    li, bo = (both.post("Users", user(name))["id"] for name in ("li", "bo"))
    east = both.post("Groups", {"displayName": "East", "members": [{"value": li}]})["id"]
    west = both.post("Groups", {"displayName": "West"})["id"]
    assert both.places() == {("Li", "East", OCTOBER, None)}
    both.now += timedelta(days=9)
    tenth = OCTOBER + timedelta(days=9)
    both.patch(f"Groups/{east}", {"op": "remove", "path": f'members[value eq "{li}"]'})
    both.patch(f"Groups/{west}", {"op": "Add", "path": "members", "value": [{"value": li}]})
    both.patch(f"Groups/{west}", {"op": "Add", "path": "members", "value": [{"value": bo}]})
    moved = {("Li", "East", OCTOBER, tenth), ("Li", "West", tenth, None)}
    assert both.places() == moved | {("Bo", "West", tenth, None)}
    # A stay that began today lasts that day; one who comes back the same day never left.
    both.patch(f"Groups/{west}", {"op": "Remove", "path": "members", "value": [{"value": bo}]})
    assert ("Bo", "West", tenth, tenth + timedelta(days=1)) in both.places()
    both.patch(f"Groups/{west}", {"op": "add", "value": {"members": [{"value": bo}]}})
    assert ("Bo", "West", tenth, None) in both.places()
    told = both.get(f"Groups/{west}")
    assert {each["value"] for each in told["members"]} == {li, bo}
    assert told["members"][0]["$ref"].startswith("https://kpi.acme.example/scim/v2/Users/push_")
    # Who is switched off works in no team, though the provider still counts him a member; and it
    # tells nobody to put him back when he is switched on again.
    off, on = ({"op": "replace", "path": "active", "value": each} for each in (False, True))
    for day in (1, 2, 3):
        both.now += timedelta(days=1)
        both.patch(f"Users/{li}", on if day == 2 else off)
        assert {each["value"] for each in both.get(f"Groups/{west}")["members"]} == {li, bo}
        both.patch(f"Users/{li}", on if day == 2 else off)
    eleventh, twelfth, thirteenth = (tenth + timedelta(days=each) for each in (1, 2, 3))
    assert {each for each in both.places() if each[:2] == ("Li", "West")} == {
        ("Li", "West", tenth, eleventh),
        ("Li", "West", twelfth, thirteenth),
    }
    south = both.post("Groups", {"displayName": "South", "members": [{"value": li}]})["id"]
    assert not any(each[1] == "South" for each in both.places()), "added while switched off"
    both.patch(f"Users/{li}", on)
    assert ("Li", "South", thirteenth, None) in both.places()
    assert ("Li", "West", thirteenth, None) in both.places()
    assert [each["value"] for each in both.get(f"Groups/{south}")["members"]] == [li]
    # A user who is deleted is in no group any more, and a deleted group has nobody.
    both.now += timedelta(days=1)
    both.ask("DELETE", f"Users/{bo}")
    assert [each["value"] for each in both.get(f"Groups/{west}")["members"]] == [li]
    both.ask("DELETE", f"Groups/{west}")
    assert ("Li", "West", thirteenth, thirteenth + timedelta(days=1)) in both.places()
    assert both.wrong("GET", f"Groups/{west}") == (404, None)
    assert both.company.open_quarantine() == []


def test_what_was_pushed_is_records_runs_and_lines_of_the_trail_in_the_name_of_the_token(
    provider: Provider,
) -> None:
    li = provider.post("Users", user("li"))["id"]
    path = f"Users/{li}"
    off = {"op": "replace", "path": "active", "value": False}
    first, second = provider.patch(path, off), provider.patch(path, off)
    assert first == second, "the same once more changes nothing, not even its time"
    records = provider.company.all(tables.record)
    assert [(row.stream, row.key, row.revision) for row in records] == [
        ("users", li, 1),
        ("users", li, 2),
    ]
    assert records[1].content["email"] == "li@acme.example"
    runs = provider.company.all(tables.sync_run)
    assert [(row.outcome, row.counts["records"]) for row in runs] == [("succeeded", 1)] * 2
    done = [line for line in trail(provider) if line[1].startswith("scim")]
    assert [action for _, action in done] == ["scimUserCreate", *["scimUserChange"] * 2]
    assert {who[:4] for who, _ in done} == {"vtk_"}


def test_a_changed_mapping_is_laid_over_what_was_pushed_by_a_sync(provider: Provider) -> None:
    li = provider.post("Users", user("li", title="Boss"))["id"]
    mapping = placing_mapping()
    person = next(t for t in mapping["streams"]["users"]["targets"] if t["target"] == "person")
    person["name"] = {"column": "title", "whenMissing": "ALLOW"}
    provider.company.map(provider.connection, mapping)
    provider.company.sync(provider.connection)
    assert set(provider.people()) == {"Boss"}
    assert provider.get(f"Users/{li}")["displayName"] == "Li"


def test_a_row_that_the_mapping_cannot_use_is_refused_and_leaves_nothing(
    provider: Provider,
) -> None:
    provider.post("Users", user("li"))
    address = [{"value": "li@acme.example", "type": "work"}]
    assert provider.wrong("POST", "Users", user("other", emails=address)) == (409, "uniqueness")
    assert provider.get("Users")["totalResults"] == 1
    assert set(provider.people()) == {"Li"}
    assert len(provider.company.all(tables.record)) == 1


# ---- dialects -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared_provider(
    _sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Provider]:
    """One company for whatever leaves nothing behind that matters to the next test."""
    folder = tmp_path_factory.mktemp("scim")
    copy = folder / "attain.db"
    copy.write_bytes(_sqlite_template.read_bytes())
    with provided(f"sqlite:///{copy}", folder, _MODEST) as made:
        yield made


# People and nothing else: addresses may come again.
_MODEST: dict[str, Any] = {
    "format": "attain.mapping/1",
    "streams": {
        "users": {
            "targets": [
                {
                    "target": "person",
                    "make": "PERSON",
                    "key": {"column": "id"},
                    "name": {"column": "person"},
                    "identities": {"scim": {"column": "id"}},
                }
            ]
        }
    },
}


def test_a_patch_is_done_as_a_whole_or_not_at_all(shared_provider: Provider) -> None:
    made = shared_provider.post("Users", user("li", title="before"))
    path = f"Users/{made['id']}"
    good = {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "m"}
    for bad in ({"op": "remove", "path": "userName"}, {"op": "remove"}):
        assert shared_provider.wrong("PATCH", path, patch_op(good, bad))[0] == 400
    assert shared_provider.get(path) == made
    told = shared_provider.patch(path, good, {"op": "replace", "value": {"password": "s3cret"}})
    place = "https://kpi.acme.example/scim/v2/Users/m"
    assert told[ENTERPRISE] == {"manager": {"value": "m", "$ref": place}}
    assert shared_provider.get(path) == told
    shared_provider.ask("DELETE", path)


def test_put_replaces_but_for_what_a_provider_leaves_unsaid_of_being_active(
    shared_provider: Provider,
) -> None:
    made = shared_provider.post("Users", user("li", title="x", active="False"))
    assert made["active"] is False
    plain = {"USERNAME": "li2@acme.example", "Name": {"FamilyName": "Li"}, "schemas": []}
    told = shared_provider.ask("PUT", f"Users/{made['id']}", plain).json()
    assert (told["userName"], told["name"]) == ("li2@acme.example", {"familyName": "Li"})
    assert (told.get("title"), told.get("emails"), told["active"]) == (None, None, False)
    assert shared_provider.wrong("PUT", f"Users/{made['id']}", {"title": "x"}) == (
        400,
        "invalidValue",
    )
    shared_provider.ask("DELETE", f"Users/{made['id']}")


def test_a_user_name_is_there_once_whatever_its_case(shared_provider: Provider) -> None:
    made = shared_provider.post("Users", user("li"))["id"]
    again = user("other", userName="LI@Acme.Example")
    assert shared_provider.wrong("POST", "Users", again) == (409, "uniqueness")
    other = shared_provider.post("Users", user("other"))["id"]
    taken = patch_op({"op": "replace", "value": {"userName": "LI@Acme.Example"}})
    assert shared_provider.wrong("PATCH", f"Users/{other}", taken) == (409, "uniqueness")
    # Who is deleted takes no name away from anybody.
    shared_provider.ask("DELETE", f"Users/{made}")
    shared_provider.patch(f"Users/{other}", taken["Operations"][0])
    shared_provider.ask("DELETE", f"Users/{other}")


def test_a_group_that_is_said_again_is_not_changed(shared_provider: Provider) -> None:
    li, bo = (shared_provider.post("Users", user(name))["id"] for name in ("li", "bo"))
    members = [{"value": bo}, {"value": li, "type": "User"}]
    said = {"displayName": "East", "members": members}
    made = shared_provider.post("Groups", said)
    path = f"Groups/{made['id']}"
    assert shared_provider.ask("PUT", path, {**said, "members": members[::-1]}).json() == made
    for key in (path, f"Users/{li}", f"Users/{bo}"):
        shared_provider.ask("DELETE", key)


def test_a_group_takes_people_that_are_known_and_no_groups(shared_provider: Provider) -> None:
    inner = shared_provider.post("Groups", {"displayName": "Inner"})["id"]
    strange = {"displayName": "Outer", "members": [{"value": "push_nobody"}]}
    assert shared_provider.wrong("POST", "Groups", strange) == (400, "invalidValue")
    nested = {"displayName": "Outer", "members": [{"value": inner, "type": "Group"}]}
    assert shared_provider.wrong("POST", "Groups", nested) == (400, "invalidValue")
    assert shared_provider.wrong("POST", "Groups", {"members": []}) == (400, "invalidValue")
    shared_provider.ask("DELETE", f"Groups/{inner}")


# ---- reading back -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(
    _sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Provider, dict[str, str]]]:
    """Three people and a group, whom the tests of reading leave as they are."""
    folder = tmp_path_factory.mktemp("scim")
    copy = folder / "attain.db"
    copy.write_bytes(_sqlite_template.read_bytes())
    with provided(f"sqlite:///{copy}", folder) as made:
        east = {ENTERPRISE: {"department": "East", "manager": {"value": "m1"}}}
        ids = {
            "li": made.post("Users", user("li", externalId="X1", **east))["id"],
            "bo": made.post("Users", user("bo", active=False, title='say "hi"'))["id"],
            "an": made.post("Users", user("an", emails=[]))["id"],
        }
        members = [{"value": ids["li"]}, {"value": ids["bo"]}]
        ids["east"] = made.post("Groups", {"displayName": "East", "members": members})["id"]
        yield made, ids


def test_a_filter_finds_whom_it_says_and_one_that_is_not_understood_nobody(
    three: tuple[Provider, dict[str, str]],
) -> None:
    provider, ids = three
    found = provider.get("Users", filter='userName eq "LI@ACME.example"')
    assert [each["id"] for each in found["Resources"]] == [ids["li"]]
    assert provider.get("Users", filter='userName eq "nobody"')["Resources"] == []
    answer = provider.client.get(
        "/scim/v2/Users",
        params={"filter": 'shoeSize eq "x"'},
        headers={"authorization": f"Bearer {provider.token}", "accept-language": "zh-CN"},
    )
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
    assert answer.json()["detail"].startswith("无法理解筛选条件")


def test_lists_are_paged_from_one_and_answers_have_what_was_asked_for(
    three: tuple[Provider, dict[str, str]],
) -> None:
    provider, ids = three
    page = provider.get("Users", startIndex="2", count="1", attributes="userName,emails.type")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    (bo,) = page["Resources"]
    assert set(bo) == {"schemas", "id", "userName", "emails"}
    assert bo["emails"] == [{"type": "work"}]
    assert provider.get("Users", startIndex="-5", count="-1")["itemsPerPage"] == 0
    assert provider.get("Users", startIndex="9")["Resources"] == []
    assert provider.wrong("GET", "Users?count=many") == (400, "invalidValue")
    without = provider.get(f"Users/{ids['li']}", excludedAttributes=f"id,name,{ENTERPRISE}:manager")
    assert without["id"] == ids["li"]
    assert without[ENTERPRISE] == {"department": "East"}
    group = provider.get(f"Groups/{ids['east']}", excludedAttributes="members")
    assert "members" not in group
    asked = f'id eq "{ids["east"]}" and members eq "{ids["bo"]}"'
    assert provider.get("Groups", filter=asked, excludedAttributes="members")["totalResults"] == 1
    one = f'members[value eq "{ids["an"]}"]'
    assert provider.get("Groups", filter=one)["totalResults"] == 0
    search = {"filter": 'userName sw "l"', "attributes": ["userName"], "count": 5}
    found = provider.ask("POST", "Users/.search", search).json()["Resources"]
    assert [set(each) for each in found] == [{"schemas", "id", "userName"}]


def test_versions_guard_against_changes_that_nobody_saw(shared_provider: Provider) -> None:
    made = shared_provider.ask("POST", "Users", user("li"))
    key, tag = made.json()["id"], made.headers["etag"]
    assert made.headers["location"] == made.json()["meta"]["location"]
    path = f"Users/{key}"
    assert shared_provider.ask("GET", path, if_none_match=tag).status_code == 304
    change = patch_op({"op": "replace", "path": "title", "value": "x"})
    done = shared_provider.ask("PATCH", path, change, if_match=tag)
    assert (done.status_code, done.headers["etag"]) == (200, 'W/"2"')
    for method, body in (("PATCH", change), ("PUT", user("li")), ("DELETE", None)):
        stale = shared_provider.ask(method, path, body, if_match=tag)
        assert (stale.status_code, stale.json()["status"]) == (412, "412")
    assert shared_provider.ask("DELETE", path, if_match="*").status_code == 204
    assert shared_provider.wrong("DELETE", path) == (404, None)


# ---- the door -----------------------------------------------------------------------------------


def test_what_is_not_offered_says_so(shared_provider: Provider) -> None:
    config = shared_provider.get("ServiceProviderConfig")
    assert [config[name]["supported"] for name in ("patch", "filter", "etag")] == [True] * 3
    assert not any(config[name]["supported"] for name in ("bulk", "sort", "changePassword"))
    for method, path in (("POST", "Bulk"), ("GET", "Me"), ("POST", ".search")):
        assert shared_provider.wrong(method, path, {}) == (501, None)
    for method, path in (
        ("DELETE", "Schemas"),
        ("PUT", "Users"),
        ("POST", "Groups/push_x"),
        ("GET", "Users/.search"),
    ):
        assert shared_provider.wrong(method, path, {}) == (405, None)
    for path in ("", "Users/a/b", "users", "Schemas/urn:none", "Users/a%00b", "Elsewhere"):
        assert shared_provider.wrong("GET", path) == (404, None)
    assert shared_provider.wrong("GET", 'Schemas?filter=id eq "x"') == (403, None)
    types = shared_provider.get("ResourceTypes")["Resources"]
    assert [each["endpoint"] for each in types] == ["/Users", "/Groups"]


def test_a_body_that_is_none_of_ours_is_refused_without_a_fault(shared_provider: Provider) -> None:
    for body in (b"", b"{", b"\xff", b'{"userName": "\\ud800"}', b"[" * 100_000):
        answer = shared_provider.ask("POST", "Users", body)
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")
    for body in (b"[]", b"7", b"null"):
        assert shared_provider.ask("POST", "Users", body).status_code == 400
    large = shared_provider.ask("POST", "Users", b" " * (1024 * 1024 + 1))
    assert large.status_code == 413
    form = shared_provider.ask("POST", "Users", b"x", content_type="text/plain")
    assert form.status_code == 415
    assert shared_provider.ask(
        "POST", "Users", b"{}", content_type="application/json"
    ).is_client_error


def test_only_the_token_of_the_connection_gets_in(provider: Provider) -> None:
    key = provider.post("Users", user("li"))["id"]
    client = provider.client
    nobody = client.get("/scim/v2/Users")
    assert (nobody.status_code, nobody.headers["www-authenticate"][:6]) == (401, "Bearer")
    assert nobody.headers["content-type"] == "application/scim+json"
    assert (
        client.get("/scim/v2/Users", headers={"authorization": "Bearer nonsense"}).status_code
        == 401
    )
    cookie = client.get("/scim/v2/Users", headers={"cookie": f"attain_session={provider.token}"})
    assert cookie.status_code == 401
    other = provider.company.connect({"changes": "PUSHED", "zone": "UTC"}, _MODEST, "scim")
    elsewhere = provider.new_token(f"provision:{other}")
    assert provider.ask("GET", "Users", token=elsewhere).json()["totalResults"] == 0
    for method in ("GET", "DELETE"):
        assert provider.ask(method, f"Users/{key}", token=elsewhere).status_code == 404
    reads = {"address": "https://x.example", "token": "long-enough-x", "zone": "UTC"}
    pulled = provider.company.connect({**reads, "changes": "NONE"}, _MODEST, "scim")
    for scope in (f"ingest:{provider.connection}", "read:organisation", f"provision:{pulled}"):
        answer = provider.ask("GET", "Users", token=provider.new_token(scope))
        assert (answer.status_code, answer.json()["schemas"][0][-5:]) == (403, "Error")


def test_a_providers_token_reads_nothing_by_graphql(provider: Provider) -> None:
    provider.post("Users", user("li"))
    query = (
        "{ people(first: 5) { nodes { name } } sourceConnections { id } goals { nodes { id } } }"
    )
    answer = provider.client.post(
        "/graphql",
        json={"query": query},
        headers={"authorization": f"Bearer {provider.token}"},
    ).json()
    assert not any((answer.get("data") or {}).values())


def test_on_postgresql_the_database_itself_keeps_every_other_row_back(
    postgres_url: str, tmp_path: Path
) -> None:
    with provided(postgres_url, tmp_path) as provider:
        company = provider.company
        provider.post("Users", user("li"))
        other = company.connect({"changes": "PUSHED", "zone": "UTC"}, _MODEST, "scim")
        token = provider.new_token(f"provision:{other}")
        assert provider.ask("POST", "Users", user("bo"), token=token).status_code == 201
        held = provider.server.sessions.viewer_of(token, provider.now)
        assert held is not None
        with reading(company.runtime.engine, held[0]) as connection:
            seen = connection.execute(select(tables.record.c.connection_id)).scalars().all()
            sources = connection.execute(select(tables.connection.c.id)).scalars().all()
            assert (seen, sources) == ([other], [other])
            for table in (tables.identity, tables.identity_link, tables.goal, tables.result):
                assert connection.execute(select(table)).all() == []


def test_the_block_in_the_docs_is_the_one_that_is_tested() -> None:
    text = (ROOT / "docs/scim.md").read_text("utf-8")
    block = json.loads(text.split("```json")[1].split("```")[0])
    assert block == {"members": {"targets": [PLACED]}}


def test_attempts_and_requests_are_counted(sqlite_url: str, tmp_path: Path) -> None:
    clock = iter(range(10**6))
    operating = Operating(
        deadline_seconds=300,
        attempts=attempts(2, lambda: 0.0),
        budget=Budget(size=100, per_second=1, seconds=lambda: float(next(clock)) / 1e6),
    )
    with provided(sqlite_url, tmp_path, operating=operating) as provider:
        assert provider.ask("POST", "Users", user("li")).status_code == 201
        busy = provider.ask("POST", "Users", user("bo"))
        assert (busy.status_code, busy.headers["retry-after"]) == (429, "20")
        tried = [provider.client.get("/scim/v2/Users").status_code for _ in range(4)]
        assert tried == [401, 401, 429, 429]
        assert operating.meters.outcomes["RATE_LIMITED"] == 1


def test_a_fault_is_masked_and_a_paused_connection_waits(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actions.connect_source import change_connection

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    with monkeypatch.context() as patching:
        patching.setattr("api.scim.create", broken)
        answer = provider.ask("POST", "Users", user("li"))
    assert (answer.status_code, answer.json()["status"]) == (500, "500")
    assert "secret" not in answer.text
    company = provider.company
    with company.runtime.writing(company.entity_id, HOST) as writing:
        change_connection(company.runtime, writing, HOST, provider.connection, paused=True)
    waits = provider.ask("GET", "Users")
    assert (waits.status_code, waits.headers["retry-after"]) == (503, "600")
