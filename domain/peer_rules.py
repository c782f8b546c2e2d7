"""The choices that a comparison with other people must state: who counts, how equals are ranked."""

from __future__ import annotations

from enum import StrEnum


class Members(StrEnum):
    """Who counts in a comparison or a pool. Who does not count is not rewarded by it either."""

    EVERYBODY = "EVERYBODY"  # whoever has a value, for however long he was there
    FULL_PERIOD = "FULL_PERIOD"  # whoever was assigned on every day of the period
    EXCLUDE_LEAVERS = "EXCLUDE_LEAVERS"  # whoever was still assigned on the last day
    PRORATED = "PRORATED"  # everybody; a part of the period is scaled up to the whole by its days


class RankForm(StrEnum):
    """How equal people are ranked."""

    COMPETITION = "COMPETITION"  # 1, 2, 2, 4
    DENSE = "DENSE"  # 1, 2, 2, 3
    FRACTIONAL = "FRACTIONAL"  # equals share what their places pay: 1, 2.5, 2.5, 4


class TieRule(StrEnum):
    """What happens to people who share the rank at a cut. Never decided by row."""

    INCLUDE_ALL = "INCLUDE_ALL"
    EXCLUDE_ALL = "EXCLUDE_ALL"
    TIE_BREAK = "TIE_BREAK"  # further metrics decide; who is equal in all of them is included
