"""Secrets that only a program knows to be some: its own form of the settings marks them.

The host blanks what came by reference and what is secret by its name. A setting with another name
that stands in clear is blanked here, in whatever the program says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors.secret_forms import LEAST_SECRET, forms_of

BLANK = "•••"
_MARKS = ("airbyte_secret", "secret", "writeOnly")
_BRANCHES = ("anyOf", "oneOf", "allOf")


def also_blanking(
    redact: Callable[[str], str], settings: Mapping[str, Any], form: object
) -> Callable[[str], str]:
    """Return what blanks the marked settings too, the longest first."""
    forms = {each for secret in _marked(settings, form) for each in forms_of(secret)}
    if not forms:
        return redact
    ordered = sorted(forms, key=lambda text: (-len(text), text))
    pattern = re.compile("|".join(map(re.escape, ordered)))
    return lambda text: pattern.sub(BLANK, redact(text))


def _marked(value: object, form: object) -> Iterator[str]:
    """Walk the settings and their form together."""
    if not isinstance(form, dict):
        return
    if any(form.get(mark) is True for mark in _MARKS):
        if isinstance(value, str) and len(value) >= LEAST_SECRET:
            yield value
        return
    for branch in _BRANCHES:
        for each in form.get(branch) or ():
            yield from _marked(value, each)
    if isinstance(value, Mapping):
        properties = form.get("properties")
        for name, inner in value.items():
            if isinstance(properties, dict):
                yield from _marked(inner, properties.get(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _marked(inner, form.get("items"))
