"""Read with the real connector and the mapping documents, the case comes out of the facts."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from attain.demo.manifest import Manifest
from attain.demo.sources import Source, sources
from connectors.contract import Checkpoint as Mark
from connectors.contract import Context, Cursor, ReadRequest, Record, Rejected
from connectors.files import FilesConnector
from domain.document import canonical
from domain.drafts import Drafts, Surroundings, to_drafts
from domain.fact import FactDraft
from domain.mapping import DirectoryDraft, Make
from domain.mapping_document import decode_mapping, encode_mapping

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = {1: date(2026, 10, 1), 2: date(2026, 10, 9)}
# Kinds the mapping refuses, and with which problem; the connector refuses the other kinds.
REFUSED_BY_MAPPING = {
    "missing amount": "quantity_missing",
    "text in amount": "cell_not_a_number",
    "text in number": "cell_not_a_number",
    "too many decimals": "number_not_exact",
    "unknown stage": "cell_not_a_choice",
    "impossible date": "date_unreadable",
    "impossible time": "date_unreadable",
    "future date": "date_implausible",
}


class World:
    """What a host knows after syncing: the last facts of each record, and the directory."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, str], dict[str, FactDraft]] = {}
        self.directory: dict[Make, list[DirectoryDraft]] = {}
        self.refused: dict[int, Counter[str]] = {1: Counter(), 2: Counter()}
        self.unread: dict[int, int] = {1: 0, 2: 0}
        self._cursors: dict[tuple[str, str], Cursor] = {}

    def sync(self, source: Source, box: Path, delivery: int) -> None:
        """Read what is new and map it; a refused row leaves what was known as it was."""
        mapping, problems = decode_mapping(source.mapping)
        assert mapping is not None, problems
        now = datetime.combine(DAYS[delivery], datetime.min.time(), UTC)
        context = Context(config=source.config, folder=box, now=now)
        around = Surroundings(today=DAYS[delivery], zone=ZONE, home=ZONE)
        cursors = {
            s: self._cursors[source.key, s] for s in source.streams if self._known(source, s)
        }
        request = ReadRequest(streams=source.streams, cursors=cursors)
        for message in FilesConnector().read(context, request):
            if isinstance(message, Mark):
                self._cursors[source.key, message.stream] = message.cursor
            elif isinstance(message, Rejected):
                self.unread[delivery] += 1
            elif isinstance(message, Record):
                stream = mapping.streams[message.stream]
                made = to_drafts(message.content, message.position, stream, around)
                self._keep(f"{source.key}/{message.stream}", message.key, made, delivery)

    def _known(self, source: Source, stream: str) -> bool:
        return (source.key, stream) in self._cursors

    def _keep(self, place: str, key: str, made: Drafts, delivery: int) -> None:
        if made.failed:
            self.refused[delivery].update(problem.code for problem in made.problems)
            return
        self.facts[place, key] = dict(made.facts)
        for draft in made.directory:
            self.directory.setdefault(draft.make, []).append(draft)

    def of_kind(self, kind: str) -> list[FactDraft]:
        """Return the facts of a kind, whoever they belong to."""
        return [f for facts in self.facts.values() for f in facts.values() if f.kind == kind]

    def person(self, fact: FactDraft) -> str:
        """Return the staff number the fact's identity is linked to at its date, or ""."""
        for draft in self.directory[Make.PERSON]:
            if draft.identities.get(fact.namespace) == fact.identity:
                return draft.texts["key"]
        for draft in self.directory[Make.LINK]:
            if (draft.texts["namespace"], draft.texts["value"]) == (fact.namespace, fact.identity):
                since, until = draft.days["validFrom"], draft.days.get("validTo", date.max)
                if since <= fact.business_date < until:
                    return draft.texts["person"]
        return ""


@pytest.fixture(scope="module")
def world(written: tuple[Path, Manifest], tmp_path_factory: pytest.TempPathFactory) -> World:
    box = tmp_path_factory.mktemp("box")
    synced = World()
    for delivery in (1, 2):
        shutil.copytree(written[0] / "deliveries" / str(delivery), box, dirs_exist_ok=True)
        for source in sources():
            synced.sync(source, box, delivery)
    return synced


def test_every_mapping_document_is_read_without_a_problem_and_written_back() -> None:
    for source in sources():
        mapping, problems = decode_mapping(source.mapping)
        assert mapping is not None, problems
        assert not problems
        assert set(mapping.streams) == set(source.streams)
        assert canonical(encode_mapping(mapping)) == canonical(source.mapping)


def test_the_facts_come_to_the_case(world: World, written: tuple[Path, Manifest]) -> None:
    company = written[1]
    sums = [0, 0, 0]
    customers: list[set[str]] = [set(), set(), set()]
    for fact in world.of_kind("order"):
        if fact.business_date.month <= 9 and world.person(fact):
            quarter = (fact.business_date.month - 1) // 3
            sums[quarter] += fact.quantity
            customers[quarter].add(str(fact.subject))
    assert tuple(sums) == company.sales_by_quarter
    kept = [(len(customers[i] & customers[i + 1]), len(customers[i])) for i in (0, 1)]
    assert kept == [(kept.returned, kept.base) for kept in company.retention]


def test_payments_visits_and_training_come_to_the_manifest(
    world: World, written: tuple[Path, Manifest]
) -> None:
    company = written[1]
    paid = [f for f in world.of_kind("payment") if world.person(f)]
    third = sum(f.quantity for f in paid if 7 <= f.business_date.month <= 9)
    assert third == company.collected_by_quarter[2]
    visits = Counter(
        f.business_date.replace(day=1) for f in world.of_kind("visit") if world.person(f)
    )
    assert dict(visits) == dict(company.visits_by_month)
    trained = {
        world.person(f)
        for f in world.of_kind("training")
        if f.attributes["programme"] == "customer-relationship" and 7 <= f.business_date.month <= 9
    }
    assert trained == set(company.trained)


def test_what_nobody_is_linked_to_waits(world: World, written: tuple[Path, Manifest]) -> None:
    waiting: Counter[tuple[str, str]] = Counter()
    for kind in ("order", "payment", "visit", "survey", "training", "exam"):
        for fact in world.of_kind(kind):
            if not world.person(fact):
                waiting[kind, fact.identity] += 1
    systems = {"orders": "order", "payments": "payment", "attendance": "visit"}
    promised = {(systems[w.system], w.identity): w.facts for w in written[1].waiting}
    assert dict(waiting) == promised


def test_odd_rows_are_refused_for_the_reason_they_are_odd(
    world: World, written: tuple[Path, Manifest]
) -> None:
    for delivery in (1, 2):
        expected = Counter(
            REFUSED_BY_MAPPING[row.kind]
            for row in written[1].dirty
            if row.delivery == delivery and row.kind in REFUSED_BY_MAPPING
        )
        assert world.refused[delivery] == expected


def test_the_directory_is_the_company(world: World) -> None:
    counts = {make: len(drafts) for make, drafts in world.directory.items()}
    assert counts[Make.PERSON] == 63
    assert counts[Make.UNIT] == 9
    assert counts[Make.PLATFORM] == 3
    assert counts[Make.ASSIGNMENT] == 72
    assert counts[Make.LINK] == 52
    left = [draft for draft in world.directory[Make.PERSON] if "leftOn" in draft.days]
    assert [(d.texts["name"], d.days["leftOn"]) for d in left] == [("赵磊", date(2026, 8, 1))]
    leads = [d for d in world.directory[Make.ASSIGNMENT] if d.texts["role"] == "LEAD"]
    assert len(leads) == 9
