"""The sentence of a difference: its code, and the numbers it is seen by in a language."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from domain.parallel_run import DifferenceCause, DifferenceLine, Told
from messages.render import Locale, quantity

Names = Mapping[str, Mapping[str, str]]  # by metric and language

# Of these causes there is another sentence where no single sales stand behind them.
_WITHOUT_RECORDS = {
    DifferenceCause.MISSING: "difference_missing_row",
    DifferenceCause.IDENTITY: "difference_identity_row",
    DifferenceCause.VALUE: "difference_value_sum",
}
# And of these where a metric does.
_OF_METRIC = {
    DifferenceCause.MISSING: "difference_missing_number",
    DifferenceCause.VALUE: "difference_value_number",
}


def difference_said(
    line: DifferenceLine, currency: str, locale: Locale, names: Names
) -> tuple[str, dict[str, str]]:
    """Return the code of the sentence and what fills its places; ``names`` are those of metrics."""
    told = {name: _said(number, currency, locale) for name, number in line.values.items()}
    told["count"] = str(len(line.records))
    told["metric"] = names.get(line.subject, {}).get(locale.value, line.subject)
    return _code(line, told), told


def _code(line: DifferenceLine, told: dict[str, str]) -> str:
    plain = f"difference_{line.cause.value.lower()}"
    match line.cause:
        case DifferenceCause.RATE if line.records:
            return "difference_rate_sales"
        case DifferenceCause.RATE if "base" in line.values and line.values["base"].steps:
            told["old_rate"] = _rate(line.values["old"], line.values["base"])
            told["our_rate"] = _rate(line.values["ours"], line.values["base"])
            return plain
        case DifferenceCause.RATE:
            return "difference_rule"
        case DifferenceCause.GOAL:
            ours = line.values.get("ours")
            # a line about a stage says both goals; a lack says that there is none
            is_there = ours is not None and ours.unit != "" and ours.steps is not None
            return plain if is_there else "difference_goal_missing"
        case DifferenceCause.LIMIT if not line.values:
            return "difference_limit_whole"
        case _ if line.records:
            return plain
        case _ if line.subject:
            return _number(line)
        case _:
            return _WITHOUT_RECORDS.get(line.cause, plain)


def _number(line: DifferenceLine) -> str:
    ours = line.values.get("ours")
    if line.cause is DifferenceCause.VALUE and (ours is None or ours.steps is None):
        return "difference_missing_number"
    return _OF_METRIC.get(line.cause, f"difference_{line.cause.value.lower()}")


def _said(number: Told, currency: str, locale: Locale) -> str:
    if number.steps is None:
        return "-"
    return quantity(number.steps, number.parts, number.unit or currency, locale)


def _rate(amount: Told, base: Told) -> str:
    """Write what is paid of each hundred, with four decimals: enough to see what was typed."""
    assert amount.steps is not None
    assert base.steps
    found = Decimal(amount.steps) * 100 / Decimal(base.steps)
    return f"{found.quantize(Decimal('0.0001'), ROUND_HALF_UP).normalize():f}%"
