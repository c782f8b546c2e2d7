"""Building the demo company: its export files read through real connectors, goals, plan, runs.

Knowledge time is part of the story: the first delivery arrives on 1 October 2026, the second, with
late and corrected rows, on 9 October. What was posted in between is reversed and rebooked.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from actions.calculate import Mode, calculate
from actions.connect_source import create_connection, set_mapping
from actions.deed import Runtime
from actions.found_company import found_company
from actions.install_pack import install_pack
from actions.publish_plan import draft_plan, publish_plan
from actions.sign_in import make_account
from actions.sync_source import sync_source
from attain.demo.cast import COMPANY_NAME
from attain.demo.company import write_exports
from attain.demo.goals import set_goals
from attain.demo.manifest import Manifest
from attain.demo.sources import sources
from domain.access import Role, System
from domain.plan_document import encode_plan
from storage.definitions import Scope, plan_versions
from storage.engine import Writing, reading
from storage.people import people
from storage.results import latest_run

SYSTEM = System(name="demo")
PACK = "consumer_goods"
PLAN = "consumer_goods.sales_plan"
SALESPERSON = Scope(positions=("销售代表",))
FIRST_DELIVERY = datetime(2026, 10, 1, 1, tzinfo=UTC)
SECOND_DELIVERY = datetime(2026, 10, 9, 1, tzinfo=UTC)
CARD_FROM = date(2026, 4, 1)  # the second quarter: measured, not yet paid by the plan
PLAN_FROM = date(2026, 7, 1)  # the change
BEFORE = ("2026-04", "2026-05", "2026-06", "2026-Q2")
AFTER = ("2026-07", "2026-08", "2026-09")
QUARTER = "2026-Q3"
OPEN = "2026-10"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The company and what its files must come to."""

    entity_id: str
    manifest: Manifest


class StoryClock:
    """A clock for the building: it stands at a moment of the story and ticks on by microseconds."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """Return the next moment."""
        self._now += timedelta(microseconds=1)
        return self._now

    def jump(self, to: datetime) -> None:
        """Go on at a later moment."""
        self._now = max(self._now, to)


def build_company(runtime: Runtime, say: Say) -> Built:
    """Build the whole company; a company that is there already is left as it is."""
    folder = runtime.data_folder / "exports"
    manifest = write_exports(folder)
    clock = StoryClock(FIRST_DELIVERY)
    building = replace(runtime, clock=clock, data_folder=runtime.data_folder / "inbox")
    entity_id = found_company(building, COMPANY_NAME)
    if _is_built(building, entity_id):
        return Built(entity_id=entity_id, manifest=manifest)
    say("installing the industry pack: consumer goods")
    _write(building, entity_id, lambda w: _install(building, w))
    connections = dict(_connect(building, entity_id))
    say("first delivery, 1 October: reading the exports")
    _deliver(building, entity_id, folder / "deliveries" / "1", connections, say)
    accounts = _make_accounts(building, entity_id, manifest)
    say(f"{accounts} accounts; goals for the company, regions, teams and people")
    goals = _write(
        building, entity_id, lambda w: str(set_goals(w, SYSTEM, (*BEFORE, *AFTER, QUARTER, OPEN)))
    )
    _publish(building, entity_id)
    say(f"{goals} goals; calculating and posting")
    _calculate(building, entity_id, (*BEFORE, *AFTER, QUARTER), Mode.POSTED)
    clock.jump(SECOND_DELIVERY)
    say("second delivery, 9 October: late rows, corrections, a cancelled order")
    _deliver(building, entity_id, folder / "deliveries" / "2", connections, say)
    _calculate(building, entity_id, (*AFTER, QUARTER), Mode.POSTED)
    _calculate(building, entity_id, (OPEN,), Mode.TRIAL)
    return Built(entity_id=entity_id, manifest=manifest)


def _write(runtime: Runtime, entity_id: str, deed: Callable[[Writing], str]) -> str:
    with runtime.writing(entity_id, SYSTEM) as writing:
        return deed(writing)


def _is_built(runtime: Runtime, entity_id: str) -> bool:
    with reading(runtime.engine, SYSTEM) as connection:
        far = datetime(9999, 1, 1, tzinfo=UTC)
        return latest_run(connection, entity_id, period=OPEN, known_at=far) is not None


def _install(runtime: Runtime, writing: Writing) -> str:
    return install_pack(runtime, writing, SYSTEM, PACK, valid_from=CARD_FROM, scope=SALESPERSON)


def _connect(runtime: Runtime, entity_id: str) -> Iterator[tuple[str, str]]:
    for source in sources():
        with runtime.writing(entity_id, SYSTEM) as writing:
            connection_id = create_connection(
                runtime,
                writing,
                SYSTEM,
                name=source.name["zh-CN"],
                connector=source.connector,
                config=source.config,
            )
            set_mapping(writing, SYSTEM, connection_id, source.mapping)
        yield source.key, connection_id


def _deliver(
    runtime: Runtime, entity_id: str, delivery: Path, connections: dict[str, str], say: Say
) -> None:
    shutil.copytree(delivery, runtime.data_folder, dirs_exist_ok=True)
    for key, connection_id in connections.items():
        done = sync_source(runtime, SYSTEM, entity_id, connection_id)
        counts = done.counts
        say(
            f"  {key}: {done.outcome.value}, {counts.get('records', 0)} rows,"
            f" {counts.get('facts_added', 0)} facts, {counts.get('bad', 0)} in quarantine"
        )


def _make_accounts(runtime: Runtime, entity_id: str, manifest: Manifest) -> int:
    roles = {
        each.staff_number: Role[each.role]
        for each in manifest.sign_in
        if each.role in {Role.HR, Role.AUDITOR, Role.ADMIN}
    }
    logins = {each.staff_number: each.account for each in manifest.sign_in}

    def deed(writing: Writing) -> str:
        found = people(writing.connection, SYSTEM, valid_at=PLAN_FROM, known_at=writing.known_at)
        for person in found:
            number = person.staff_number or ""
            make_account(
                writing,
                login=logins.get(number, number or person.id),
                person_id=person.id,
                locale="zh-CN",
                roles=(roles[number],) if number in roles else (),
                valid_from=CARD_FROM,
            )
        return str(len(found))

    return int(_write(runtime, entity_id, deed))


def _publish(runtime: Runtime, entity_id: str) -> None:
    with reading(runtime.engine, SYSTEM) as connection:
        drafts = plan_versions(connection, entity_id, known_at=runtime.clock(), state="DRAFT")
    (draft,) = (each for each in drafts if each.plan.key == PLAN)

    def deed(writing: Writing) -> str:
        moved = draft_plan(
            writing,
            SYSTEM,
            encode_plan(draft.plan),
            draft.scope,
            valid_from=PLAN_FROM,
            version_id=draft.id,
            pack_id=draft.pack_id,
        )
        return publish_plan(writing, SYSTEM, moved)

    _write(runtime, entity_id, deed)


def _calculate(runtime: Runtime, entity_id: str, periods: tuple[str, ...], mode: Mode) -> None:
    for period in periods:
        calculate(runtime, SYSTEM, entity_id, period, mode)
