"""What the tests of connectors share: one real way out to this machine for each file."""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterator

import pytest

from attain.grades_page import PAGE, read_page
from connectors.web_host import LimitedWeb, open_http
from tests.support.source_web import local_web

PRINT = "attain plugin grades"


@pytest.fixture(scope="module")
def web() -> Iterator[LimitedWeb]:
    """Open a way out that waits for nothing."""
    http = open_http(["127.0.0.1"])
    yield local_web(http)
    http.close()


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
