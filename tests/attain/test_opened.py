"""A command closes what it opened, also when it fails half way."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from typer.testing import CliRunner

from attain.cli import app
from attain.opened import close_opened, when_done


def test_a_command_that_fails_leaves_no_database_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTAIN_DATA", str(tmp_path))
    closed = mock.Mock()
    wired = mock.Mock()
    wired.runtime.engine.dispose = closed
    with (
        mock.patch("attain.choosing.wire", return_value=wired),
        mock.patch("attain.choosing.reading", side_effect=ConnectionError("it went away")),
    ):
        failed = CliRunner().invoke(app, ["sync", "crm"])
    assert isinstance(failed.exception, ConnectionError)
    closed.assert_called_once_with()


def test_what_was_opened_last_is_closed_first_and_once() -> None:
    closed: list[str] = []
    when_done(lambda: closed.append("first"))
    when_done(lambda: closed.append("second"))
    close_opened()
    close_opened()
    assert closed == ["second", "first"]
