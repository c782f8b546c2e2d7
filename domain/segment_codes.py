"""The codes of the lines that only a prorated, ramped or cut period has."""

from __future__ import annotations

_AMOUNTS = ("line_part_amount", "line_segment_amount", "line_segment_limit")
_TRUTHS = ("line_weight_by_actuals",)

SEGMENT_CODES: frozenset[str] = frozenset(
    {
        "line_part_days",
        "line_part_baseline_days",
        "line_part_ramp",
        "line_part_days_ramp",
        "line_part_limit",
        "line_part_threshold",
        "line_segment_weight",
        "line_whole_weight",
        "line_segment_percent",
        *_AMOUNTS,
        *(f"{code}_none" for code in _AMOUNTS),
        *(f"{code}_{answer}" for code in _TRUTHS for answer in ("yes", "no", "missing")),
    }
)
