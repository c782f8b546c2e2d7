"""A statement as it is printed: titled tables of texts and amounts, the same for every format.

Nothing is calculated here, and nothing is asked of the clock: the same statement with the same
bookings and the same seal gives the same tables, so its files are the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actions.say_history import say_booking, say_difference, say_rules
from actions.seal_place import SealedPlace
from domain.ledger import Cause
from domain.period import period_named
from domain.program import Line
from domain.statement_changes import ComponentChange, inputs_of
from domain.unit import CURRENCIES
from messages.lines import say_line, spoken
from messages.render import Catalogue, Locale, Value, display, money
from messages.statement_changes import (
    say_component,
    say_moved,
    say_name,
    say_part,
    say_reading,
    say_step,
)
from storage.definitions import StoredPlan, StoredScorecard
from storage.statement_history import History

MOST_FACTS = 300  # printed; the evidence pack holds all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Money in a cell: a number where the format has exact ones."""

    steps: int
    currency: str
    text: str


Cell = str | Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled table; ``widths`` are parts of the width of the page."""

    key: str
    title: str
    headings: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole statement, ready to be written in some format."""

    title: str
    author: str
    locale: Locale
    page: str  # what stands before the number of a page
    hash: str
    sections: tuple[Section, ...]

    @property
    def texts(self) -> Iterator[str]:
        """Everything that is written, for whoever has to know its characters."""
        yield from (self.title, self.author, self.page, self.hash)
        for section in self.sections:
            yield from (section.title, section.note, *section.headings)
            for row in section.rows:
                yield from (cell if isinstance(cell, str) else cell.text for cell in row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What somebody was allowed to read of a person and period, to be printed."""

    entity_name: str
    currency: str  # of the entity, where nothing is paid
    person_name: str
    staff_number: str
    history: History
    labels: Mapping[str, Mapping[str, str]]
    facts: Mapping[str, Any]
    seal: SealedPlace | None


def sheet_of(catalogue: Catalogue, printed: Printed, locale: Locale) -> Sheet:
    """Put a statement into tables, in one language."""
    writer = _Writer(catalogue, printed, locale)
    subject = {"name": printed.person_name, "period": printed.history.statement.run.period}
    return Sheet(
        title=writer.say("printed_title", **subject),
        author=printed.entity_name,
        locale=locale,
        page=writer.say("printed_page"),
        hash=printed.history.statement.explained.statement.hash,
        sections=tuple(writer.sections()),
    )


class _Writer:
    """The sections of one statement in one language."""

    def __init__(self, catalogue: Catalogue, printed: Printed, locale: Locale) -> None:
        self.catalogue, self.printed, self.locale = catalogue, printed, locale
        self.names = {key: each[locale.value] for key, each in printed.labels.items()}
        self.history = printed.history
        self.read = printed.history.statement
        self.statement = self.read.explained.statement
        self.currency = printed.history.currency or printed.currency

    def say(self, code: str, /, **values: Value) -> str:
        """Write a sentence."""
        return self.catalogue.text(code, values, self.locale)

    def amount(self, steps: int | None, currency: str) -> Cell:
        """Write money; what is held back is a dash."""
        if steps is None:
            return "–"
        return Amount(steps=steps, currency=currency, text=money(steps, currency, self.locale))

    def number(self, value: int | None, unit: str) -> Cell:
        """Write the number of a line."""
        if unit in CURRENCIES:
            return self.amount(value, unit)
        return display(spoken(value, unit, self.locale), self.locale)

    def name(self, key: str) -> str:
        """Write what a key is called."""
        return say_name(self.catalogue, key, self.names, self.locale)

    def section(
        self,
        key: str,
        widths: Sequence[int],
        rows: Sequence[tuple[Cell, ...]],
        headings: Sequence[str],
        note: str = "",
    ) -> Section:
        """Make a section with its headings in the reader's language."""
        return Section(
            key=key,
            title=self.say(f"printed_{key}"),
            headings=tuple(self.say(f"printed_column_{each}") for each in headings),
            widths=tuple(widths),
            rows=tuple(rows),
            note=note,
        )

    def sections(self) -> Iterator[Section]:
        """Yield the sections in the order of reading; one without rows says so."""
        yield self.section("subject", (25, 75), list(self._subject()), ("what", "value"))
        yield self.section(
            "amounts", (22, 18, 60), list(self._amounts()), ("name", "amount", "why")
        )
        if self.statement.problems:
            told = [(self.say(each.code, **each.values),) for each in self.statement.problems]
            yield self.section("problems", (100,), told, ("what",))
        yield self.section("changes", (100,), list(self._changes()), ("what",))
        booked = ("at", "booked_in", "name", "amount", "why")
        yield self.section("bookings", (18, 12, 22, 18, 30), list(self._bookings()), booked)
        lines = (*self.statement.score_lines, *self.statement.pay_lines)
        yield self.section(
            "lines", (82, 18), [self._line(each) for each in lines], ("why", "number")
        )
        inputs = ("name", "what", "number")
        yield self.section("inputs", (40, 35, 25), list(self._inputs()), inputs)
        yield self._facts()
        yield self.section(
            "seal", (25, 75), list(self._seal()), ("what", "value"), self.say("printed_verify")
        )

    def _subject(self) -> Iterator[tuple[Cell, ...]]:
        run, period = self.read.run, period_named(self.read.run.period)
        told: list[tuple[str, Cell]] = [
            ("person", self.printed.person_name),
            ("staff_number", self.printed.staff_number or "–"),
            ("person_id", self.read.result.person_id),
            ("entity", self.printed.entity_name),
            (
                "period",
                self.say(
                    "printed_days", period=period.name, first=period.start, last=period.last_day
                ),
            ),
            ("run", f"{run.id} ({self.say(f'printed_state_{run.state.lower()}')})"),
            ("known_at", display(run.known_at, self.locale)),
            ("plan", self._rules(self.read.explained.plan)),
            ("scorecard", self._rules(self.read.explained.scorecard)),
            ("hash", self.statement.hash),
            ("payout", self.amount(self.statement.payout, self.currency)),
        ]
        for code, value in told:
            yield self.say(f"printed_field_{code}"), value

    def _rules(self, stored: StoredPlan | StoredScorecard | None) -> str:
        if stored is None:
            return "–"
        named = stored.plan.name if isinstance(stored, StoredPlan) else stored.scorecard.name
        values = {"name": named[self.locale.value], "hash": stored.hash}
        return self.say("printed_version", day=stored.valid_from, **values)

    def _amounts(self) -> Iterator[tuple[Cell, ...]]:
        for line in self.statement.amounts:
            yield self.name(line.key), self.number(line.value, line.unit), self._why(line)
        total = self.amount(self.statement.payout, self.currency)
        yield self.say("printed_total"), total, self.say("printed_total_why")

    def _why(self, line: Line) -> str:
        return say_line(self.catalogue, line, self.names.get(line.key, line.key), self.locale)

    def _line(self, line: Line) -> tuple[Cell, ...]:
        return self._why(line), self.number(line.value, line.unit)

    def _inputs(self) -> Iterator[tuple[Cell, ...]]:
        for (key, part), reading in inputs_of(self.read.explained.calculated).items():
            told = say_reading(reading, self.locale)
            yield self.name(key), say_part(self.catalogue, part, self.locale), told

    def _changes(self) -> Iterator[tuple[Cell, ...]]:
        catalogue, locale, change = self.catalogue, self.locale, self.history.change
        yield (say_difference(catalogue, self.history, self.currency, locale),)
        for text in say_rules(catalogue, self.history, locale):
            yield (text,)
        if change is not None:
            for step in change.causes:
                yield (f"• {say_step(catalogue, step, self.currency, locale)}",)
            for each in change.components:
                yield from self._component(each)

    def _component(self, change: ComponentChange) -> Iterator[tuple[Cell, ...]]:
        catalogue, locale = self.catalogue, self.locale
        yield (say_component(catalogue, change, self.names, self.currency, locale),)
        for step in change.causes:
            yield (f"    • {say_step(catalogue, step, self.currency, locale)}",)
        for moved in change.moved if change.difference != 0 else ():
            yield (f"    {say_moved(catalogue, moved, self.names, locale)}",)

    def _bookings(self) -> Iterator[tuple[Cell, ...]]:
        for booking in self.history.bookings:
            at = display(booking.at, self.locale)
            why = say_booking(self.catalogue, booking, self.locale)
            for line in booking.lines:
                name = self.name(line.component.removesuffix(".amount"))
                amount = self.amount(line.amount, line.currency)
                yield at, booking.period, name, amount, self._cause(line.cause) or why

    def _cause(self, cause: Cause | None) -> str:
        return "" if cause is None else self.say(f"cause_{cause.value.lower()}")

    def _facts(self) -> Section:
        facts = self.printed.facts["facts"]
        rows = [self._fact(each) for each in facts[:MOST_FACTS]]
        note = ""
        if len(facts) > MOST_FACTS:
            note = self.say("printed_more_facts", most=MOST_FACTS, count=len(facts))
        headings = ("day", "fact", "number", "subject", "source")
        return self.section("facts", (14, 16, 20, 20, 30), rows, headings, note)

    def _fact(self, fact: Mapping[str, Any]) -> tuple[Cell, ...]:
        record = fact["record"]
        source = "–"
        if record is not None:
            source = f"{record['stream']} {record['key']} ({record['revision']})"
        number = f"{fact['quantity'] or '–'} {fact['unit']}"
        return fact["businessDate"], fact["kind"], number, fact["subject"] or "–", source

    def _seal(self) -> Iterator[tuple[Cell, ...]]:
        place = self.printed.seal
        if place is None:
            yield self.say("printed_field_seal"), self.say("printed_not_sealed")
            return
        leaf = self.say("printed_leaf", index=place.index, size=place.size)
        told = [("leaf", f"{place.leaf} ({leaf})"), ("root", place.root)]
        if place.checkpoint is None:
            told.append(("checkpoint", self.say("printed_no_checkpoint")))
        else:
            said = place.checkpoint
            at = self.say("printed_checkpoint", number=said.number, at=said.at)
            told += [("row", str(place.row)), ("checkpoint", at)]
            told += [("checkpoint_root", said.root), ("key", said.public_key)]
        for code, value in told:
            yield self.say(f"printed_field_{code}"), value
