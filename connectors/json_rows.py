"""Rows out of nested JSON: flat columns with exact cells, nothing left out, nothing made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.contract import Scalar

_DIGITS_MAX = 1_000


def flat_row(row: Mapping[str, Any], *, false_is_missing: bool = False) -> dict[str, Scalar]:
    """Flatten objects to dotted columns; a list becomes its JSON text.

    ``{"id": 7, "owner": {"name": "Li"}, "tags": ["a"]}`` gives
    ``{"id": 7, "owner.name": "Li", "tags": '["a"]'}``. A column whose own name has dots stays as it
    is; when two columns come to the same name the flat one of the source wins. Some sources write
    ``false`` for "no value" (Odoo): ``false_is_missing`` reads it so.
    """
    found: dict[str, Scalar] = {}
    _flatten(row, "", found, false_is_missing)
    own = {name: value for name, value in row.items() if not isinstance(value, Mapping)}
    for name, value in own.items():
        found[name] = _cell(value, false_is_missing)
    return found


def _flatten(
    row: Mapping[str, Any], prefix: str, found: dict[str, Scalar], false_is_missing: bool
) -> None:
    for name, value in row.items():
        column = f"{prefix}{name}"
        if isinstance(value, Mapping):
            if value:
                _flatten(value, f"{column}.", found, false_is_missing)
            else:
                found.setdefault(column, None)
        else:
            found.setdefault(column, _cell(value, false_is_missing))


def _cell(value: Any, false_is_missing: bool) -> Scalar:
    if value is False and false_is_missing:
        return None
    if value is None or isinstance(value, str | bool | int | Decimal):
        return value
    if isinstance(value, float):
        raise TypeError("JSON of a source is read with exact numbers, not floats")
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_exact)


def _exact(value: object) -> str:
    if isinstance(value, Decimal):  # one without end stays as it was written
        return format(value, "f") if abs(value.adjusted()) <= _DIGITS_MAX else str(value)
    raise TypeError(type(value).__name__)
