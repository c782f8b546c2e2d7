"""How numbers look at the edge: money, quantities and texts, made once from the core's integers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext

from api.access import Audience, output, shown
from api.context import Context
from api.scalars import UnitCode
from domain.unit import DECIMALS, from_steps
from messages.render import Locale, quantity

_MORE = 6  # decimals of a mean or another exact ratio that has no end


@output(access=Audience.SIGNED_IN, description="An amount of money; exact.")
class Money:
    """Minor units of a currency."""

    amount: Decimal = shown("The amount in major units, with the decimals of the currency.")
    currency: UnitCode = shown("The ISO 4217 code of the currency.")
    text: str = shown("The amount as the language of the request writes it.")


@output(access=Audience.SIGNED_IN, description="A number with its unit.")
class Quantity:
    """``numerator / denominator`` steps of a unit, exact, and a decimal for display."""

    value: Decimal = shown("The number; an endless one is cut off after six more decimals.")
    unit: UnitCode = shown("What is counted.")
    numerator: Decimal = shown("The exact number is numerator / denominator, in the unit.")
    denominator: Decimal = shown("Positive; 1 for everything that is not a mean or a ratio.")
    text: str = shown("The number as the language of the request writes it.")


@output(access=Audience.SIGNED_IN, description="A text in every language, and in the reader's.")
class LocalText:
    """Tenant data that has a text per language."""

    text: str = shown("The text in the language of the request.")
    zh_cn: str = shown("The Chinese text.", name="zhCN")
    en: str = shown("The English text.")


def money(steps: int, currency: str, context: Context) -> Money:
    """Show minor units of a currency."""
    return Money(
        amount=from_steps(steps, currency),
        currency=UnitCode(currency),
        text=quantity(steps, 1, currency, context.locale),
    )


def number(num: int, unit: str, context: Context, den: int = 1) -> Quantity:
    """Show ``num / den`` steps of a unit."""
    exact = from_steps(num, unit)
    return Quantity(
        value=_cut(num, den, unit),
        unit=UnitCode(unit),
        numerator=exact,
        denominator=Decimal(den),
        text=quantity(num, den, unit, context.locale),
    )


def maybe_number(num: int | None, unit: str, context: Context, den: int = 1) -> Quantity | None:
    """Show a number that may be missing; missing is null, never zero."""
    return None if num is None else number(num, unit, context, den)


def maybe_money(steps: int | None, currency: str | None, context: Context) -> Money | None:
    """Show an amount that may be missing."""
    return None if steps is None or currency is None else money(steps, currency, context)


def local_text(texts: Mapping[str, str], context: Context) -> LocalText:
    """Show a text per language."""
    return LocalText(
        text=texts[context.locale.value], zh_cn=texts[Locale.ZH_CN.value], en=texts[Locale.EN.value]
    )


def _cut(num: int, den: int, unit: str) -> Decimal:
    if den == 1:
        return from_steps(num, unit)
    with localcontext(prec=76):
        exact = from_steps(num, unit) / Decimal(den)
        step = Decimal(1).scaleb(-DECIMALS[unit] - _MORE)
        return exact.quantize(step, rounding=ROUND_HALF_UP)
