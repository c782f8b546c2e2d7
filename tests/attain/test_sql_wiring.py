"""The way to databases as an installation has it: from its settings to the rows of a connection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from actions.source_context import context_of
from attain.settings import Settings, SettingsInvalid, read_settings
from attain.wiring import wire
from connectors.contract import CheckCode
from connectors.sql import SqlConnector
from tests.support.source_web import NOW
from tests.support.sql_source import settings, write


def test_only_the_folder_that_the_operator_names_is_read(sqlite_url: str, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    write(sources, "CREATE TABLE deal (id INTEGER PRIMARY KEY, changed TEXT)")
    own = Settings(data=tmp_path, database_url=sqlite_url, plugins="none", sqlite_folder=sources)
    runtime = wire(own).runtime
    try:
        connector = runtime.connectors["sql"]
        context = context_of(runtime, connector, settings(), NOW)
        assert connector.check(context).code is CheckCode.OK
        # Our own database lies beside that folder, and no name leads there.
        ours = settings(database={"kind": "SQLITE", "file": "../attain.db"})
        report = connector.check(context_of(runtime, connector, ours, NOW))
        assert report.findings[0].code == "sql_file_outside"
        closed = replace(runtime, databases=None)
        report = SqlConnector().check(context_of(closed, connector, settings(), NOW))
        assert report.findings[0].code == "source_without_databases"
    finally:
        runtime.engine.dispose()


def test_the_folder_lies_outside_of_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "data" / "sources").mkdir(parents=True)
    given = {"ATTAIN_DATA": str(tmp_path / "data")}
    with pytest.raises(SettingsInvalid, match="ATTAIN_SQLITE_FOLDER must lie outside"):
        read_settings({**given, "ATTAIN_SQLITE_FOLDER": str(tmp_path / "data" / "sources")})
    with pytest.raises(SettingsInvalid, match="ATTAIN_SQLITE_FOLDER names no folder"):
        read_settings({**given, "ATTAIN_SQLITE_FOLDER": str(tmp_path / "none")})
