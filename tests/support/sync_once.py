"""A process that syncs again and again at the test's word, in children that may die."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.dying import obey
from tests.support.syncing import Company


def sync(connection_id: str) -> None:
    """Sync to the end."""
    url, folder = sys.argv[1:]
    company = Company(url, Path(folder))
    company.sync(connection_id)
    company.runtime.engine.dispose()


if __name__ == "__main__":
    obey(sync)
