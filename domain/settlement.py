"""One person's pay sheet as named lines: from what is earned to what is paid, and what is owed.

The same kind of `Program` as a plan's, so `explain` walks it and anybody can work it out again from
the frozen inputs. The PAY lines add up to ``sheet.paid``. Three balances go with a person:
``draw`` (paid in advance, to be paid back), ``holdback`` (earned, to be paid later) and ``carried``
(to be taken back, and not yet taken because a limit forbade it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.exact import RATIO_ONE, Comparison, Rounding, Value, Words, lowest_terms
from domain.pay_policy import PayPolicy, WageBase
from domain.program import NUMBER, Constant, Input, LineKind, LineSpec, Program
from domain.settlement_terms import Draw, Guarantee, Holdback, Settlement

EARNED, BASE, MONTH = "sheet.earned_net", "sheet.holdback_base", "sheet.month"
DRAW_BEFORE, HELD_BEFORE, OWED_BEFORE = "draw.draw_before", "holdback.held_before", "carried.before"
DUE_NOW, WAGE, MINIMUM_WAGE = "holdback.due_now", "wage.wage", "wage.minimum_wage"
PAID = "sheet.paid"
DRAW_BALANCE, HELD_BALANCE, OWED_BALANCE = "draw.balance", "holdback.balance", "carried.balance"
ADJUSTED = "adjusted"


def compile_settlement(
    terms: Settlement | None,
    policy: PayPolicy,
    *,
    currency: str,
    rounding: Rounding,
    period: str,
    causes: Sequence[str] = (),
) -> Program:
    """Turn terms of payment and a policy into named lines that end in ``sheet.paid``.

    ``causes`` names the adjustments of the sheet as ``<origin period>.<cause>``, each an input
    ``adjusted.<origin period>.<cause>``. What one period's sales gave is looked at as a whole:
    causes that outweigh each other are no clawback.
    """
    made = _Lines(terms or _NO_TERMS, policy, currency, rounding, tuple(causes))
    made.earned(period)
    made.minimums()
    made.withheld()
    made.filled_up()
    made.recovered()
    made.released()
    made.limits()
    made.clawback()
    made.totals()
    return Program(
        inputs=_inputs(currency, causes), lines=tuple(made.lines), metrics=(), rounding=rounding
    )


def _inputs(currency: str, causes: Sequence[str]) -> tuple[Input, ...]:
    money = (EARNED, BASE, DRAW_BEFORE, HELD_BEFORE, OWED_BEFORE, DUE_NOW, WAGE, MINIMUM_WAGE)
    return (
        Input(name=MONTH, unit=NUMBER),
        *(Input(name=name, unit=currency) for name in money),
        *(Input(name=f"{ADJUSTED}.{cause}", unit=currency) for cause in causes),
    )


class _Nothing:
    """The terms of a plan that has none: all that is earned is paid."""

    draw: Draw | None = None
    guarantee: Guarantee | None = None
    holdback: Holdback | None = None


_NO_TERMS = _Nothing()


def _above(words: Words, value: Value) -> Value:
    return words.highest(value, 0)


def _taken(words: Words, value: Value) -> Value:
    return words.minus(0, value)


def _as_it_is(_words: Words, value: Value) -> Value:
    return value


def _total(words: Words, *parts: Value) -> Value:
    return words.total(parts)


def _difference(words: Words, whole: Value, part: Value) -> Value:
    return words.minus(whole, part)


class _Lines:
    """Builds the lines in their order; each word adds those of one subject."""

    def __init__(
        self,
        terms: Settlement | _Nothing,
        policy: PayPolicy,
        currency: str,
        rounding: Rounding,
        causes: tuple[str, ...],
    ) -> None:
        self.terms = terms
        self.policy = policy
        self.currency = currency
        self.rounding = rounding
        self.causes = causes
        self.nets: tuple[str, ...] = ()  # what each period's sales give this sheet, all in all
        self.lines: list[LineSpec] = []

    def add(
        self,
        name: str,
        code: str,
        kind: LineKind,
        inputs: Sequence[str],
        work: Callable[..., Value],
        *,
        key: str = "",
        shown: Sequence[str] = (),
        **constants: tuple[int, str],
    ) -> None:
        """Add one line of money."""
        self.lines.append(
            LineSpec(
                name=name,
                code=f"line_{code}",
                unit=self.currency,
                kind=kind,
                key=key,
                inputs=tuple(inputs),
                work=work,
                shown=tuple(shown),
                constants=tuple(
                    Constant(name=each, value=value, unit=unit)
                    for each, (value, unit) in constants.items()
                ),
            )
        )

    def paying(self) -> tuple[str, ...]:
        """Name the lines so far whose sum is paid."""
        return tuple(line.name for line in self.lines if line.kind is LineKind.PAY)

    def named(self, *names: str) -> tuple[str, ...]:
        """Keep the names of lines that this sheet has."""
        there = {line.name for line in self.lines}
        return tuple(name for name in names if name in there)

    def earned(self, period: str) -> None:
        """What is earned for the period, each cause of a later change, and what is due of it."""
        self.add("sheet.earned", "sheet_earned", LineKind.PAY, [EARNED], _as_it_is)
        origins: dict[str, list[str]] = {}
        for cause in self.causes:
            name = f"adjustment.{cause}"
            origins.setdefault(cause.partition(".")[0], []).append(name)
            self.add(
                name, "sheet_adjustment", LineKind.PAY, [f"{ADJUSTED}.{cause}"], _as_it_is,
                key=f"cause.{cause}",
            )  # fmt: skip
        own = origins.get(period)
        if own is not None:
            own.append("sheet.earned")
        for origin, names in origins.items():
            self.add(
                f"origin.{origin}", "sheet_origin", LineKind.STEP, names, _total,
                key=f"origin.{origin}",
            )  # fmt: skip
        nets = [f"origin.{origin}" for origin in origins]
        self.nets = tuple(nets if own else ["sheet.earned", *nets])

        def due(words: Words, *nets: Value) -> Value:
            return words.total([_above(words, net) for net in nets])

        self.add("sheet.due", "sheet_due", LineKind.STEP, self.nets, due)

    def minimums(self) -> None:
        """What this month is at least to be paid."""
        guarantee, draw = self.terms.guarantee, self.terms.draw
        if guarantee is not None:
            months, amount = guarantee.months, guarantee.amount

            def assured(words: Words, month: Value) -> Value:
                held = words.compare(month, Comparison.AT_MOST, months)
                return words.otherwise(words.choose(held, amount, 0), 0)

            self.add(
                "guarantee.minimum", "guarantee_minimum", LineKind.STEP, [MONTH], assured,
                months=(months, NUMBER),
            )  # fmt: skip
        if draw is not None:
            self.add(
                "draw.minimum", "draw_minimum", LineKind.STEP, [MONTH], _drawing(draw),
                first=(draw.from_month, NUMBER), last=(draw.to_month, NUMBER),
            )  # fmt: skip

    @property
    def least(self) -> tuple[str, ...]:
        """Name the minimums of this sheet."""
        return self.named("guarantee.minimum", "draw.minimum")

    def withheld(self) -> None:
        """Hold back a share of the base, and never what fills the month's minimum."""
        holdback = self.terms.holdback
        if holdback is None:
            return
        part, whole = lowest_terms(holdback.share, RATIO_ONE)

        def work(words: Words, base: Value, due: Value, *least: Value) -> Value:
            share = words.muldiv(_above(words, base), part, whole, self.rounding)
            free = _above(words, words.minus(due, _most(words, least)))
            return _taken(words, words.lowest(share, free))

        self.add(
            "holdback.withheld", "holdback_withheld", LineKind.PAY,
            [BASE, "sheet.due", *self.least], work, share=(holdback.share, "RATIO"),
        )  # fmt: skip

    @property
    def at_hand(self) -> tuple[str, ...]:
        """Name what is there to be paid before anything is filled up."""
        return self.named("sheet.due", "holdback.withheld")

    def filled_up(self) -> None:
        """Fill pay up to the guarantee, then to the draw."""

        def work(words: Words, least: Value, *there: Value) -> Value:
            return _above(words, words.minus(least, words.total(there)))

        if self.terms.guarantee is not None:
            inputs = ["guarantee.minimum", *self.at_hand]
            self.add("guarantee.paid", "guarantee_paid", LineKind.PAY, inputs, work)
        if self.terms.draw is not None:
            code = "draw_paid" if self.terms.draw.recovery else "draw_given"
            inputs = ["draw.minimum", *self.at_hand, *self.named("guarantee.paid")]
            self.add("draw.paid", code, LineKind.PAY, inputs, work)

    def recovered(self) -> None:
        """Pay a draw back out of what exceeds it, from the agreed month on."""
        draw = self.terms.draw
        if draw is None or draw.recovery is None:
            return
        amount, recovery = draw.amount, draw.recovery
        part, whole = lowest_terms(recovery.share, RATIO_ONE)
        assured = self.named("guarantee.minimum")

        def work(words: Words, month: Value, before: Value, *others: Value) -> Value:
            least, there = others[: len(assured)], others[len(assured) :]
            exceeds = _above(words, words.minus(words.total(there), _most(words, (*least, amount))))
            share = words.muldiv(exceeds, part, whole, Rounding.DOWN)
            begun = words.compare(month, Comparison.AT_LEAST, recovery.from_month)
            back = words.choose(begun, words.lowest(before, share), 0)
            return _taken(words, words.otherwise(back, 0))  # nobody knows the month: nothing

        self.add(
            "draw.recovered", "draw_recovered", LineKind.PAY,
            [MONTH, DRAW_BEFORE, *assured, *self.at_hand], work,
            share=(recovery.share, "RATIO"), amount=(amount, self.currency),
        )  # fmt: skip

    def released(self) -> None:
        """Pay what was held back before and is due now."""
        self.add(
            "holdback.released", "holdback_released", LineKind.PAY, [DUE_NOW],
            _as_it_is,
        )  # fmt: skip

    def limits(self) -> None:
        """What is to be taken back, and what the policy lets be taken this month."""

        def asked(words: Words, before: Value, *parts: Value) -> Value:
            lost = [_above(words, _taken(words, part)) for part in parts]
            return words.total([before, *lost])

        self.add(
            "clawback.asked", "clawback_asked", LineKind.STEP,
            [OWED_BEFORE, *self.nets], asked,
        )  # fmt: skip
        with_due = self.policy.wage is WageBase.RECORDED_AND_DUE

        def base(words: Words, wage: Value, due: Value) -> Value:
            return words.plus(wage, due) if with_due else wage

        if self.policy.share_of_wage is not None:
            part, whole = lowest_terms(self.policy.share_of_wage, RATIO_ONE)

            def share(words: Words, wage: Value, due: Value) -> Value:
                held = _above(words, base(words, wage, due))
                return words.muldiv(held, part, whole, Rounding.DOWN)

            self.add(
                "clawback.share_limit", "clawback_share_limit", LineKind.STEP,
                [WAGE, "sheet.due"], share, key="clawback",
                share=(self.policy.share_of_wage, "RATIO"),
            )  # fmt: skip
        if self.policy.keeps_minimum_wage:

            def rest(words: Words, wage: Value, due: Value, minimum: Value) -> Value:
                return _above(words, words.minus(base(words, wage, due), minimum))

            self.add(
                "clawback.rest_limit", "clawback_rest_limit", LineKind.STEP,
                [WAGE, "sheet.due", MINIMUM_WAGE], rest, key="clawback",
            )  # fmt: skip

    def clawback(self) -> None:
        """Take back at most what every limit allows; the rest is carried forward, never lost."""
        limits = self.named("clawback.share_limit", "clawback.rest_limit")
        least = self.least
        rest = (*self.at_hand, *self.named(*_FILLED), "holdback.released")

        def work(words: Words, asked: Value, *others: Value) -> Value:
            allowed, others = others[: len(limits)], others[len(limits) :]
            minimum, payable = others[: len(least)], others[len(least) :]
            most = _above(words, words.minus(words.total(payable), _most(words, minimum)))
            for limit in allowed:  # a limit that cannot be known allows nothing
                most = words.lowest(most, words.otherwise(limit, 0))
            return words.lowest(asked, most)

        inputs = ["clawback.asked", *limits, *least, *rest]
        self.add("clawback.taken", "clawback_taken", LineKind.STEP, inputs, work)
        self.add(
            "clawback.before", "clawback_before", LineKind.PAY, [OWED_BEFORE],
            _taken,
        )  # fmt: skip
        self.add(
            "clawback.carried", "clawback_carried", LineKind.PAY,
            ["clawback.asked", "clawback.taken"], _difference,
        )  # fmt: skip

    def totals(self) -> None:
        """What is paid, and the three balances after it."""

        def left(words: Words, before: Value, *parts: Value) -> Value:
            return words.minus(before, words.total(parts))

        self.add(PAID, "sheet_paid", LineKind.TOTAL, self.paying(), _total)
        drawn = () if self.terms.draw is None or self.terms.draw.recovery is None else _DRAWN
        self.add(DRAW_BALANCE, "draw_balance", LineKind.TOTAL, [DRAW_BEFORE, *drawn], _total)
        moved = self.named("holdback.withheld", "holdback.released")
        self.add(HELD_BALANCE, "holdback_balance", LineKind.TOTAL, [HELD_BEFORE, *moved], left)
        self.add(OWED_BALANCE, "carried_balance", LineKind.TOTAL, ["clawback.carried"], _total)


_DRAWN = ("draw.paid", "draw.recovered")
_FILLED = ("guarantee.paid", "draw.paid", "draw.recovered")


def _most(words: Words, values: Sequence[Value]) -> Value:
    found: Value = 0
    for value in values:
        found = words.highest(found, value)
    return found


def _drawing(draw: Draw) -> Callable[..., Value]:
    def work(words: Words, month: Value) -> Value:
        begun = words.compare(month, Comparison.AT_LEAST, draw.from_month)
        ended = words.compare(month, Comparison.MORE_THAN, draw.to_month)
        held = words.both(begun, words.denied(ended))
        return words.otherwise(words.choose(held, draw.amount, 0), 0)

    return work
