"""A connection that is asked for something else is read from the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.connect_source import change_connection
from actions.sync_source import Outcome
from connectors.contract import Message, ReadRequest
from connectors.failures import AuthExpired
from tests.support.scripted import SECRET, Scripted, mark, order
from tests.support.syncing import HOST, Company

SETTINGS = {"address": "https://crm.example", "streams": {"orders": {"filter": "paid"}}}


class Began(Scripted):
    """Remembers from where each read began."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[int] = []
        self.failing = False
        self.script = self._script

    def _script(self, request: ReadRequest, _time: int) -> Iterator[Message]:
        self.at.append(int(str(request.cursors.get("orders", {}).get("at", 0))))
        if self.failing:
            raise AuthExpired("source_access_refused", {"status": "401"})
        yield order(1)
        yield mark(7)


@pytest.fixture
def connector() -> Began:
    return Began()


@pytest.fixture
def company(database_url: str, tmp_path: Path, connector: Began) -> Iterator[Company]:
    made = Company(database_url, tmp_path, {"scripted": connector})
    yield made
    made.runtime.engine.dispose()


def change(company: Company, connection_id: str, config: dict[str, Any]) -> None:
    company.pass_time()
    with company.runtime.writing(company.entity_id, HOST) as writing:
        change_connection(company.runtime, writing, HOST, connection_id, config=config)
    company.pass_time()


def test_a_cursor_holds_only_for_the_question_it_was_the_answer_to(
    company: Company, connector: Began
) -> None:
    config: dict[str, Any] = {**SETTINGS, "token": SECRET}
    crm = company.connect(config, connector="scripted")
    company.sync(crm)
    began = []
    for other in (
        {"address": "https://new.example"},
        {"streams": {"orders": {"filter": "all"}}},
        {"streams": {"orders": {"filter": "all"}, "visits": {"filter": "all"}}},
        {"token": SECRET + "-new"},
        {"limits": [{"calls": 1, "seconds": 1}]},
    ):
        config |= other
        change(company, crm, config)
        assert company.sync(crm).outcome is Outcome.SUCCEEDED
        began.append(connector.at[-1])
        company.sync(crm)
        assert connector.at[-1] == 7
    assert began == [0, 0, 7, 7, 7]


def test_a_run_that_fails_at_once_leaves_the_beginning_to_the_next(
    company: Company, connector: Began
) -> None:
    crm = company.connect(SETTINGS, connector="scripted")
    company.sync(crm)
    change(company, crm, {**SETTINGS, "address": "https://new.example"})
    connector.failing = True
    assert company.sync(crm).outcome is Outcome.PAUSED
    connector.failing = False
    company.sync(crm)
    assert connector.at == [0, 0, 0]
