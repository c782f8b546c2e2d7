"""In which order the streams of a connection are read."""

from __future__ import annotations

from collections.abc import Iterable

from domain.mapping import Make, StreamMapping

_RANKS = (Make.PLATFORM, Make.UNIT, Make.PERSON, Make.ASSIGNMENT, Make.LINK, Make.FACT)


def in_order(streams: Iterable[StreamMapping]) -> list[StreamMapping]:
    """Put directories before what refers to them."""
    return sorted(streams, key=_rank)


def _rank(mapping: StreamMapping) -> tuple[int, str]:
    return min((_RANKS.index(make) for make in mapping.makes), default=0), mapping.name
