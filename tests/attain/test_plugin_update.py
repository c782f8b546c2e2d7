"""``attain plugin update``: a plug-in learns what the template has learnt, and loses no edit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from attain import commands_plugin, commands_template
from attain.cli import app
from attain.commands_plugin import RECORD, Answers, hash_of, new

SHOP = Answers(
    id="shop.crm", title="Shop CRM", title_zh="商店客户", author="Shop Ltd", stream="sales"
)
LEARNT = "\nRead the page of grades.\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    new(tmp_path / "shop", SHOP)
    return tmp_path / "shop"


@pytest.fixture
def committed(shop: Path) -> Path:
    git(shop, "init", "-q")
    commit(shop)
    return shop


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=Shop", "-c", "user.email=shop@shop.example"]
    done = subprocess.run(
        ["git", *names, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Now")


def update(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["plugin", "update", str(folder), *words])


def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the template of today say more than that of yesterday, and one line otherwise."""
    for name in ("_README", "_PYPROJECT"):
        text = getattr(commands_plugin, name).replace("## Install", "## How to install")
        monkeypatch.setattr(commands_plugin, name, text + LEARNT)


def edit(path: Path, old: str, text: str) -> str:
    before = path.read_text("utf-8")
    assert old in before
    path.write_text(before.replace(old, text), "utf-8")
    return path.read_text("utf-8")


def test_a_plugin_of_today_has_nothing_to_learn(shop: Path) -> None:
    done = update(shop)
    assert done.exit_code == 0
    assert "writes nothing otherwise" in done.output


