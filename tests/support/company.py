"""A small company in a database, built through the actions, for tests of storage and actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, insert

from actions.change_people import (
    AssignmentDraft,
    PersonDraft,
    UnitDraft,
    put_assignment,
    put_person,
    put_unit,
)
from actions.deed import Runtime
from actions.found_company import found_company
from actions.identifiers import new_id
from actions.link_identity import put_identity, put_link
from domain.access import System
from domain.people import AssignmentRole, UnitKind
from storage import tables
from storage.engine import Writing, open_engine
from tests.support.keys import keys

SYSTEM = System(name="test")
AUTUMN = datetime(2026, 10, 1, 8, tzinfo=UTC)


class Ticking:
    """A clock that moves on by a second each time somebody looks."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.step = timedelta(seconds=1)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@contextmanager
def office(database_url: str, tmp_path: Path, today: datetime = AUTUMN) -> Iterator[Runtime]:
    """Open a runtime on the test's database."""
    engine = open_engine(database_url, keys())
    clock = Ticking(today)
    yield Runtime(engine=engine, clock=clock, data_folder=tmp_path)
    engine.dispose()


@contextmanager
def as_owner(engine: Engine) -> Iterator[Connection]:
    """Open a transaction of whoever owns the tables: no role is taken on, nothing is kept back."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


class Company:
    """Words to build with; every word commits."""

    def __init__(self, runtime: Runtime, name: str = "Hejia") -> None:
        self.runtime = runtime
        self.entity_id = found_company(runtime, name)
        self._facts = 0

    @property
    def engine(self) -> Engine:
        """The database."""
        return self.runtime.engine

    def write(self, deed: Callable[[Writing], str]) -> str:
        """Do something in one transaction of its own."""
        with self.runtime.writing(self.entity_id, SYSTEM) as writing:
            return deed(writing)

    def unit(
        self,
        code: str,
        parent: str | None = None,
        kind: UnitKind = UnitKind.TEAM,
        valid_from: date = date(2025, 1, 1),
        valid_to: date | None = None,
    ) -> str:
        """Add a unit."""
        draft = UnitDraft(
            code=code,
            name=code,
            kind=kind,
            parent_code=parent,
            valid_from=valid_from,
            valid_to=valid_to,
        )
        return self.write(lambda writing: put_unit(writing, draft))

    def person(self, name: str) -> str:
        """Add a person whose source name is the same as the name."""

        def deed(writing: Writing) -> str:
            draft = PersonDraft(source_key=name, name=name, staff_number=name)
            person_id = put_person(writing, draft)
            put_link(
                writing,
                source_key=name,
                identity_id=put_identity(writing, "crm", name),
                person_id=person_id,
                valid_from=date(2020, 1, 1),
                valid_to=None,
            )
            return person_id

        return self.write(deed)

    def assign(
        self,
        person_id: str,
        unit_id: str,
        valid_from: date = date(2025, 1, 1),
        valid_to: date | None = None,
        role: AssignmentRole = AssignmentRole.MEMBER,
        position: str = "sales",
    ) -> str:
        """Assign a person to a unit."""
        draft = AssignmentDraft(
            source_key=f"{person_id}:{unit_id}:{valid_from}",
            person_id=person_id,
            unit_id=unit_id,
            platform_id=None,
            position=position,
            role=role,
            valid_from=valid_from,
            valid_to=valid_to,
        )
        return self.write(lambda writing: put_assignment(writing, draft))

    def fact(
        self,
        person: str,
        day: date,
        quantity: int,
        *,
        kind: str = "order",
        subject: str | None = None,
        unit: str = "CNY",
        key: str | None = None,
        revision: int = 1,
        deleted: bool = False,
        **attributes: str,
    ) -> str:
        """Add one revision of a fact under the person's source name."""
        self._facts += 1
        key = key or f"f{self._facts}"

        def deed(writing: Writing) -> str:
            identifier = new_id("fact", writing.known_at)
            writing.connection.execute(
                insert(tables.fact).values(
                    id=identifier,
                    legal_entity_id=self.entity_id,
                    connection_id="con_test",
                    stream="orders",
                    key=key,
                    revision=revision,
                    record_id="rec_test",
                    kind=kind,
                    identity_id=put_identity(writing, "crm", person),
                    business_date=day,
                    instant=None,
                    quantity=quantity,
                    unit=unit,
                    subject=subject,
                    attributes=attributes,
                    deleted=deleted,
                    known_at=writing.known_at,
                )
            )
            return identifier

        return self.write(deed)
