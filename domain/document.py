"""Reading our JSON documents: every fault is found in one pass and named by its JSON path."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from domain.problem import Problem, Severity
from domain.unit import DECIMALS, LARGEST_STEPS, from_steps, to_steps

Choice = TypeVar("Choice", bound=StrEnum)
LANGUAGES = ("zh-CN", "en")
_ABSENT = object()
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class DocumentReader:
    """One object of a document, read field by field; what nobody asked for is reported at the end.

    Each word returns the value, or None after it has noted a problem. Callers therefore read
    everything first and look at ``problems`` once.
    """

    def __init__(
        self, value: object, path: str = "", problems: list[Problem] | None = None
    ) -> None:
        self.path = path
        self.problems: list[Problem] = [] if problems is None else problems
        self._asked: set[str] = set()
        if isinstance(value, Mapping):
            self._fields: Mapping[str, object] = value
        else:
            self._fields = {}
            self.note("document_not_an_object", path)

    def note(
        self,
        code: str,
        path: str,
        values: Mapping[str, str] | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a problem at ``path``."""
        self.problems.append(
            Problem(code=code, path=path, values=dict(values or {}), severity=severity)
        )

    def at(self, name: str) -> str:
        """Return the JSON path of a field of this object."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Say whether the field is there and not null."""
        return self._fields.get(name) is not None

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the fields that are there, for an object whose names are data."""
        return tuple(str(name) for name in self._fields)

    def _get(self, name: str, *, required: bool) -> object:
        self._asked.add(name)
        value = self._fields.get(name)
        if value is None:
            if required:
                self.note("field_missing", self.at(name), {"field": name})
            return _ABSENT
        return value

    def _wrong(self, name: str, wanted: str) -> None:
        self.note("field_wrong_type", self.at(name), {"field": name, "wanted": wanted})

    def text(self, name: str, *, required: bool = True) -> str | None:
        """Read a text that is not empty."""
        value = self._get(name, required=required)
        if value is _ABSENT:
            return None
        if not isinstance(value, str):
            self._wrong(name, "text")
            return None
        if not value.strip():
            self.note("text_missing", self.at(name), {"field": name})
            return None
        return value

    def flag(self, name: str, *, required: bool = True) -> bool | None:
        """Read true or false."""
        value = self._get(name, required=required)
        if value is _ABSENT:
            return None
        if not isinstance(value, bool):
            self._wrong(name, "true or false")
            return None
        return value

    def whole(self, name: str, low: int, high: int, *, required: bool = True) -> int | None:
        """Read a whole number between two bounds, both allowed."""
        value = self._get(name, required=required)
        if value is _ABSENT:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(name, "whole number")
            return None
        if not low <= value <= high:
            self.note(
                "number_out_of_range",
                self.at(name),
                {"field": name, "low": str(low), "high": str(high)},
            )
            return None
        return value

    def choice(self, name: str, kind: type[Choice], *, required: bool = True) -> Choice | None:
        """Read one of the names of an enum; semantics are fields, so most are required."""
        value = self._get(name, required=required)
        if value is _ABSENT:
            return None
        if isinstance(value, str) and value in kind.__members__:
            return kind[value]
        self.note(
            "choice_unknown",
            self.at(name),
            {"field": name, "value": str(value), "choices": ", ".join(kind.__members__)},
        )
        return None

    def unit(self, name: str, *, required: bool = True) -> str | None:
        """Read a unit's code."""
        value = self.text(name, required=required)
        if value is not None and value not in DECIMALS:
            self.note("unit_unknown", self.at(name), {"unit": value})
            return None
        return value

    def steps(self, name: str, unit: str | None, *, required: bool = True) -> int | None:
        """Read a decimal text exactly into steps of ``unit``; floats are refused."""
        value = self._get(name, required=required)
        return None if value is _ABSENT else self.exact(value, name, unit)

    def exact(
        self, value: object, place: str, unit: str | None, *, least: int | None = None
    ) -> int | None:
        """Read a number that stands at ``place`` exactly; without a unit nothing can be said."""
        if unit is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            self._wrong(place, "decimal number as text")
            return None
        steps = to_steps(value, unit)
        if steps is None:
            self.note(
                "number_not_exact",
                self.at(place),
                {"value": str(value), "unit": unit, "largest": decimal_text(LARGEST_STEPS, unit)},
            )
        elif least is not None and steps < least:
            values = {"field": place, "low": str(least), "high": ""}
            self.note("number_out_of_range", self.at(place), values)
            return None
        return steps

    def day(self, name: str, *, required: bool = True) -> date | None:
        """Read an ISO date."""
        value = self.text(name, required=required)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.note("date_invalid", self.at(name), {"value": value})
            return None

    def texts(self, name: str, *, required: bool = True) -> Mapping[str, str] | None:
        """Read a text in every language of ours: ``{"zh-CN": ..., "en": ...}``."""
        child = self.child(name, required=required)
        if child is None:
            return None
        found = {language: child.text(language) for language in LANGUAGES}
        child.finish()
        return {language: text for language, text in found.items() if text is not None}

    def names(self, name: str, *, required: bool = True) -> tuple[str, ...]:
        """Read a list of texts."""
        value = self._get(name, required=required)
        if value is _ABSENT:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong(name, "list of texts")
            return ()
        return tuple(value)

    def child(self, name: str, *, required: bool = True) -> DocumentReader | None:
        """Read an object inside this one."""
        value = self._get(name, required=required)
        if value is _ABSENT:
            return None
        return DocumentReader(value, self.at(name), self.problems)

    def children(self, name: str, *, required: bool = True) -> tuple[DocumentReader, ...]:
        """Read a list of objects."""
        value = self._get(name, required=required)
        if value is _ABSENT:
            return ()
        if not isinstance(value, list):
            self._wrong(name, "list of objects")
            return ()
        return tuple(
            DocumentReader(item, f"{self.at(name)}[{index}]", self.problems)
            for index, item in enumerate(value)
        )

    def raw(self, name: str, *, required: bool = True) -> object | None:
        """Read a field as it is, for a reader of another kind."""
        value = self._get(name, required=required)
        return None if value is _ABSENT else value

    def format(self, wanted: str) -> None:
        """Demand the document's format mark."""
        value = self._get("format", required=True)
        if value is not _ABSENT and value != wanted:
            self.note("document_format_unknown", self.at("format"), {"wanted": wanted})

    def finish(self) -> None:
        """Report the fields that nobody asked for: a misspelt field must not be ignored."""
        for name in self._fields:
            if name not in self._asked:
                self.note("field_unknown", self.at(str(name)), {"field": str(name)})

    @property
    def failed(self) -> bool:
        """Say whether any problem so far is an error."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def canonical(document: object) -> bytes:
    """Write a document in its one canonical form: sorted keys, no spaces, UTF-8."""
    return _CANONICAL.encode(document).encode()


def document_hash(document: object) -> str:
    """Return the SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


def decimal_text(steps: int, unit: str) -> str:
    """Write steps as the shortest plain decimal: ``decimal_text(1230, "CNY") == "12.3"``."""
    text = f"{from_steps(steps, unit):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_absent(fields: Mapping[str, object]) -> dict[str, object]:
    """Leave out what is not there: absent and null mean the same, and null is never written."""
    return {name: value for name, value in fields.items() if value is not None}
