"""Documents of credit rules, and strategies that draw them with facts they may be about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.support.rules import Document, texts

NAMED: Document = {"who": "NAMED", "shareOf": "REST"}
CO_SELLER: Document = {
    "who": "ATTRIBUTE",
    "attribute": "co_seller",
    "namespace": "crm",
    "absent": "SKIP",
    "shareOf": "ATTRIBUTE",
    "shareAttribute": "co_share",
    "shareUnit": "RATIO",
}
UP: Document = {
    "every": "1",
    "dated": "FACT_DAY",
    "vacancy": "PASSES_UP",
    "coLeaders": "EACH",
}


def rule(key: str, kind: str, **more: Any) -> Document:
    """Build a rule about orders."""
    return {
        "format": "attain.credit/1",
        "key": key,
        "name": texts(key),
        "kind": kind,
        "rank": 10,
        "fact": "order",
    } | more


def split_rule(*to: Document, total: str = "1", key: str = "shared", **more: Any) -> Document:
    """Build a split; between the seller and whom an attribute names unless said."""
    return rule(key, "SPLIT", to=list(to) or [NAMED, CO_SELLER], total=total, **more)


def fixed(person: str, share: str) -> Document:
    """Build a receiver who always gets the same share."""
    return {"who": "PERSON", "person": person, "shareOf": "FIXED", "share": share}


def overlay(*to: Document, key: str = "experts", **more: Any) -> Document:
    """Build an overlay for specialists."""
    return rule(key, "OVERLAY", to=list(to), role="expert", ifOwner="SKIP") | more


def roll_up(key: str = "upwards", **how: Any) -> Document:
    """Build a roll-up to every leader unless said."""
    return rule(key, "ROLL_UP", rollUp=UP | how)


def exclude(key: str = "internal", **more: Any) -> Document:
    """Build a rule that leaves internal orders out."""
    where = [{"attribute": "channel", "operator": "IN", "values": ["internal"]}]
    return rule(key, "EXCLUDE", where=where, reason=texts("internal")) | more


PEOPLE = ("anna", "bo", "chen", "dai", "lea", "rex")
NAMES = {f"{person}.crm": person for person in PEOPLE}
UNITS: dict[str, str | None] = {"all": None, "east": "all", "west": "all", "east1": "east"}
FIRST = date(2026, 9, 1)
_SHARES = ("0", "0.1", "0.25", "0.333333", "0.5", "0.7", "1")


@st.composite
def rules(draw: st.DrawFn) -> tuple[tuple[Document, date, date | None], ...]:
    """Draw some rules with their days; clashes and gaps are welcome."""
    found = []
    for place in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(("DIRECT", "SPLIT", "ROLL_UP", "OVERLAY", "EXCLUDE")))
        document = _DRAWN[kind](draw, f"rule{place}")
        document["rank"] = draw(st.integers(1, 3))
        if kind != "EXCLUDE" and draw(st.booleans()):
            document["where"] = [
                {"attribute": "channel", "operator": "IN", "values": ["shop", "online"]}
            ]
        if draw(st.integers(0, 3)) == 0:
            units = [draw(st.sampled_from(sorted(UNITS)))]
            document["scope"] = {"units": units, "platforms": [], "positions": []}
        since = FIRST + timedelta(days=draw(st.integers(-1, 2)))
        until = draw(st.none() | st.integers(1, 3).map(lambda days: FIRST + timedelta(days=days)))
        if until is None or since < until:
            found.append((document, since, until))
    return tuple(found)


def _receiver(draw: st.DrawFn) -> Document:
    if draw(st.booleans()):
        return fixed(draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(_SHARES[1:])))
    return CO_SELLER | {"absent": draw(st.sampled_from(("SKIP", "ERROR")))}


def _split(draw: st.DrawFn, key: str) -> Document:
    to = [_receiver(draw) for _ in range(draw(st.integers(1, 2)))]
    if draw(st.integers(0, 3)):
        to.append(NAMED)
    return split_rule(*to, total=draw(st.sampled_from(("1", "1", "1.25", "2"))), key=key)


def _overlay(draw: st.DrawFn, key: str) -> Document:
    to = [_receiver(draw) for _ in range(draw(st.integers(1, 2)))]
    return overlay(*to, key=key, ifOwner=draw(st.sampled_from(("SKIP", "CREDIT"))))


def _roll_up(draw: st.DrawFn, key: str) -> Document:
    how = dict(UP)
    how["vacancy"] = draw(st.sampled_from(("LAPSES", "PASSES_UP")))
    how["coLeaders"] = draw(st.sampled_from(("EACH", "REFUSE")))
    if draw(st.booleans()):
        del how["every"]
        levels = draw(st.lists(st.sampled_from(_SHARES), min_size=1, max_size=3))
        how["levels"] = [{"share": share} for share in levels]
    return rule(key, "ROLL_UP", rollUp=how)


def _direct(_draw: st.DrawFn, key: str) -> Document:
    return rule(key, "DIRECT")


def _exclude(_draw: st.DrawFn, key: str) -> Document:
    return exclude(key)


_DRAWN: Mapping[str, Callable[[st.DrawFn, str], Document]] = {
    "DIRECT": _direct,
    "SPLIT": _split,
    "ROLL_UP": _roll_up,
    "OVERLAY": _overlay,
    "EXCLUDE": _exclude,
}


@st.composite
def facts(draw: st.DrawFn) -> Document:
    """Draw a fact as the oracle takes it."""
    attributes = {"channel": draw(st.sampled_from(("shop", "online", "internal", "far")))}
    if draw(st.booleans()):
        attributes["co_seller"] = draw(st.sampled_from((*NAMES, "ghost", " ")))
        attributes["co_share"] = draw(st.sampled_from((*_SHARES, "much", "1.5")))
    return {
        "day": FIRST + timedelta(days=draw(st.integers(0, 2))),
        "quantity": draw(st.integers(-10_001, 10_001)),
        "attributes": attributes,
        "named": draw(st.sampled_from((*PEOPLE, None))),
    }


@st.composite
def seats(draw: st.DrawFn) -> tuple[tuple[str, str, str, bool], ...]:
    """Draw who stands where; some lead, some stand twice, some nowhere."""
    return tuple(
        sorted(
            draw(
                st.sets(
                    st.tuples(
                        st.sampled_from(PEOPLE),
                        st.sampled_from(sorted(UNITS)),
                        st.just("sales"),
                        st.booleans(),
                    ),
                    max_size=9,
                )
            )
        )
    )
