"""The connection documents fit the written files: the real file connector reads them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from attain.demo.manifest import Manifest
from attain.demo.sources import sources
from connectors.contract import Checkpoint as Mark
from connectors.contract import (
    Context,
    Cursor,
    Message,
    Notice,
    ReadRequest,
    Ready,
    Record,
    Rejected,
)
from connectors.files import FilesConnector

# Kinds the connector itself refuses; the mapping refuses the others.
REFUSED_BY_READING = {
    "empty key": "key_missing",
    "ragged row": "row_ragged",
    "wrong encoding": "encoding_broken",
    "misplaced quote": "quote_misplaced",
    "long number in a spreadsheet": "number_spoilt",
}


def _read_all(box: Path, cursors: dict[str, dict[str, Cursor]]) -> list[Message]:
    messages: list[Message] = []
    for source in sources():
        context = Context(config=source.config, folder=box, now=datetime(2026, 10, 9, tzinfo=UTC))
        connector = FilesConnector()
        assert connector.check(context).ok
        known = cursors.setdefault(source.key, {})
        request = ReadRequest(streams=source.streams, cursors=dict(known))
        for message in connector.read(context, request):
            messages.append(message)
            if isinstance(message, Mark):
                known[message.stream] = message.cursor
    return messages


def test_both_deliveries_are_read_and_the_second_reads_only_what_changed(
    written: tuple[Path, Manifest], tmp_path: Path
) -> None:
    folder, company = written
    cursors: dict[str, dict[str, Cursor]] = {}
    box = tmp_path / "box"
    for delivery in (1, 2):
        root = folder / "deliveries" / str(delivery)
        shutil.copytree(root, box, dirs_exist_ok=True)
        messages = _read_all(box, cursors)
        refused = [m.reason for m in messages if isinstance(m, Rejected)]
        rows = sum(file.rows for file in company.files if file.delivery == delivery)
        notices = [m.code for m in messages if isinstance(m, Notice)]
        twice = notices.count("row_repeated") + notices.count("row_revised")
        assert sum(isinstance(m, Record) for m in messages) == rows - len(refused) - twice
        expected = [
            REFUSED_BY_READING[row.kind]
            for row in company.dirty
            if row.delivery == delivery and row.kind in REFUSED_BY_READING
        ]
        assert sorted(refused) == sorted(expected)
        assert twice == (2 if delivery == 1 else 0)
        through = {m.through.isoformat() for m in messages if isinstance(m, Ready)}
        assert through == {"2026-09-30" if delivery == 1 else "2026-10-08"}
    assert not [m for m in _read_all(box, cursors) if isinstance(m, Record)]
