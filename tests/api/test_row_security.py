"""Row-level security on PostgreSQL: what holds when nobody's predicate is there to ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, insert, select, text
from sqlalchemy.exc import DBAPIError

from actions.deed import Runtime
from domain.access import NOBODY, Viewer
from domain.people import UnitKind
from storage import tables
from storage.accounts import account_by_login
from storage.carrying import APP_ROLE, SYSTEM_ROLE
from storage.engine import changing, open_engine, reading
from storage.migrate import upgrade
from storage.rights import viewer_of
from storage.row_security import check_row_security
from tests.api.company import PEOPLE, Served, _account, _built, _facts, _rules, calculated
from tests.support.company import SYSTEM, Company
from tests.support.no_predicates import no_predicates
from tests.support.postgres import Cluster
from tests.support.source import assert_none
from tests.support.stamped import office_with
from tests.support.viewers import refused

__all__ = ["no_predicates"]
TODAY, NOW = date(2026, 10, 1), datetime(2026, 10, 1, 9, tzinfo=UTC)
NORTH = {name for name, (team, _, _) in PEOPLE.items() if team == "north"} | {"meng"}
EVERYBODY = set(PEOPLE) | {"meng"}
# Whose performance and whose pay each may see; nobody else's row may ever come out.
PERFORMANCE = {
    "fang": {"fang"},
    "meng": NORTH,
    "hr": EVERYBODY,
    "auditor": EVERYBODY,
    "admin": set(),
}
PAY = {"fang": {"fang"}, "meng": {"meng"}, "hr": EVERYBODY, "auditor": set(), "admin": set()}
STATEMENT = """query($p: ID, $e: ID) { statement(period: "2026-09", person: $p, legalEntity: $e) {
  payout { text } } }"""
SHEET = """query($p: ID, $e: ID) { scoreSheet(period: "2026-09", person: $p, legalEntity: $e) {
  score { text } } }"""
LEDGER = """query($p: ID, $e: ID) { ledger(period: "2026-09", person: $p, legalEntity: $e) {
  entries { amount { text } } } }"""
VALUES = """query($p: ID, $e: ID) { measurements(period: "2026-09", level: PERSON, owner: $p,
  legalEntity: $e) { value { text } } }"""
GROUP = """query($p: ID, $e: ID) { measurements(period: "2026-09", level: TEAM, owner: $p,
  legalEntity: $e) { value { text } } }"""
BOARD = """query($e: ID) { leaderboard(period: "2026-09", measure: "sales", peerGroup: COMPANY,
  group: $e, legalEntity: $e) { entries { nodes { person { name } value { text } } } } }"""


class World:
    """Two companies of one installation; ``other`` is strange to everybody who is asked."""

    def __init__(self, made: Served, other: Company, strangers: dict[str, str]) -> None:
        self.made = made
        self.other = other
        self.strangers = strangers

    def viewer(self, who: str) -> Viewer:
        """Build the viewer of a login."""
        with reading(self.made.company.engine, SYSTEM) as connection:
            account = account_by_login(connection, who)
            assert account is not None
            return viewer_of(connection, account, TODAY, NOW)

    def people(self, names: set[str]) -> set[str]:
        """Name people by id."""
        return {self.made.ids[name] for name in names}


def _two_companies(runtime: Runtime) -> tuple[Company, dict[str, str], Company, dict[str, str]]:
    """Build the company of the API's tests and one like it, both calculated."""
    company, ids = _built(runtime)
    calculated(Served(company, ids))
    other = Company(runtime, "Other")
    other._facts = 1_000  # keys of facts are counted, and one source has them all
    other.unit("company", kind=UnitKind.COMPANY)
    team = other.unit("north", parent="company")
    strangers = {"north": team}
    for name, (_, cents, back) in PEOPLE.items():
        strangers[name] = other.person(name)
        other.assign(strangers[name], team)
        _facts(other, name, cents + 7, back)
    other.write(lambda writing: _rules(writing, other, strangers))
    other.write(partial(_account, name="stranger", ids={}))
    calculated(Served(other, strangers))
    return company, ids, other, strangers


