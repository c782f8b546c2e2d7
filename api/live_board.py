"""The board of a unit as of now, with pay: what the next calculation of everybody would come to.

Who is shown what of others follows the rule of leaderboards; pay is a right of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry

from actions import live_board as action
from api.access import Audience, output, resolved, shown
from api.access_words import BoardVisibility
from api.asking import Entity, entity_of
from api.context import Context, Info
from api.incentives import PersonRef, RunRef, run_ref
from api.leaderboard import BoardRule, MedianLine, board_rule, median_line
from api.paging import Page, Part, cut, described, page, part_of
from api.reasons import noted
from api.scalars import PeriodName
from api.values import Money, Quantity, maybe_money, number
from domain.access import Deed, Resource, may
from domain.period import Period, period_named
from storage import results as stored
from storage.engine import Database
from storage.live import names_of, whom

_LIST = "liveBoard.entries"


@output(access=Resource.LEADERBOARD, description="A place on a board as of now.")
class LiveBoardEntry:
    """A row of the board."""

    rank: int = shown("The rank; equal values share one (1, 2, 2, 4).")
    person: PersonRef = shown("Who it is.")
    own: bool = shown("Whether it is the viewer's own entry.")
    value: Quantity | None = shown("The value, if the viewer may see this person's performance.")
    score: Quantity | None = shown("The score as of now, if the viewer may see the performance.")
    payout: Money | None = shown(
        "What the period pays as of now, if the viewer may see this person's pay. Nothing is"
        " posted by it."
    )
    touched: bool | None = shown(
        "Whether something was learned since the run that it starts from; null where the viewer"
        " may not see this person's performance."
    )


@output(access=Resource.LEADERBOARD, description="The board of a unit as of now.")
class LiveBoard:
    """A board."""

    run: RunRef = shown("The run that it starts from.")
    known_at: datetime = shown("Everything that was learned until then is in it.")
    measure: str = shown("What is compared: the key of a metric, or score.")
    unit: strawberry.ID = shown("The unit.")
    visibility: BoardVisibility = shown(
        "What the legal entity lets be seen of others; who sees everybody's performance sees all."
    )
    own: LiveBoardEntry | None = shown("The viewer's own entry.")
    line: MedianLine | None = shown(
        "The median line; null when the group is too small or the setting hides it."
    )
    entries: Part[LiveBoardEntry] = shown(
        "The board, best first; the own entry alone when others are not shown."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Who the people of a page are, and what the viewer may see of them."""

    names: Mapping[str, str]
    values: frozenset[str]
    pay: frozenset[str]


def _page_of(
    database: Database, context: Context, found: action.LiveBoard, period: Period, asked: Page
) -> tuple[LiveBoard, tuple[str, ...]]:
    everybody = [each.person_id for each in found.entries]
    day, asker = period.last_day, context.asker
    seen = whom(database, asker, everybody, day=day, resource=Resource.PERFORMANCE)
    hidden = len(everybody) - len(seen)
    rule = board_rule(database, context, found.run.entity_id, period, (len(everybody), hidden))
    own = next((each for each in found.entries if each.person_id == asker.person_id), None)
    rows = found.entries if rule.shows_others else (() if own is None else (own,))
    part = cut(rows, asked, _key)
    ids = [each.person_id for each in part.rows] + ([own.person_id] if own else [])
    view = _Seen(
        names=names_of(database, ids),
        values=frozenset(ids) if rule.shows_values else seen,
        pay=whom(database, asker, ids, day=day, resource=Resource.PAY),
    )
    shown_page = LiveBoard(
        run=run_ref(found.run),
        known_at=found.known_at,
        measure=found.measure,
        unit=strawberry.ID(found.unit_id),
        visibility=rule.visibility,
        own=None if own is None else _entry(own, found, view, context),
        line=_line(found, own, rule, context),
        entries=part_of(_LIST, part, lambda row: _entry(row, found, view, context), _key),
    )
    return shown_page, tuple(sorted(view.pay))


def _key(row: action.LiveEntry) -> tuple[int, str]:
    return (row.rank, row.person_id)


def _entry(
    row: action.LiveEntry, found: action.LiveBoard, view: _Seen, context: Context
) -> LiveBoardEntry:
    person, visible = row.person_id, row.person_id in view.values
    score = None
    if visible and row.score is not None:
        score = number(row.score, "POINT", context)
    return LiveBoardEntry(
        rank=row.rank,
        person=PersonRef(id=strawberry.ID(person), name=view.names[person]),
        own=person == context.asker.person_id,
        value=number(row.value[0], found.unit, context, row.value[1]) if visible else None,
        score=score,
        payout=maybe_money(row.payout, row.currency, context) if person in view.pay else None,
        touched=row.is_touched if visible else None,
    )


def _line(
    found: action.LiveBoard, own: action.LiveEntry | None, rule: BoardRule, context: Context
) -> MedianLine | None:
    if not rule.shows_line:
        return None
    value = None if own is None else own.value
    return median_line((len(found.entries), found.unit), (found.lo, found.hi), value, context)


@output(access=Audience.SIGNED_IN, description="Queries about boards as of now.")
class LiveBoardQuery:
    """Part of the query root."""

    @resolved(
        "The board of a unit as of now, best first: from the last run and from whatever was"
        " learned since, exactly what a calculation of everybody would come to. Where that cannot"
        " be told from them, it is null and extensions.problems says to calculate.",
        access=Resource.LEADERBOARD,
    )
    async def live_board(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period; it must not be closed.")],
        measure: Annotated[
            str, described("What is compared: the key of a metric, or score.")
        ] = stored.SCORE,
        unit: Annotated[
            strawberry.ID | None, described("The unit; the viewer's own, or led one, if absent.")
        ] = None,
        first: Annotated[int | None, described("How many from the start, 1 to 100.")] = None,
        after: Annotated[str | None, described("Only rows after this cursor.")] = None,
        legal_entity: Entity = None,
    ) -> LiveBoard | None:
        """Look at a board as of now."""
        context, asked_period = info.context, period_named(period)
        entity = entity_of(context.asker, legal_entity)
        asked_page = page(_LIST, first=first, after=after, last=None, before=None)
        asked = action.AskedBoard(
            measure=measure,
            unit_id=unit,
            person_id=context.asker.person_id,
            led=_led(context, asked_period),
            posted=not may(context.asker, Resource.CALCULATION, Deed.READ, entity),
        )
        actions = context.runtime.actions
        found = await context.perform(
            lambda: action.live_board(actions, entity, asked_period, asked)
        )
        shown_page, paid = await context.read(
            lambda database: _page_of(database, context, found, asked_period, asked_page)
        )
        for person in paid:
            await noted(context, entity, person, asked_period.name)
        return shown_page


def _led(context: Context, period: Period) -> tuple[str, ...]:
    day = period.last_day
    return tuple(each.unit_id for each in context.asker.grants if each.unit_id and each.covers(day))
