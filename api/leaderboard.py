"""Leaderboards: ranks within a peer group, the own entry, the median line and the gap to it.

What is shown of others is a setting of the legal entity; whoever may see a person's performance
sees the value in any case. No median and no gap where they would give somebody away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Annotated

import strawberry

from api.access import Audience, output, resolved, shown
from api.access_words import BoardVisibility
from api.asking import After, Before, Entity, First, KnownAt, Last, entity_of, moment
from api.context import Context, Info
from api.incentives import PersonRef, RunRef, run_ref
from api.of_person import RunId, chosen_run
from api.paging import Connection, Page, Slice, connect, described, page
from api.peer_words import PeerGroup
from api.scalars import PeriodName
from api.values import Quantity, number
from domain.access import Resource
from domain.period import Period, period_named
from domain.privacy import middle_is_shown
from domain.problem import Refused
from storage import results as stored
from storage.engine import Database
from storage.live import unit_in
from storage.people import people
from storage.results import Cohort, Run, Standing
from storage.settings import settings_for

Pair = tuple[int, int]


@output(access=Resource.LEADERBOARD, description="A place on a leaderboard.")
class LeaderboardEntry:
    """A row of the board: filled by one query, no resolver."""

    rank: int = shown("The rank; equal values share one (1, 2, 2, 4).")
    person: PersonRef = shown("Who it is.")
    own: bool = shown("Whether it is the viewer's own entry.")
    value: Quantity | None = shown("The value, if the viewer may see this person's performance.")


@output(access=Resource.LEADERBOARD, description="The middle of a peer group.")
class MedianLine:
    """The median line: hidden below the privacy minimum."""

    size: int = shown("How many people are compared.")
    median: Quantity | None = shown("The middle value, or the mean of the two middle ones.")
    own_gap: Quantity | None = shown("The viewer's own value less the median.")


@output(access=Resource.LEADERBOARD, description="A leaderboard, frozen with its run.")
class Leaderboard:
    """A board."""

    run: RunRef = shown("The run it was frozen with.")
    measure: str = shown("What is compared: the key of a metric, or score.")
    peer_group: PeerGroup = shown("The kind of the group.")
    visibility: BoardVisibility = shown(
        "What the legal entity lets be seen of others; who sees everybody's performance sees all."
    )
    own: LeaderboardEntry | None = shown("The viewer's own entry.")
    line: MedianLine | None = shown(
        "The median line; null when the group is too small or the setting hides it."
    )
    entries: Connection[LeaderboardEntry] = shown(
        "The page of the board; the own entry alone when others are not shown."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which page of which board; the same words for a question and for a stream."""

    entity_id: str
    period: Period
    measure: str
    peer_group: PeerGroup
    group: str | None
    page: Page
    run: str | None
    known_at: datetime | None


async def board(context: Context, wanted: Wanted) -> Leaderboard:
    """Read a page of a board as the asker may see it."""
    return await context.read(lambda database: _board(database, context, wanted))


def _board(database: Database, context: Context, wanted: Wanted) -> Leaderboard:
    entity, measure, peers = wanted.entity_id, wanted.measure, wanted.peer_group
    known_at = moment(context, None, wanted.known_at).known_at
    found = chosen_run(database, context, entity, wanted.period, wanted.run, known_at, scores=True)
    own = _own(database, context, found, measure, peers)
    group = wanted.group or _default(entity, own, peers)
    chosen, cohort = _chosen(database, context, found, measure, peers, group)
    rule = _rule(database, context, found, cohort, wanted.period)
    part = _only_own(own, chosen)
    if rule.shows_others:
        part = _page_of(database, found, measure, (peers, chosen), wanted.page, cohort.size)
    ids = [row.person_id for row in part.rows] + ([own.person_id] if own else [])
    seen = frozenset(ids)
    if not rule.shows_values:
        seen = _seen(database, context, ids, wanted.period, found)
    return Leaderboard(
        run=run_ref(found),
        measure=measure,
        peer_group=peers,
        visibility=rule.visibility,
        own=None if own is None else _entry(own, cohort.unit, seen, context),
        line=_line(cohort, own, context) if rule.shows_line else None,
        entries=connect(
            "leaderboard",
            part,
            lambda row: _entry(row, cohort.unit, seen, context),
            _key,
        ),
    )


def _key(row: Standing) -> tuple[int, str]:
    return (row.rank, row.person_id)


def _cursor(key: tuple[str | int, ...] | None) -> tuple[int, str] | None:
    if key is None:
        return None
    if len(key) != 2 or not isinstance(key[0], int) or not isinstance(key[1], str):
        raise Refused("cursor_invalid")
    return (key[0], key[1])


def _page_of(
    database: Database,
    run: Run,
    measure: str,
    group: tuple[PeerGroup, str],
    asked: Page,
    total: int,
) -> Slice[Standing]:
    rows = stored.standings(
        database,
        run.id,
        measure=measure,
        peer_kind=group[0].value,
        group_id=group[1],
        first=asked.size + 1,
        day=period_named(run.period).last_day,
        after=_cursor(asked.after),
        before=_cursor(asked.before),
        backwards=asked.backwards,
    )
    more = len(rows) > asked.size
    kept = rows[1:] if more and asked.backwards else rows[: asked.size]
    return Slice(
        rows=kept,
        has_next=asked.before is not None if asked.backwards else more,
        has_previous=more if asked.backwards else asked.after is not None,
        total=total,
    )


def _seen(
    database: Database, context: Context, ids: list[str], period: Period, run: Run
) -> frozenset[str]:
    """Of these people, whose performance the viewer may see."""
    found = people(
        database,
        context.asker,
        valid_at=period.last_day,
        known_at=run.known_at,
        ids=ids,
        resource=Resource.PERFORMANCE,
    )
    return frozenset(person.id for person in found)


