"""Rights follow the organisation of the row's day, as known by now, and the days of the right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from actions.change_people import AssignmentDraft, PersonDraft, join, leave, move, put_assignment
from actions.decide_settings import decide_settings
from actions.identifiers import new_id
from actions.sign_in import make_account
from domain.access import Resource, Role, Viewer
from domain.people import AssignmentRole, UnitKind
from storage import tables
from storage.accounts import account_by_login
from storage.engine import Writing, reading
from storage.goals import goals
from storage.people import add_row, people, units_above
from storage.rights import viewer_of
from tests.support.company import SYSTEM, Company, office
from tests.support.viewers import refused

TODAY = date(2026, 10, 1)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
YEAR, MAY, JULY = date(2026, 1, 1), date(2026, 5, 1), date(2026, 7, 1)
LEAD = AssignmentRole.LEAD


class Branches:
    """A company of two branches with a team in each, and who signs in there."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.units = {"all": company.unit("all", kind=UnitKind.COMPANY)}
        for branch in ("east", "west"):
            self.units[branch] = company.unit(branch, parent="all", kind=UnitKind.REGION)
            team = f"{branch} team"
            self.units[team] = company.unit(team, parent=branch)
        self.ids: dict[str, str] = {}

    def worker(self, name: str, *places: tuple[str, date, date | None, AssignmentRole]) -> str:
        """Add a person with assignments and an account."""
        self.ids[name] = self.company.person(name)
        for unit, start, end, role in places:
            self.company.assign(self.ids[name], self.units[unit], start, end, role=role)
        self.account(name, self.ids[name])
        return self.ids[name]

    def account(self, login: str, person: str | None = None, *roles: Role) -> str:
        """Add an account."""
        return self.company.write(
            lambda writing: make_account(
                writing, login=login, person_id=person, locale="en", roles=roles, valid_from=YEAR
            )
        )

    def grant(self, login: str, role: Role, unit: str | None, start: date = YEAR) -> str:
        """Grant a role by name, bound to a unit."""

        def deed(writing: Writing) -> str:
            account = account_by_login(writing.connection, login)
            assert account is not None
            identifier = new_id("grant", writing.known_at)
            add_row(
                writing,
                tables.role_grant,
                id=identifier,
                revision=1,
                valid_from=start,
                valid_to=None,
                voided=False,
                made_by=None,
                account_id=account.id,
                role=role.value,
                unit_id=None if unit is None else self.units[unit],
            )
            return identifier

        return self.company.write(deed)

    def viewer(self, login: str, today: date = TODAY) -> Viewer:
        """Sign in."""
        with reading(self.company.engine, SYSTEM) as connection:
            account = account_by_login(connection, login)
            assert account is not None
            return viewer_of(connection, account, today, NOW)

    def seen(
        self,
        login: str,
        day: date,
        resource: Resource = Resource.PERFORMANCE,
        *,
        today: date = TODAY,
        known_at: datetime = NOW,
    ) -> set[str]:
        """Whose rows of a day the login sees."""
        viewer = self.viewer(login, today)
        with reading(self.company.engine, SYSTEM) as connection:
            found = people(connection, viewer, valid_at=day, known_at=known_at, resource=resource)
        return {person.name for person in found}


@pytest.fixture
def branches(database_url: str, tmp_path: Path) -> Iterator[Branches]:
    with office(database_url, tmp_path) as runtime:
        yield Branches(Company(runtime))


def _teams(branches: Branches) -> None:
    member = AssignmentRole.MEMBER
    branches.worker("ada", ("east team", YEAR, None, member))
    branches.worker("ben", ("west team", YEAR, None, member))
    branches.worker("old", ("east team", YEAR, JULY, LEAD), ("west team", JULY, None, LEAD))
    branches.worker("new", ("west team", YEAR, JULY, member), ("east team", JULY, None, LEAD))


def test_the_manager_of_that_time_sees_that_time_and_the_new_one_the_time_since(
    branches: Branches,
) -> None:
    _teams(branches)
    june, august = date(2026, 6, 30), date(2026, 8, 31)
    assert branches.seen("old", june) == {"old", "ada"}
    assert branches.seen("old", august) == {"old", "ben"}
    assert branches.seen("new", june) == {"new"}
    assert branches.seen("new", august) == {"new", "ada"}


