"""From WJX to facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.wjx import WjxConnector
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.wjx_server import WjxServer, settings

AT = datetime(2026, 9, 24, 16, 30, tzinfo=UTC)  # half past midnight in Beijing
DAY = timedelta(days=1)
MAPPING = shipped_mapping("wjx")


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def test_answers_become_facts_are_marked_anew_and_taken_back(
    database_url: str, tmp_path: Path
) -> None:
    server = WjxServer()
    csat = [server.give(71, number, f"A{number:03d}", number + 2, AT) for number in (1, 2, 3)]
    nps = server.give(72, 1, "A001", 9, AT - DAY)
    server.give(71, 4, None, 5, AT)  # from a link without anybody
    server.give(71, 5, "A005", "", AT)  # the question was passed over
    place = (database_url, tmp_path)
    with synced(place, WjxConnector(), server.answer, settings, MAPPING) as source:
        source.sync()
        assert source.told() == [
            (f"{csat[0]}#satisfaction", "survey", "A001", "2026-09-25", 30_000, "POINT"),
            (f"{csat[1]}#satisfaction", "survey", "A002", "2026-09-25", 40_000, "POINT"),
            (f"{csat[2]}#satisfaction", "survey", "A003", "2026-09-25", 50_000, "POINT"),
            (f"{nps}#recommendation", "nps", "A001", "2026-09-24", 90_000, "POINT"),
        ]
        server.give(71, 1, "A001", 1, AT)
        server.invalid = {(71, 2)}
        server.give(71, 3, "A003", "nothing", AT)
        source.sync()
        # What cannot be read stays as it was, and a person is told.
        assert source.amounts("survey") == {
            f"{csat[0]}#satisfaction": 10_000,
            f"{csat[2]}#satisfaction": 50_000,
        }
        assert len(source.company.open_quarantine()) == 1
