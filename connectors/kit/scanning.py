"""The last look at a cassette: what is left of a secret, or looks like one, or like a person."""

from __future__ import annotations

import base64
import contextlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.kit.cassettes import ALLOWED, CassetteRefused, exact_json, written
from connectors.kit.hiding import HIDDEN, PERSONAL, is_hidden, is_telling
from connectors.secret_forms import LEAST_SECRET, tells

_REASON_LEAST = 20
_RANDOM_LEAST = 16
_TOKEN = re.compile(rf"[A-Za-z0-9+/=_-]{{{_RANDOM_LEAST},}}")
_SYMBOLS = re.compile(r"[^A-Za-z0-9]+")
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{6}")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]|\d+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_HEX_LEAST = 24
# Words and numbers for each sign: by chance a word or number is two signs long, else five.
_TURNS_LEAST, _ENTROPY_LEAST = 0.3, 3.0
_FEW_TURNS, _MUCH_ENTROPY = 0.22, 3.9
_WORDS_MOST = 0.36
_PLAIN = re.compile(r"[\w.@ -]{1,40}")
_ACCESS_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What may look like a secret: the values of one field that have one form, and why."""

    field: str
    pattern: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What must not be in a cassette, and where; never the value itself."""

    place: str
    what: str

    def __str__(self) -> str:
        """Write it in a line."""
        return f"{self.place}: {self.what}"


def allowed_in(folder: Path) -> tuple[Allowed, ...]:
    """Read the written list of what may look like a secret; each entry says why it is none."""
    path = folder / ALLOWED
    if not path.is_file():
        return ()
    try:
        found = tuple(Allowed(**each) for each in json.loads(path.read_text("utf-8")))
        for each in found:
            re.compile(each.pattern)
    except (ValueError, TypeError, re.error) as wrong:
        raise CassetteRefused(f"{path}: {wrong}") from None
    for each in found:
        if len(each.why.strip()) < _REASON_LEAST or re.search(each.pattern, ""):
            raise CassetteRefused(
                f"{path}: {each.field} needs a sentence that says why, and a pattern of something"
            )
    return found


def demand_clean(
    name: str, document: Any, secrets: Sequence[str] = (), allowed: Iterable[Allowed] = ()
) -> None:
    """Refuse a cassette that holds a secret or what looks like one."""
    found = list(findings(document, secrets, allowed))
    if found:
        lines = "\n  ".join(str(each) for each in found[:20])
        raise CassetteRefused(
            f"{name} is refused: it would tell\n  {lines}\n"
            "A secret is marked in the connector's config_schema; a field that is one is hidden "
            f"with --hide NAME; what is harmless is written into {ALLOWED} with the reason."
        )


def findings(
    document: Any, secrets: Sequence[str] = (), allowed: Iterable[Allowed] = ()
) -> Iterator[Finding]:
    """Look at the whole text and at every field of a cassette."""
    allowed = tuple(allowed)
    leaves = list(_leaves(document, "", ""))
    texts = [str(value) for _, _, value in leaves]
    told = tells("\n".join([written(document), *texts, *_joined(document)]), secrets)
    if told:
        yield Finding(place="the whole", what="a secret, in one of its forms")
    for (where, name, value), text in zip(leaves, texts, strict=True):
        place = "(a field that is named by a secret)" if told and tells(where, secrets) else where
        if told and tells(text, secrets):
            yield Finding(place=place, what="a secret, in one of its forms")
        named = is_telling(name) or name.lower() in _ACCESS_HEADERS
        harmless = is_hidden(value) or _is_small(value)
        if named and not harmless and not is_plain(name, text, allowed):
            yield Finding(place=place, what=f"what stands under {name} is a secret by its name")
        elif isinstance(value, str):
            yield from _suspects(place, name, text, allowed)


def _is_small(value: object) -> bool:
    return isinstance(value, int | Decimal) and len(str(value)) < LEAST_SECRET


def is_plain(name: str, text: str, allowed: tuple[Allowed, ...]) -> bool:
    """Say whether the list says that a field is none of secrets, whatever its name is."""
    return not looks_random(text) and _may(allowed, name, text)


def _may(allowed: tuple[Allowed, ...], name: str, *parts: str) -> bool:
    own = [each.pattern for each in allowed if each.field == name]
    return any(re.fullmatch(pattern, part) for pattern in own for part in parts)


def _suspects(place: str, name: str, text: str, allowed: tuple[Allowed, ...]) -> Iterator[Finding]:
    for found in _TOKEN.finditer(text):
        token = found.group()
        if (
            looks_random(token)
            and not _may(allowed, name, token, text)
            and not _holds_stand_in(token)
        ):
            yield Finding(place=place, what=f"{len(token)} signs that look like a key or token")
    for what, pattern in PERSONAL.items():
        if any(not _may(allowed, name, f.group(), text) for f in pattern.finditer(text)):
            yield Finding(place=place, what=f"{what} of somebody")


def _holds_stand_in(token: str) -> bool:
    """Say whether a word is a stand-in in base64 or hex, with nothing random around it."""
    plain = token.replace("-", "+").replace("_", "/").rstrip("=")
    for decode, written_in in ((_base64, plain), (bytes.fromhex, token)):
        with contextlib.suppress(ValueError):
            text = decode(written_in).decode("utf-8")
            around, count = re.subn(f"{HIDDEN}[a-z0-9-]+", " ", text)
            if count and not any(map(looks_random, _TOKEN.findall(around))):
                return True
    return False


def _base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def looks_random(token: str) -> bool:
    """Say whether a word of letters and digits looks as if nobody had thought of it.

    Words and numbers change seldom between small and large letters and digits; keys do so at every
    second sign. ``looks_random("9f86d081884c7d65")`` is True, ``("2026-09-01T080000")`` is not.
    """
    bare = _SYMBOLS.sub("", token)
    if len(bare) < _RANDOM_LEAST or bare.isdigit():
        return False
    if any(_CONSONANTS.search(word) for word in _SYMBOLS.split(token)):
        return True
    if bare.isalpha():
        return len(_WORDS.findall(bare)) / len(bare) >= _WORDS_MOST
    if len(bare) >= _HEX_LEAST and _HEX.fullmatch(bare):
        return True
    turns, entropy = len(_WORDS.findall(bare)) / len(bare), _entropy(bare)
    often = turns >= _TURNS_LEAST and entropy >= _ENTROPY_LEAST
    return often or (turns >= _FEW_TURNS and entropy >= _MUCH_ENTROPY)


def _entropy(text: str) -> float:
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)


def _leaves(value: Any, place: str, name: str) -> Iterator[tuple[str, str, Any]]:
    """List place, name of the field and value; names are looked at like values."""
    if isinstance(value, Mapping):
        for own, each in value.items():
            inner = f"{place}.{own if _PLAIN.fullmatch(own) and not looks_random(own) else '…'}"
            yield f"{inner} (its name)", "", own
            yield from _leaves(each, inner, own)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _leaves(each, f"{place}[{number}]", name)
    else:
        yield place or ".", name, value
        if isinstance(value, str) and value[:1] in ("{", "["):
            yield from _leaves(_parsed(value), f"{place} (JSON inside)", name)


def _joined(value: Any) -> Iterator[str]:
    """Write what stands beside each other as one text: a secret may have been taken apart."""
    inside = list(value.values() if isinstance(value, Mapping) else value)
    yield "".join(each for each in inside if isinstance(each, str))
    for each in inside:
        if isinstance(each, Mapping | list | tuple):
            yield from _joined(each)


def _parsed(text: str) -> Any:
    try:
        return exact_json(text)
    except (ValueError, RecursionError):
        return None
