"""A code and its values become a sentence in the reader's language; numbers and dates follow it.

Sentences live in one folder per language, one TOML file per subject (``problems.toml``,
``lines.toml``). Keys are codes, places are ``{name}``. Both languages have the same keys and the
same places, or the catalogue does not load: a missing sentence is found at start, not by a reader.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

from domain.unit import CURRENCIES, DECIMALS, from_steps


class Locale(StrEnum):
    """The languages of the product, as BCP 47 tags."""

    ZH_CN = "zh-CN"
    EN = "en"

    @property
    def folder(self) -> str:
        """The folder with the sentences, and the name Babel knows the language by."""
        return self.value.replace("-", "_")


class PercentRounding(StrEnum):
    """How a ratio is cut for display; a calculation never sees the cut number."""

    DOWN = "DOWN"
    HALF_UP = "HALF_UP"


_ROUNDINGS = {PercentRounding.DOWN: ROUND_DOWN, PercentRounding.HALF_UP: ROUND_HALF_UP}
_BABEL_UNITS = {"DAY": "duration-day", "HOUR": "duration-hour", "MINUTE": "duration-minute"}
_DEFAULT_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with its unit, as the core keeps it: ``num / den`` steps of ``unit``."""

    num: int
    unit: str
    den: int = 1


Value: TypeAlias = str | int | Decimal | date | datetime | Quantity


class CatalogueError(Exception):
    """The sentences do not fit together; the message lists every fault."""


class Catalogue:
    """Every sentence a person reads, in every language, checked once when it is loaded."""

    def __init__(self, sentences: Mapping[Locale, Mapping[str, str]]) -> None:
        faults = faults_of(sentences)
        if faults:
            raise CatalogueError("; ".join(faults))
        self._sentences = sentences

    @property
    def codes(self) -> frozenset[str]:
        """The codes that have a sentence."""
        return frozenset(self._sentences[Locale.EN])

    def places(self, code: str) -> frozenset[str]:
        """The names that the sentence of ``code`` wants values for."""
        return places_of(self._sentences[Locale.EN][code])

    def text(self, code: str, values: Mapping[str, Value], locale: Locale) -> str:
        """Render one sentence; a place without a value shows as a dash, never as an error.

        The reader still needs the sentence when a caller forgot a value.
        """
        sentence = self._sentences[locale].get(code)
        if sentence is None:
            return code  # a plug-in's code without a sentence is still better than an error
        return fill(sentence, values, locale)


def fill(sentence: str, values: Mapping[str, Value], locale: Locale) -> str:
    """Put values into a sentence; a place without one shows as a dash."""
    shown = dict.fromkeys(places_of(sentence), "–")
    shown.update({name: display(value, locale) for name, value in values.items()})
    return sentence.format_map(shown)


def load(folder: Path = _DEFAULT_FOLDER, *more: Path) -> Catalogue:
    """Read the sentences of ``folder`` and of any plug-in's folder beside it."""
    sentences: dict[Locale, dict[str, str]] = {locale: {} for locale in Locale}
    for base in (folder, *more):
        for locale in Locale:
            for file in sorted((base / locale.folder).glob("*.toml")):
                _add(sentences[locale], file)
    return Catalogue(MappingProxyType(sentences))


def _add(sentences: dict[str, str], file: Path) -> None:
    for code, sentence in tomllib.loads(file.read_text(encoding="utf-8")).items():
        if not isinstance(sentence, str) or not sentence.strip():
            raise CatalogueError(f"{file.name}: {code} is not a sentence")
        if code in sentences:
            raise CatalogueError(f"{file.name}: {code} has a sentence already")
        sentences[code] = sentence


def faults_of(sentences: Mapping[Locale, Mapping[str, str]]) -> list[str]:
    """List the codes that a language lacks and the sentences whose places differ."""
    faults = []
    every = set().union(*(sentences[locale] for locale in Locale))
    for code in sorted(every):
        lacking = [locale for locale in Locale if code not in sentences[locale]]
        if lacking:
            faults.append(f"{code} has no sentence in {', '.join(lacking)}")
        elif len({places_of(sentences[locale][code]) for locale in Locale}) > 1:
            faults.append(f"{code} has other places in another language")
    return faults


