"""The sentence of a difference: its code, and the numbers it is seen by in a language."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from domain.parallel_run import DifferenceCause, DifferenceLine
from messages.render import Locale, quantity

# Of these causes there is another sentence where no single sales stand behind them.
_WITHOUT_RECORDS = {
    DifferenceCause.MISSING: "difference_missing_row",
    DifferenceCause.IDENTITY: "difference_identity_row",
    DifferenceCause.VALUE: "difference_value_sum",
}


def difference_said(
    line: DifferenceLine, currency: str, locale: Locale
) -> tuple[str, dict[str, str]]:
    """Return the code of the sentence and what fills its places."""
    told = {name: quantity(steps, 1, currency, locale) for name, steps in line.values.items()}
    if line.cause is DifferenceCause.RATE:
        told["old_rate"] = _rate(line.values["old"], line.values["base"])
        told["our_rate"] = _rate(line.values["ours"], line.values["base"])
    told["count"] = str(len(line.records))
    plain = f"difference_{line.cause.value.lower()}"
    return plain if line.records else _WITHOUT_RECORDS.get(line.cause, plain), told


def _rate(amount: int, base: int) -> str:
    """Write what is paid of each hundred, with four decimals: enough to see what was typed."""
    found = Decimal(amount) * 100 / Decimal(base)
    return f"{found.quantize(Decimal('0.0001'), ROUND_HALF_UP).normalize():f}%"
