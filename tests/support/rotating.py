"""A process that rotates keys again and again at the test's word, in children that may die.

Each ``data`` or ``outer`` on its standard input, with the keys before and after, is a rotation that
begins where the last one died.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from actions.deed import Runtime
from actions.rotate_keys import rotate_data_keys, rotate_outer_key
from domain.access import System
from storage.engine import open_engine, reading
from storage.keyring import Keyring, LocalKey
from storage.people import legal_entities
from tests.support.dying import obey

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
    obey(partial(rotate, sys.argv[1]))
