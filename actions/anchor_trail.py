"""Anchoring the trail: every checkpoint is remembered in places where nobody here can change it."""

from __future__ import annotations

from collections.abc import Iterator

from actions.deed import Runtime, demand_entity
from actions.trail_key import KeptCheckpoint, line_of, read_lines
from connectors.failures import ConnectorFailure
from connectors.outlets import Anchor
from domain.access import Actor, Resource
from domain.problem import Problem
from storage.checkpoints import Anchoring, add_anchoring, unanchored
from storage.engine import changing, reading

_RECEIPT = 500


def anchor_trail(runtime: Runtime, actor: Actor, entity_id: str) -> tuple[Problem, ...]:
    """Hand every checkpoint to every place that does not remember it yet; say what failed.

    Handing over comes first and is written down afterwards: a crash in between repeats it, and to
    keep a line twice is to keep it once. A place that fails is tried again at the next time, and
    the other places are not touched.
    """
    demand_entity(actor, Resource.AUDIT, entity_id)
    problems = []
    for name, anchor, place in _places(runtime):
        with reading(runtime.engine, actor) as connection:
            missing = unanchored(connection, entity_id, name)
        try:
            for stored in missing:
                receipt = anchor.keep(place, line_of(stored.checkpoint, stored.signature))
                added = Anchoring(
                    number=stored.checkpoint.number,
                    anchor=name,
                    receipt=receipt[:_RECEIPT],
                    at=runtime.clock(),
                )
                with changing(runtime.engine, actor) as connection:
                    add_anchoring(connection, entity_id, added)
        except ConnectorFailure as failure:
            problems.append(_problem(name, failure))
    return tuple(problems)


def anchored_copies(runtime: Runtime) -> tuple[list[KeptCheckpoint], list[Problem]]:
    """Read back what every place remembers; one that cannot be read is a problem of its own."""
    copies: list[KeptCheckpoint] = []
    problems: list[Problem] = []
    for name, anchor, place in _places(runtime):
        try:
            copies.extend(read_lines(anchor.kept(place)))
        except ConnectorFailure as failure:
            problems.append(_problem(name, failure))
    return copies, problems


def _places(runtime: Runtime) -> Iterator[tuple[str, Anchor, str]]:
    for name in runtime.anchored_in:
        kind, _, place = name.partition(":")
        yield name, runtime.anchors[kind], place


def _problem(name: str, failure: ConnectorFailure) -> Problem:
    values = {
        "anchor": name,
        "what": failure.values.get("what", "-"),
        "fault": failure.values.get("fault", failure.code),
    }
    return Problem(code="anchor_failed", values=values)
