"""A run begins; where the settings ask another question than the run before, it begins anew.

A cursor says how far an answer was read. Of another address, table or filter it says nothing, and
what lies before it there would never be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.contract import Connector
from storage.engine import Writing
from storage.hooks import named_keys
from storage.syncs import begin_run, connection_row, forget_cursors, newest_run

# How often, how deep and how long is asked: the answer is the same.
_HOW = frozenset({"again_days", "again_minutes", "limits", "seconds"})


def open_run(
    writing: Writing, connector: Connector, connection_id: str, run_id: str
) -> Mapping[str, tuple[str, ...]]:
    """Begin a run, forget the cursors that are of no use, return what callbacks have named."""
    entity, connection = writing.entity_id, writing.connection
    before = newest_run(connection, connection_id)
    if before is not None:
        now = connection_row(connection, entity, connection_id, writing.known_at)
        then = connection_row(connection, entity, connection_id, before.started_at)
        if then is not None and now.config != then.config:
            _forget(writing, connector, connection_id, then.config, now.config)
    begin_run(writing, connection_id, run_id)
    return named_keys(connection, connection_id)


def _forget(
    writing: Writing,
    connector: Connector,
    connection_id: str,
    then: Mapping[str, Any],
    now: Mapping[str, Any],
) -> None:
    schema = connector.info.config_schema
    if _asked(then, schema) != _asked(now, schema):
        forget_cursors(writing, connection_id, None)
        return
    # Streams that are only named have no settings of their own: a new one has no cursor yet.
    old, new = then.get("streams"), now.get("streams")
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        changed = [name for name in new if old.get(name) != new[name]]
        forget_cursors(writing, connection_id, changed)


def _asked(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out how we go in, how we ask, and the streams."""
    known: Any = schema.get("properties") or {}
    secret = {name for name, about in known.items() if about.get("secret") is True}
    left_out = _HOW | secret | {"streams"}
    return {name: value for name, value in config.items() if name not in left_out}
