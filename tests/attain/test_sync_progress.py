"""A person at a terminal sees how far a sync is; a program that reads the output sees nothing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import sync_source
from attain.sync_progress import SyncProgress
from tests.support.scripted import good_rows
from tests.support.syncing import HOST, Company


class Terminal(io.StringIO):
    """A stream at which somebody looks."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_a_sync_shows_how_far_it_is_where_somebody_looks(
    sqlite_url: str, tmp_path: Path, stream: Any
) -> None:
    company = Company(sqlite_url, tmp_path)
    crm = company.connect()
    rows = "\n".join(["order_no,seller,customer,amount,day", *good_rows(2_500)])
    (tmp_path / "orders-1.csv").write_text(rows + "\n", encoding="utf-8")
    progress = SyncProgress(stream)
    sync_source(company.runtime, HOST, company.entity_id, crm, told=progress)
    progress.end()
    company.runtime.engine.dispose()
    lines = stream.getvalue().split("\r")
    if not stream.isatty():
        assert lines == [""]
        return
    said = [int(line.split()[-1].replace(",", "")) for line in lines if line.strip()]
    assert said == sorted(said)
    assert (len(said) > 1, said[-1], lines[-1]) == (True, 2_500, "")


def test_a_source_that_says_how_many_there_are_gets_a_bar() -> None:
    stream = Terminal()
    progress = SyncProgress(stream)
    progress(None, 50, 200)  # type: ignore[arg-type]
    assert stream.getvalue() == "\r[#######.......................] 50 / 200"
