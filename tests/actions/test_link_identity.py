"""Who a source means: links have dates, two people at once are refused, undoing loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from actions.link_identity import link_identity, put_identity, unlink_identity
from domain.access import Actor, Role
from domain.measure import Adding, Aggregate
from storage.engine import reading
from storage.measures import add_up
from storage.sources import waiting_identities
from tests.support.company import SYSTEM, Company, office
from tests.support.viewers import refused, viewer

YEAR, AUTUMN = date(2026, 1, 1), date(2026, 9, 1)
ORDERS = Aggregate(
    adding=Adding.SUM, fact="order", where=(), unit="CNY", of=None, start=YEAR,
    end=date(2027, 1, 1),
)  # fmt: skip


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    with office(database_url, tmp_path) as runtime:
        yield Company(runtime)


def links(
    company: Company,
    identity: str,
    person: str,
    start: date = YEAR,
    end: date | None = None,
    actor: Actor = SYSTEM,
) -> str:
    return company.write(
        lambda w: link_identity(
            w, actor, identity, person, valid_from=start, valid_to=end, reason="asked her"
        )
    )


def unlinks(company: Company, link: str, version: int | None = None) -> str:
    return company.write(
        lambda w: unlink_identity(w, SYSTEM, link, reason="a mistake", expected_version=version)
    )


def named(company: Company, name: str) -> str:
    return company.write(lambda writing: put_identity(writing, "crm", name))


def waiting(company: Company) -> dict[str, tuple[int, date, date]]:
    with reading(company.engine, SYSTEM) as connection:
        found = waiting_identities(
            connection, SYSTEM, company.entity_id, known_at=company.runtime.clock()
        )
    return {each.value: (each.facts, each.first_date, each.last_date) for each in found}


def sales(company: Company) -> dict[str, int]:
    with reading(company.engine, SYSTEM) as connection:
        return add_up(connection, company.entity_id, ORDERS, known_at=company.runtime.clock())


def test_the_same_name_is_one_identity(company: Company) -> None:
    assert named(company, "zhang") == named(company, "zhang")
    assert named(company, "zhang") != named(company, "li")


def test_facts_wait_until_somebody_says_whose_they_are(company: Company) -> None:
    anna, zhang = company.person("anna"), named(company, "zhang")
    company.fact("zhang", date(2026, 8, 5), 500)
    company.fact("zhang", date(2026, 9, 7), 300)
    assert waiting(company) == {"zhang": (2, date(2026, 8, 5), date(2026, 9, 7))}
    links(company, zhang, anna, start=AUTUMN)
    assert waiting(company) == {"zhang": (1, date(2026, 8, 5), date(2026, 8, 5))}
    assert sales(company) == {anna: 300}


def test_unlinking_puts_the_facts_back_and_linking_again_takes_them_out(company: Company) -> None:
    anna, zhang = company.person("anna"), named(company, "zhang")
    company.fact("zhang", AUTUMN, 500)
    link = links(company, zhang, anna)
    assert waiting(company) == {}
    before = company.runtime.clock()
    unlinks(company, link)
    assert waiting(company) == {"zhang": (1, AUTUMN, AUTUMN)}
    assert sales(company) == {}
    assert links(company, zhang, anna) == link
    assert sales(company) == {anna: 500}
    with reading(company.engine, SYSTEM) as connection:
        assert add_up(connection, company.entity_id, ORDERS, known_at=before) == {anna: 500}


@pytest.mark.parametrize(("start", "end"), [
    (YEAR, None), (date(2025, 1, 1), date(2026, 1, 2)), (date(2026, 8, 31), date(2026, 9, 2)),
])  # fmt: skip
def test_two_people_at_once_are_refused(company: Company, start: date, end: date | None) -> None:
    anna, bo, zhang = company.person("anna"), company.person("bo"), named(company, "zhang")
    links(company, zhang, anna, end=AUTUMN)
    with refused("identity_linked_already") as refusal:
        links(company, zhang, bo, start=start, end=end)
    assert refusal().values == {"identity": "zhang"}


def test_one_after_the_other_the_same_name_may_mean_two_people(company: Company) -> None:
    anna, bo, zhang = company.person("anna"), company.person("bo"), named(company, "zhang")
    company.fact("zhang", date(2026, 8, 31), 1)
    company.fact("zhang", AUTUMN, 2)
    links(company, zhang, anna, end=AUTUMN)
    links(company, zhang, bo, start=AUTUMN)
    assert sales(company) == {anna: 1, bo: 2}


def test_a_link_that_was_undone_is_in_nobodys_way(company: Company) -> None:
    anna, bo, zhang = company.person("anna"), company.person("bo"), named(company, "zhang")
    unlinks(company, links(company, zhang, anna))
    assert links(company, zhang, bo)


def test_what_does_not_exist_is_refused_by_name(company: Company) -> None:
    anna, zhang = company.person("anna"), named(company, "zhang")
    with refused("identity_unknown"):
        links(company, "idn_nowhere", anna)
    with refused("person_unknown"):
        links(company, zhang, "per_nowhere")
    with refused("dates_reversed"):
        links(company, zhang, anna, start=AUTUMN, end=AUTUMN)
    with refused("not_found"):
        unlinks(company, "lnk_nowhere")


def test_a_link_of_another_company_is_not_there(company: Company) -> None:
    anna = company.person("anna")
    other = Company(company.runtime, name="Other")
    theirs = named(other, "zhang")
    with refused("identity_unknown"):
        links(company, theirs, anna)
    ours = named(company, "zhang")
    link = links(company, ours, anna)
    with refused("not_found"):
        unlinks(other, link)


def test_an_old_version_in_hand_is_refused(company: Company) -> None:
    anna, zhang = company.person("anna"), named(company, "zhang")
    link = links(company, zhang, anna)
    with refused("version_conflict") as refusal:
        unlinks(company, link, version=2)
    assert refusal().values == {"current": "1"}
    unlinks(company, link, version=1)
    with refused("not_found"):
        unlinks(company, link)


@pytest.mark.parametrize("role", [Role.SALESPERSON, Role.MANAGER, Role.AUDITOR])
def test_only_hr_says_who_is_who(company: Company, role: Role) -> None:
    anna, zhang = company.person("anna"), named(company, "zhang")
    with refused("forbidden"):
        links(company, zhang, anna, actor=viewer(role, company.entity_id, person=anna))
    assert links(company, zhang, anna, actor=viewer(Role.HR, company.entity_id))
