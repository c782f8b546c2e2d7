"""A pytest plug-in that writes down what the kit found: ``pytest -p attain.suite_report``.

``--attain-report FILE`` names the file; each line is the JSON of one check of one case.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connectors.kit import fixtures
from plugins.vendor_names import lend_names

lend_names()
_found: list[dict[str, Any]] = []
_file: list[Path] = []


def pytest_addoption(parser: Any) -> None:
    """Add the option."""
    parser.addoption("--attain-report", default="", help="File for what the kit found.")


def pytest_configure(config: Any) -> None:
    """Offer the kit's fixture, and remember where to write."""
    fixtures.pytest_configure(config)
    if config.getoption("--attain-report"):
        _file.append(Path(config.getoption("--attain-report")))


def pytest_runtest_logreport(report: Any) -> None:
    """Take down a check; a test that is none of ours has no such properties."""
    said = dict(report.user_properties)
    if "attain_check" not in said or (report.when != "call" and report.outcome != "failed"):
        return
    outcome = said.get("attain_outcome") or report.outcome
    reason = ""
    if report.outcome == "skipped":
        reason = str(report.longrepr[-1]).removeprefix("Skipped: ")
    elif report.outcome == "failed":
        crash = getattr(report.longrepr, "reprcrash", None)
        reason = str(getattr(crash, "message", "")).split("\n")[0][:200]
    _found.append({**said, "attain_outcome": outcome, "reason": reason})


def pytest_sessionfinish() -> None:
    """Write the file."""
    for path in _file:
        path.write_text("".join(json.dumps(each) + "\n" for each in _found), "utf-8")
