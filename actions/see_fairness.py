"""Seeing attainment beside what people were given to attain it with: a view that pays nothing.

The right to see everybody's performance is decided first; then the company is read as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from actions.deed import Runtime, demand_entity
from actions.forecast_numbers import is_sum
from actions.gather import metric_columns, target_columns
from actions.participants import Participant, participants
from domain.access import Actor, Deed, Resource, System
from domain.component import PeerGroup
from domain.fairness import Fairness, GroupFlow, fairness
from domain.period import Period
from domain.problem import Refused
from storage.definitions import metrics_by_key
from storage.engine import reading

_READER = System(name="fairness")


def see_fairness(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    period: Period,
    asked: tuple[str, str, PeerGroup],
) -> tuple[Fairness, str, str]:
    """Hold the attainment of groups in one metric against their share of another, the flow.

    ``asked`` is the metric, the flow and the kind of group. The units of both come back. Whoever
    has no target of the metric is in no group.
    """
    demand_entity(actor, Resource.PERFORMANCE, entity_id, Deed.READ)
    metric, flow, by = asked
    now = runtime.clock()
    with reading(runtime.engine, _READER) as connection:
        defined = metrics_by_key(connection, entity_id, valid_at=period.start, known_at=now)
        for key in (metric, flow):
            if key not in defined:
                raise Refused("metric_unknown", {"metric": key[:80]}, path="metric")
            if not is_sum(defined[key]):
                raise Refused("metric_not_additive", {"metric": key}, path="metric")
        people, _ = participants(connection, entity_id, period, now)
        ids = [each.person_id for each in people]
        columns = metric_columns(
            connection, entity_id, [defined[metric], defined[flow]], period,
            known_at=now, groups=ids,
        )  # fmt: skip
        columns |= target_columns(connection, entity_id, [metric], period, known_at=now, owners=ids)
    names = (f"{metric}.num", f"{metric}.target", f"{flow}.num")
    groups: dict[str, list[tuple[int, int, int]]] = {}
    for row, person in enumerate(people):
        done, wanted, given = (columns[name].at(row) for name in names)
        group = _group(person, entity_id, by)
        if wanted is not None and group:
            groups.setdefault(group, []).append((done or 0, wanted, given or 0))
    found = fairness([_flow(key, rows) for key, rows in sorted(groups.items())])
    return found, defined[metric].unit, defined[flow].unit


def _group(person: Participant, entity_id: str, by: PeerGroup) -> str:
    match by:
        case PeerGroup.UNIT:
            return person.unit_id
        case PeerGroup.PLATFORM:
            return person.platform_id or ""
        case PeerGroup.COMPANY:
            return entity_id


def _flow(key: str, rows: Sequence[tuple[int, int, int]]) -> GroupFlow:
    done, wanted, given = (sum(each) for each in zip(*rows, strict=True))
    return GroupFlow(key=key, people=len(rows), done=done, wanted=wanted, flow=given)
