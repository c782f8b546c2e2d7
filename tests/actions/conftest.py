"""A branch to close and to correct: built once a module, and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.closing import Branch, selling_branch
from tests.support.stamped import office_with


@pytest.fixture
def branch(sqlite_url: str, tmp_path: Path) -> Iterator[Branch]:
    """The branch in an embedded database of the test's own."""
    with office_with(selling_branch, sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def branch_on_both(database_url: str, tmp_path: Path) -> Iterator[Branch]:
    """The same on each kind of database in turn, for what the database has a say in."""
    with office_with(selling_branch, database_url, tmp_path) as made:
        yield made