@pytest.fixture
def world(postgres_url: str, tmp_path: Path) -> Iterator[World]:
    with office_with(_two_companies, postgres_url, tmp_path) as (company, ids, other, strangers):
        yield World(Served(company, ids), other, strangers)


def seen(engine: Engine, viewer: Viewer, table: str, column: str) -> set[Any]:
    """Ask the table with no predicate at all."""
    with reading(engine, viewer) as connection:
        return set(connection.execute(text(f"SELECT {column} FROM {table}")).scalars())


@pytest.mark.parametrize("who", sorted(PAY))
def test_bare_sql_gives_no_row_of_another_company_or_of_people_not_theirs(
    world: World, who: str
) -> None:
    engine, viewer = world.made.company.engine, world.viewer(who)
    for table in tables.metadata.tables.values():
        column = "id" if table.name == "legal_entity" else "legal_entity_id"
        assert seen(engine, viewer, table.name, column) <= {world.made.entity}, table.name
    theirs = world.people(PERFORMANCE[who] | PAY[who])
    assert seen(engine, viewer, "result", "person_id") <= theirs
    assert seen(engine, viewer, "standing", "person_id") <= world.people(PERFORMANCE[who])
    assert seen(engine, viewer, "ledger_entry", "person_id") <= world.people(PAY[who])
    goals = "goal WHERE level = 'PERSON'"
    assert seen(engine, viewer, goals, "owner_id") <= world.people(PERFORMANCE[who])
    linked = "fact f JOIN identity_link l ON l.identity_id = f.identity_id"
    assert seen(engine, viewer, linked, "l.person_id") <= world.people(PERFORMANCE[who])


def test_what_is_somebodys_own_is_still_there(world: World) -> None:
    engine = world.made.company.engine
    with reading(engine, SYSTEM) as connection:
        everybody = set(connection.execute(select(tables.ledger_entry.c.person_id)).scalars())
    for who in ("anna", "hr"):
        paid = seen(engine, world.viewer(who), "ledger_entry", "person_id")
        assert paid == everybody & world.people(EVERYBODY if who == "hr" else {who}) != set()
    boss = world.viewer("meng")
    assert seen(engine, boss, "result", "person_id") == world.people(NORTH - {"meng"})


def test_who_has_not_signed_in_gets_no_row_of_any_table(world: World) -> None:
    for name in tables.metadata.tables:
        assert seen(world.made.company.engine, NOBODY, name, "count(*)") == {0}, name


@pytest.mark.parametrize("who", sorted(PAY))
def test_without_our_predicates_no_answer_tells_of_people_not_theirs(
    world: World, no_predicates: int, who: str
) -> None:
    assert no_predicates > 10, "the switch took nothing away: what would this prove?"
    made = world.made
    foreign = {"e": world.other.entity_id}
    for query, allowed in ((STATEMENT, PAY), (SHEET, PERFORMANCE), (VALUES, PERFORMANCE)):
        for name in PEOPLE:
            if name not in allowed[who]:
                assert not told(made.ask(who, query, p=made.ids[name], e=made.entity)), (
                    name,
                    query,
                )
            assert not told(made.ask(who, query, p=world.strangers[name], **foreign)), (name, query)
    for name in set(PEOPLE) - PAY[who]:
        assert not told(made.ask(who, LEDGER, p=made.ids[name], e=made.entity)), name
    board = made.ask(who, BOARD, e=made.entity)
    for entry in ((board.get("data") or {}).get("leaderboard") or {"entries": {"nodes": []}})[
        "entries"
    ]["nodes"]:
        assert entry["value"] is None or entry["person"]["name"] in PERFORMANCE[who]
    assert not told(made.ask(who, BOARD, **foreign))
    assert not told(made.ask(who, GROUP, p=world.strangers["north"], **foreign))
    if who in {"fang", "admin"}:
        assert not told(made.ask(who, GROUP, p=made.ids["north"], e=made.entity))


def told(value: Any) -> list[str]:
    """List every number that an answer tells."""
    if isinstance(value, dict):
        text_told = value.get("text")
        # A sum of nothing is zero: that tells of nobody.
        number = isinstance(text_told, str) and any(each in text_told for each in "123456789")
        own = [str(text_told)] if number else []
        return own + [each for key in value if key != "errors" for each in told(value[key])]
    return [each for item in value for each in told(item)] if isinstance(value, list) else []


