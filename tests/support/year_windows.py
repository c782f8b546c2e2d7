"""What happens in a simulated year, as data: windows of changes that lean on none beside them.

In one window a subject (an order, a goal, a name, a person's team) is touched once at most, so that
the changes of a window may be taken in any order.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from tests.support.sales_year import EVER, TEAMS, Change, Sale, SalesYear, Window, month
from tests.support.year_disputes import Disagreement, disagree
from tests.support.year_plans import CREDITS, Style

RATES = ("0.01", "0.02", "0.03", "0.045")
STRANGERS = ("x0", "x1", "x2")  # names of the source that nobody knew at first


class Drawing:
    """Draws the windows of a year; it keeps its own book of orders and seats to draw from."""

    def __init__(
        self, rng: random.Random, people: int, months: int = 12, style: Style = Style.PLAIN
    ) -> None:
        self.rng, self.months, self.style = rng, months, style
        self.calm = rng.random() < 0.5
        self.names = [f"p{number:02}" for number in range(people)]
        here = max(2, people * 2 // 3)
        self.seats = {name: (0, rng.choice(TEAMS), EVER) for name in self.names[:here]}
        self.waiting = self.names[here:]
        self.sales: dict[str, Sale] = {}
        self.strangers = list(STRANGERS)
        self.begins = date(2026, 1, 1)
        self.credited: dict[str, date] = {}
        self._touched: set[object] = set()

    def opening(self) -> list[Change]:
        """Seat whoever is there from the beginning, and say how they share what they sell."""
        steps = [_seat(name, *told, None) for name, told in self.seats.items()]
        if self.style is Style.CREDIT:
            self.credited = dict.fromkeys(CREDITS, self.begins)
            steps += [_credit(key, self.names[0], "0.25", self.begins) for key in CREDITS]
        return steps

    def windows(self) -> list[Window]:
        """Draw every window; the last one comes after the last close."""
        found = []
        for number in range(1, self.months + 2):
            self._touched = set()
            steps = self._month(number) if number <= self.months else []
            steps += [each for _ in range(self.rng.randint(4, 7)) for each in self._change(number)]
            again = None
            if number <= self.months and self.rng.random() < 0.15:
                again = self._late(number, [number])
            found.append(Window(steps=steps, reopened=again))
        return found

    def _month(self, number: int) -> list[Change]:
        """Orders and goals of a month."""
        targets = {name: self.rng.choice((20, 60, 100)) * 100 for name in self.seats}
        lacking = self.rng.choice(sorted(targets))
        targets.pop(lacking)
        pages: list[dict[str, Sale]] = [{}, {}]
        for name in (*self.names[: len(self.seats) + 1], *STRANGERS[:2]):
            for _ in range(self.rng.randint(1, 3)):
                page = self.rng.choice(pages)
                page[self._key()] = self._sale(name, number)
        for page in pages:
            self.sales.update(page)
        self._touched |= {key for page in pages for key in page}
        return [_goals(month(number), targets), *(_orders(page) for page in pages if page)]

    def _key(self) -> str:
        return f"o{len(self.sales)}-{self.rng.randrange(10**9)}"

    def _sale(self, name: str, number: int) -> Sale:
        year, place = divmod(number - 1, 12)
        last = calendar.monthrange(2026 + year, place + 1)[1]
        day = date(2026 + year, place + 1, self.rng.randint(1, last))
        cents = self.rng.choice((99_999, 250_000, 333_333, 600_000, 1_000_001, -50_001))
        sale = Sale(name=name, day=day, cents=cents)
        return self._shared(sale) if self.style is Style.CREDIT else sale

    def _shared(self, sale: Sale) -> Sale:
        """Let some orders be shared, some be helped with, and some be the company's own."""
        channel = self.rng.choice(("shop", "shop", "key", "house", "internal"))
        if self.rng.random() < 0.6:
            return replace(sale, channel=channel)
        others = [*self.seats, "nobody known"] if self.rng.random() < 0.1 else list(self.seats)
        partner, part = self.rng.choice(others), self.rng.choice(("0.3", "0.333333", "0.5", "1"))
        return replace(sale, channel=channel, partner=partner, part=part)

    def _change(self, number: int) -> list[Change]:
        change = self.rng.choice(_CHANGES)
        # A rule or a moved team touches everybody: some years go without, so it matters who is.
        return [] if self.calm and change in _FOR_ALL else change(self, number)

    def _once(self, subject: object) -> bool:
        """Say whether a subject is still untouched in this window, and touch it."""
        if subject in self._touched:
            return False
        self._touched.add(subject)
        return True

    def _late(self, number: int, months: list[int] | None = None) -> list[Change]:
        among = months or list(range(1, min(number, self.months) + 1))
        key, sale = (
            self._key(),
            self._sale(self.rng.choice([*self.seats, *self.strangers]), self.rng.choice(among)),
        )
        self.sales[key] = sale
        self._touched.add(key)
        return [_orders({key: sale})]

    def _again(self, **told: object) -> list[Change]:
        """Let the source say something else about an order of an earlier window."""
        keys = [key for key, sale in self.sales.items() if not sale.gone]
        keys = [key for key in keys if key not in self._touched]
        if not keys:
            return []
        key = self.rng.choice(keys)
        old = self.sales[key]
        self._touched.add(key)
        self.sales[key] = replace(old, revision=old.revision + 1, **told)  # type: ignore[arg-type]
        return [_orders({key: self.sales[key]})]

    def _revised(self, number: int) -> list[Change]:
        return self._again(cents=self.rng.choice((1, 150_000, 700_000, -20_000)))

    def _gone(self, number: int) -> list[Change]:
        return self._again(gone=True)

    def _handed(self, number: int) -> list[Change]:
        return self._again(name=self.rng.choice(list(self.seats)))

    def _known(self, number: int) -> list[Change]:
        if not self.strangers:
            return []
        name = self.rng.choice(list(self.seats))
        return [_link(self.strangers.pop(), name)]

    def _mistaken(self, number: int) -> list[Change]:
        """Find out that a name was taken for the wrong person."""
        name, other = self.rng.sample(sorted(self.seats), 2)
        return [_link(name, other)] if self._once(("link", name)) else []

    def _moved(self, number: int) -> list[Change]:
        name = self.rng.choice(sorted(self.seats))
        place, team, start = self.seats[name]
        begin = self._sale(name, max(1, number - self.rng.randint(0, 2))).day
        if begin <= start or number > self.months or not self._once(("seat", name)):
            return []
        other = self.rng.choice([each for each in TEAMS if each != team])
        self.seats[name] = place + 1, other, begin
        return [_move(name, (place, team, start), (place + 1, other, begin))]

    def _corrected_seat(self, number: int) -> list[Change]:
        name = self.rng.choice(sorted(self.seats))
        place, _, start = self.seats[name]
        if not self._once(("seat", name)):
            return []
        self.seats[name] = place, self.rng.choice(TEAMS), start
        return [_seat(name, *self.seats[name], None)]

    def _hired(self, number: int) -> list[Change]:
        if not self.waiting or number > self.months:
            return []
        name = self.waiting.pop(0)
        begin = self._sale(name, max(1, number - self.rng.randint(0, 1))).day
        self.seats[name] = 0, self.rng.choice(TEAMS), begin
        self._touched.add(("seat", name))
        return [_seat(name, *self.seats[name], None)]

    def _left(self, number: int) -> list[Change]:
        name = self.rng.choice(sorted(self.seats))
        end = self._sale(name, max(1, number - self.rng.randint(0, 1))).day
        stays = len(self.seats) <= 3 or end <= self.seats[name][2]
        if stays or not self._once(("seat", name)):
            return []
        return [_seat(name, *self.seats.pop(name), end)]

    def _aimed(self, number: int) -> list[Change]:
        name = self.rng.choice(sorted(self.seats))
        at = month(self.rng.randint(1, min(number, self.months)))
        # Whoever has no goal in the month yet gets one; the month's own goals are set beside this.
        if at == month(number) or not self._once(("goal", name, at)):
            return []
        return [_goals(at, {name: self.rng.choice((1, 30, 90)) * 100})]

    def _ruled(self, number: int) -> list[Change]:
        if not self._once("rate"):
            return []
        back = max(1, min(number, 12) - self.rng.randint(0, 3))
        self.begins = max(self.begins, date(2026, back, 1))
        rate, begins = self.rng.choice(RATES), self.begins
        less = self.rng.choice((0, 0, 1, 2))
        return [lambda year: year.rule(rate, begins, len(year.components) - less)]

    def _credited(self, number: int) -> list[Change]:
        """Let other people share from the first of a month on; a year without credit has none."""
        if self.style is not Style.CREDIT or number > self.months:
            return []
        key = self.rng.choice(tuple(CREDITS))
        begins = date(2026, max(1, number - self.rng.randint(0, 2)), 1)
        last = self.credited.get(key)
        if (last is not None and begins <= last) or not self._once(("credit", key)):
            return []
        self.credited[key] = begins
        name, share = self.rng.choice(self.names), self.rng.choice(("0.1", "0.25", "1"))
        return [_credit(key, name, share, begins)]

    def _disputed(self, number: int) -> list[Change]:
        """Let somebody disagree with a month that is closed; some are right."""
        if number < 2:
            return []
        name, closed = (
            self.rng.choice(self.names),
            self.rng.randint(1, min(number, self.months + 1) - 1),
        )
        if not self._once(("dispute", name, closed)):
            return []
        cents = self.rng.choice((12_345, 500, -999, 0))
        told = Disagreement(
            name=name, period=month(closed), cents=cents, into=month(number), asked=cents == 500
        )
        return [lambda year: disagree(year, told)]

    def _hung(self, number: int) -> list[Change]:
        if not self._once("hang"):
            return []
        parent = self.rng.choice(("region", "north"))
        return [lambda year: year.hang("west", parent)]


