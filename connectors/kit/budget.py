"""What 10,000 records cost: processor time and memory beside a plain reading of the same answers.

Nothing here is a second on a clock. The connector is run once against its source, and what the
source answered is kept; then connector and plain reading take the very same answers in turns, in
one process, and only what one costs of the other counts. The plain reading is what nobody can do
without: decode each answer once, make each record once, hash it once as the host does.
"""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlsplit

from connectors.contract import Message, Record, content_hash
from connectors.kit.case import Case, NotProven, WatchedWeb
from connectors.web import NoWeb, Pairs, Web, WebAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The bar: at most so many times the plain reading, which counts as ``least_bytes`` at least.

    A source without a web (files, a database) has no answers to decode: its plain reading is so
    small that a share of it would say nothing.
    """

    records: int
    time: Decimal
    memory: Decimal
    least_bytes: int


BUDGET = Budget(records=10_000, time=Decimal(8), memory=Decimal(6), least_bytes=1 << 20)
_TURNS = 3  # the least of them counts: whatever else the machine does only ever adds
_MOST_CALLS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a connector cost, in plain readings."""

    records: int
    time: Decimal
    memory: Decimal

    def __str__(self) -> str:
        """Write both figures, for a report."""
        return f"{self.time} {self.memory}"


def told(cost: str) -> str:
    """Say both figures of a report in a sentence."""
    time_, _, memory = cost.partition(" ")
    return f"{time_} x the time and {memory} x the memory of a plain reading"


def reads_within_budget(case: Case, budget: Budget = BUDGET) -> Spent:
    """Measure the case with as many records as the budget is for, and hold it to the bar."""
    found = spent(case, budget)
    assert found.time <= budget.time, f"{told(str(found))}: the bar is {budget.time} x the time"
    assert found.memory <= budget.memory, (
        f"{told(str(found))}: the bar is {budget.memory} x the memory"
    )
    return found


def spent(case: Case, budget: Budget = BUDGET) -> Spent:
    """Fill the source, keep what it answers, and measure connector and plain reading in turns."""
    if case.faults.many is None:
        raise NotProven(
            "the case cannot fill its source (faults.many): there is nothing to measure"
        )
    case.faults.many(budget.records)
    tape = _Tape()
    for message in case.reading(web=tape.watching(case.web)):
        if isinstance(message, Record):
            tape.steps.append(message)
    records = sum(isinstance(step, Record) for step in tape.steps)
    assert records >= budget.records, f"{records} of {budget.records} rows arrive"

    def own() -> int:
        web = _Playing(tape) if tape.answers else NoWeb()
        return _records(case.reading(web=web))

    def plain() -> int:
        return _plain(tape.steps)

    with _nothing_else():
        times = [(_seconds(own, records), _seconds(plain, records)) for _ in range(_TURNS)]
        peaks = _bytes(own, records), _bytes(plain, records)
    return Spent(
        records=records,
        time=_share(min(one for one, _ in times), min(other for _, other in times)),
        memory=_share(peaks[0], max(peaks[1], budget.least_bytes)),
    )


@dataclass(slots=True, kw_only=True)
class _Tape:
    """What was answered, by path, and in which order records came of it.

    Not by the whole question: who signs or counts the calls asks another one each time.
    """

    steps: list[WebAnswer | Record] = field(default_factory=list)
    answers: dict[str, list[WebAnswer]] = field(default_factory=lambda: defaultdict(list))

    def watching(self, inner: Web) -> WatchedWeb:
        """Return the way to the source; what comes back is kept."""

        def keep(number: int, answer: WebAnswer) -> WebAnswer:
            self.steps.append(answer)
            self.answers[urlsplit(way.asked[number - 1]).path].append(answer)
            return answer

        way = WatchedWeb(inner=inner, spoil=keep, most=_MOST_CALLS)
        return way


@dataclass(slots=True)
class _Playing:
    """The way out that ends at the tape, so that the source costs nothing while one measures."""

    tape: _Tape
    left: dict[str, deque[WebAnswer]] = field(init=False)

    def __post_init__(self) -> None:
        self.left = {path: deque(answers) for path, answers in self.tape.answers.items()}

    def get(self, address: str, query: Pairs = (), headers: Pairs = ()) -> WebAnswer:
        """Give what was answered."""
        del query, headers
        return self._next(address)

    def post(self, address: str, **_: object) -> WebAnswer:
        """Give what was answered."""
        return self._next(address)

    def _next(self, address: str) -> WebAnswer:
        waiting = self.left.get(urlsplit(address).path)
        if not waiting:
            raise NotProven("the connector asks otherwise each time: this cannot be measured")
        return waiting.popleft()


def _plain(steps: list[WebAnswer | Record]) -> int:
    """Decode every answer, make every record, hash it, and keep nothing but a page."""
    count = 0
    page: object = None
    for step in steps:
        if isinstance(step, WebAnswer):
            page = _decoded(step.body)
        else:
            record = Record(
                stream=step.stream,
                key=step.key,
                content=dict(step.content),
                position=step.position,
                order=step.order,
                version=step.version,
            )
            content_hash(record.content)
            count += 1
    del page
    return count


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError:
        return body.decode(errors="replace")


def _records(messages: Iterator[Message]) -> int:
    """Take every message as a host does, and keep none."""
    count = 0
    for message in messages:
        if isinstance(message, Record):
            content_hash(message.content)
            count += 1
    return count


@contextmanager
def _nothing_else() -> Iterator[None]:
    """Keep the collector off what was there before: the tape would cost both alike."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _seconds(work: Callable[[], int], records: int) -> float:
    """Say how long the processor was busy, other threads of the connector's included."""
    began = time.process_time()
    done = work()
    took = time.process_time() - began
    assert done == records, f"{done} rows arrive, and {records} did before"
    return took


def _bytes(work: Callable[[], int], records: int) -> int:
    """Say how many bytes were in use at the most."""
    tracemalloc.start()
    try:
        done = work()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert done == records, f"{done} rows arrive, and {records} did before"
    return peak


def _share(one: float, other: float) -> Decimal:
    return (Decimal(one) / Decimal(other)).quantize(Decimal("0.1"))
