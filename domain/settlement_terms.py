"""How a plan turns what is earned into what is paid: draw, guarantee, holdback, and when.

The optional block ``settlement`` of a plan. It changes nothing of what is earned: the lines of a
calculation are the same with and without it. Its parts are optional, their inner fields are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.document import DocumentReader, decimal_text, without_absent
from domain.exact import RATIO_ONE
from domain.period import Period, add_months, month_of
from domain.scorecard import read_at_least

_WHOLE = "TOTAL"
_MOST_MONTHS = 600
_MOST_PERIODS = 120


class Release(StrEnum):
    """What ends a holdback."""

    AFTER_PERIODS = "AFTER_PERIODS"  # so many periods later, by itself
    ON_EVENT = "ON_EVENT"  # when somebody says that what was waited for has happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Paid on ``day`` of the month ``months_after`` the one in which the period ends."""

    months_after: int
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """From the ``from_month``-th month on, ``share`` of what exceeds the draw pays it back."""

    share: int
    from_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Pay is filled up to ``amount`` in these months since the start; recoverable or given."""

    amount: int
    from_month: int
    to_month: int
    recovery: Recovery | None  # None: it is given, never paid back

    def holds_in(self, month: int) -> bool:
        """Say whether pay is filled up in this month since the start."""
        return self.from_month <= month <= self.to_month


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """Pay is at least ``amount`` in the first ``months`` months."""

    amount: int
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdback:
    """A ``share`` of some components (none named: of all that is earned) is paid later."""

    share: int
    base: tuple[str, ...]
    release: Release
    periods: int | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The terms of payment of a plan."""

    timing: Timing
    draw: Draw | None = None
    guarantee: Guarantee | None = None
    holdback: Holdback | None = None


def paid_on(period: Period, terms: Settlement | None) -> date:
    """Return the day of payment; without terms it is the last day of the period's last month."""
    first = period.last_day.replace(day=1)
    if terms is None:
        return month_of(first).last_day
    return add_months(first, terms.timing.months_after).replace(day=terms.timing.day)


def read_settlement(
    reader: DocumentReader, currency: str | None, components: Sequence[str]
) -> Settlement | None:
    """Read the optional block of a plan whose components have these ids."""
    inner = reader.child("settlement", required=False)
    if inner is None:
        return None
    timing = _read_timing(inner)
    draw = _read_draw(inner, currency)
    guarantee = _read_guarantee(inner, currency)
    holdback = _read_holdback(inner, components)
    inner.finish()
    if timing is None or inner.failed:
        return None
    return Settlement(timing=timing, draw=draw, guarantee=guarantee, holdback=holdback)


def _read_timing(reader: DocumentReader) -> Timing | None:
    inner = reader.child("timing")
    if inner is None:
        return None
    months = inner.whole("monthsAfter", 0, 24)
    day = inner.whole("day", 1, 28)
    inner.finish()
    return None if months is None or day is None else Timing(months_after=months, day=day)


def _read_draw(reader: DocumentReader, currency: str | None) -> Draw | None:
    inner = reader.child("draw", required=False)
    if inner is None:
        return None
    recoverable = inner.flag("recoverable")
    amount = read_at_least(inner, "amount", currency)
    first = inner.whole("fromMonth", 1, _MOST_MONTHS)
    last = inner.whole("toMonth", 1, _MOST_MONTHS)
    if first is not None and last is not None and last < first:
        inner.note("months_reversed", inner.at("toMonth"), {"first": str(first), "last": str(last)})
    recovery = _read_recovery(inner, needed=recoverable)
    inner.finish()
    if amount is None or first is None or last is None or recoverable is None:
        return None
    return Draw(amount=amount, from_month=first, to_month=last, recovery=recovery)


