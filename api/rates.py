"""What the request cost and what is left to ask with, for whoever plans ahead."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from api.access import Audience, output, resolved, shown
from api.context import Info


@output(access=Audience.EVERYBODY, description="The bucket of points that requests are paid from.")
class RateLimit:
    """As it stood when this request was admitted."""

    cost: int = shown("What this request was estimated to cost.")
    remaining: int = shown("How many points were left after it.")
    size: int = shown("How many points the bucket holds.")
    reset_at: datetime = shown("When the bucket is full again, if nothing more is asked.")


@output(access=Audience.EVERYBODY, description="Queries about the request itself.")
class RateQuery:
    """Part of the query root."""

    @resolved(
        "What this request costs and what is left; null where nothing is counted.",
        access=Audience.EVERYBODY,
    )
    async def rate_limit(self, info: Info) -> RateLimit | None:
        """Read the visit that was begun before anything was executed."""
        context = info.context
        visit = context.visit
        budget = None if visit is None else visit.operating.budget
        if visit is None or budget is None or visit.remaining is None:
            return None
        missing = budget.size - visit.remaining
        return RateLimit(
            cost=visit.cost,
            remaining=visit.remaining,
            size=budget.size,
            reset_at=context.now + timedelta(seconds=math.ceil(missing / budget.per_second)),
        )