def test_nobody_writes_into_another_company(world: World) -> None:
    row = {"legal_entity_id": world.other.entity_id, "known_at": NOW}
    boss = world.viewer("hr")
    engine = world.made.company.engine
    with pytest.raises(DBAPIError, match="row-level security"), changing(engine, boss) as opened:
        opened.execute(insert(tables.person).values(id="p", revision=1, name="x", **row))


def test_a_lent_connection_keeps_nothing_of_whoever_had_it_before(world: World) -> None:
    engine = world.made.company.engine
    seen(engine, world.viewer("hr"), "result", "person_id")
    with engine.connect() as connection, connection.begin():
        left = "SELECT current_setting('attain.entities', true), current_setting('role')"
        entities, role = connection.execute(text(left)).one()
    assert (entities or "", role) == ("", "none")


def test_a_doubled_key_does_not_tell_of_the_row_that_has_it(world: World) -> None:
    login = {"id": "acc_x", "login": "stranger", "locale": "en", "known_at": NOW}
    engine = world.made.company.engine
    with pytest.raises(DBAPIError) as caught, changing(engine, SYSTEM) as connection:
        connection.execute(
            insert(tables.account).values(legal_entity_id=world.made.entity, **login)
        )
    assert "already exists" not in str(caught.value)


def test_every_table_is_guarded_for_its_owner_too(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT c.relname, count(p.*) FROM pg_class c LEFT JOIN pg_policy p"
                " ON p.polrelid = c.oid WHERE c.relkind = 'r' AND c.relforcerowsecurity"
                " AND c.relrowsecurity GROUP BY c.relname"
            )
        ).all()
        views = connection.execute(
            text("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
        ).all()
    engine.dispose()
    guarded = {name for name, policies in found if policies == 5}
    assert_none(
        sorted(set(tables.metadata.tables) - guarded),
        "A table without policies gives every row to whoever a forgotten predicate lets through.",
    )
    assert views == [], "a view shows rows with its owner's rights: make it security_invoker"


def test_a_table_that_lost_its_guard_stops_the_server(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    check_row_security(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE result NO FORCE ROW LEVEL SECURITY"))
    with refused("row_security_missing"):
        check_row_security(engine)
    engine.dispose()


def test_the_roles_of_the_handbook_work_and_without_them_it_is_said(
    postgres_cluster: Cluster, postgres_url: str
) -> None:
    assert postgres_url, "the roles are there, made for another database of the cluster"
    name = postgres_cluster.create_database()
    owner = create_engine(postgres_cluster.url(name))
    with owner.begin() as connection:
        for login in ("shop_owner", "shop_login", "shop_stranger"):
            connection.execute(text(f"CREATE ROLE {login} LOGIN NOINHERIT"))
        connection.execute(text(f"ALTER DATABASE {name} OWNER TO shop_owner"))
        connection.execute(text("ALTER SCHEMA public OWNER TO shop_owner"))
    url = postgres_cluster.url(name)
    as_owner, as_login, as_stranger = (
        url.replace("//attain@", f"//{login}@")
        for login in ("shop_owner", "shop_login", "shop_stranger")
    )
    with refused("row_security_roles_missing"):
        upgrade(as_owner)
    with owner.begin() as connection:
        connection.execute(text(f"GRANT {APP_ROLE}, {SYSTEM_ROLE} TO shop_owner, shop_login"))
    owner.dispose()
    upgrade(as_owner)
    upgrade(as_owner)
    engine = open_engine(as_login)
    check_row_security(engine)
    with changing(engine, SYSTEM) as connection:
        row = {"legal_entity_id": "ent_a", "known_at": NOW}
        connection.execute(insert(tables.knowledge).values(row))
    with reading(engine, NOBODY) as connection:
        assert connection.execute(select(tables.knowledge)).all() == []
    engine.dispose()
    stranger = open_engine(as_stranger)
    with refused("row_security_roles_missing"):
        check_row_security(stranger)
    stranger.dispose()
    postgres_cluster.drop_database(name)