def _read_recovery(reader: DocumentReader, *, needed: bool | None) -> Recovery | None:
    if not needed:
        if needed is False and reader.has("recovery"):
            reader.note("recovery_of_given_draw", reader.at("recovery"))
        reader.raw("recovery", required=False)
        return None
    inner = reader.child("recovery")
    if inner is None:
        return None
    share, first = _read_share(inner), inner.whole("fromMonth", 1, _MOST_MONTHS)
    inner.finish()
    return None if share is None or first is None else Recovery(share=share, from_month=first)


def _read_share(reader: DocumentReader) -> int | None:
    share = read_at_least(reader, "share", "RATIO")
    if share is not None and share > RATIO_ONE:
        values = {"field": "share", "low": "0", "high": "1"}
        reader.note("number_out_of_range", reader.at("share"), values)
        return None
    return share


def _read_guarantee(reader: DocumentReader, currency: str | None) -> Guarantee | None:
    inner = reader.child("guarantee", required=False)
    if inner is None:
        return None
    amount = read_at_least(inner, "amount", currency)
    months = inner.whole("months", 1, _MOST_MONTHS)
    inner.finish()
    return None if amount is None or months is None else Guarantee(amount=amount, months=months)


def _read_holdback(reader: DocumentReader, components: Sequence[str]) -> Holdback | None:
    inner = reader.child("holdback", required=False)
    if inner is None:
        return None
    share = _read_share(inner)
    base: tuple[str, ...] = ()
    if inner.raw("base", required=False) != _WHOLE:
        base = inner.names("base")
        if not base and isinstance(inner.raw("base", required=False), list):
            inner.note("list_empty", inner.at("base"), {"field": "base"})
        for place, name in enumerate(base):
            if name not in components or name in base[:place]:
                inner.note("base_unknown", f"{inner.at('base')}[{place}]", {"base": name[:80]})
    release = _read_release(inner)
    inner.finish()
    if share is None or release is None:
        return None
    kind, periods, event = release
    return Holdback(share=share, base=base, release=kind, periods=periods, event=event)


def _read_release(reader: DocumentReader) -> tuple[Release, int | None, str | None] | None:
    inner = reader.child("release")
    if inner is None:
        return None
    kind = inner.choice("kind", Release)
    periods = event = None
    if kind is Release.AFTER_PERIODS:
        periods = inner.whole("periods", 1, _MOST_PERIODS)
    if kind is Release.ON_EVENT:
        event = inner.text("event")
    inner.finish()
    return None if kind is None else (kind, periods, event)


def write_settlement(terms: Settlement | None, currency: str) -> dict[str, object] | None:
    """Write the block of a plan's canonical document; nothing where a plan has none."""
    if terms is None:
        return None
    return without_absent(
        {
            "timing": {"monthsAfter": terms.timing.months_after, "day": terms.timing.day},
            "draw": _write_draw(terms.draw, currency),
            "guarantee": None
            if terms.guarantee is None
            else {
                "amount": decimal_text(terms.guarantee.amount, currency),
                "months": terms.guarantee.months,
            },
            "holdback": _write_holdback(terms.holdback),
        }
    )


def _write_draw(draw: Draw | None, currency: str) -> dict[str, object] | None:
    if draw is None:
        return None
    recovery = draw.recovery and {
        "share": decimal_text(draw.recovery.share, "RATIO"),
        "fromMonth": draw.recovery.from_month,
    }
    return without_absent(
        {
            "recoverable": draw.recovery is not None,
            "amount": decimal_text(draw.amount, currency),
            "fromMonth": draw.from_month,
            "toMonth": draw.to_month,
            "recovery": recovery,
        }
    )


def _write_holdback(holdback: Holdback | None) -> dict[str, object] | None:
    if holdback is None:
        return None
    return {
        "share": decimal_text(holdback.share, "RATIO"),
        "base": list(holdback.base) or _WHOLE,
        "release": without_absent(
            {
                "kind": holdback.release.value,
                "periods": holdback.periods,
                "event": holdback.event,
            }
        ),
    }
