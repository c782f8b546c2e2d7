"""What a monitoring system reads: counts and durations in the text format of Prometheus.

The format is a few lines, so that it needs no library. Labels come from closed sets (a code, a
state), never from what a client sent or what the database holds: no names, no ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from api.plans_store import Counts
from domain.problem import CODES
from storage.condition import PoolUse

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# What the door itself answers, beside the codes of refusals.
OUTCOMES = frozenset(code.upper() for code in CODES) | {
    "OK",
    "INTERNAL",
    "RATE_LIMITED",
    "GRAPHQL_INVALID",
    "VALUE_INVALID",
    "QUERY_TOO_COMPLEX",
    "BODY_NOT_JSON",
    "BODY_NOT_AN_OBJECT",
    "BODY_TOO_LARGE",
    "MEDIA_TYPE_UNSUPPORTED",
    "METHOD_NOT_ALLOWED",
    "NOT_ACCEPTABLE",
    "QUERY_MISSING",
    "OPERATION_UNKNOWN",
    "MUTATION_NEEDS_POST",
    "STREAMS_TOO_MANY",
    "CONNECTIONS_TOO_MANY",
    "DOCUMENT_ID_INVALID",
    "DOCUMENT_UNKNOWN",
    "PERSISTED_QUERY_NOT_FOUND",
    "PERSISTED_QUERY_NOT_SUPPORTED",
    "PERSISTED_QUERY_HASH_MISMATCH",
}
OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What the database says of itself; ``jobs`` is None when it does not answer."""

    pool: PoolUse
    jobs: Mapping[str, int] | None


@dataclass(slots=True)
class Meters:
    """Counters of this process since its start; used from the event loop alone."""

    outcomes: Counter[str] = field(default_factory=Counter)
    durations: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0
    cost: int = 0
    streams: Callable[[], int] = lambda: 0  # how many subscriptions are open now

    def count(self, outcome: str, seconds: float, cost: int) -> str:
        """Count one answered request and return the outcome as it is labelled."""
        label = outcome if outcome in OUTCOMES else OTHER
        self.outcomes[label] += 1
        place = next((at for at, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))
        self.durations[place] += 1
        self.seconds += seconds
        self.cost += cost
        return label

    def text(self, condition: Condition, buckets: int, plans: Counts | None = None) -> str:
        """Write everything down."""
        parts = (self._requests(), _state(condition, buckets), _plans(plans or Counts()))
        return "\n".join(line for part in parts for line in part) + "\n"

    def _requests(self) -> Iterator[str]:
        yield from _head("attain_requests_total", "counter", "GraphQL requests by first error code")
        for label, count in sorted(self.outcomes.items()):
            yield f'attain_requests_total{{outcome="{label}"}} {count}'
        name = "attain_request_seconds"
        yield from _head(name, "histogram", "Time from the first byte read to the answer")
        total = 0
        for most, count in zip((*BUCKETS, "+Inf"), self.durations, strict=True):
            total += count
            yield f'{name}_bucket{{le="{most}"}} {total}'
        yield f"{name}_sum {self.seconds:.6f}"
        yield f"{name}_count {total}"
        yield from _head("attain_streams", "gauge", "Subscriptions that are open")
        yield f"attain_streams {self.streams()}"
        yield from _head("attain_request_cost_total", "counter", "Estimated cost, in points")
        yield f"attain_request_cost_total {self.cost}"


def _plans(plans: Counts) -> Iterator[str]:
    yield from _head("attain_plans_compiled_total", "counter", "Selections written as functions")
    yield f"attain_plans_compiled_total {plans.compiled}"
    name = "attain_plan_fallbacks_total"
    yield from _head(name, "counter", "Objects and lists done again the stock way")
    yield f"{name} {plans.fallbacks}"


def _state(condition: Condition, buckets: int) -> Iterator[str]:
    yield from _head("attain_budget_buckets", "gauge", "Accounts and addresses with a budget")
    yield f"attain_budget_buckets {buckets}"
    name = "attain_database_connections"
    yield from _head(name, "gauge", "Connections of this process")
    yield f'{name}{{state="in_use"}} {condition.pool.in_use}'
    yield f'{name}{{state="idle"}} {condition.pool.idle}'
    yield from _head("attain_database_up", "gauge", "1 when the database answered just now")
    yield f"attain_database_up {0 if condition.jobs is None else 1}"
    if condition.jobs is not None:
        yield from _head("attain_jobs", "gauge", "Jobs that are not done, by state")
        for state, count in sorted(condition.jobs.items()):
            yield f'attain_jobs{{state="{state.lower()}"}} {count}'


def _head(name: str, kind: str, says: str) -> tuple[str, str]:
    return f"# HELP {name} {says}.", f"# TYPE {name} {kind}"