def _entry(row: Standing, unit: str, seen: frozenset[str], context: Context) -> LeaderboardEntry:
    value = None
    if row.person_id in seen and row.value_num is not None and row.value_den is not None:
        value = number(row.value_num, unit, context, row.value_den)
    return LeaderboardEntry(
        rank=row.rank,
        person=PersonRef(id=strawberry.ID(row.person_id), name=row.name),
        own=row.person_id == context.asker.person_id,
        value=value,
    )


def _line(cohort: Cohort, own: Standing | None, context: Context) -> MedianLine | None:
    value = None
    if own is not None and own.group_id == cohort.group_id and own.value_num is not None:
        value = (own.value_num, own.value_den or 1)
    return median_line((cohort.size, cohort.unit), (cohort.lo, cohort.hi), value, context)


def median_line(
    of_what: tuple[int, str],
    middle: tuple[Pair | None, Pair | None],
    own: Pair | None,
    context: Context,
) -> MedianLine:
    """Show the middle of so many values in a unit, and what the own value lacks to it."""
    (size, unit), (lo, hi) = of_what, middle
    if lo is None or hi is None:
        return MedianLine(size=size, median=None, own_gap=None)
    median = (Fraction(*lo) + Fraction(*hi)) / 2
    gap = None if own is None else Fraction(*own) - median
    return MedianLine(
        size=size,
        median=_shown(median, unit, context),
        own_gap=None if gap is None else _shown(gap, unit, context),
    )


def _shown(value: Fraction, unit: str, context: Context) -> Quantity:
    return number(value.numerator, unit, context, value.denominator)


@output(access=Audience.SIGNED_IN, description="Queries about leaderboards.")
class LeaderboardQuery:
    """Part of the query root."""

    @resolved("A leaderboard of a period, best first.", access=Resource.LEADERBOARD)
    async def leaderboard(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        measure: Annotated[
            str, described("What is compared: the key of a metric, or score.")
        ] = stored.SCORE,
        peer_group: Annotated[PeerGroup, described("The kind of the group.")] = PeerGroup.UNIT,
        group: Annotated[
            strawberry.ID | None,
            described("The unit, platform or legal entity; the viewer's own group if absent."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        run: RunId = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> Leaderboard | None:
        """Read a page of a board."""
        context = info.context
        wanted = Wanted(
            entity_id=entity_of(context.asker, legal_entity),
            period=period_named(period),
            measure=measure,
            peer_group=peer_group,
            group=group,
            page=page("leaderboard", first=first, after=after, last=last, before=before),
            run=run,
            known_at=known_at,
        )
        return await board(context, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRule:
    """What this viewer is shown of this board."""

    visibility: BoardVisibility
    shows_others: bool
    shows_values: bool
    shows_line: bool


def _rule(
    database: Database, context: Context, run: Run, cohort: Cohort, period: Period
) -> BoardRule:
    hidden = stored.hidden_standings(database, context.asker, run, cohort, period.last_day)
    return board_rule(database, context, run.entity_id, period, (cohort.size, hidden))


def board_rule(
    database: Database, context: Context, entity_id: str, period: Period, of_whom: tuple[int, int]
) -> BoardRule:
    """Join the setting with the rule for small groups; who sees everybody sees the whole board.

    ``of_whom`` is how many are on the board, and how many have a performance that is not the
    viewer's to see.
    """
    size, hidden = of_whom
    held = settings_for(database, entity_id, period.last_day, context.today)
    setting = held.leaderboard
    return BoardRule(
        visibility=setting,
        shows_others=hidden == 0 or setting.shows_others,
        shows_values=hidden == 0 or setting is BoardVisibility.NAMES_AND_VALUES,
        shows_line=middle_is_shown(size, hidden, held.privacy_minimum)
        and (hidden == 0 or setting is not BoardVisibility.OWN_LINE_ONLY),
    )


def _only_own(own: Standing | None, group_id: str) -> Slice[Standing]:
    """Be a board of the own line alone: nothing to walk through, nothing to count."""
    rows = () if own is None or own.group_id != group_id else (own,)
    return Slice(rows=rows, has_next=False, has_previous=False, total=len(rows))


def _default(entity_id: str, own: Standing | None, peer_group: PeerGroup) -> str | None:
    if peer_group is PeerGroup.COMPANY:
        return entity_id
    return None if own is None else own.group_id


def _chosen(
    database: Database,
    context: Context,
    run: Run,
    measure: str,
    peer_group: PeerGroup,
    group: str | None,
) -> tuple[str, Cohort]:
    """Find the group asked for; a manager who is not on a board sees that of the own unit."""
    day = period_named(run.period).last_day
    led = [each.unit_id for each in context.asker.grants if each.unit_id and each.covers(day)]
    for each in [group] if group is not None else led:
        cohort = stored.cohort_of(
            database, run.id, measure=measure, peer_kind=peer_group.value, group_id=each
        )
        if cohort is not None:
            return each, cohort
    if group is not None and group != run.entity_id:
        raise Refused("not_found", {"id": group})
    person = context.asker.person_id
    placed = person is not None and unit_in(database, run.id, person) is not None
    if group is None and peer_group is PeerGroup.UNIT and not led and not placed:
        raise Refused("board_unit_needed", {"period": run.period}, path="group")
    raise Refused("board_missing", {"measure": measure, "period": run.period})


def _own(
    database: Database, context: Context, run: Run, measure: str, peer_group: PeerGroup
) -> Standing | None:
    person = context.asker.person_id
    if person is None:
        return None
    return stored.standing_of(
        database, run.id, measure=measure, peer_kind=peer_group.value, person_id=person
    )
