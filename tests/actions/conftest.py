"""A branch to close and to correct: built once a module, and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from actions.deed import Runtime
from tests.support.closing import Branch
from tests.support.stamped import office_with

DAY = date(2026, 8, 12)


def _built(runtime: Runtime) -> Branch:
    """Build a branch whose people have sold."""
    branch = Branch(runtime)
    for place, name in enumerate(branch.ids):
        branch.sale(name, DAY, 110_000 + 10_000 * place)
    return branch


@pytest.fixture
def branch(sqlite_url: str, tmp_path: Path) -> Iterator[Branch]:
    """The branch in an embedded database of the test's own."""
    with office_with(_built, sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def branch_on_both(database_url: str, tmp_path: Path) -> Iterator[Branch]:
    """The same on each kind of database in turn, for what the database has a say in."""
    with office_with(_built, database_url, tmp_path) as made:
        yield made
