"""Our own scalars: exact, finite, bounded; a wrong value is named, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, NewType, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from domain.unit import DECIMALS

PeriodName = NewType("PeriodName", str)
UnitCode = NewType("UnitCode", str)
LanguageTag = NewType("LanguageTag", str)
E = TypeVar("E", bound=Enum)

Document = NewType("Document", object)
IdempotencyKey = NewType("IdempotencyKey", str)

MOST_DIGITS = 38
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PERIOD = re.compile(r"[0-9]{4}(-(W[0-9]{2}|Q[1-4]|H[12]|[0-9]{2}))?(@[0-9]{1,2})?")
_KEY = re.compile(r"[A-Za-z0-9._:-]{8,64}")


def _refuse(kind: str, why: str) -> GraphQLError:
    said = {"code": "VALUE_INVALID", "sentence": f"scalar_{kind.lower()}"}
    return GraphQLError(f"{kind}: {why}", extensions=said)


def _text(kind: str, value: object) -> str:
    if not isinstance(value, str):
        raise _refuse(kind, "write it as a string")
    return value


def parse_decimal(value: object) -> Decimal:
    """Read an exact decimal from a string (or a whole number) of at most 38 digits."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _refuse("Decimal", 'write it as a string, for example "12.50"')
    written = str(value) if isinstance(value, str) or abs(value) < 10**MOST_DIGITS else ""
    if not written.isascii() or len(written) > MOST_DIGITS + 2 or not _NUMBER.fullmatch(written):
        raise _refuse("Decimal", "digits with an optional sign and point, at most 38 digits")
    try:
        number = Decimal(written)
    except InvalidOperation as error:
        raise _refuse("Decimal", "not a number") from error
    if len(number.as_tuple().digits) > MOST_DIGITS:
        raise _refuse("Decimal", "at most 38 digits")
    return number


def show_decimal(value: object) -> str:
    """Write a decimal without an exponent."""
    number = Decimal(value) if isinstance(value, int) else value
    if not isinstance(number, Decimal) or not number.is_finite():
        raise _refuse("Decimal", "only finite decimals leave the server")
    return f"{number:f}"


def parse_date(value: object) -> date:
    """Read ``2026-09-30``."""
    written = _text("BusinessDate", value)
    try:
        if not _DAY.fullmatch(written):
            raise ValueError(written)
        return date.fromisoformat(written)
    except ValueError as error:
        raise _refuse("BusinessDate", "write it as 2026-09-30") from error


def parse_instant(value: object) -> datetime:
    """Read an RFC 3339 instant; without a zone it is no instant."""
    written = _text("Instant", value)
    try:
        instant = datetime.fromisoformat(written)
    except ValueError as error:
        raise _refuse("Instant", "write it as 2026-09-30T08:00:00Z") from error
    if instant.tzinfo is None:
        raise _refuse("Instant", "an instant needs a zone, for example Z")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise _refuse("Instant", "outside the years 1 to 9999") from error


def show_instant(value: datetime) -> str:
    """Write an instant in UTC with a Z."""
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")


def _parse_period(value: object) -> str:
    written = _text("Period", value)
    if not _PERIOD.fullmatch(written):
        raise _refuse(
            "Period", "write it as 2026-09, 2026-Q3, 2026-H2, 2026, 2026-W37 or 2026-09@26"
        )
    return written


def _parse_unit(value: object) -> str:
    written = _text("UnitCode", value)
    if written not in DECIMALS:
        raise _refuse("UnitCode", f"one of {', '.join(sorted(DECIMALS))}")
    return written


def _parse_language(value: object) -> str:
    written = _text("Language", value)
    if written not in {"zh-CN", "en"}:
        raise _refuse("Language", "zh-CN or en")
    return written


def _parse_document(value: object) -> object:
    if not isinstance(value, dict):
        raise _refuse("Document", "a JSON object")
    return value


def _parse_key(value: object) -> str:
    written = _text("IdempotencyKey", value)
    if not _KEY.fullmatch(written):
        raise _refuse("IdempotencyKey", "8 to 64 letters, digits, dots, colons, dashes")
    return written


def closed_set(kind: type[E], description: str, texts: Mapping[E, str]) -> type[E]:
    """Publish an enum; a member without a description is a mistake found at import."""
    strawberry.enum(kind, description=description)
    values = kind.__strawberry_definition__.values  # type: ignore[attr-defined]
    for value, member in zip(values, kind, strict=True):
        value.description = texts[member]
    return kind


def _own(name: str, description: str, **rest: Any) -> ScalarDefinition:
    made: ScalarDefinition = strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=f"https://attain.example/scalars/{name}",
        **rest,
    )
    return made


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: _own(
        "Decimal",
        "An exact decimal written as a string, finite, of at most 38 digits.",
        serialize=show_decimal,
        parse_value=parse_decimal,
    ),
    date: _own(
        "BusinessDate",
        "A day of the business calendar, written as 2026-09-30.",
        serialize=date.isoformat,
        parse_value=parse_date,
    ),
    datetime: _own(
        "Instant",
        "A moment in UTC, written in RFC 3339 form.",
        serialize=show_instant,
        parse_value=parse_instant,
    ),
    PeriodName: _own(
        "Period",
        "The name of a period: 2026-09, 2026-Q3, 2026-H2, 2026, 2026-W37; 2026-09@26 is the month"
        " from 26 August to 25 September.",
        serialize=str,
        parse_value=_parse_period,
    ),
    UnitCode: _own(
        "UnitCode",
        "A unit: an ISO currency, or COUNT, TIMES (per span), RATIO, POINT, DAY, HOUR, MINUTE.",
        serialize=str,
        parse_value=_parse_unit,
    ),
    LanguageTag: _own(
        "Language",
        "A language as a BCP 47 tag: zh-CN or en.",
        serialize=str,
        parse_value=_parse_language,
    ),
    Document: _own(
        "Document",
        "A JSON object of a published format; numbers that decide are strings in it.",
        serialize=lambda value: value,
        parse_value=_parse_document,
    ),
    IdempotencyKey: _own(
        "IdempotencyKey",
        "A key chosen by the client: the same key with the same input gives the same answer once.",
        serialize=str,
        parse_value=_parse_key,
    ),
}
