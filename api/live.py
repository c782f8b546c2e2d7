"""Subscriptions: a job until it has ended, a leaderboard as long as somebody looks at it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Annotated, TypeAlias, cast

import strawberry

from api.access import Audience, output, shown, streamed
from api.asking import After, Before, Entity, First, KnownAt, Last, entity_of
from api.context import Context, Info
from api.incentives import RunRef
from api.jobs import Job, job_by_id, jobs_ahead
from api.leaderboard import Leaderboard, LeaderboardEntry, MedianLine, Wanted, board
from api.of_person import RunId
from api.paging import PageInfo, described, page
from api.scalars import PeriodName
from api.streams import Hub, State, Subject
from domain.access import Resource
from domain.component import PeerGroup
from domain.ids import AccountId
from domain.period import period_named
from domain.problem import Refused
from storage import results as stored
from storage.jobs import JobState

_WHOLE_EVERY = 20  # frames; between them only what differs is sent
_ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


@output(access=Audience.SIGNED_IN, description="Where a job is at one moment.")
class JobProgress:
    """One frame of ``jobProgress``."""

    sequence: int = shown("Counts the frames of this stream: 1, 2, 3 and so on.")
    job: Job = shown("The job; once it has ended, with what it made or why it made nothing.")
    ahead: int = shown("How many jobs of the same legal entity wait or run before it.")


@output(access=Resource.LEADERBOARD, description="What differs from the frame before.")
class LeaderboardPatch:
    """Rows by their person: replace or add ``changed``, drop ``gone``, sort by rank and id."""

    after: str = shown("The mark of the frame that this one changes.")
    run: RunRef = shown("The run that the board is frozen with now.")
    own: LeaderboardEntry | None = shown("The viewer's own entry as it is now.")
    line: MedianLine | None = shown(
        "The median line as it is now; null when the group is too small to show it."
    )
    changed: list[LeaderboardEntry] = shown(
        "Entries of the page that are new or differ, at most 100, by rank."
    )
    gone: list[strawberry.ID] = shown("People who are no longer on the page, at most 100.")
    page_info: PageInfo = shown("Where the page begins and ends now.")
    total_count: int | None = shown("How many people are on the board now.")


@output(access=Resource.LEADERBOARD, description="A leaderboard as it changes.")
class LeaderboardFrame:
    """Either the whole page or what differs; never both."""

    sequence: int = shown("Counts the frames of this stream: 1, 2, 3 and so on.")
    mark: str = shown("Names what the page shows now; give it as since to go on from here.")
    board: Leaderboard | None = shown(
        "The whole page: in the first frame, in every twentieth, and after a long absence."
    )
    patch: LeaderboardPatch | None = shown("What differs from the frame before; null with a page.")


Since: TypeAlias = Annotated[
    str | None,
    described("The mark of the last frame the client has; then only what differs comes, or all."),
]


def mark_of(value: object) -> str:
    """Name a content: equal for equal contents, whichever process shows them."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:32]


def _scope(context: Context) -> object:
    """Who sees the same: the same person with the same rights, in the same language."""
    return replace(context.asker, account_id=AccountId("")), context.locale


def board_shape() -> Callable[[State[Leaderboard] | None, State[Leaderboard]], LeaderboardFrame]:
    """Count the frames of one stream and choose between the page and what differs."""
    sent = 0

    def shape(before: State[Leaderboard] | None, after: State[Leaderboard]) -> LeaderboardFrame:
        nonlocal sent
        sent += 1
        whole = before is None or sent % _WHOLE_EVERY == 0
        return LeaderboardFrame(
            sequence=sent,
            mark=after.mark,
            board=after.value if whole else None,
            patch=None if whole or before is None else _patch(before, after),
        )

    return shape


def _patch(before: State[Leaderboard], after: State[Leaderboard]) -> LeaderboardPatch:
    old = {entry.person.id: entry for entry in before.value.entries.nodes}
    new = {entry.person.id: entry for entry in after.value.entries.nodes}
    return LeaderboardPatch(
        after=before.mark,
        run=after.value.run,
        own=after.value.own,
        line=after.value.line,
        changed=[entry for person, entry in new.items() if old.get(person) != entry],
        gone=[person for person in old if person not in new],
        page_info=after.value.entries.page_info,
        total_count=after.value.entries.total_count,
    )


def _job_shape() -> Callable[[object, State[JobProgress]], JobProgress]:
    sent = 0

    def shape(_before: object, after: State[JobProgress]) -> JobProgress:
        nonlocal sent
        sent += 1
        return replace(after.value, sequence=sent)

    return shape


@output(access=Audience.SIGNED_IN, description="What can be watched.")
class LiveSubscription:
    """Part of the subscription root."""

    @streamed(
        "A job from where it is now until it has ended; then the stream ends.",
        access=Audience.SIGNED_IN,
    )
    async def job_progress(
        self,
        info: Info,
        id: Annotated[strawberry.ID, described("The id of the job.")],  # noqa: A002
        legal_entity: Entity = None,
    ) -> AsyncIterator[JobProgress]:
        """Watch one."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)

        async def compute(asking: Context) -> State[JobProgress]:
            job = await job_by_id(asking, entity, id)
            ended = job.state in _ENDED
            ahead = 0 if ended else await jobs_ahead(asking, job)
            value = JobProgress(sequence=0, job=job, ahead=ahead)
            return State(value=value, mark=mark_of((job.row, ahead)), last=ended)

        key = ("job", entity, id, _scope(context))
        subject = Subject(key=key, entity_id=None, compute=compute)
        seat = await _hub(context).join(subject, context, _job_shape())
        return cast("AsyncIterator[JobProgress]", seat)

    @streamed(
        "A page of a leaderboard whenever it changes, at most once a second.",
        access=Resource.LEADERBOARD,
    )
    async def leaderboard_changed(
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
        since: Since = None,
    ) -> AsyncIterator[LeaderboardFrame]:
        """Watch one."""
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

        async def compute(asking: Context) -> State[Leaderboard]:
            found = await board(asking, wanted)
            return State(value=found, mark=mark_of(found))

        subject = Subject(
            key=("board", wanted, _scope(context)), entity_id=wanted.entity_id, compute=compute
        )
        seat = await _hub(context).join(subject, context, board_shape(), since)
        return cast("AsyncIterator[LeaderboardFrame]", seat)


def _hub(context: Context) -> Hub:
    if context.hub is None:
        raise Refused("stream_needed")
    return context.hub
