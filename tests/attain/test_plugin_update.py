"""``attain plugin update``: a plug-in learns what the template has learnt, and loses no edit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from attain import commands_plugin
from attain.cli import app
from attain.commands_plugin import RECORD, Answers, new

SHOP = Answers(
    id="shop.crm", title="Shop CRM", title_zh="商店客户", author="Shop Ltd", stream="sales"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    new(tmp_path / "shop", SHOP)
    return tmp_path / "shop"


def update(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["plugin", "update", str(folder), *words])


def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the template of today say more than that of yesterday."""
    for name in ("_README", "_PYPROJECT"):
        text = getattr(commands_plugin, name)
        monkeypatch.setattr(commands_plugin, name, f"{text}# new in the template\n")


def test_a_plugin_of_today_has_nothing_to_learn(shop: Path) -> None:
    done = update(shop)
    assert done.exit_code == 0
    assert "writes nothing otherwise" in done.output


def test_what_nobody_edited_is_taken_and_what_its_owner_edited_is_shown_and_left(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    readme, project = shop / "README.md", shop / "pyproject.toml"
    mine = readme.read_text("utf-8").replace("# attain-shop-crm", "# The shop")
    readme.write_text(mine, "utf-8")
    told = update(shop)
    assert told.exit_code == 1
    assert "pyproject.toml: taken with --write" in told.output
    assert "README.md: look yourself" in told.output
    assert "+# new in the template" in told.output
    assert "new in the template" not in project.read_text("utf-8")
    assert update(shop, "--write").exit_code == 0
    assert project.read_text("utf-8").endswith("# new in the template\n")
    assert readme.read_text("utf-8") == mine
    assert update(shop).exit_code == 0


def test_edits_where_the_template_stayed_as_it_was_and_removed_files_are_nobodys_business(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "attain_shop_crm" / "connector.py").write_text("mine = True\n", "utf-8")
    assert update(shop).exit_code == 0
    newer(monkeypatch)
    (shop / "README.md").unlink()
    assert "README" not in update(shop).output


@pytest.mark.parametrize("record", ["", "{}", '{"format": "attain.template/1", "answers": {}}'])
def test_a_folder_that_was_not_made_here_is_refused(shop: Path, record: str) -> None:
    (shop / RECORD).write_text(record, "utf-8")
    done = update(shop)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
