"""The published form of a pack (pack.schema.json), and its faults in our own codes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from domain.problem import Problem

SCHEMA = Path(__file__).with_name("pack.schema.json")


def shape_problems(content: object) -> tuple[Problem, ...]:
    """Hold the content of a pack against the schema; each fault once, named by its JSON path."""
    found: dict[tuple[str, str], Problem] = {}
    for error in _validator().iter_errors(content):
        for problem in _problems_of(error):
            found.setdefault((problem.path, problem.code), problem)
    return tuple(sorted(found.values(), key=lambda problem: problem.path))


def place(parts: Iterable[str | int]) -> str:
    """Write a JSON path: ``metrics[3].formula.kind``."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


@cache
def _validator() -> Any:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    checker: Any = extend(Draft202012Validator, {"pattern": _whole_pattern})  # type: ignore[no-untyped-call]
    return checker(schema)


def _whole_pattern(
    validator: Any, pattern: str, instance: object, schema: object
) -> Iterator[ValidationError]:
    """Match the whole text: in Python ``$`` alone would let a line break at the end through."""
    if isinstance(instance, str) and re.fullmatch(pattern, instance) is None:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _problems_of(error: ValidationError) -> Iterator[Problem]:
    path = place(error.absolute_path)
    field = path.rpartition(".")[2]
    rule: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "required":
            for name in rule:
                if name not in instance:
                    yield _problem("field_missing", _inside(path, name), field=name)
        case "additionalProperties":
            known = _schema_of(error).get("properties", {})
            for name in sorted(set(instance) - set(known)):
                yield _problem("field_unknown", _inside(path, name), field=name)
        case "anyOf":  # the one place of the schema: an example runs a scorecard, a plan or both
            yield _problem("field_missing", _inside(path, "plan"), field="plan")
        case "const" if field == "format":
            yield _problem("document_format_unknown", path, wanted=str(rule))
        case "enum":
            values = {"value": str(instance)[:80], "choices": ", ".join(rule)}
            yield _problem("choice_unknown", path, field=field, **values)
        case "type":
            wanted = rule if isinstance(rule, str) else " / ".join(rule)
            yield _problem("field_wrong_type", path, field=field, wanted=wanted)
        case "minItems":
            yield _problem("list_empty", path, field=field)
        case "minLength":
            yield _problem("text_missing", path, field=field)
        case _:
            wanted = str(_schema_of(error).get("description", error.message))
            yield _problem("pack_field_wrong", path, field=field, wanted=wanted)


def _schema_of(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _problem(code: str, path: str, **values: str) -> Problem:
    return Problem(code=code, path=path, values=values)
