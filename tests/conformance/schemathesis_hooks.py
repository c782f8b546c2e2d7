"""What schemathesis must know of us: our scalars, ids that exist, and how to sign in again.

Runs in schemathesis's own environment: nothing of the product is importable here.
"""

from __future__ import annotations

import json
import os
import urllib.request

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

_URL = os.environ["CONFORMANCE_URL"]
_ASCII = st.characters(max_codepoint=127)
_SIGN_IN = """mutation { sessionCreateDemo(input: {person: "%s"}) {
    ... on SessionCreateDemoSuccess { token } } }"""
# Who asks what HR may not: being refused a right is an error of the request, and no finding.
_OTHERS = {"Query.accounts": "admin"}
_IDS = """{
  people { nodes { id } } goals { nodes { id } } units { nodes { id } }
  metrics { nodes { id } } planVersions { nodes { id } } calculations { id }
  viewer { roles { legalEntity { id } } }
}"""


def _ask(query, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    body = json.dumps({"query": query}).encode()
    with urllib.request.urlopen(urllib.request.Request(_URL, body, headers)) as answer:
        return json.load(answer)["data"]


def _sign_in(who="hr"):
    return _ask(_SIGN_IN % who)["sessionCreateDemo"]["token"]


def _ids(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from [inner] if name == "id" else _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)


_held = [_sign_in()]
_tokens = {who: _sign_in(who) for who in set(_OTHERS.values())}
_REAL = sorted(set(_ids(_ask(_IDS, _held[0]))))


@schemathesis.hook
def before_call(context, case, kwargs):
    """Be the company's HR, who may do nearly everything."""
    token = _tokens.get(_OTHERS.get(case.operation.label), _held[0])
    case.headers["authorization"] = f"Bearer {token}"


@schemathesis.hook
def after_call(context, case, response):
    """Signing out is one of the questions: sign in again."""
    if "sessionRevoke" in str(case.body):
        _held[0] = _sign_in()


def _scalar(name, strategy, make=nodes.String):
    schemathesis.graphql.scalar(name, strategy.map(make))


_decimals = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4
)
_scalar("ID", st.sampled_from(_REAL) | st.text(max_size=40))
_scalar("Decimal", _decimals.map(lambda number: f"{number:f}"))
_scalar("BusinessDate", st.dates().map(lambda day: day.isoformat()))
_scalar("Instant", st.datetimes().map(lambda instant: f"{instant.isoformat()}Z"))
_scalar(
    "Period",
    st.sampled_from(["2026-09", "2026-09", "2026-Q3", "2026-H2", "2026", "2026-W37", "2026-09@26"])
    | st.from_regex(
        r"[0-9]{4}(-(W[0-9]{2}|Q[1-4]|H[12]|[0-9]{2}))?(@[0-9]{1,2})?",
        fullmatch=True,
        alphabet=_ASCII,
    ),
)
_scalar("UnitCode", st.sampled_from(["CNY", "USD", "COUNT", "RATIO"]))
_scalar("Language", st.sampled_from(["en", "zh-CN"]))
_scalar("IdempotencyKey", st.from_regex(r"[A-Za-z0-9._:-]{8,64}", fullmatch=True, alphabet=_ASCII))
_scalar("Document", st.just([]), nodes.Object)
