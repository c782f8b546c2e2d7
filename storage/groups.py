"""Of which groups somebody may see a total: the counts behind the rule of ``domain.privacy``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Row,
    case,
    func,
    literal,
    not_,
    or_,
    select,
)

from domain.access import Actor, Deed, Reach, Resource, System, Viewer, covers, reaches
from domain.period import Period
from domain.privacy import Crowd, Stretch, total_is_shown
from storage.rules import overlaps
from storage.tables import assignment, unit_closure
from storage.visibility import newest, people_seen, unit_reached


def groups_shown(
    connection: Connection,
    actor: Actor,
    entity_id: str,
    group_ids: Sequence[str],
    period: Period,
    *,
    minimum: int,
    as_of_now: bool = True,
) -> list[str]:
    """Keep the units, platforms and the company whose total over ``period`` the actor may see.

    Whoever sees everybody of a group on the last day sees its total. A member sees it by the rule
    of ``domain.privacy``, and only as known by now: two readings before and after somebody was
    moved by a correction differ by that person.
    """
    wide = {
        group
        for group in group_ids
        if unit_reached(
            connection,
            actor,
            Resource.PERFORMANCE,
            entity_id=entity_id,
            unit_id=group,
            day=period.last_day,
        )
    }
    if isinstance(actor, System) or actor.acting is not None or not as_of_now:
        return [group for group in group_ids if group in wide]
    rest = [group for group in group_ids if group not in wide]
    stretches = stretches_of(connection, actor, entity_id, period) if rest else ()
    shown = {each for each in rest if total_is_shown(each, entity_id, stretches, minimum)}
    return [group for group in group_ids if group in wide or group in shown]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """People in one unit and on one platform for the same days."""

    who: tuple[str | None, int]  # one person with more than one place, or how many with this one
    unit_id: str
    platform_id: str | None
    start: date
    end: date


@dataclass(slots=True)
class _Tree:
    """Who is below whom on each day of a period, read once."""

    lines: Sequence[Row[Any]]
    by_unit: dict[str, list[Row[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line in self.lines:
            self.by_unit.setdefault(line.descendant_id, []).append(line)

    def above(self, unit_id: str, day: date) -> dict[str, int]:
        """Return the ancestors of a unit on ``day`` with their distance, itself at 0."""
        return {
            line.ancestor_id: line.depth
            for line in self.by_unit.get(unit_id, ())
            if covers(day, line.valid_from, line.valid_to)
        }


def stretches_of(
    connection: Connection, viewer: Viewer, entity_id: str, period: Period
) -> tuple[Stretch, ...]:
    """Cut a period where anybody moves, and count for each part who is hidden in which groups.

    Empty for who does not work in the legal entity on the last day.
    """
    own = _own(connection, viewer, entity_id, period)
    if not any(covers(period.last_day, each.start, each.end) for each in own):
        return ()
    tree = _Tree(
        list(
            connection.execute(
                select(unit_closure).where(
                    unit_closure.c.legal_entity_id == entity_id,
                    unit_closure.c.superseded_at.is_(None),
                    unit_closure.c.valid_from < period.end,
                    or_(unit_closure.c.valid_to.is_(None), unit_closure.c.valid_to > period.start),
                )
            )
        )
    )
    hidden = _hidden(connection, viewer, entity_id, period)
    led = [
        reach
        for reach in reaches(viewer, Resource.PERFORMANCE, Deed.READ)
        if reach.unit_id is not None and reach.entity_id == entity_id
    ]
    return tuple(
        _stretch(day, own, hidden, tree, led)
        for day in _cuts(period, [*own, *hidden], tree.lines, led)
    )


def _cuts(
    period: Period, held: Iterable[_Held], lines: Iterable[Row[Any]], led: Iterable[Reach]
) -> list[date]:
    """List the first day of the period and every later one on which something changes."""
    days = {each.start for each in held} | {each.end for each in held}
    spans = [(each.valid_from, each.valid_to) for each in lines]
    spans += [(each.valid_from, each.valid_to) for each in led]
    for start, end in spans:
        days.update((start or period.start, end or period.end))
    return sorted({period.start, *(day for day in days if period.start < day < period.end)})


def _stretch(
    day: date, own: Iterable[_Held], hidden: Iterable[_Held], tree: _Tree, led: Iterable[Reach]
) -> Stretch:
    mine = [each for each in own if covers(day, each.start, each.end)]
    chain = _chain(mine, tree, day)
    platforms = {each.platform_id for each in mine}
    platform = platforms.pop() if len(platforms) == 1 else None
    asked = {*chain, *([platform] if platform else [])}
    lead = {each.unit_id for each in led if covers(day, each.valid_from, each.valid_to)}
    counted: Counter[frozenset[str]] = Counter()
    alone: dict[str, set[str]] = {}
    seen: set[str] = set()
    for each in hidden:
        if not covers(day, each.start, each.end):
            continue
        above = tree.above(each.unit_id, day)
        person, number = each.who
        groups = {*above, each.platform_id} & asked
        if person is not None:
            # In two places at once: the person is in the groups of both.
            alone.setdefault(person, set()).update(g for g in groups if g)
            if lead & above.keys():
                seen.add(person)
        elif not lead & above.keys():
            counted[frozenset(g for g in groups if g)] += number
    for person, groups_of in alone.items():
        if person not in seen:
            counted[frozenset(groups_of)] += 1
    crowds = tuple(Crowd(groups=groups, people=people) for groups, people in counted.items())
    return Stretch(chain=chain, platform=platform, crowds=crowds)


def _chain(mine: Sequence[_Held], tree: _Tree, day: date) -> tuple[str, ...]:
    """Return the units that hold all of the viewer's places, the smallest first."""
    if not mine:
        return ()
    above = [tree.above(each.unit_id, day) for each in mine]
    common = set(above[0]).intersection(*above[1:])
    return tuple(sorted(common, key=lambda unit: (above[0][unit], unit)))


