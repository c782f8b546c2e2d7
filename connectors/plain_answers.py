"""Answers whose HTTP status tells what happened: the word of a refusal, a token that is granted."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.failures import AuthExpired, Transient
from connectors.web import WebAnswer

_LONGEST = 60


def plain_word(found: object, otherwise: str) -> str:
    """Return the word of a refusal if it is one; a text may repeat what was sent."""
    plain = isinstance(found, str) and found.replace("_", "").isalnum() and len(found) <= _LONGEST
    return str(found) if plain else otherwise


def word_of(answer: WebAnswer, *names: str) -> str:
    """Return the first word of a refusal under some names, or its status."""
    try:
        said = answer.json()
    except Transient:
        said = None
    told = [said.get(name) for name in names] if isinstance(said, Mapping) else []
    return plain_word(next(filter(None, told), None), str(answer.status))


def granted(answer: WebAnswer, *names: str) -> tuple[str, object]:
    """Return a token and how many seconds it lives; a refusal says its word under ``names``."""
    if answer.status in (400, 401, 403):
        raise AuthExpired("source_access_refused", {"status": word_of(answer, *names)})
    said = answer.demand_ok().json()
    value = said.get("access_token") if isinstance(said, Mapping) else None
    if not isinstance(value, str) or not value:
        raise Transient("source_not_json", {"status": "token"})
    return value, said.get("expires_in")
