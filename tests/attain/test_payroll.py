"""``attain payroll``: the approved pay of a period as a new file, and nothing before it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from attain.cli import app
from tests.support.company import office
from tests.support.keys import KEY
from tests.support.paying import DRAW, Paying


def test_the_approved_pay_is_written_into_a_new_file_with_its_totals(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTAIN_DATA", str(tmp_path))
    monkeypatch.setenv("ATTAIN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("ATTAIN_LOCALE", "en")
    (tmp_path / "attain.key").write_text(KEY.hex() + "\n", "ascii")
    (tmp_path / "attain.key").chmod(0o600)
    out = tmp_path / "may.csv"
    words = ["payroll", "2026-05", "--out", str(out)]
    with office(sqlite_url, tmp_path) as runtime:
        paying = Paying(runtime, DRAW)
        paying.sell("ann", "2026-05", 250_050)
        paying.post("2026-05")
        missing = CliRunner().invoke(app, words)
        assert "Nothing has been prepared for payment in 2026-05" in missing.output
        paying.lock("2026-05")
        early = CliRunner().invoke(app, words)
        assert early.exit_code == 1
        assert "LOCKED" in early.output
        assert not out.exists()
        paying.finish("2026-05")
        done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("rows 2")
    assert "CN¥3,500.50" in done.output
    assert "ann,ann,2026-05,2026-06-15,CNY,2500.50" in out.read_text("utf-8-sig")
    assert out.stat().st_mode & 0o077 == 0
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 2
    assert CliRunner().invoke(app, [*words[:3], str(tmp_path / "may.pdf")]).exit_code == 2
