"""Components that look at days of their own: the days, what must be gathered, and their lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.component import Condition, Negative, Parts, Terms
from domain.document import DocumentReader
from domain.exact import Rounding, Value, Words, ten_to
from domain.line_parts import condition_line
from domain.period import day_after
from domain.program import (
    DATE,
    TRUTH,
    Constant,
    LineKind,
    LineSpec,
    Need,
    NeedKind,
    WindowPays,
)
from domain.unit import decimals_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDays:
    """From the first day to the last, both included, and in which period they are paid."""

    first: date
    last: date
    pays: WindowPays

    def needs(self, identity: str, metric: str, unit: str) -> tuple[Need, ...]:
        """Name the value over the days, and whether it is paid in the period."""
        end = day_after(self.last)
        return (
            Need(
                name=window_name(identity),
                kind=NeedKind.WINDOW,
                unit=unit,
                metric=metric,
                start=self.first,
                end=end,
                pays=self.pays,
            ),
            Need(
                name=due_name(identity),
                kind=NeedKind.DUE,
                unit=TRUTH,
                start=self.first,
                end=end,
                pays=self.pays,
            ),
        )

    def line(self, terms: Terms, identity: str, unit: str) -> LineSpec:
        """Show the value over the days; nothing is decided by it."""

        def work(words: Words, num: Value, den: Value) -> Value:
            return words.muldiv(num, 1, den, terms.rounding)

        return LineSpec(
            name=f"{window_name(identity)}.actual",
            code="line_window_actual",
            unit=unit,
            kind=LineKind.STEP,
            key=identity,
            inputs=fraction_names(identity),
            work=work,
            constants=(
                Constant(name="from", value=self.first.toordinal(), unit=DATE),
                Constant(name="to", value=self.last.toordinal(), unit=DATE),
            ),
        )


def window_name(identity: str) -> str:
    """Name what is measured over the days."""
    return f"{identity}.window"


def due_name(identity: str) -> str:
    """Name the truth that says whether the days are paid in this period."""
    return f"{identity}.due"


def fraction_names(identity: str) -> tuple[str, str]:
    """Name the two inputs of the value over the days."""
    return f"{window_name(identity)}.num", f"{window_name(identity)}.den"


def passed_line(terms: Terms, identity: str, condition: Condition, unit: str) -> LineSpec:
    """Hold the value over the days against a fixed value."""
    held = Condition(
        metric=window_name(identity), comparison=condition.comparison, value=condition.value
    )
    return condition_line(terms, identity, "condition", held, unit)


def read_days(reader: DocumentReader, pays: WindowPays | None) -> OwnDays | None:
    """Read ``from`` and ``to``, which may be the same day but not reversed."""
    first, last = reader.day("from"), reader.day("to")
    if first is not None and last is not None and last < first:
        values = {"start": first.isoformat(), "end": last.isoformat()}
        reader.note("dates_reversed", reader.at("to"), values)
        return None
    if first is None or last is None or pays is None:
        return None
    return OwnDays(first=first, last=last, pays=pays)


def per_unit(
    words: Words,
    fraction: Sequence[Value],
    unit: str,
    *,
    amount: int,
    parts: Parts,
    negative: Negative,
    mode: Rounding,
) -> Value:
    """Pay an amount for each whole unit, or for parts of units too; rounded once."""
    num, den = fraction
    held = num if negative is Negative.KEEP else words.highest(num, 0)
    bottom = words.times(den, ten_to(decimals_of(unit)))
    if parts is Parts.WHOLE_ONLY:
        return words.times(words.muldiv(held, 1, bottom, Rounding.DOWN), amount)
    return words.muldiv(held, amount, bottom, mode)
