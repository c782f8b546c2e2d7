"""What a cassette must not tell: secrets, people and where the source is; others stand for them.

The same value has the same stand-in in the whole recording, in whatever form it comes, so that what
is joined by it still is. A stand-in is counted, not computed: nothing leads back from it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.secret_forms import LEAST_SECRET, TELLING_NAMES, base64_forms, forms_of, tells

HIDDEN = "hidden-"
IGNORED = "ignored"
_TELLING = re.compile(
    rf"{TELLING_NAMES}|(?i:^(x-)?(authorization|session_?id|\w+_ticket|jwt|auth_?code)$)"
)
_WORD_LEAST = 6  # a shorter name of a person is replaced where it stands alone only
_NUMBER_LEAST = 5
_KEY_LEAST = 32
_BEFORE, _AFTER = r"(?<![A-Za-z0-9])(?<!\d\.)", r"(?![A-Za-z0-9]|\.\d)"  # no part of a number
_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
# What names a person wherever it stands; stand-ins of the same kinds are left alone.
PERSONAL = {
    "a mail address": re.compile(r"[\w.+-]+@(?!example\.com\b)[\w-]+(?:\.[\w-]+)+"),
    "a telephone number": re.compile(r"(?<![\d.])(?!1990000)1[3-9]\d{9}(?!\d|\.\d)"),
    "the number of an identity card": re.compile(r"(?<!\d)(?!99)\d{17}[\dXx](?!\d)"),
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_FIRST_DAY = date(1900, 1, 1)
_DAYS = 18_000  # stand-ins of days of birth end before there are any of today


def is_telling(name: str) -> bool:
    """Say whether what stands under this name is a secret, by its name."""
    return _TELLING.search(name) is not None


def is_hidden(value: object) -> bool:
    """Say whether a value stands for another one, or says nothing."""
    said = str(value)
    return (
        value is None
        or value is True
        or value is False
        or said in ("", IGNORED)
        or (re.fullmatch(rf"((Bearer|Basic|Token) )?{HIDDEN}?[a-z0-9-]+", said) is not None)
    )


@dataclass(slots=True, kw_only=True)
class Hider:
    """``taken`` says whether a text stands in the recording: no stand-in may be one of those."""

    taken: Callable[[str], bool] = lambda _: False
    secrets: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    _count: int = 0
    _forms: dict[str, str] = field(default_factory=dict)
    _pattern: re.Pattern[str] | None = None

    def secret(self, name: str, value: object) -> str:
        """Have a secret replaced from now on, and return what stands for it."""
        text = str(value)
        if text not in self.secrets:
            base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "secret"
            known, number, stand_in = set(self.secrets.values()), 1, _as_long(HIDDEN + base, text)
            while stand_in in known:
                number += 1
                stand_in = _as_long(f"{HIDDEN}{number}-{base}", text)
            self.secrets[text] = stand_in
            self._pattern = None
        return self.secrets[text]

    def person(self, value: object) -> str:
        """Have a personal value replaced from now on, and return what stands for it."""
        text = str(value)
        if text in self.secrets or is_hidden(text) or text in self.people.values():
            return text
        if text not in self.people:
            stand_in = text
            while stand_in == text or self.taken(stand_in) or stand_in in self.people.values():
                self._count += 1
                stand_in = _like(text, self._count)
            self.people[text] = stand_in
            self._pattern = None
        return self.people[text]

    def place(self, name: str, host: str) -> None:
        """Have a host replaced from now on; nobody needs to know that it was asked without TLS."""
        label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        self.places.setdefault(f"http://{host}", f"https://{label}.example")
        self.places.setdefault(host, f"{label}.example")
        self._pattern = None

    def rename(self) -> None:
        """Give another name to what stands for a secret if the name holds a secret itself."""
        for number, (text, stand_in) in enumerate(list(self.secrets.items()), 1):
            if tells(stand_in, self.secrets):
                self.secrets[text] = f"{HIDDEN}{number}"
        self._pattern = None

    # -- replacing -------------------------------------------------------------------------------

    def leaf(self, value: Any) -> Any:
        """Replace a value that stands alone: text or a number."""
        if isinstance(value, bool) or value is None:
            return value
        text = str(value)
        if text in self.secrets and len(text) >= LEAST_SECRET:
            return self.secrets[text]
        if text in self.people and (not text.isdigit() or len(text) >= _NUMBER_LEAST):
            return _typed(value, self.people[text])
        return self.text(text) if isinstance(value, str) else value

    def person_leaf(self, value: Any) -> Any:
        """Replace all that stands in a field of a person."""
        if isinstance(value, Mapping):
            return {name: self.person_leaf(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.person_leaf(each) for each in value]
        if value is None or isinstance(value, bool) or value == "":
            return value
        return _typed(value, self.person(value))

    def text(self, text: str) -> str:
        """Replace every form of everything inside a text."""
        if self._pattern is None:
            self._prepare()
        if self._pattern is None:
            return text
        inside = _RUN.sub(self._decoded, text)
        return self._pattern.sub(lambda found: self._forms[found.group()], inside)

    def _prepare(self) -> None:
        self._forms = {}
        patterns: dict[str, str] = {}
        for value, stand_in in (*self.places.items(), *self.people.items()):
            if value in self.people and not _stands_out(value):
                continue
            for form in forms_of(value):
                self._forms[form] = stand_in
                patterns[form] = f"{_BEFORE}{re.escape(form)}{_AFTER}"
        for value, stand_in in self.secrets.items():
            if len(value) >= LEAST_SECRET:
                raw = value.encode("utf-8", "surrogatepass").hex()
                for form in forms_of(value):
                    in_hex = form.lower() == raw
                    self._forms[form] = stand_in.encode().hex() if in_hex else stand_in
                    patterns[form] = re.escape(form)
        ordered = sorted(patterns, key=lambda form: (-len(form), form))
        self._pattern = (
            re.compile("|".join(patterns[form] for form in ordered)) if ordered else None
        )

    def _decoded(self, found: re.Match[str]) -> str:
        """Replace inside base64 and write it as base64 again; what begins elsewhere goes whole."""
        run = found.group()
        told = [s for s in self.secrets if len(s) >= LEAST_SECRET and _holds(run, s)]
        if not told:
            return run
        other = "-" in run or "_" in run
        body = run.rstrip("=")
        plain = body.replace("-", "+").replace("_", "/")
        try:
            inner = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode("utf-8")
        except ValueError:
            return self.secrets[told[0]]
        if not any(secret in inner for secret in told):
            return self.secrets[told[0]]
        for secret in sorted(told, key=len, reverse=True):
            inner = inner.replace(secret, self.secrets[secret])
        encode = base64.urlsafe_b64encode if other else base64.b64encode
        again = encode(inner.encode()).decode()
        return again if run.endswith("=") or len(body) % 4 == 0 else again.rstrip("=")


def _stands_out(value: str) -> bool:
    """Say whether the name of a person is known for one inside a longer text."""
    if value.isdigit():
        return len(value) >= _NUMBER_LEAST
    return len(value) >= _WORD_LEAST or (len(value) > 1 and _CHINESE.search(value) is not None)


def _as_long(stand_in: str, secret: str) -> str:
    """Keep the length of a key of letters and digits: connectors look at it before they decode."""
    if len(secret) < _KEY_LEAST or not re.fullmatch(r"[A-Za-z0-9]+", secret):
        return stand_in
    bare = stand_in.replace("-", "")[: len(secret)]
    return bare if len(bare) == len(secret) else bare.ljust(len(secret), "0")


def _holds(run: str, secret: str) -> bool:
    return any(form.rstrip("=") in run for form in base64_forms(secret.encode()))


def _typed(value: Any, stand_in: str) -> Any:
    """Keep a number a number, so that it is read as it was."""
    if isinstance(value, int) and stand_in.isdigit():
        return int(stand_in)
    return Decimal(stand_in) if isinstance(value, Decimal) and stand_in.isdigit() else stand_in


def _like(text: str, number: int) -> str:
    """Write a stand-in that looks like what it stands for."""
    if _MAIL.fullmatch(text):
        return f"person{number}@example.com"
    bare = text.removeprefix("+86").removeprefix("+")
    if bare.isascii() and bare.isdigit():
        begin = "1990000" if len(bare) == 11 and bare[0] == "1" else "9"
        begin = "99" if len(bare) >= 15 else begin
        digits = str(number).zfill(len(bare) - len(begin))
        return text[: len(text) - len(bare)] + begin + digits
    if re.fullmatch(r"\d{17}[Xx]", text):
        return f"99{number:015d}X"
    if _DAY.match(text) and (len(text) == 10 or text[10] in "T "):
        day = _FIRST_DAY + timedelta(days=number % _DAYS)
        return day.isoformat() + re.sub(r"\d", "0", text[10:])
    if text.startswith(("http://", "https://")):
        return f"https://person{number}.example"
    return f"人员{number}" if _CHINESE.search(text) else f"person-{number}"


# ----------------------------------------------------------------------------- whole documents


def rewritten(value: Any, leaf: Callable[[Any], Any], field_of: Callable[[str, Any], Any]) -> Any:
    """Rewrite a document: ``field_of`` may answer for a field by its name, else leaf by leaf.

    ``field_of(name, value)`` returns ``...`` where it has nothing to say.
    """
    if isinstance(value, Mapping):
        found = {}
        for name, each in value.items():
            said = field_of(name, each)
            again = rewritten(each, leaf, field_of) if said is ... else said
            found[str(leaf(name))] = again
        return found
    if isinstance(value, list | tuple):
        return [rewritten(each, leaf, field_of) for each in value]
    return leaf(value)


def fields_in(value: Any) -> Iterable[tuple[str, Any]]:
    """List every field of a document by its name; a list under a name counts each of its parts."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from ((name, part) for part in (each if isinstance(each, list) else [each]))
            yield from fields_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from fields_in(each)
