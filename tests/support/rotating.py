"""A process that rotates keys again and again at the test's word, in children that may be killed.

It has imported everything once; each ``data`` or ``outer KEY`` on its standard input forks a child
that rotates from where the last one was killed, and its end is told on standard output.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from actions.deed import Runtime
from actions.rotate_keys import rotate_data_keys, rotate_outer_key
from domain.access import System
from storage.engine import open_engine, reading
from storage.keyring import Keyring, LocalKey
from storage.people import legal_entities

ROTATOR = System(name="rotation")
ROWS = 25  # few at a time: many places to be killed at


def rotate(url: str, deed: str, key: str, new: str) -> None:
    """Rotate to the end."""
    engine = open_engine(url, Keyring(LocalKey(bytes.fromhex(key))))
    runtime = Runtime(engine=engine, clock=lambda: datetime.now(UTC), data_folder=Path())
    if deed == "outer":
        rotate_outer_key(runtime, ROTATOR, LocalKey(bytes.fromhex(new)))
        return
    with reading(engine, ROTATOR) as connection:
        entities = legal_entities(connection)
    for entity in entities:
        rotate_data_keys(runtime, ROTATOR, entity.id, rows=ROWS)


if __name__ == "__main__":
    address = sys.argv[1]
    for line in sys.stdin:
        words = line.split()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                rotate(address, *words)
                status = 0
            finally:
                os._exit(status)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