def test_a_member_who_moves_takes_the_new_days_along_and_leaves_the_old_ones(
    branches: Branches,
) -> None:
    member = AssignmentRole.MEMBER
    branches.worker("chief", ("east team", YEAR, None, LEAD))
    branches.worker("other", ("west team", YEAR, None, LEAD))
    branches.worker("mover", ("east team", YEAR, MAY, member), ("west team", MAY, None, member))
    assert "mover" in branches.seen("chief", date(2026, 4, 30))
    assert "mover" not in branches.seen("chief", MAY)
    assert "mover" not in branches.seen("other", date(2026, 4, 30))
    assert "mover" in branches.seen("other", MAY)


def test_who_leaves_the_company_sees_the_own_rows_only(branches: Branches) -> None:
    _teams(branches)
    hr = branches.account("hr", None, Role.HR)
    assert hr
    company = branches.company
    company.write(
        lambda writing: leave(
            writing, SYSTEM, branches.ids["old"], on=date(2026, 9, 1), expected_version=None
        )
    )
    assert branches.seen("old", date(2026, 6, 30)) == {"old"}
    # On the last day at work the right still stood.
    assert branches.seen("old", date(2026, 6, 30), today=date(2026, 8, 31)) == {"old", "ada"}


def test_who_begins_to_lead_later_sees_nothing_before(branches: Branches) -> None:
    branches.worker("ada", ("east team", YEAR, None, AssignmentRole.MEMBER))
    branches.worker("next", ("east team", date(2026, 11, 1), None, LEAD))
    assert branches.seen("next", date(2026, 11, 30)) == {"next"}
    assert branches.seen("next", date(2026, 11, 30), today=date(2026, 11, 1)) == {"next", "ada"}


def test_a_reorganisation_moves_a_team_from_its_day_on(branches: Branches) -> None:
    _teams(branches)
    branches.worker("head", ("east", YEAR, None, LEAD))
    branches.worker("chief", ("west", YEAR, None, LEAD))
    company = branches.company
    company.unit("east team", parent="east", valid_to=date(2026, 9, 1))
    company.unit("east team", parent="west", valid_from=date(2026, 9, 1))
    august, september = date(2026, 8, 31), date(2026, 9, 30)
    assert "ada" in branches.seen("head", august)
    assert "ada" not in branches.seen("head", september)
    assert "ada" not in branches.seen("chief", august)
    assert "ada" in branches.seen("chief", september)


def test_a_correction_known_later_moves_the_right_also_for_earlier_readings(
    branches: Branches,
) -> None:
    _teams(branches)
    before = datetime(2026, 10, 1, 9, tzinfo=UTC)
    august = date(2026, 8, 31)
    assert "ada" in branches.seen("new", august)
    # Ada was in west since August: nobody had told.
    company, ada = branches.company, branches.ids["ada"]
    _assign(company, ada, branches.units["east team"], YEAR, date(2026, 8, 1))
    company.assign(ada, branches.units["west team"], date(2026, 8, 1))
    for known_at in (NOW, before):
        assert "ada" not in branches.seen("new", august, known_at=known_at)
        assert "ada" in branches.seen("old", august, known_at=known_at)
    assert "ada" in branches.seen("new", date(2026, 7, 31))


def _assign(company: Company, person: str, unit: str, start: date, end: date) -> None:
    draft = AssignmentDraft(
        source_key=f"{person}:{unit}:{start}",
        person_id=person,
        unit_id=unit,
        platform_id=None,
        position="sales",
        role=AssignmentRole.MEMBER,
        valid_from=start,
        valid_to=end,
    )
    company.write(partial(put_assignment, draft=draft))


def test_the_organisation_as_known_before_a_correction_is_still_read(branches: Branches) -> None:
    company = branches.company
    team, west = branches.units["east team"], branches.units["west"]
    with reading(company.engine, SYSTEM) as connection:
        first = units_above(connection, TODAY)[team]
    asked_at = company.runtime.clock()
    company.unit("east team", parent="west")
    with reading(company.engine, SYSTEM) as connection:
        assert units_above(connection, TODAY, asked_at)[team] == first
        assert units_above(connection, TODAY)[team] == (team, west, branches.units["all"])


