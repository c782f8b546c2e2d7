"""Broken packs: each breaks one promise, and the check of that promise has to see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Content = dict[str, Any]
Mutant = Callable[[Content], None]


def unknown_field(content: Content) -> None:
    """Say something that no field is for."""
    content["author"] = "me"


def broken_curve(content: Content) -> None:
    """Score along a curve that does not exist."""
    content["scorecards"][0]["items"][0]["curve"]["form"] = "WAVE"


def heavy_item(content: Content) -> None:
    """Weigh more than 100 together."""
    content["scorecards"][0]["items"][0]["weight"] = "90"


def other_unit(content: Content) -> None:
    """Count a KPI in points in the card and in money in its definition."""
    content["scorecards"][0]["items"][0]["unit"] = "POINT"


def other_direction(content: Content) -> None:
    """Say that more is better in the card, and that less is in the definition."""
    content["metrics"][0]["direction"] = "LOWER"


def foreign_key(content: Content) -> None:
    """Define the KPI of another pack."""
    content["metrics"][-1]["key"] = "retail.sales"


def no_number(content: Content) -> None:
    """Divide by what is nothing as long as sales do not grow."""
    growth = {"kind": "GROWTH", "of": _orders(), "periodsBack": 1}
    formula = {"kind": "RATIO", "numerator": _orders(), "denominator": growth}
    share = next(each for each in content["metrics"] if each["unit"] == "RATIO")
    share |= {"empty": "NO_DATA", "formula": formula}


def _orders() -> Content:
    return {"kind": "SUM", "fact": "order", "unit": "CNY"}


def english_only(content: Content) -> None:
    """Write the Chinese name in English."""
    content["metrics"][0]["name"]["zh-CN"] = "Sales"


def chinese_in_english(content: Content) -> None:
    """Leave Chinese in the English explanation."""
    content["explanation"]["en"] += "（消费品）"


def no_synonyms(content: Content) -> None:
    """Be found by nobody who calls it otherwise."""
    content["synonyms"].popitem()


def shared_synonym(content: Content) -> None:
    """Call two KPIs the same."""
    first, second, *_ = content["synonyms"].values()
    second["en"] = [*second["en"], first["en"][0]]


def pays_less_for_more(content: Content) -> None:
    """Pay a rate on all orders below 100, and hardly any from there on."""
    plan = content["plans"][0]
    metric = next(key for key, unit in plan["units"].items() if unit == plan["currency"])
    plan["components"].append(
        {
            "id": "falling",
            "kind": "TIERED",
            "name": {"zh-CN": "倒挂", "en": "Falling"},
            "missing": "ZERO",
            "metric": metric,
            "measure": "ACTUAL",
            "mode": "WHOLE",
            "boundary": "UPPER_TIER",
            "negative": "ZERO",
            "tiers": [{"upTo": "100000", "rate": "0.50"}, {"rate": "0.01"}],
        }
    )


def wrong_number(content: Content) -> None:
    """State another number than comes out."""
    expect = content["examples"][0]["people"][0]["expect"]
    expect[next(iter(expect))] = "123456"


def unproven_plan(content: Content) -> None:
    """Have a plan that no example runs."""
    content["plans"].append(content["plans"][0] | {"key": f"{content['id']}.unproven_plan"})


def only_easy_cases(content: Content) -> None:
    """Show only people of whom everything is known."""
    keys = [metric["key"] for metric in content["metrics"]]
    for example in content["examples"]:
        for person in example["people"]:
            for key in keys:
                given = person["given"].setdefault(key, {})
                given.setdefault("actual", "1")


def reserved_id(content: Content) -> None:
    """Take the id of a pack we ship."""
    content["id"] = "saas"


def unused_facts(content: Content) -> None:
    """Ask for facts that nothing reads."""
    content["requires"]["entities"].append("weather")


def changed_meaning(content: Content) -> None:
    """Count something else under the same key."""
    content["version"] = "9.0.0"
    content["metrics"][0]["formula"]["fact"] = content["requires"]["entities"][1]


def key_gone(content: Content) -> None:
    """Take a plan away in a minor version."""
    major = content["version"].partition(".")[0]
    content["version"] = f"{major}.99.0"
    gone = content["plans"].pop()["key"]
    content["examples"] = [each for each in content["examples"] if each.get("plan") != gone]


def same_version(content: Content) -> None:
    """Say something else under the version that is installed."""
    content["explanation"]["en"] += " More."


# By the check that has to see it; P12 is tried on a pack whose reader was made blind, in our tests.
MUTANTS: Mapping[str, tuple[Mutant, ...]] = {
    "P01": (unknown_field, broken_curve),
    "P02": (heavy_item,),
    "P03": (other_unit, other_direction, foreign_key),
    "P04": (no_number,),
    "P05": (english_only, chinese_in_english),
    "P06": (no_synonyms, shared_synonym),
    "P07": (pays_less_for_more,),
    "P08": (wrong_number,),
    "P09": (unproven_plan, only_easy_cases),
    "P10": (reserved_id,),
    "P11": (unused_facts,),
    "P13": (changed_meaning, key_gone, same_version),
}
