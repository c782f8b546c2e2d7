"""A small pack in several versions, as a vendor would ship one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.document import document_hash
from domain.metric import decode_metric, encode_metric
from domain.plan import decode_plan
from domain.plan_document import encode_plan
from domain.scorecard import decode_scorecard, encode_scorecard
from plugins.packs.pack import Pack
from tests.support.rules import CARD, PLAN, RETENTION, SALES, Document, changed, item, metric, texts

CARD_KEY, PLAN_KEY = "shop.sales_card", "shop.sales_plan"
WEIGHT = f"scorecards/key={CARD_KEY}/items/metric=shop.%s/weight"
BONUS = f"plans/key={PLAN_KEY}/components/id=base_bonus/amount"
CALLS = metric("shop.calls", "COUNT", {"kind": "COUNT", "fact": "call"}, empty="ZERO")
_METRICS = (changed(SALES, key="shop.sales"), changed(RETENTION, key="shop.retention"), CALLS)


def weight(name: str) -> str:
    """Name the path of the weight of a metric."""
    return WEIGHT % name


def card(**weights: str) -> Document:
    """Write the card of the pack with these weights, in their order."""
    units = {"sales": "CNY", "retention": "RATIO", "calls": "COUNT"}
    items = [item(f"shop.{name}", units[name], each) for name, each in weights.items()]
    return changed(CARD, key=CARD_KEY, items=items)


def plan(amount: str = "5000.00", **more: Any) -> Document:
    """Write the plan of the pack: a bonus when the target is met."""
    bonus = changed(PLAN["components"][0], metric="shop.sales", amount=amount)
    terms: dict[str, Any] = {"units": {"shop.sales": "CNY"}, "components": [bonus]}
    return changed(PLAN, key=PLAN_KEY, **(terms | more))


def pack(
    version: str,
    cards: Sequence[Mapping[str, Any]] = (),
    plans: Sequence[Mapping[str, Any]] = (),
    metrics: Sequence[Mapping[str, Any]] = _METRICS,
) -> Pack:
    """Make a version, as reading the file would."""
    made = Pack(
        id="shop",
        version=version,
        hash="",
        file="shop.toml",
        name=texts("Shop"),
        explanation=texts("A pack in versions"),
        industry="shops",
        entities=("order", "call"),
        metrics=tuple(written(decode_metric, encode_metric, each) for each in metrics),
        scorecards=tuple(written(decode_scorecard, encode_scorecard, each) for each in cards),
        plans=tuple(written(decode_plan, encode_plan, each) for each in plans),
        examples=(),
    )
    content = [version, list(made.metrics), list(made.scorecards), list(made.plans)]
    return replace(made, hash=document_hash({"content": content}))


def written(decode: Any, encode: Any, document: Mapping[str, Any]) -> Any:
    """Write a document in its one form."""
    read, problems = decode(document)
    assert read is not None, problems
    return encode(read)


FIRST = pack("1.0.0", [card(sales="60", retention="40")], [plan()])
# The new version weighs differently, asks for calls as well, and pays more.
SECOND = pack("2.0.0", [card(sales="50", retention="40", calls="10")], [plan("6000.00")])