def test_hr_of_a_branch_is_nobody_in_the_other_branch(branches: Branches) -> None:
    _teams(branches)
    branches.account("branch hr")
    branches.grant("branch hr", Role.HR, "east")
    for resource in (Resource.PERSON, Resource.PERFORMANCE, Resource.PAY, Resource.GOAL):
        assert branches.seen("branch hr", date(2026, 8, 31), resource) == {"ada", "new"}
        # HR is held today: it reads the years before as well.
        assert branches.seen("branch hr", date(2026, 6, 30), resource) == {"ada", "old"}
    company, viewer = branches.company, branches.viewer("branch hr")

    def hire(name: str, unit: str) -> str:
        person = PersonDraft(source_key=name, name=name, joined_on=TODAY)
        return company.write(
            lambda writing: join(
                writing,
                viewer,
                person,
                unit_id=branches.units[unit],
                platform_id=None,
                position="sales",
                role=AssignmentRole.MEMBER,
            )
        )

    hired = hire("zoe", "east team")
    with refused("forbidden"):
        hire("yan", "west team")

    def transfer(person: str, unit: str) -> str:
        return company.write(
            lambda writing: move(
                writing,
                viewer,
                person,
                on=date(2026, 11, 1),
                unit_id=branches.units[unit],
                platform_id=None,
                position="sales",
                role=AssignmentRole.MEMBER,
                expected_version=None,
            )
        )

    with refused("forbidden"):
        transfer(hired, "west team")
    with refused("not_found"):
        transfer(branches.ids["ben"], "east team")


def test_hr_of_a_branch_does_not_end_what_another_branch_has_with_a_person(
    branches: Branches,
) -> None:
    member = AssignmentRole.MEMBER
    branches.worker("both", ("east team", YEAR, None, member), ("west team", YEAR, None, member))
    branches.account("branch hr")
    branches.grant("branch hr", Role.HR, "east")
    viewer, company = branches.viewer("branch hr"), branches.company
    with refused("forbidden"):
        company.write(
            lambda writing: leave(
                writing, viewer, branches.ids["both"], on=TODAY, expected_version=None
            )
        )


def test_the_pay_of_a_team_is_seen_with_its_own_grant_while_leading(branches: Branches) -> None:
    _teams(branches)
    pay, september = Resource.PAY, date(2026, 9, 30)
    assert branches.seen("new", september, pay) == {"new"}
    branches.grant("new", Role.TEAM_PAY, "east team")
    # The legal entity has to allow it first.
    assert branches.seen("new", september, pay) == {"new"}
    branches.company.write(_allow_team_pay)
    assert branches.seen("new", september, pay) == {"new", "ada"}


def test_the_pay_of_a_team_is_bound_to_the_days_and_the_unit_of_the_grant(
    branches: Branches,
) -> None:
    _teams(branches)
    branches.company.write(_allow_team_pay)
    pay, september = Resource.PAY, date(2026, 9, 30)
    branches.grant("new", Role.TEAM_PAY, "east team", start=date(2026, 9, 1))
    assert branches.seen("new", september, pay) == {"new", "ada"}
    assert branches.seen("new", date(2026, 8, 31), pay) == {"new"}
    # A grant over a unit that the account does not lead today is worth nothing.
    branches.grant("old", Role.TEAM_PAY, "east team")
    assert branches.seen("old", date(2026, 6, 30), pay) == {"old"}
    assert branches.seen("old", september, pay) == {"old"}


def _allow_team_pay(writing: Writing) -> str:
    return decide_settings(
        writing,
        SYSTEM,
        valid_from=TODAY,
        privacy_minimum=None,
        leaderboard=None,
        team_pay=True,
        reason="agreed with the works council",
        expected_version=None,
    )


def test_who_runs_the_system_sees_no_business_data_by_any_other_role(branches: Branches) -> None:
    _teams(branches)
    branches.account("root", branches.ids["old"], Role.ADMIN, Role.HR, Role.AUDITOR)
    assert branches.viewer("root").roles == {Role.ADMIN}
    for resource in (Resource.PERSON, Resource.PAY, Resource.PERFORMANCE, Resource.GOAL):
        assert branches.seen("root", TODAY, resource) == set()


def test_hr_of_one_legal_entity_is_nobody_in_another(branches: Branches) -> None:
    _teams(branches)
    other = Branches(Company(branches.company.runtime, name="Other"))
    other.worker("stranger", ("east team", YEAR, None, AssignmentRole.MEMBER))
    branches.account("hr", None, Role.HR)
    for resource in (Resource.PERSON, Resource.PAY, Resource.PERFORMANCE, Resource.GOAL):
        assert branches.seen("hr", TODAY, resource) == {"ada", "ben", "new", "old"}
    viewer = branches.viewer("hr")
    with reading(branches.company.engine, SYSTEM) as connection:
        assert goals(connection, viewer, other.company.entity_id, known_at=NOW) == ()
    with refused("forbidden"):
        other.company.write(
            lambda writing: join(
                writing,
                viewer,
                PersonDraft(source_key="spy", name="spy", joined_on=TODAY),
                unit_id=other.units["east team"],
                platform_id=None,
                position="sales",
                role=AssignmentRole.MEMBER,
            )
        )
