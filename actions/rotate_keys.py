"""Keys are changed: the one outside (data keys are wrapped anew) or the data keys (rows are).

Both are begun again after an interruption, whatever it was, and go on. Servers may run meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

from actions.deed import Runtime
from domain.access import System
from storage.audit import add_event
from storage.engine import reading
from storage.keyring import KeyWrapper
from storage.people import legal_entities
from storage.rekey import begin_rotation, end_rotation, seal_anew, sealed_tables, wrap_anew

ROWS = 500  # in one transaction: others write in between

Say = Callable[[str, int], None]


def rotate_data_keys(
    runtime: Runtime, actor: System, entity_id: str, *, rows: int = ROWS, say: Say | None = None
) -> int:
    """Give an entity new data keys and seal all its rows anew; return how many rows those were.

    At the end the old keys are destroyed: a copy of a row from before opens nowhere any more.
    """
    with runtime.writing(entity_id, actor) as writing:
        old = begin_rotation(writing)
        if not old:
            return 0
        told = {"keys": [key.id for key in old]}
        add_event(writing, "keysRotationBegin", entity_id, told)
    count = 0
    for table in sealed_tables():
        after, more = None, True
        while more:
            with runtime.writing(entity_id, actor) as writing:
                after, done = seal_anew(writing, table, old, after, rows)
            more, count = after is not None, count + done
            if say is not None and done:
                say(table.name, count)
    with runtime.writing(entity_id, actor) as writing:
        end_rotation(writing, old)
        add_event(writing, "keysRotationEnd", entity_id, told)
    return count


def rotate_outer_key(runtime: Runtime, actor: System, wrapper: KeyWrapper) -> int:
    """Wrap every data key by ``wrapper``; return how many were. No row is touched."""
    with reading(runtime.engine, actor) as connection:
        entities = [entity.id for entity in legal_entities(connection)]
    count = 0
    for entity_id in entities:
        with runtime.writing(entity_id, actor) as writing:
            done = wrap_anew(writing, wrapper)
            if done:
                add_event(writing, "keysWrapAnew", entity_id, {"by": wrapper.name})
        count += done
    return count
