"""A branch to close and to correct: built once a module, and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.support.closing import Branch
from tests.support.company import Ticking, office

DAY = date(2026, 8, 12)


def _sold(branch: Branch) -> Branch:
    for place, name in enumerate(branch.ids):
        branch.sale(name, DAY, 110_000 + 10_000 * place)
    return branch


@pytest.fixture(scope="module")
def built(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Branch]:
    """A branch whose people have sold, in a file to copy."""
    folder = tmp_path_factory.mktemp("branch")
    path = folder / "attain.db"
    shutil.copyfile(_sqlite_template, path)
    with office(f"sqlite:///{path}", folder) as runtime:
        return path, _sold(Branch(runtime))


@pytest.fixture
def branch(built: tuple[Path, Branch], tmp_path: Path) -> Iterator[Branch]:
    """The branch in an embedded database of the test's own."""
    path, made = built
    shutil.copyfile(path, tmp_path / "attain.db")
    with office(f"sqlite:///{tmp_path / 'attain.db'}", tmp_path) as runtime:
        before, clock = made.runtime.clock, runtime.clock
        assert isinstance(before, Ticking)
        assert isinstance(clock, Ticking)
        clock.now = before.now
        yield made.moved_to(runtime)


@pytest.fixture
def branch_on_both(database_url: str, tmp_path: Path) -> Iterator[Branch]:
    """The same on each kind of database in turn, for what the database has a say in."""
    with office(database_url, tmp_path) as runtime:
        yield _sold(Branch(runtime))
