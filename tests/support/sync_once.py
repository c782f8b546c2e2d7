"""One sync in a process of its own, for a test that kills it."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.syncing import Company

if __name__ == "__main__":
    url, folder, connection_id = sys.argv[1:]
    company = Company(url, Path(folder))
    print("begun", flush=True)
    print(company.sync(connection_id).outcome.value, flush=True)
    company.runtime.engine.dispose()
