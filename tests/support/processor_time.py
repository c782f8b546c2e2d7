"""How much processor time each file of tests takes: ``-p tests.support.processor_time``.

The time by the clock says on a shared machine what the others do. What is counted is this process
and the programs that it started and saw end; a database server is neither.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Generator

import pytest

_LINES = 30
_spent: defaultdict[str, float] = defaultdict(float)
_began = 0.0


def spent() -> float:
    """Return the processor time of this process and of the children that have ended."""
    found = 0.0
    for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(whose)
        found += usage.ru_utime + usage.ru_stime
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send the time since the last report along: set-up, test and what comes after it."""
    global _began  # noqa: PLW0603 - a process runs one test after the other
    report = yield
    now = spent()
    report.user_properties.append((f"processor {report.when}", now - _began))
    _began = now
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logstart() -> None:
    """Leave out what happened between two tests."""
    global _began  # noqa: PLW0603 - as above
    _began = spent()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add a report up; of its own process or of a worker."""
    for name, value in report.user_properties:
        if name == f"processor {report.when}":
            _spent[report.location[0]] += float(str(value))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the files that take most, and the whole."""
    terminalreporter.write_sep("=", f"processor time: {sum(_spent.values()):.0f} s in tests")
    for file, seconds in sorted(_spent.items(), key=lambda each: -each[1])[:_LINES]:
        terminalreporter.write_line(f"{seconds:7.1f} s  {file}")
