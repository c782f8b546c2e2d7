"""Secrets of a connection: found by its connector's schema, put in by reference, never told.

A value of the settings may be ``{"$env": "ATTAIN_SECRET_CRM"}`` or ``{"$file": "crm/token"}``: it
is put in when a run begins, and only the reference is ever stored. Only names made for this can be
referred to, so nobody reads a server's other variables and files through a connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.secret_forms import LEAST_SECRET, forms_of
from domain.problem import Refused

BLANK = "•••"
_VARIABLE = re.compile(r"ATTAIN_SECRET_[A-Z0-9_]{1,100}\Z")
_FILE_BYTES_MAX = 64 * 1024
_REFERENCES = frozenset({"$env", "$file"})
_BRANCHES = ("anyOf", "oneOf", "allOf", "if", "then", "else")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPlaces:
    """Where references lead: variables by name, and a folder of files (none: no files)."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None

    def read(self, kind: str, name: str) -> str:
        """Return the secret, or refuse without a word on what else is there."""
        found = self._variable(name) if kind == "$env" else self._file(name)
        if not found:
            raise Refused("secret_missing", {"name": name})
        if len(found) < LEAST_SECRET:
            raise Refused("secret_too_short", {"field": name, "least": str(LEAST_SECRET)})
        return found

    def _variable(self, name: str) -> str | None:
        return self.variables.get(name) if _VARIABLE.match(name) else None

    def _file(self, name: str) -> str | None:
        if self.folder is None:
            return None
        try:
            folder = self.folder.resolve()
            path = (folder / name).resolve()
            if not path.is_relative_to(folder) or path.stat().st_size > _FILE_BYTES_MAX:
                return None
            return path.read_text("utf-8").rstrip("\r\n")
        except (OSError, ValueError):
            return None


def put_in(
    config: Mapping[str, Any], places: SecretPlaces
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the settings with every reference replaced, and the secrets that were put in."""
    found: list[str] = []

    def placed(value: object) -> Any:
        if isinstance(value, Mapping):
            if _REFERENCES.isdisjoint(value):
                return {name: placed(each) for name, each in value.items()}
            kind, name = _reference(value)
            found.append(places.read(kind, name))
            return found[-1]
        if isinstance(value, list | tuple):
            return [placed(each) for each in value]
        return value

    return {name: placed(value) for name, value in config.items()}, tuple(found)


def _reference(value: Mapping[str, Any]) -> tuple[str, str]:
    ((kind, name), *more) = value.items()
    if more or not isinstance(name, str):
        raise Refused("secret_reference_invalid")
    return kind, name


def redactor(
    config: Mapping[str, Any], schema: Mapping[str, Any], more: Sequence[str] = ()
) -> Callable[[str], str]:
    """Blank every secret of the settings in a text, in whatever form it was written.

    ``more`` are secrets that the schema need not know of. The longest form goes first, so that no
    secret is left half told by another one inside it. What is left of one where the text was cut
    is blanked as well.
    """
    forms = {form for secret in (*_told(config, schema), *more) for form in forms_of(secret)}
    if not forms:
        return lambda text: text
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    pattern = re.compile("|".join(_whole(form) for form in ordered))
    long = [form for form in ordered if len(form) > LEAST_SECRET]

    def blanked(text: str) -> str:
        told = pattern.sub(BLANK, text)
        cut = max((_begun(told, form) for form in long), default=0)
        return told[:-cut] + BLANK if cut else told

    return blanked


def _begun(text: str, form: str) -> int:
    """Count the letters at the end of a text that are the beginning of a secret."""
    head = form[:LEAST_SECRET]
    at = text.find(head, max(0, len(text) - len(form) + 1))
    while at >= 0:
        if form.startswith(text[at:]):
            return len(text) - at
        at = text.find(head, at + 1)
    return 0


def refuse_short_secrets(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Refuse new settings whose secret is too short to be blanked, and malformed references."""
    for path, secret in secrets_in(config, schema):
        if len(secret) < LEAST_SECRET:
            raise Refused("secret_too_short", {"field": path, "least": str(LEAST_SECRET)})
    _demand_references(config)


def _demand_references(value: object) -> None:
    if isinstance(value, Mapping):
        if _REFERENCES.isdisjoint(value):
            for each in value.values():
                _demand_references(each)
        else:
            _reference(value)
    elif isinstance(value, list | tuple):
        for each in value:
            _demand_references(each)


def secrets_in(value: object, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Find the secrets in settings, each with its path: wherever the schema says ``secret``."""
    yield from _walk(value, schema, schema, "", frozenset())


def _told(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    return (secret for _, secret in secrets_in(config, schema))


def _walk(
    value: object, schema: object, root: Mapping[str, Any], path: str, seen: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Walk settings and schema together; ``seen`` are the references followed at this value."""
    if not isinstance(schema, Mapping):
        return
    if schema.get("secret") is True:
        yield from _leaves(value, path)
        return
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        yield from _walk(value, _pointed(root, reference), root, path, seen | {reference})
    for name in _BRANCHES:
        branch = schema.get(name)
        for each in branch if isinstance(branch, list | tuple) else [branch]:
            yield from _walk(value, each, root, path, seen)
    if isinstance(value, Mapping):
        for name, inner in value.items():
            for part in _parts_of(schema, str(name)):
                yield from _walk(inner, part, root, f"{path}.{name}".lstrip("."), frozenset())
    elif isinstance(value, list | tuple):
        prefixes = list(schema.get("prefixItems") or ())
        for place, inner in enumerate(value):
            part = prefixes[place] if place < len(prefixes) else schema.get("items")
            yield from _walk(inner, part, root, f"{path}[{place}]", frozenset())


def _parts_of(schema: Mapping[str, Any], name: str) -> list[object]:
    properties = schema.get("properties")
    found = [properties[name]] if isinstance(properties, Mapping) and name in properties else []
    patterns = schema.get("patternProperties")
    if isinstance(patterns, Mapping):
        found += [part for pattern, part in patterns.items() if re.search(pattern, name)]
    return found or [schema.get("additionalProperties")]


def _pointed(root: Mapping[str, Any], reference: str) -> object:
    """Follow a reference within the schema; one that leads nowhere hides nothing."""
    found: object = root
    if not reference.startswith("#"):
        return None
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if _REFERENCES.isdisjoint(value):
            for name, inner in value.items():
                yield from _leaves(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{place}]")
    elif isinstance(value, str | int) and not isinstance(value, bool) and value != "":
        yield path, str(value)


def _whole(form: str) -> str:
    """Match a short secret only where it stands alone: else it would star letters of words."""
    escaped = re.escape(form)
    return escaped if len(form) >= LEAST_SECRET else rf"(?<!\w){escaped}(?!\w)"
