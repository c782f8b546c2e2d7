"""Probes of ours against the running server: open doors, hostile bodies, fragment bombs.

The open doors are the ones that the auditing tool graphql-cop looks for; it is in no package
index, so the questions are asked here in our own words. What is allowed to stay open in which mode
is written down in ``RESIDUE`` and in docs/conformance.md.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from tests.conformance.serving import Addresses

JSON = "application/json"
# Open mode is for development and for tools of vendors: it answers questions about itself, and GET
# reads (it never changes anything). Whoever wants neither serves trusted documents.
RESIDUE = {
    "open": {"introspection", "queries by GET"},
    "masked": {"queries by GET"},  # ATTAIN_INTROSPECTION=signed_in, to a stranger
    "trusted": set[str](),
}
BOMBS = (18, 22, 200)
BOMB_SECONDS = 0.05


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: Any
    text: str
    headers: Mapping[str, str]


def send(
    url: str, body: bytes | None = None, kind: str = JSON, method: str = "POST", accept: str = JSON
) -> Answer:
    """Send one request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path, body, {"content-type": kind, "accept": accept})
    response = connection.getresponse()
    text = response.read().decode("utf-8", "replace")
    headers = {name.lower(): value for name, value in response.getheaders()}
    connection.close()
    try:
        return Answer(response.status, json.loads(text), text, headers)
    except ValueError:
        return Answer(response.status, None, text, headers)


def ask(url: str, query: str) -> Answer:
    """Ask a question as nobody."""
    return send(url, json.dumps({"query": query}).encode())


def got(answer: Answer, name: str) -> Any:
    """Return a part of the data, or nothing."""
    data = answer.body.get("data") if isinstance(answer.body, dict) else None
    return data.get(name) if isinstance(data, dict) else None


def _aliases(url: str) -> bool:
    text = " ".join(f"a{number}: __typename" for number in range(101))
    return bool(got(ask(url, f"{{ {text} }}"), "a100"))


def _batch(url: str) -> bool:
    answer = send(url, json.dumps([{"query": "{ __typename }"}] * 10).encode())
    return isinstance(answer.body, list) and len(answer.body) >= 10


def _circle(url: str) -> bool:
    inner = "name"
    for _ in range(5):
        inner = f"fields {{ type {{ {inner} }} }}"
    return bool(got(ask(url, f"{{ __schema {{ types {{ {inner} }} }} }}"), "__schema"))


def _directives(url: str) -> bool:
    answer = ask(url, "{ __typename " + "@nope " * 10 + "}")
    return len((answer.body or {}).get("errors", ())) >= 10


def _duplicates(url: str) -> bool:
    return bool(got(ask(url, "{ " + "__typename " * 500 + "}"), "__typename"))


def _suggestions(url: str) -> bool:
    return "did you mean" in ask(url, "{ __schema { directive } viewr { id } }").text.lower()


def _get(url: str) -> bool:
    answer = send(f"{url}?query={quote('{ __typename }')}", method="GET")
    return bool(got(answer, "__typename"))


def _get_mutation(url: str) -> bool:
    answer = send(f"{url}?query={quote('mutation { __typename }')}", method="GET")
    return bool(got(answer, "__typename"))


def _page(url: str) -> bool:
    text = send(url, method="GET", accept="text/html").text.lower()
    return "graphiql" in text or "playground" in text


def _introspection(url: str) -> bool:
    return bool(got(ask(url, "{ __schema { types { name fields { name } } } }"), "__schema"))


def _form(url: str) -> bool:
    kind = "application/x-www-form-urlencoded"
    return bool(got(send(url, b"query=%7B__typename%7D", kind), "__typename"))


def _plain_text(url: str) -> bool:
    return bool(got(send(url, b'{"query":"{__typename}"}', "text/plain"), "__typename"))


def _tracing(url: str) -> bool:
    return "tracing" in ask(url, "{ __typename }").text.lower()


def _fault(url: str) -> bool:
    text = ask(url, "qwerty cop { abc }").text.lower()
    return "traceback" in text or "exception" in text or 'file "' in text