def test_without_write_all_is_told_and_nothing_is_touched(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(shop / "README.md", "# attain-shop-crm", "# The shop")
    newer(monkeypatch)
    before = {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()}
    told = update(shop)
    assert told.exit_code == 1
    assert "pyproject.toml: taken" in told.output
    assert "README.md: merged with your edits" in told.output
    assert "+Read the page of grades." in told.output
    assert {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()} == before


def test_what_nobody_edited_is_taken_and_edits_are_merged(
    committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = edit(committed / "README.md", "# attain-shop-crm", "# The shop")
    commit(committed)
    newer(monkeypatch)
    done = update(committed, "--write")
    assert done.exit_code == 0, done.output
    assert (committed / "pyproject.toml").read_text("utf-8").endswith(LEARNT)
    wanted = mine.replace("## Install", "## How to install") + LEARNT
    assert (committed / "README.md").read_text("utf-8") == wanted
    assert not list(committed.rglob("*.orig*"))  # git has the old text
    assert update(committed).exit_code == 0


def test_a_real_conflict_has_both_in_it_and_is_named(
    committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(committed / "README.md", "## Install", "## Set it up")
    commit(committed)
    newer(monkeypatch)
    done = update(committed, "--write")
    assert done.exit_code == 1
    assert "README.md: both changed the same lines" in done.output
    text = (committed / "README.md").read_text("utf-8")
    marked = "<<<<<<< yours\n## Set it up\n=======\n## How to install\n>>>>>>> the template\n"
    assert marked in text
    assert text.endswith(LEARNT)
    # It was told once; the next template is not merged into marks that nobody has looked at.
    assert update(committed).exit_code == 0
    commit(committed)
    readme = commands_plugin._README.replace("How to", "This is how to")
    monkeypatch.setattr(commands_plugin, "_README", readme)
    refused = update(committed, "--write")
    assert refused.exit_code == 2
    assert "still has the marks of a conflict" in " ".join(refused.output.split())
    assert (committed / "README.md").read_text("utf-8") == text


def test_a_tree_with_changes_that_are_not_committed_is_refused_unless_forced(
    committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = edit(committed / "README.md", "# attain-shop-crm", "# The shop")
    newer(monkeypatch)
    refused = update(committed, "--write")
    assert refused.exit_code == 2
    assert "commit them first, or --force" in " ".join(refused.output.split())
    assert (committed / "README.md").read_text("utf-8") == mine
    assert git(committed, "diff", "--name-only").split() == ["README.md"]
    done = update(committed, "--write", "--force")
    assert done.exit_code == 0
    assert (committed / "README.md.orig").read_text("utf-8") == mine
    assert (committed / "README.md").read_text("utf-8").endswith(LEARNT)


@pytest.mark.parametrize("missing", ["repository", "program"])
def test_without_git_the_old_text_is_put_beside_under_a_name_that_nobody_has(
    shop: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing == "program":
        git(shop, "init", "-q")
        monkeypatch.setattr("attain.commands_template.shutil.which", lambda _: None)
    mine = edit(shop / "README.md", "# attain-shop-crm", "# The shop")
    (shop / "README.md.orig").write_text("of mine", "utf-8")
    newer(monkeypatch)
    done = update(shop, "--write")
    assert done.exit_code == 0
    assert "README.md.orig1: your text as it was" in done.output
    assert (shop / "README.md.orig1").read_text("utf-8") == mine
    assert (shop / "README.md.orig").read_text("utf-8") == "of mine"
    assert not (shop / "pyproject.toml.orig").exists()  # nobody had edited it


def test_edits_where_the_template_stayed_as_it_was_are_nobodys_business(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "attain_shop_crm" / "connector.py").write_text("mine = True\n", "utf-8")
    assert update(shop).exit_code == 0
    newer(monkeypatch)
    assert "connector.py" not in update(shop, "--write").output
    assert (shop / "attain_shop_crm" / "connector.py").read_text("utf-8") == "mine = True\n"


def test_a_file_that_its_owner_removed_stays_away_and_is_named(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    (shop / "README.md").unlink()
    done = update(shop, "--write")
    assert done.exit_code == 1
    assert "README.md: left out: you have removed it" in done.output
    assert not (shop / "README.md").exists()
    assert update(shop).exit_code == 0


@pytest.mark.parametrize("edited", [False, True])
def test_a_file_that_the_template_has_no_longer_goes_unless_it_was_edited(
    shop: Path, edited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if edited:
        edit(shop / "README.md", "# attain-shop-crm", "# The shop")
    files = commands_plugin.files_of(SHOP)
    more = {name: text for name, text in files.items() if name != "README.md"}
    more["docs/NEW.md"] = "new in the template\n"
    monkeypatch.setattr(commands_template, "files_of", lambda _: more)
    done = update(shop, "--write")
    assert done.exit_code == int(edited)
    assert (shop / "README.md").exists() is edited
    assert (shop / "docs" / "NEW.md").read_text("utf-8") == "new in the template\n"


def test_line_breaks_stay_those_of_the_file(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = shop / "README.md"
    mine = edit(readme, "# attain-shop-crm", "# The shop")
    readme.write_bytes(mine.replace("\n", "\r\n").encode())
    newer(monkeypatch)
    assert update(shop, "--write").exit_code == 0
    text = readme.read_bytes()
    assert b"# The shop\r\n" in text
    assert text.endswith(LEARNT.replace("\n", "\r\n").encode())
    assert text.count(b"\n") == text.count(b"\r\n")


def test_of_a_record_without_texts_what_was_edited_is_put_beside(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = json.loads((shop / RECORD).read_text("utf-8"))
    hashes = {name: hash_of("\n".join(then)) for name, then in record["files"].items()}
    record |= {"format": "attain.template/1", "files": hashes}
    (shop / RECORD).write_text(json.dumps(record), "utf-8")
    assert update(shop).exit_code == 0
    mine = edit(shop / "README.md", "# attain-shop-crm", "# The shop")
    newer(monkeypatch)
    done = update(shop, "--write")
    assert done.exit_code == 1
    assert "not known, see README.md.template" in done.output
    assert (shop / "README.md").read_text("utf-8") == mine
    assert (shop / "README.md.template").read_text("utf-8").endswith(LEARNT)
    assert (shop / "pyproject.toml").read_text("utf-8").endswith(LEARNT)
    assert json.loads((shop / RECORD).read_text("utf-8"))["format"] == "attain.template/2"


@pytest.mark.parametrize(
    "change",
    [
        None,
        {"format": "attain.template/3"},
        {"answers": {}},
        {"answers": {"id": "../../x", "title": "a", "title_zh": "b", "author": "c", "stream": "s"}},
        {"files": {"../outside": ["mine", ""]}},
        {"files": {"README.md": "a hash"}},
        {"files": []},
    ],
)
def test_a_folder_that_was_not_made_here_is_refused(
    shop: Path, change: dict[str, object] | None
) -> None:
    outside = shop.parent / "outside"
    outside.write_text("mine\n", "utf-8")
    record = json.loads((shop / RECORD).read_text("utf-8"))
    (shop / RECORD).write_text("" if change is None else json.dumps(record | change), "utf-8")
    done = update(shop, "--write")
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert outside.read_text("utf-8") == "mine\n"