def places_of(sentence: str) -> frozenset[str]:
    """Return the place names of a sentence; attribute access or formats are not allowed."""
    names = set()
    for _, name, form, conversion in string.Formatter().parse(sentence):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise CatalogueError(f"a place must be a plain name: {sentence!r}")
        names.add(name)
    return frozenset(names)


def display(value: Value, locale: Locale) -> str:
    """Write one value the way the reader's language writes it."""
    match value:
        case str():
            return value
        case Quantity():
            return quantity(value.num, value.den, value.unit, locale)
        case datetime():
            return instant(value, locale)
        case date():
            return day(value, locale)
        case _:
            return number(Decimal(value), locale)


def number(value: Decimal, locale: Locale) -> str:
    """Write a number with the language's grouping: 1234567.5 is ``1,234,567.5``."""
    return str(format_decimal(value, locale=locale.folder, decimal_quantization=False))


def money(steps: int, currency: str, locale: Locale) -> str:
    """Write minor units of a currency: ``money(120050, "CNY", EN)`` is ``CN¥1,200.50``."""
    return str(format_currency(from_steps(steps, currency), currency, locale=locale.folder))


def percentage(
    ratio: Decimal,
    locale: Locale,
    decimals: int = 2,
    rounding: PercentRounding = PercentRounding.DOWN,
) -> str:
    """Write a ratio as percent: 0.7833 is ``78.33%``; cut downwards, 104.999 % is never 105 %."""
    step = Decimal(1).scaleb(-decimals - 2)
    with localcontext(prec=60):
        cut = ratio.quantize(step, rounding=_ROUNDINGS[rounding])
    return str(format_percent(cut, locale=locale.folder, decimal_quantization=False))


def day(value: date, locale: Locale) -> str:
    """Write a date in the language's medium form: ``Sep 30, 2026`` or ``2026年9月30日``."""
    return str(format_date(value, format="medium", locale=locale.folder))


def instant(value: datetime, locale: Locale) -> str:
    """Write an instant with its zone's clock, to the minute."""
    written = format_datetime(value, "yyyy-MM-dd HH:mm", locale=locale.folder)
    return f"{written} UTC" if value.utcoffset() is not None and not value.utcoffset() else written


def quantity(num: int, den: int, unit: str, locale: Locale) -> str:
    """Write ``num / den`` steps of a unit: money as money, ratios as percent, days as days."""
    value = _decimal(num, den, unit)
    if unit in CURRENCIES:
        return str(format_currency(value, unit, locale=locale.folder))
    if unit == "RATIO":
        return percentage(value, locale)
    plain = value.normalize() if value else Decimal(0)
    if unit in _BABEL_UNITS:
        return str(format_unit(plain, _BABEL_UNITS[unit], length="short", locale=locale.folder))
    return number(plain, locale)


def _decimal(num: int, den: int, unit: str) -> Decimal:
    """Divide for display only, half up at the unit's decimals (two for counts that are means)."""
    decimals = DECIMALS[unit]
    if den == 1:
        return from_steps(num, unit)
    kept = max(decimals, 2) if unit not in CURRENCIES else decimals
    with localcontext(prec=60):
        exact = Decimal(num).scaleb(-decimals) / Decimal(den)
        return exact.quantize(Decimal(1).scaleb(-kept), rounding=ROUND_HALF_UP)


def negotiate(accept_language: str | None, default: Locale) -> Locale:
    """Pick the language a request asks for: the best weighted tag we have, else the default."""
    best, weight = default, 0.0
    for part in (accept_language or "").split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        found = _known(tag.strip().lower())
        asked = _weight(parameter)
        if found is not None and asked > weight:
            best, weight = found, asked
    return best


def _known(tag: str) -> Locale | None:
    if tag == "en" or tag.startswith("en-"):
        return Locale.EN
    if tag == "zh" or tag.startswith("zh-"):
        return Locale.ZH_CN
    return None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
