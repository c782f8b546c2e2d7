"""The forms in which a secret comes back, and the names under which secrets stand.

Whoever blanks secrets in texts, and whoever proves that none is left in one, asks here.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote_plus

LEAST_SECRET = 6  # a shorter one stands in ordinary words: blanking it spoils a text and tells it
# Names that lead to a secret, but not those that only speak of one (token_url, token_expires).
TELLING_NAMES = (
    "(?i)^(?!.*(url|uri|endpoint|expir|type|header|limit|path|size|count|_field|_name$))"
    ".*(passw|passphrase|pwd|secret|token|api_?key|apikey|access_?key|auth_?key|private_?key"
    "|credential|bearer|cookie|signature_?key|connection_string|dsn)"
)
_SQUEEZED_LEAST = 8
_IN_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_NO_LETTER = re.compile(r"[\W_]+")


def forms_of(secret: str) -> Iterator[str]:
    """Write a secret in every form in which it may come back in a text."""
    yield secret
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    yield repr(secret)[1:-1]
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield quoted
        yield re.sub(r"%..", lambda found: found.group().lower(), quoted)
    if len(secret) >= LEAST_SECRET:
        raw = secret.encode("utf-8", "surrogatepass")
        yield from base64_forms(raw)
        yield raw.hex()
        yield raw.hex().upper()


def base64_forms(secret: bytes) -> Iterator[str]:
    """Write what does not change when something stands before or behind it, as in user:secret."""
    for before, spoilt in ((0, 0), (1, 2), (2, 3)):
        whole = before + len(secret)
        written = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")
        certain = written[spoilt : whole * 8 // 6]
        yield certain
        yield certain.replace("+", "-").replace("/", "_")
    yield base64.b64encode(secret).decode()
    yield base64.urlsafe_b64encode(secret).decode()


def tells(text: str, secrets: Iterable[str]) -> bool:
    """Say whether a text holds one of the secrets in any form, also taken apart by punctuation.

    ``tells('{"a": "abc", "b": "def"}', ["abc&b=def"])`` is True: what stood in a query as one
    value may come back as several.
    """
    wanted = [secret for secret in secrets if len(secret) >= LEAST_SECRET]
    if not wanted:
        return False
    readings = [text, *_decoded(text)]
    readings += [unquote_plus(each) for each in readings]
    squeezed = _squeezed("\n".join(readings))
    for secret in wanted:
        if any(form in reading for form in forms_of(secret) for reading in readings):
            return True
        bare = _squeezed(secret)
        if len(bare) >= _SQUEEZED_LEAST and bare in squeezed:
            return True
    return False


def _decoded(text: str) -> Iterator[str]:
    """Read what may be base64 as such, from each of the places where it may begin."""
    for run in _IN_BASE64.findall(text):
        plain = run.replace("-", "+").replace("_", "/")
        for begin in range(4):
            part = plain[begin:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            yield base64.b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")


def _squeezed(text: str) -> str:
    return _NO_LETTER.sub("", text).lower()
