"""The codes of all lines: each has a sentence in both languages that says why."""

from __future__ import annotations

from collections.abc import Iterator

from domain.curve import CurveForm
from domain.exact import Comparison
from domain.kinds.registry import KINDS
from domain.segment_codes import SEGMENT_CODES


def _truths() -> Iterator[str]:
    for comparison in Comparison:
        yield f"line_met_{comparison.value.lower()}"
        if comparison is not Comparison.WITHIN:
            yield f"line_minimum_{comparison.value.lower()}"
    for kind in KINDS.values():
        yield from kind.truth_codes


def _amounts() -> Iterator[str]:
    yield from ("line_cap_amount", "line_floor_amount")
    yield from ("line_own_cap_amount", "line_own_floor_amount")
    for kind in KINDS.values():
        yield from kind.amount_codes


def _steps() -> Iterator[str]:
    for form in CurveForm:
        yield f"line_attainment_{form.value.lower()}"
    for kind in KINDS.values():
        yield from kind.step_codes
    yield from (
        "line_actual",
        "line_kpi_score",
        "line_weight_so_far",
        "line_full_points",
        "line_kpi_points",
        "line_kpi_difference_won",
        "line_kpi_difference_lost",
        "line_kpi_difference_full",
        "line_bonus_points",
        "line_penalty_points",
        "line_full_score",
        "line_own_score",
        "line_own_part",
        "line_team_part",
        "line_score_limits",
        "line_score",
        "line_subtotal",
        "line_payout",
        "line_missing",
        "line_total_missing",
    )


def _settled() -> Iterator[str]:
    """Lines of a pay sheet: amounts first, which may be nothing, then steps and totals."""
    for name in (
        "sheet_earned",
        "sheet_adjustment",
        "holdback_withheld",
        "holdback_released",
        "guarantee_paid",
        "draw_paid",
        "draw_given",
        "draw_recovered",
        "clawback_before",
        "clawback_carried",
    ):
        yield from (f"line_{name}", f"line_{name}_none")
    yield from (
        "line_sheet_origin",
        "line_sheet_due",
        "line_guarantee_minimum",
        "line_draw_minimum",
        "line_clawback_asked",
        "line_clawback_share_limit",
        "line_clawback_rest_limit",
        "line_clawback_taken",
        "line_sheet_paid",
        "line_draw_balance",
        "line_holdback_balance",
        "line_carried_balance",
    )


def _spoken() -> Iterator[str]:
    for code in _truths():
        yield from (f"{code}_yes", f"{code}_no", f"{code}_missing")
    for code in _amounts():
        yield from (code, f"{code}_none")
    yield from _steps()
    yield from _settled()


LINE_CODES: frozenset[str] = frozenset(_spoken()) | SEGMENT_CODES
