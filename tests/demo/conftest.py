"""The demo company is written once for all tests that read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from attain.demo.company import write_exports
from attain.demo.manifest import Manifest


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Write both deliveries; nobody may change them."""
    folder = tmp_path_factory.mktemp("company")
    return folder, write_exports(folder)


@pytest.fixture(scope="session")
def folder(written: tuple[Path, Manifest]) -> Path:
    """Return where the deliveries are."""
    return written[0]


@pytest.fixture(scope="session")
def manifest(written: tuple[Path, Manifest]) -> Manifest:
    """Return what the files must come to."""
    return written[1]
