"""What the tests of connectors share: one way out, and one simulator, for each file.

A file that names its simulator ``SHARED`` has it served, and finds it as new in each test that
takes ``server``, ``address`` or ``meeting``.
"""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from attain.grades_page import PAGE, read_page
from connectors.web_host import LimitedWeb, open_http
from tests.support.meetings import AppMeeting, company_at
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import local_web
from tests.support.syncing import Company

PRINT = "attain plugin grades"


@pytest.fixture(scope="module")
def web() -> Iterator[LimitedWeb]:
    """Open a way out that waits for nothing."""
    http = open_http(["127.0.0.1"])
    yield local_web(http)
    http.close()


@pytest.fixture(scope="module", autouse=True)
def _served(request: pytest.FixtureRequest) -> Iterator[None]:
    """Serve the simulator of the file, if it has one."""
    shared: SharedSimulator[Any, Any] | None = getattr(request.module, "SHARED", None)
    if shared is None:
        yield
        return
    with shared.serving():
        yield


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Any:
    """Put the sample back behind the server, and our connector before it."""
    return request.module.SHARED.renew()


@pytest.fixture
def address(request: pytest.FixtureRequest, server: object) -> str:
    """Say where the server is."""
    del server
    found: str = request.module.SHARED.address
    return found


@pytest.fixture
def meeting(request: pytest.FixtureRequest, server: object) -> AppMeeting[Any, Any]:
    """Meet the server with right settings."""
    del server
    found: AppMeeting[Any, Any] = request.module.SHARED
    return found


@pytest.fixture
def company(database_url: str, tmp_path: Path, meeting: AppMeeting[Any, Any]) -> Iterator[Company]:
    """Found a company that syncs from what the file meets."""
    with company_at(meeting, database_url, tmp_path) as made:
        yield made


@pytest.fixture
def reader(request: pytest.FixtureRequest, server: object) -> Reader:
    """Read the server with our connector."""
    del server
    shared: SharedSimulator[Any, Any] = request.module.SHARED
    return Reader(shared.connector, shared.web)


@functools.cache
def _on_the_page() -> dict[tuple[str, str, str], tuple[str, str, str]]:
    """Return what docs/connector-grades.md says of each check of each case."""
    return {
        (each["attain_connector"], each["attain_case"], each["attain_check"]): (
            each["attain_outcome"],
            each["reason"] if each["attain_outcome"] == "not applicable" else "",
            each["attain_no_mapping"],
        )
        for each in read_page(PAGE.read_text("utf-8"))
    }


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hold each check of the kit against the page of grades; a new connector is not there yet."""
    report = yield
    if item.config.getoption("--attain-report", default=""):
        return report  # the page is being printed
    said = dict(report.user_properties)
    connector, case, check = (
        str(said.get(f"attain_{each}")) for each in ("connector", "case", "check")
    )
    told = _on_the_page().get((connector, case, check))
    if report.when == "call" and report.outcome != "failed" and told is not None:
        outcome = str(said.get("attain_outcome") or report.outcome)
        why = str(report.longrepr[-1]) if isinstance(report.longrepr, tuple) else ""
        reason = why.partition("not applicable because ")[2]
        found = (outcome, reason, str(said.get("attain_no_mapping", "")))
        if found != told:
            report.outcome = "failed"
            report.longrepr = f"the page of grades says {told}, the kit {found}: {PRINT}"
    return report
