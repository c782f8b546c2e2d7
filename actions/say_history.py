"""What came before a statement in sentences: for the API and for the files of a statement."""

from __future__ import annotations

from domain.period import period_named
from messages.render import Catalogue, Locale
from messages.statement_changes import RuleVersion, say_rule, say_total, signed
from storage.definitions import StoredPlan, StoredScorecard
from storage.statement_history import Booking, History, ReadStatement


def say_difference(catalogue: Catalogue, history: History, currency: str, locale: Locale) -> str:
    """Say how the payout differs from that of the period before, or why nothing is said."""
    earlier = period_named(history.statement.run.period).earlier().name
    if history.change is not None:
        return say_total(catalogue, history.change, earlier, currency, locale)
    code = "change_none_before" if history.previous is None else "change_other_currency"
    return catalogue.text(code, {"period": earlier}, locale)


def say_rules(catalogue: Catalogue, history: History, locale: Locale) -> list[str]:
    """Say which versions of the rules changed since the period before; nothing where none did."""
    previous = history.previous
    if previous is None or history.change is None or not history.change.has_other_rules:
        return []
    found = []
    for code, before, after in (
        ("change_rule_plan", _plan(previous), _plan(history.statement)),
        ("change_rule_scorecard", _card(previous), _card(history.statement)),
    ):
        if before != after:
            found.append(say_rule(catalogue, code, before, after, locale))
    if not found or previous.explained.shape != history.statement.explained.shape:
        found.append(catalogue.text("change_rule_parts", {}, locale))
    return found


def _plan(read: ReadStatement) -> RuleVersion | None:
    plan = read.explained.plan
    return None if plan is None else _version(plan, dict(plan.plan.name))


def _card(read: ReadStatement) -> RuleVersion | None:
    card = read.explained.scorecard
    return None if card is None else _version(card, dict(card.scorecard.name))


def _version(stored: StoredPlan | StoredScorecard, name: dict[str, str]) -> RuleVersion:
    return RuleVersion(name=name, valid_from=stored.valid_from, hash=stored.hash)


def say_booking(catalogue: Catalogue, booking: Booking, locale: Locale) -> str:
    """Say what was booked together, in money."""
    amount = ", ".join(signed(booking.sums[each], each, locale) for each in sorted(booking.sums))
    code = "change_booking_beside"
    if booking.is_run:
        code = "change_booking_again" if booking.since_run else "change_booking_run"
    return catalogue.text(code, {"period": booking.period, "amount": amount}, locale)
