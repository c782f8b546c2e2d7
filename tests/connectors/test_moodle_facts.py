"""From Moodle to facts, by the mapping that comes along; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from connectors.moodle import MoodleConnector
from tests.support.mapped_sources import shipped_mapping, synced, written
from tests.support.moodle_server import MoodleServer, new_course, seconds, settings

AT = seconds(datetime(2026, 9, 3, 16, 30, tzinfo=UTC))  # half past midnight in Shanghai
MAPPING = shipped_mapping("moodle")


def test_the_mapping_that_comes_along_is_canonical() -> None:
    assert written(MAPPING) == MAPPING


def test_trainings_and_exams_become_facts_are_graded_anew_and_taken_back(
    database_url: str, tmp_path: Path
) -> None:
    server = MoodleServer(courses={2: new_course(2)})
    for person in range(11, 17):
        server.enrol(2, person, AT if person < 13 else 0)
    server.mark(2, 11, 200, 45.0, AT)
    server.mark(2, 12, 200, None, 0)
    place = (database_url, tmp_path)
    with synced(place, MoodleConnector(), server.answer, settings, MAPPING) as source:
        source.sync()
        assert [row for row in source.told() if row[1] != "training_assigned"] == [
            ("2|11#training", "training", "A011", "2026-09-04", 1, "COUNT"),
            ("2|12#training", "training", "A012", "2026-09-04", 1, "COUNT"),
            ("200|11#exam", "exam", "A011", "2026-09-04", 750_000, "POINT"),
        ]
        assert len(source.amounts("training_assigned")) == 6
        server.mark(2, 11, 200, 54.0, AT + 60)
        server.mark(2, 12, 200, 30.0, AT)
        server.done[2, 13] = [AT]
        del server.people[2][12]
        source.sync()
        assert list(source.amounts("training")) == ["2|11#training", "2|13#training"]
        assert source.amounts("exam") == {"200|11#exam": 900_000, "200|12#exam": 500_000}
        assert source.company.open_quarantine() == []
