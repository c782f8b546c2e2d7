"""What a run froze of peer groups, for the periods that come after it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from storage import tables
from storage.results import latest_run

Median = tuple[int, int, int, int]  # lo_num, lo_den, hi_num, hi_den
_cohort = tables.cohort


def medians_posted(
    connection: Connection,
    entity_id: str,
    *,
    period: str,
    known_at: datetime,
    measure: str,
    peer_kind: str,
) -> dict[str, Median]:
    """Return the frozen medians of a measure by group, of the last run that posted ``period``."""
    run = latest_run(connection, entity_id, period=period, known_at=known_at, mode="POSTED")
    if run is None:
        return {}
    query = select(
        _cohort.c.group_id,
        _cohort.c.median_lo_num,
        _cohort.c.median_lo_den,
        _cohort.c.median_hi_num,
        _cohort.c.median_hi_den,
    ).where(
        _cohort.c.run_id == run.id,
        _cohort.c.measure == measure,
        _cohort.c.peer_kind == peer_kind,
        _cohort.c.median_lo_num.is_not(None),
    )
    return {
        group: (lo, lo_den, hi, hi_den)
        for group, lo, lo_den, hi, hi_den in connection.execute(query)
    }
