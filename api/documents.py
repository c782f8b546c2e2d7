"""Which documents may be asked: any, any with short names for them, or those on a list.

``open`` takes every text and keeps none. ``apq`` takes every text and remembers what has run well
under its hash, so that the next request needs the hash only. ``trusted`` takes what is on the list
of the installation and nothing else. A hash that comes with a text is checked in every mode.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Lock

import orjson

from api.demand import Demand, Unreadable, is_sha256

MOST_KEPT = 1_000
MOST_CHARACTERS = 4 * 1024 * 1024
# One account alone can fill at most four fifths of the store.
MOST_EACH = 200
LONGEST = 16 * 1024


class DocumentMode(StrEnum):
    """The three rules; the settings name them."""

    OPEN = "open"
    APQ = "apq"
    TRUSTED = "trusted"


@dataclass(frozen=True, slots=True)
class DocumentRules:
    """The rule of an installation and, in ``trusted``, its list."""

    mode: DocumentMode
    hashes: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)


OPEN = DocumentRules(DocumentMode.OPEN)


class DocumentRefused(Unreadable):
    """This document is not taken, or not known by this name."""

    def __init__(self, code: str) -> None:
        super().__init__(400, code)


class DocumentListInvalid(Exception):  # noqa: N818 - named after what is wrong, like Refused
    """The list of trusted documents cannot be used; the text says why."""


class DocumentStore:
    """Texts by their hashes: those of the list, and learnt ones, the least lately used first."""

    def __init__(self, rules: DocumentRules) -> None:
        self.rules = rules
        self._learnt: OrderedDict[str, tuple[str, str | None]] = OrderedDict()
        self._characters = 0
        self._turn = Lock()

    def __len__(self) -> int:
        """Count what was learnt."""
        return len(self._learnt)

    def text_of(self, demand: Demand) -> str:
        """Return the text to run, or say why there is none."""
        with self._turn:
            return self._text_of(demand)

    def _text_of(self, demand: Demand) -> str:
        if not demand.query:
            return self._by_name(demand)
        trusted = self.rules.mode is DocumentMode.TRUSTED
        if demand.name is None and not trusted:
            return demand.query
        sha256 = _sha256(demand.query)
        if demand.name is not None and sha256 != demand.name.sha256:
            raise DocumentRefused("persisted_query_hash_mismatch")
        if trusted and sha256 not in self.rules.hashes:
            raise DocumentRefused("document_unknown")
        return demand.query

    def keep(self, demand: Demand, text: str, account: str | None) -> None:
        """Remember a named text that has run; strangers may not push out what others use."""
        with self._turn:
            self._keep(demand, text, account)

    def _keep(self, demand: Demand, text: str, account: str | None) -> None:
        name, mode = demand.name, self.rules.mode
        if name is None or mode is DocumentMode.OPEN or len(text) > LONGEST:
            return
        if name.sha256 in self.rules.texts or name.sha256 in self._learnt:
            return
        if mode is DocumentMode.APQ:
            if account is None:
                return
            own = [each for each, (_, by) in self._learnt.items() if by == account]
            if len(own) >= MOST_EACH:
                self._forget(own[0])
        self._learnt[name.sha256] = (text, account)
        self._characters += len(text)
        while len(self._learnt) > MOST_KEPT or self._characters > MOST_CHARACTERS:
            self._forget(next(iter(self._learnt)))

    def _forget(self, sha256: str) -> None:
        self._characters -= len(self._learnt.pop(sha256)[0])

    def _by_name(self, demand: Demand) -> str:
        name = demand.name
        if name is None:
            raise Unreadable(400, "query_missing")
        if name.sha256 in self.rules.texts:
            return self.rules.texts[name.sha256]
        if name.sha256 in self._learnt:
            self._learnt.move_to_end(name.sha256)
            return self._learnt[name.sha256][0]
        listed = name.sha256 in self.rules.hashes
        if not name.is_apollo or (self.rules.mode is DocumentMode.TRUSTED and not listed):
            raise DocumentRefused("document_unknown")
        if self.rules.mode is DocumentMode.OPEN:
            raise DocumentRefused("persisted_query_not_supported")
        raise DocumentRefused("persisted_query_not_found")


def read_rules(mode: str, file: Path | None) -> DocumentRules:
    """Read the rule and its list: a JSON list of hashes, or an object of texts by their hashes."""
    chosen = DocumentMode(mode)
    if chosen is not DocumentMode.TRUSTED:
        return DocumentRules(chosen)
    if file is None:
        raise DocumentListInvalid("no file was given")
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DocumentListInvalid(f"{file} cannot be read: {error}") from error
    if not isinstance(found, list | dict) or not found:
        raise DocumentListInvalid(f"{file} must hold a list of hashes, or texts by their hashes")
    wrong = [str(name)[:80] for name in found if not is_sha256(name)]
    if wrong:
        raise DocumentListInvalid(f"{file}: {wrong[0]} is not a sha256 in small letters")
    texts = found if isinstance(found, dict) else {}
    for name, text in texts.items():
        if not isinstance(text, str) or _sha256(text) != name:
            raise DocumentListInvalid(f"{file}: {name} is not the hash of its text")
    return DocumentRules(chosen, frozenset(found), texts)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
