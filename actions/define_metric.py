"""A metric is defined or changed from a date on; without rule, source and refresh it is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

from actions.deed import demand_entity
from actions.identifiers import new_id
from domain.access import Actor, Resource
from domain.document import document_hash
from domain.metric import decode_metric, encode_metric
from domain.problem import Refused
from storage import tables
from storage.definitions import definition_row, next_definition_day
from storage.engine import Writing
from storage.people import add_revision, add_row, next_revision


def refuse_unread(kind: str, problems: tuple[Any, ...]) -> Refused:
    """Build the refusal of a document with every problem that was found in it."""
    return Refused("document_refused", {"document": kind}, problems=problems)


def define_metric(
    writing: Writing,
    actor: Actor,
    document: object,
    *,
    valid_from: date,
    expected_version: int | None = None,
    pack_id: str | None = None,
) -> str:
    """Define a metric, or change it from ``valid_from`` on; return the id of its series.

    The same document again changes nothing. The rows before stay: what was measured with the old
    formula stays explained by it.
    """
    demand_entity(actor, Resource.METRIC, writing.entity_id)
    metric, problems = decode_metric(document)
    if metric is None:
        raise refuse_unread("metric", problems)
    return put_definition(
        writing,
        tables.metric,
        prefix="met",
        key=metric.key,
        document=encode_metric(metric),
        valid_from=valid_from,
        expected_version=expected_version,
        pack_id=pack_id,
    )


def put_definition(
    writing: Writing,
    table: Any,
    *,
    prefix: str,
    key: str,
    document: dict[str, object],
    valid_from: date,
    expected_version: int | None,
    pack_id: str | None,
    **more: Any,
) -> str:
    """Add a dated definition under ``key``: the one that holds before ends where it begins."""
    fingerprint = document_hash(document)
    before = definition_row(writing, table, key, valid_from)
    if expected_version is not None and (before is None or before.revision != expected_version):
        raise Refused("version_conflict", {"current": str(before.revision if before else 0)})
    if pack_id is None and before is not None and before.pack_id is not None:
        # What came with a pack is changed in its layer, or an upgrade would know nothing of it.
        if before.hash != fingerprint:
            values = {"key": key, "pack": str(before.pack_id)}
            raise Refused("pack_definition_owned", values, path="document.key")
        pack_id = before.pack_id
    same = {"hash": fingerprint, **more}
    if before is not None and all(getattr(before, name) == same[name] for name in same):
        return str(before.series_id)
    if before is not None and before.valid_from < valid_from:
        add_revision(writing, table, before, valid_to=valid_from)
        before = None
    series = new_id(prefix, writing.known_at) if before is None else before.series_id
    add_row(
        writing,
        table,
        series_id=series,
        revision=next_revision(writing.connection, table, "series_id", series),
        key=key,
        document=document,
        hash=fingerprint,
        valid_from=valid_from if before is None else before.valid_from,
        valid_to=next_definition_day(writing, table, key, valid_from)
        if before is None
        else before.valid_to,
        voided=False,
        made_by=writing.actor,
        pack_id=pack_id,
        **more,
    )
    return str(series)
