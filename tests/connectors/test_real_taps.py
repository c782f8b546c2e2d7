"""Two taps that others wrote, from the package index, each in its own environment, to facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import Outcome
from attain.commands_tap import Wish, install_tap
from connectors.contract import CheckCode, Context
from connectors.singer import SingerConnector
from tests.support.syncing import NOW, ORDER_MAPPING, Company

COUNT = 10_000
ROWS = [
    {
        "order_no": f"A{number}",
        "seller": f"S{number % 7}",
        "customer": "华东客户" if number % 2 else "C2",
        "amount": Decimal(number) / 4,
        "day": f"2026-0{1 + number % 9}-15",
    }
    for number in range(1, COUNT + 1)
]
TOTAL = sum(number * 25 for number in range(1, COUNT + 1))


@pytest.fixture(scope="module")
def taps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both taps; they could not share one environment."""
    folder = tmp_path_factory.mktemp("taps")
    exports = tmp_path_factory.mktemp("exports")
    for requirement in ("tap-jsonl==0.3.1", "tap-spreadsheets==1.1.2"):
        install_tap(folder, Wish.read(requirement, reads=(exports,)), lambda: True)
    (exports / "orders.jsonl").write_text(
        "".join(f"{json.dumps(row, ensure_ascii=False, default=float)}\n" for row in ROWS), "utf-8"
    )
    table = "".join(f"{','.join(str(cell) for cell in row.values())}\n" for row in ROWS)
    (exports / "orders.csv").write_text(f"{','.join(ROWS[0])}\n{table}", "utf-8")
    (folder / "exports").symlink_to(exports)
    return folder


@pytest.fixture
def company(database_url: str, tmp_path: Path, taps: Path) -> Iterator[Company]:
    made = Company(database_url, tmp_path, {"singer": SingerConnector(taps)})
    yield made
    made.runtime.engine.dispose()


def settings(tap: str, exports: Path) -> dict[str, Any]:
    if tap == "tap-jsonl":
        own: dict[str, Any] = {
            "path": str(exports / "orders.jsonl"),
            "primary_keys": ["order_no"],
            "stream_name": "orders",
        }
    else:
        file = {"path": str(exports / "orders.csv"), "format": "csv", "table_name": "orders"}
        own = {"files": [{**file, "primary_keys": ["order_no"], "delimiter": ","}]}
    return {"tap": tap, "settings": own}


@pytest.mark.long
@pytest.mark.parametrize("tap", ["tap-jsonl", "tap-spreadsheets"])
def test_ten_thousand_rows_of_a_real_tap_become_facts(
    company: Company, taps: Path, tap: str
) -> None:
    exports = (taps / "exports").resolve()
    config = settings(tap, exports)
    connection = company.connect(config, ORDER_MAPPING, "singer")
    first = company.sync(connection)
    assert (first.outcome, first.counts["records"]) == (Outcome.SUCCEEDED, COUNT)
    facts = company.facts(connection)
    assert (len(facts), sum(fact[4] for fact in facts)) == (COUNT, TOTAL)
    assert {fact[6] for fact in facts} == {"华东客户", "C2"}
    # Whatever the tap sends again, because its state is coarse, changes nothing.
    again = company.sync(connection)
    assert again.counts.get("unchanged", 0) == again.counts.get("records", 0)
    assert company.facts(connection) == facts


@pytest.mark.long
def test_a_real_tap_cannot_look_beyond_its_folders(taps: Path, tmp_path: Path) -> None:
    secret = tmp_path / "orders.jsonl"
    secret.write_text('{"order_no": "B1", "amount": 1}\n', "utf-8")
    config = settings("tap-jsonl", tmp_path)
    context = Context(config=config, folder=tmp_path, now=NOW)
    report = SingerConnector(taps).check(context)
    assert report.code in {CheckCode.PERMISSION, CheckCode.CONFIGURATION, CheckCode.UNREACHABLE}