def _own(connection: Connection, viewer: Viewer, entity_id: str, period: Period) -> list[_Held]:
    if viewer.person_id is None:
        return []
    query = _places(entity_id, period, assignment.c.person_id).where(
        assignment.c.person_id == viewer.person_id
    )
    return [_held(row, (row.person_id, 1)) for row in connection.execute(query)]


def _hidden(connection: Connection, viewer: Viewer, entity_id: str, period: Period) -> list[_Held]:
    """Read the places of everybody whose own values the viewer does not see."""
    unseen = not_(
        people_seen(
            viewer,
            Resource.PERFORMANCE,
            assignment.c.person_id,
            assignment.c.legal_entity_id,
            period.last_day,
        )
    )
    moving = (
        select(assignment.c.person_id)
        .where(
            newest(assignment),
            overlaps(assignment, period.start, period.end),
            assignment.c.legal_entity_id == entity_id,
        )
        .group_by(assignment.c.person_id)
        .having(func.count() > 1)
    )
    movers = _places(entity_id, period, assignment.c.person_id).where(
        unseen, assignment.c.person_id.in_(moving)
    )
    found = [_held(row, (row.person_id, 1)) for row in connection.execute(movers)]
    counted = _places(entity_id, period, func.count().label("people")).where(
        unseen, assignment.c.person_id.not_in(moving)
    )
    grouped = counted.group_by(*list(counted.selected_columns)[:4])
    return found + [_held(row, (None, row.people)) for row in connection.execute(grouped)]


def _places(entity_id: str, period: Period, last: ColumnElement[Any]) -> Any:
    start, end = literal(period.start, Date), literal(period.end, Date)
    begins = case((assignment.c.valid_from < start, start), else_=assignment.c.valid_from)
    until = assignment.c.valid_to
    ends = case((until.is_(None), end), (until > end, end), else_=until)
    return select(
        assignment.c.unit_id, assignment.c.platform_id, begins.label("start"), ends.label("end"),
        last,
    ).where(
        newest(assignment),
        overlaps(assignment, period.start, period.end),
        assignment.c.legal_entity_id == entity_id,
    )  # fmt: skip


def _held(row: Row[Any], who: tuple[str | None, int]) -> _Held:
    return _Held(
        who=who,
        unit_id=row.unit_id,
        platform_id=row.platform_id,
        start=row.start,
        end=row.end,
    )