DOORS: dict[str, Callable[[str], bool]] = {
    "alias overloading": _aliases,
    "batches": _batch,
    "circular introspection": _circle,
    "directive overloading": _directives,
    "field duplication": _duplicates,
    "field suggestions": _suggestions,
    "queries by GET": _get,
    "mutations by GET": _get_mutation,
    "a page that asks": _page,
    "introspection": _introspection,
    "queries by form": _form,
    "queries by plain text": _plain_text,
    "tracing": _tracing,
    "unhandled faults": _fault,
}


def open_doors(mode: str, url: str) -> Iterator[tuple[str, str | None]]:
    """Try every door; one that is open and not in the residue is a failure, as is the reverse."""
    for name, is_open in DOORS.items():
        found = is_open(url)
        allowed = name in RESIDUE[mode]
        fault = None
        if found != allowed:
            fault = "is open" if found else "is shut: take it out of the documented residue"
        yield f"{name} ({mode})", fault


DEEP = b"[" * 200_000 + b"]" * 200_000
BODIES = (
    b'"text"', b"5", b"5.0", b"-0", b"null", b"true", b"false", b"", b" ", b"[]", b"[1,2]",
    b"[null]", b"{", b"{}", b'{"query":', b'{"query":null}', b'{"query":5}', b'{"query":""}',
    b'{"query":"\xff"}', b'{"query":"\xed\xa0\x80"}', b'{"query":"{__typename}"}trailing',
    b'{"query":"{__typename}","variables":{"a":' + DEEP + b"}}",
    b'{"query":"{__typename}","variables":[]}',
    b'{"query":"{__typename}","variables":"x"}',
    b'{"query":"query($f:Int){people(first:$f){totalCount}}","variables":{"f":'
    + b"9" * 5000 + b"}}",
    b'{"query":"query($f:Int){people(first:$f){totalCount}}","variables":{"f":1e999}}',
    b'{"query":"{__typename}","operationName":5}',
    b'{"query":"{__typename}","extensions":{"persistedQuery":[]}}',
    b'{"query":"query A{__typename}","operationName":"B"}',
    b'{"query":"query A{__typename} query B{__typename}"}',
    b'{"query":"{ node(id: \\"\\\\ud800\\") { id } }"}',
    b'{"query":"#"}',
    b'{"query":"fragment A on Query { __typename }"}',
    b'{"query":"{ ...Nope }"}',
    b'{"query":"{...A} fragment A on Query { ...B } fragment B on Query { ...A }"}',
    b'{"query":"' + b"{a" * 1500 + b'"}',
)  # fmt: skip


def hostile_bodies(url: str) -> Iterator[tuple[str, str | None]]:
    """Send what is no request: always JSON with a code, never a fault of the server."""
    for number, body in enumerate(BODIES):
        answer = send(url, body)
        name = f"hostile body {number} ({body[:40]!r})"
        good = answer.status < 500 and isinstance(answer.body, dict)
        if good and answer.status >= 400:
            good = bool(answer.body["errors"][0]["extensions"]["code"])
        yield name, None if good else f"{answer.status}: {answer.text[:200]}"


def bomb(depth: int) -> str:
    """Fragments that spread the next one twice: two to the power of ``depth`` when unrolled."""
    chain = "".join(
        f"fragment F{each} on Person {{ ...F{each + 1} ...F{each + 1} }} " for each in range(depth)
    )
    return (
        "{ people { edges { node { ...F0 } } } } " + chain + f"fragment F{depth} on Person {{ id }}"
    )


def bombs(url: str) -> Iterator[tuple[str, str | None]]:
    """Send each bomb, every time with another name, and hold the best of twenty to the bound."""
    for depth in BOMBS:
        seconds, worst = [], 0
        for turn in range(20):
            text = bomb(depth).replace("{ people", f"query Q{turn} {{ people", 1)
            started = time.perf_counter()
            worst = max(worst, ask(url, text).status)
            seconds.append(time.perf_counter() - started)
        best = min(seconds)
        good = best < BOMB_SECONDS and worst < 500
        yield f"fragment bomb {depth}", None if good else f"{best * 1000:.0f} ms, {worst}"


def all_probes(at: Addresses) -> Iterator[tuple[str, str | None]]:
    """Run everything in here."""
    yield from open_doors("open", at.open)
    yield from open_doors("masked", at.masked)
    yield from open_doors("trusted", at.trusted)
    yield from hostile_bodies(at.open)
    yield from bombs(at.open)
    if len(BODIES) != 36:
        yield "hostile bodies", f"36 were meant, {len(BODIES)} are listed"
