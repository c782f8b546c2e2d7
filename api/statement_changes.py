"""What changed on a statement: against the period before, and booking by booking within it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry

from actions.say_history import say_booking, say_difference, say_rules
from api.access import Audience, output, resolved, shown
from api.asking import Entity, KnownAt
from api.context import Context, Info
from api.incentives import PersonRef, RunRef, currency_of, person_ref, run_ref
from api.ledger import cause_text
from api.of_person import Person, RunId, of_person
from api.paging import described
from api.scalars import PeriodName, closed_set
from api.values import Money, Quantity, maybe_money, maybe_number, money
from domain.access import Resource
from domain.ledger import Cause
from domain.statement_changes import CauseStep as Step
from domain.statement_changes import ChangeCause, Moved, Reading
from domain.statement_changes import ComponentChange as Changed
from domain.unit import DECIMALS
from messages.statement_changes import (
    say_component,
    say_moved,
    say_name,
    say_reading,
    say_step,
)
from storage.engine import Database
from storage.statement_history import BookedLine, Booking, History, ReadStatement, history_of
from storage.statement_names import labels_of
from storage.statements import statement_of

closed_set(
    ChangeCause,
    "What kind of number moved, in the order in which the steps are taken.",
    {
        ChangeCause.RESULTS: "What the person achieved.",
        ChangeCause.TARGETS: "Targets of the person or the team.",
        ChangeCause.GROUP: "Ranks, medians, sizes of groups, what a team did.",
        ChangeCause.EARLIER: "What was earned in earlier periods of a span.",
        ChangeCause.TIME: "Days of presence, ramps, and the days that count now.",
        ChangeCause.RULES: "Plan, scorecard, or how a period that was cut is put together.",
    },
)


@output(access=Resource.PAY, description="What one cause changed.")
class ChangeStep:
    """A step of the way from one statement to another."""

    cause: ChangeCause = shown("What kind of number moved.")
    amount: Money = shown("What it changed.")
    text: str = shown("The same in a sentence, in the language of the request.")


@output(access=Resource.PAY, description="A number that is another one now.")
class MovedNumber:
    """A number that a component leans on, however far behind."""

    key: str = shown("The metric or component it belongs to; empty for the whole.")
    part: str = shown("What of it, such as reached, target, rank or rate.")
    cause: ChangeCause = shown("What kind of number it is.")
    before: Quantity | None = shown("The number then; null where it has no unit or is missing.")
    after: Quantity | None = shown("The number now; null where it has no unit or is missing.")
    before_text: str = shown("The number then, as the language of the request writes it.")
    after_text: str = shown("The number now, as the language of the request writes it.")
    text: str = shown("The same in a sentence, in the language of the request.")


@output(access=Resource.PAY, description="How a component became what it is.")
class ComponentChange:
    """The causes add up to the difference."""

    key: str = shown("The component; empty for what belongs to the whole.")
    name: str = shown("What it is called, in the language of the request.")
    before: Money | None = shown("What it paid; null where it was not there or was held back.")
    after: Money | None = shown("What it pays; null where it is not there or is held back.")
    difference: Money | None = shown("The difference; null when one of both is held back.")
    text: str = shown("The same in a sentence, in the language of the request.")
    causes: list[ChangeStep] = shown("What each kind of number changed; at most six.")
    moved: list[MovedNumber] = shown("Which numbers are other ones now; at most some dozens.")


@output(access=Resource.PAY, description="What a booking changed for a component.")
class BookedChange:
    """Entries of the ledger for one component and cause, added up."""

    component: str = shown("The line of the plan.")
    cause: Cause | None = shown("Why it stands beside what a run posted; null when ordinary.")
    amount: Money = shown("The difference that was booked.")
    text: str | None = shown("The cause in a sentence, in the language of the request.")


@output(access=Resource.PAY, description="What was booked together for the sales of the period.")
class StatementBooking:
    """By a run, a correction, a dispute or a decision."""

    source: strawberry.ID = shown("The run, correction, dispute or decision that booked it.")
    at: datetime = shown("When it was posted.")
    booked_in: PeriodName = shown("The period it is booked in.")
    text: str = shown("The same in a sentence, in the language of the request.")
    lines: list[BookedChange] = shown("What it changed by component and cause; at most hundreds.")
    net: list[Money] = shown("The sum of everything booked up to it, one per currency.")
    against: strawberry.ID | None = shown(
        "The run that had posted before, whose statement it is held against; null when none had."
    )
    causes: list[ChangeStep] = shown("What moved since that run, in money; at most six.")
    components: list[ComponentChange] = shown("The same by component; one per component.")


@output(access=Resource.PAY, description="What changed on a statement, and why.")
class StatementChanges:
    """The components add up to the difference of the payouts."""

    person: PersonRef = shown("Whose statement it is.")
    run: RunRef = shown("The run of the statement.")
    previous: RunRef | None = shown(
        "The run of the statement of the period before; null when there is none to be seen."
    )
    before: Money | None = shown("The payout of the period before.")
    after: Money | None = shown("The payout of the statement.")
    difference: Money | None = shown(
        "The difference; null without a statement before, in another currency, or held back."
    )
    text: str = shown("The same in a sentence, in the language of the request.")
    rules: list[str] = shown("Which versions of the rules changed; at most three sentences.")
    causes: list[ChangeStep] = shown("What each kind of number changed; at most six.")
    components: list[ComponentChange] = shown("What changed, one per component.")
    bookings: list[StatementBooking] = shown(
        "What was booked for the sales of this period, oldest first; at most hundreds. The lines"
        " of all of them add up to the last net."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What all sentences of an answer share."""

    context: Context
    names: Mapping[str, str]
    currency: str

    def step(self, step: Step) -> ChangeStep:
        """Show a step."""
        context = self.context
        return ChangeStep(
            cause=step.cause,
            amount=money(step.amount, self.currency, context),
            text=say_step(context.runtime.catalogue, step, self.currency, context.locale),
        )

    def moved(self, moved: Moved) -> MovedNumber:
        """Show a number that moved."""
        context = self.context
        return MovedNumber(
            key=moved.key,
            part=moved.part,
            cause=moved.cause,
            before=self._number(moved.before),
            after=self._number(moved.after),
            before_text=say_reading(moved.before, context.locale),
            after_text=say_reading(moved.after, context.locale),
            text=say_moved(context.runtime.catalogue, moved, self.names, context.locale),
        )

    def _number(self, reading: Reading | None) -> Quantity | None:
        if reading is None or reading.unit not in DECIMALS:
            return None
        return maybe_number(reading.num, reading.unit, self.context, reading.den)

    def component(self, change: Changed) -> ComponentChange:
        """Show a component."""
        context, currency = self.context, self.currency
        catalogue, locale = context.runtime.catalogue, context.locale
        return ComponentChange(
            key=change.key,
            name=say_name(catalogue, change.key, self.names, locale),
            before=maybe_money(change.before, currency, context),
            after=maybe_money(change.after, currency, context),
            difference=maybe_money(change.difference, currency, context),
            text=say_component(catalogue, change, self.names, currency, locale),
            causes=[self.step(step) for step in change.causes],
            moved=[self.moved(each) for each in change.moved],
        )

    def booking(self, booking: Booking) -> StatementBooking:
        """Show what was booked together."""
        context, change = self.context, booking.change
        return StatementBooking(
            source=strawberry.ID(booking.source),
            at=booking.at,
            booked_in=PeriodName(booking.period),
            text=say_booking(context.runtime.catalogue, booking, context.locale),
            lines=[_booked(line, context) for line in booking.lines],
            net=[money(booking.net[each], each, context) for each in sorted(booking.net)],
            against=None if booking.since_run is None else strawberry.ID(booking.since_run),
            causes=[self.step(step) for step in change.causes] if change else [],
            components=[self.component(each) for each in change.components] if change else [],
        )


