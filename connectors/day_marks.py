"""What several rows of a day come to: the visit among check-ins, the day among punches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from connectors.contract import Scalar
from connectors.day_reads import Dated, who_of


def first_visits(rows: Sequence[Dated], time: str, place: str) -> Iterator[Dated]:
    """Order by time and add ``visit``: two check-ins of a person at a place on a day are one.

    The first is ``FIRST``, the others are ``AGAIN``. Without a place nobody can say that it is the
    same one, so every check-in counts.
    """
    known: set[tuple[str, date, Scalar]] = set()
    for row in in_time(rows, time):
        visit = (who_of(row.key), row.day, row.content[place])
        again = row.content[place] is not None and visit in known
        known.add(visit)
        yield replace(row, content={**row.content, "visit": "AGAIN" if again else "FIRST"})


def first_punches(
    rows: Sequence[Dated], time: str, counts: Callable[[Dated], bool] = lambda _row: True
) -> Iterator[Dated]:
    """Order by time and add ``attended``: a person's first punch that counts for a ``day``.

    It is ``FIRST``, the others are ``AGAIN``. It must be made on that day itself: a shift that ends
    after midnight is punched for the day before and counts no day of its own.
    """
    known: set[tuple[str, Scalar]] = set()
    for row in in_time(rows, time):
        day = row.content["day"]
        own = row.day.isoformat() == day and counts(row)
        first = own and (who_of(row.key), day) not in known
        if own:
            known.add((who_of(row.key), day))
        yield replace(row, content={**row.content, "attended": "FIRST" if first else "AGAIN"})


def in_time(rows: Sequence[Dated], time: str) -> list[Dated]:
    """Order rows by an instant that is a number or its text, then by key."""
    return sorted(rows, key=lambda each: (str(each.content[time]).zfill(20), each.key))
