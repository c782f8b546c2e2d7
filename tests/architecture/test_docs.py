"""What a person can type or set is written down, and nothing else is."""

from __future__ import annotations

import ast
from pathlib import Path

from attain.cli import app
from attain.settings import NAMES
from tests.support.source import LOOSE, ROOMS, ROOT, Source, assert_none, read


def first_cells(page: str) -> set[str]:
    """Read the first cell of every row of a page's tables."""
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    return {line.split("`")[1] for line in lines if line.startswith("| `")}


def developer_words() -> set[str]:
    """Read the words that bootstrap.py answers itself, without running it."""
    tree = ast.parse((ROOT / "bootstrap.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SCRIPTS":
            return set(ast.literal_eval(node.value))
    raise AssertionError("bootstrap.py has no SCRIPTS")


def product_words() -> set[str]:
    groups = {str(group.name) for group in app.registered_groups}
    return groups | {
        str(command.name or getattr(command.callback, "__name__", ""))
        for command in app.registered_commands
    }


def test_every_word_of_the_door_is_documented() -> None:
    words = developer_words() | product_words()
    assert_none(sorted(words - first_cells("commands.md")), "Not in docs/commands.md.")
    assert_none(sorted(first_cells("commands.md") - words), "docs/commands.md: no such word.")


def test_no_word_means_two_things() -> None:
    assert_none(developer_words() & product_words(), "bootstrap.py would hide these commands.")


def test_every_setting_is_documented() -> None:
    assert_none(sorted(NAMES.keys() - first_cells("settings.md")), "Not in docs/settings.md.")
    assert_none(sorted(first_cells("settings.md") - NAMES.keys()), "No such setting.")


def dead_links(page: str, text: str, root: Path = ROOT) -> list[str]:
    """Find links of a page to files that are not there."""
    targets = [part.partition(")")[0].partition("#")[0] for part in text.split("](")[1:]]
    inside = [target for target in targets if target and "://" not in target]
    folder = (root / page).parent
    return [f"{page}: {target}" for target in inside if not (folder / target).exists()]


def test_links_between_our_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [
        link
        for page in pages
        for link in dead_links(page.relative_to(ROOT).as_posix(), page.read_text("utf-8"))
    ]
    assert_none(dead, "A reader who follows these links finds nothing.")


def test_a_dead_link_is_seen() -> None:
    assert dead_links("docs/planted.md", "see [it](nowhere.md#part)") == [
        "docs/planted.md: nowhere.md"
    ]


def private_words(sources: list[Source]) -> list[str]:
    """Find absolute paths of one machine."""
    homes = ("/" + "work/", "/" + "root/", "/" + "home/")
    return [
        f"{source.path}:{number}"
        for source in sources
        for number, line in enumerate(source.text.splitlines(), 1)
        if any(home in line for home in homes)
    ]


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert_none(private_words(read(*ROOMS, *LOOSE)), "This works on one machine only.")