def _booked(line: BookedLine, context: Context) -> BookedChange:
    return BookedChange(
        component=line.component,
        cause=line.cause,
        amount=money(line.amount, line.currency, context),
        text=None if line.cause is None else cause_text(line.cause, context),
    )


def _changes(history: History, person: PersonRef, words: _Words) -> StatementChanges:
    context, change = words.context, history.change
    statement, previous = history.statement, history.previous
    before = None if previous is None else previous.result
    return StatementChanges(
        person=person,
        run=run_ref(statement.run),
        previous=None if previous is None else run_ref(previous.run),
        before=None if before is None else maybe_money(before.payout, before.currency, context),
        after=maybe_money(statement.result.payout, statement.result.currency, context),
        difference=maybe_money(change.difference, words.currency, context) if change else None,
        text=say_difference(context.runtime.catalogue, history, words.currency, context.locale),
        rules=say_rules(context.runtime.catalogue, history, context.locale),
        causes=[words.step(step) for step in change.causes] if change else [],
        components=[words.component(each) for each in change.components] if change else [],
        bookings=[words.booking(each) for each in history.bookings],
    )


@output(access=Audience.SIGNED_IN, description="Queries about what changed on a statement.")
class StatementChangeQuery:
    """Part of the query root."""

    @resolved(
        "What changed on a statement since the period before and since it was first posted, and"
        " why: for whoever may read that statement.",
        access=Resource.PAY,
    )
    async def statement_changes(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> StatementChanges | None:
        """Hold it against what came before."""
        context = info.context
        asked = of_person(context, period, person, legal_entity, known_at)

        def work(database: Database) -> StatementChanges:
            found, result = asked.result(database, run, Resource.PAY)
            explained = statement_of(database, found, result)
            read = ReadStatement(run=found, result=result, explained=explained)
            history = history_of(database, context.asker, read, asked.period, asked.known_at)
            labels = labels_of(database, read)
            if history.previous is not None:
                labels = {**labels_of(database, history.previous), **labels}
            names = {key: each[context.locale.value] for key, each in labels.items()}
            currency = history.currency or currency_of(database, asked.entity) or ""
            words = _Words(context=context, names=names, currency=currency)
            named = person_ref(database, context, asked.person, asked.period, Resource.PAY)
            return _changes(history, named, words)

        return await asked.read_noted(work)