_CHANGES: tuple[Callable[[Drawing, int], list[Change]], ...] = (
    Drawing._late, Drawing._late, Drawing._late, Drawing._revised, Drawing._revised, Drawing._gone,
    Drawing._gone, Drawing._handed, Drawing._known, Drawing._mistaken, Drawing._moved,
    Drawing._moved, Drawing._corrected_seat, Drawing._hired, Drawing._hired, Drawing._left,
    Drawing._aimed, Drawing._aimed, Drawing._ruled, Drawing._hung, Drawing._disputed,
    Drawing._disputed, Drawing._credited, Drawing._credited,
)  # fmt: skip

_FOR_ALL = (Drawing._ruled, Drawing._hung, Drawing._credited)


def _orders(told: dict[str, Sale]) -> Change:
    return lambda year: year.orders(told)


def _goals(period: str, targets: dict[str, int]) -> Change:
    return lambda year: year.goals(period, targets)


def _link(source_name: str, name: str) -> Change:
    return lambda year: year.link(source_name, name)


def _credit(key: str, name: str, share: str, begins: date) -> Change:
    return lambda year: year.credit(CREDITS[key](year.ids[name], share), begins)


def _seat(name: str, place: int, team: str, start: date, end: date | None) -> Change:
    return lambda year: year.seat(name, place, team, start, end)


def _move(name: str, before: tuple[int, str, date], after: tuple[int, str, date]) -> Change:
    def change(year: SalesYear) -> None:
        year.seat(name, *before, after[2])
        year.seat(name, *after, None)

    return change
