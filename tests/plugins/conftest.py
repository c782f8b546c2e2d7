"""A shelf of distributions that Python finds, emptied of what was imported from it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Shelf(tmp_path)
    for name in set(sys.modules) - before:
        if name.endswith("_plugin"):
            del sys.modules[name]
