"""What changes while somebody watches: looked at once per process, shared by all who may see it.

A *topic* is something watched (a board, a job) as one kind of viewer sees it; it is computed once
for all *seats* at it. One task asks the database whether anything changed, and only then asks again
who may see what, and computes again. Nobody watching: no task, no connection.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from api.context import Context, Runtime
from domain.access import System, Viewer
from domain.problem import Refused
from storage.changes import ChangeMarker, learned
from storage.deadline import Deadline, under

_log = logging.getLogger("attain.api")
S = TypeVar("S")
_STATES = 8  # of a topic: a client that was away for a few changes gets what differs, not all
_KEPT = 256  # topics that nobody watches at the moment, for clients that come back
_KEPT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Generic[S]):
    """What a topic showed at one time; equal contents have equal marks, in every process."""

    value: S
    mark: str
    last: bool = False  # nothing will change any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Generic[S]):
    """What is watched, and how it is computed for whoever watches."""

    key: Hashable
    entity_id: str | None  # None: any change may concern it
    compute: Callable[[Context], Awaitable[State[S]]]


class Holder:
    """A token that holds streams open; every check of it concerns all of them."""

    def __init__(self, token: str, viewer: Viewer, checked_at: float) -> None:
        self.token = token
        self.viewer = viewer
        self.refused: Refused | None = None
        self.checked_at = checked_at
        self.seats: set[Seat[Any]] = set()

    def end(self, refused: Refused) -> None:
        """End every stream of the token."""
        self.refused = refused
        for seat in tuple(self.seats):
            seat.fail(refused)


class Topic(Generic[S]):
    """One subject with its last states and its seats."""

    def __init__(self, subject: Subject[S]) -> None:
        self.subject = subject
        self.states: list[State[S]] = []
        self.seats: set[Seat[S]] = set()
        self.left_at = 0.0
        self.stale = True  # nobody watched: it may have changed unseen
        self.computing = asyncio.Lock()
        self.learned: object = None  # what the entity knew when this was computed

    @property
    def state(self) -> State[S] | None:
        """The newest state."""
        return self.states[-1] if self.states else None

    def take(self, state: State[S]) -> None:
        """Take a new state; one that looks like the last is no news."""
        if self.state is not None and self.state.mark == state.mark:
            return
        self.states = [*self.states[1 - _STATES :], state]
        for seat in self.seats:
            seat.wake.set()

    def fail(self, fault: Refused) -> None:
        """End the streams at this topic; whoever comes next has it computed anew."""
        self.stale = True
        for seat in tuple(self.seats):
            seat.fail(fault)

    def known(self, mark: str) -> State[S] | None:
        """Find the state a client saw last."""
        return next((state for state in self.states if state.mark == mark), None)


class Seat(Generic[S]):
    """One stream at a topic: whoever is slow misses states, never the newest one."""

    def __init__(
        self,
        hub: Hub,
        topic: Topic[S],
        holder: Holder,
        context: Context,
        shape: Callable[[State[S] | None, State[S]], object],
    ) -> None:
        self.hub, self.topic, self.holder, self.context = hub, topic, holder, context
        self.sent: State[S] | None = None
        self.wake = asyncio.Event()
        self.allow: Callable[[Viewer], None] = lambda _viewer: None
        self._shape = shape
        self._failure: Refused | None = None

    def __aiter__(self) -> Seat[S]:
        """Itself."""
        return self

    async def __anext__(self) -> object:
        """Wait for the next state, look again whether it may be shown, and show it."""
        while True:
            self._raise()
            before, after = self.sent, self.topic.state
            if before is not None and before.last:
                raise StopAsyncIteration
            if after is not None and (before is None or before.mark != after.mark):
                await self.hub.check(self.holder)
                self._raise()
                self.allow(self.holder.viewer)
                self.sent = after
                return self._shape(before, after)
            self.wake.clear()
            await self.wake.wait()

    def fail(self, failure: Refused) -> None:
        """End the stream with a reason."""
        self._failure = self._failure or failure
        self.wake.set()

    async def aclose(self) -> None:
        """Stop watching."""
        self.hub.leave(self)

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure


@dataclass(slots=True, kw_only=True)
class Hub:
    """All topics of this process and the one task that looks for changes."""

    runtime: Runtime
    threads: CapacityLimiter
    deadline_seconds: float = 10.0
    pause: float = 1.0  # between two looks: no board changes more often
    full_check: float = 5.0  # rights and sessions also end by the clock alone
    seconds: Callable[[], float] = time.monotonic
    computed: int = 0  # how often any topic was computed
    looks: int = 0  # how often the database was asked whether anything changed
    _topics: OrderedDict[Hashable, Topic[Any]] = field(default_factory=OrderedDict, repr=False)
    _holders: dict[str, Holder] = field(default_factory=dict, repr=False)
    _watching: asyncio.Task[None] | None = None
    _checked_at: float = 0.0

    @property
    def seats(self) -> int:
        """How many streams are open."""
        return sum(len(topic.seats) for topic in self._topics.values())

    @property
    def is_watching(self) -> bool:
        """Whether anybody looks for changes."""
        return self._watching is not None

    async def join(
        self,
        subject: Subject[S],
        context: Context,
        shape: Callable[[State[S] | None, State[S]], object],
        since: str | None = None,
    ) -> Seat[S]:
        """Watch a subject; refused as its first computation is."""
        self._forget()
        topic: Topic[S] = self._topics.setdefault(subject.key, Topic(subject))
        self._topics.move_to_end(subject.key)
        holder = self._holder(context)
        seat = Seat(self, topic, holder, context, shape)
        topic.seats.add(seat)
        holder.seats.add(seat)
        self._start()
        try:
            async with topic.computing:
                if topic.stale:
                    topic.take(await self._computed(topic, context))
                    topic.stale = False
        except BaseException:
            self.leave(seat)
            raise
        if since is not None:
            seat.sent = topic.known(since)
        return seat

    def _holder(self, context: Context) -> Holder:
        token, viewer = context.token, context.asker
        if token is None:
            raise Refused("sign_in_required")
        holder = self._holders.get(token)
        if holder is None or holder.refused is not None or holder.viewer != viewer:
            if holder is not None:
                holder.end(Refused("access_changed"))
            holder = self._holders[token] = Holder(token, viewer, self.seconds())
        return holder

    def stop(self) -> None:
        """End every stream, because the server is about to stop."""
        for holder in tuple(self._holders.values()):
            holder.end(Refused("server_restarting"))

    def leave(self, seat: Seat[Any]) -> None:
        """Free a seat; the last one ends the looking."""
        seat.holder.seats.discard(seat)
        if not seat.holder.seats and self._holders.get(seat.holder.token) is seat.holder:
            del self._holders[seat.holder.token]
        seat.topic.seats.discard(seat)
        if not seat.topic.seats:
            seat.topic.left_at, seat.topic.stale = self.seconds(), True
        if not self._holders and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def check(self, holder: Holder) -> None:
        """Ask again who holds the token, unless that was asked after the newest change."""
        if holder.checked_at >= self._checked_at:
            return
        await self._check(holder)

    async def _check(self, holder: Holder) -> None:
        asked_at = self.seconds()
        now = self.runtime.now()
        with limited(self.deadline_seconds):
            found = await to_thread.run_sync(
                self.runtime.sessions.viewer_of, holder.token, now, limiter=self.threads
            )
        if found is None:
            holder.end(Refused("session_ended"))
        elif found[0] != holder.viewer:
            holder.end(Refused("access_changed"))
        holder.checked_at = asked_at

    async def _computed(self, topic: Topic[S], context: Context) -> State[S]:
        self.computed += 1
        with limited(self.deadline_seconds):
            return await topic.subject.compute(context.renewed(self.runtime.now()))

    def _start(self) -> None:
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="attain-streams")

    async def _watch(self) -> None:
        marker = ChangeMarker(self.runtime.actions.engine)
        seen = ""
        try:
            while True:
                await asyncio.sleep(self.pause)
                self._forget()
                try:
                    seen = await self._look(marker, seen)
                except Exception as fault:  # noqa: BLE001 - nobody knows any more who may see what
                    ending = _ending(fault)
                    for topic in self._topics.values():
                        topic.fail(ending)
        finally:
            marker.close()

    async def _look(self, marker: ChangeMarker, seen: str) -> str:
        now = self.seconds()
        with limited(self.deadline_seconds):
            state = await to_thread.run_sync(marker.look, limiter=self.threads)
        self.looks += 1
        if state == seen and now - self._checked_at < self.full_check:
            return seen
        self._checked_at = now
        for holder in tuple(self._holders.values()):
            await self._check(holder)
        if state != seen:
            await self._renew()
        return state

    async def _renew(self) -> None:
        """Compute again what may have changed; one that fails ends its own seats only."""
        with limited(self.deadline_seconds):
            known = await to_thread.run_sync(self._learned, limiter=self.threads)
        for topic in tuple(self._topics.values()):
            seat = next(iter(topic.seats), None)
            entity = topic.subject.entity_id
            stamp = None if entity is None else known.get(entity)
            if seat is None or (entity is not None and topic.learned == stamp):
                continue
            try:
                async with topic.computing:
                    topic.take(await self._computed(topic, seat.context))
                topic.learned = stamp
            except Exception as fault:  # noqa: BLE001 - told to those who watch, masked
                topic.fail(_ending(fault))

    def _learned(self) -> dict[str, Any]:
        with self.runtime.reading(System(name="streams")) as database:
            return dict(learned(database))

    def _forget(self) -> None:
        """Drop topics that nobody came back to."""
        empty = [key for key, topic in self._topics.items() if not topic.seats]
        long_ago = self.seconds() - _KEPT_SECONDS
        for place, key in enumerate(empty):
            if self._topics[key].left_at < long_ago or place < len(empty) - _KEPT:
                del self._topics[key]


def _ending(fault: Exception) -> Refused:
    """Say why streams end; a fault is logged here once, and not by each of them."""
    if isinstance(fault, Refused):
        return fault
    _log.error("streams were ended by a fault", exc_info=fault)
    return Refused("stream_interrupted")


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Give what is called from here a deadline of its own, that interrupts its SQL."""
    loop = asyncio.get_running_loop()
    deadline = Deadline(seconds, time.monotonic)
    timer = loop.call_later(seconds, loop.run_in_executor, None, deadline.expire)
    try:
        with under(deadline):
            yield
    finally:
        timer.cancel()
