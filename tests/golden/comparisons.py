"""Golden comparisons: people beside each other, without a plan; medians, places, percentiles."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from domain.compare import (
    CohortPolicy,
    Compared,
    Measure,
    RankPolicy,
    above_median,
    compare_everyone,
    fractional_rank,
    top_places,
    within_top,
)
from domain.component import CutTie, ShareRounding
from domain.exact import INTS
from domain.metric import Direction
from domain.percentile import Percentile, PercentileMethod, between, place_of
from domain.unit import DECIMALS
from messages.render import Catalogue, Locale
from tests.golden.answer import Answer, Row, name_in
from tests.golden.words import say, shown, steps_of
from tests.support.peer_inputs import column


def read(path: Path) -> Answer:
    """Read the groups of a case and compare their people."""
    groups = tomllib.loads(path.read_text("utf-8"))["groups"]
    numbers = [compared(group) for group in groups]

    def page(_: Catalogue, locale: Locale) -> str:
        pairs = zip(groups, numbers, strict=True)
        return "\n\n".join(_printed(group, found, locale) for group, found in pairs) + "\n"

    return Answer(rows=groups, numbers=numbers, page=page)


def people_of(group: Row) -> dict[str, str]:
    """Read who is compared: by name, or by a list of values whose people are numbered."""
    values = group["values"]
    if isinstance(values, list):
        return {str(place): value for place, value in enumerate(values, start=1)}
    return dict(values)


def compared(group: Row) -> dict[str, Fraction | None]:
    """Compare the people of one group in every way it asks for."""
    people = people_of(group)
    scale = 10 ** DECIMALS[group["unit"]]
    own = Measure(num=column([steps_of(value, group["unit"]) for value in people.values()]))
    plain, dense = (
        _compared(own, group, policy) for policy in (RankPolicy.COMPETITION, RankPolicy.DENSE)
    )
    above = above_median(own, plain)
    found: dict[str, Fraction | None] = {"size": Fraction(len(people))}
    found["median"] = _middle(plain, scale)
    found |= _percentiles(group, own, scale)
    places = _places(group, len(people))
    if places is not None:
        found["places"] = Fraction(places)
    for row, (name, value) in enumerate(people.items()):
        rank, tied = plain.rank.at(row), plain.tied.at(row)
        median = found["median"]
        found[f"{name}.gap"] = None if median is None else Fraction(value) - median
        truth = above.at(row)
        found[f"{name}.above"] = None if truth is None else Fraction(truth)
        if rank is None or tied is None:
            continue
        found[f"{name}.rank"] = Fraction(rank)
        found[f"{name}.dense"] = Fraction(dense.rank.at(row) or 0)
        found[f"{name}.shared"] = Fraction(*fractional_rank(rank, tied))
        if places is not None:
            tie = CutTie(group["top"]["tie"])
            found[f"{name}.within"] = Fraction(within_top(rank, tied, places, tie))
    return found


def _compared(own: Measure, group: Row, ranking: RankPolicy) -> Compared:
    policy = CohortPolicy(
        minimum=group.get("minimum", 1),
        ranking=ranking,
        direction=Direction(group.get("direction", "HIGHER")),
    )
    return compare_everyone(own, np.zeros(len(own.num), dtype=np.int64), policy=policy)


def _middle(found: Compared, scale: int) -> Fraction | None:
    parts = [getattr(found, name).at(0) for name in ("lo_num", "lo_den", "hi_num", "hi_den")]
    if None in parts:
        return None
    low, below, high, under = parts
    return (Fraction(low, below) + Fraction(high, under)) / 2 / scale


def _percentiles(group: Row, own: Measure, scale: int) -> dict[str, Fraction]:
    found = {}
    codes = np.zeros(len(own.num), dtype=np.int64)
    for method in group.get("percentile", {}).get("methods", ()):
        share = steps_of(group["percentile"]["share"], "RATIO")
        percentile = Percentile(share=share, method=PercentileMethod(method))
        around = compare_everyone(own, codes, policy=CohortPolicy(percentile=percentile))
        low, high = (
            (getattr(around, f"{end}_num").at(0), getattr(around, f"{end}_den").at(0))
            for end in ("lo", "hi")
        )
        place = place_of(INTS, percentile, len(own.num))
        found[method] = Fraction(*between(INTS, low, high, place)) / scale
    return found


def _places(group: Row, size: int) -> int | None:
    top: Mapping[str, Any] | None = group.get("top")
    if top is None:
        return None
    share = steps_of(top["share"], "RATIO")
    return top_places(size, share, ShareRounding(top["rounding"]), top["least"])


def _printed(group: Row, found: Mapping[str, Fraction | None], locale: Locale) -> str:
    unit, size = group["unit"], len(people_of(group))
    median = found["median"]
    lines = [f"== {name_in(group, locale)}"]
    lines.append(
        say("nobody", locale)
        if median is None
        else say("median", locale, size=size, value=shown(median, unit, locale))
    )
    for method in group.get("percentile", {}).get("methods", ()):
        value, share = found[method], Fraction(group["percentile"]["share"])
        assert value is not None
        told = {"share": shown(share, "RATIO", locale), "value": shown(value, unit, locale)}
        lines.append(say("percentile", locale, method=method, **told))
    if "places" in found:
        part = shown(Fraction(group["top"]["share"]), "RATIO", locale)
        lines.append(say("places", locale, size=size, share=part, places=str(found["places"])))
    people = people_of(group)
    for name, written in people.items():
        if f"{name}.rank" in found and name in group.get("show", people):
            lines.append(_person(group, found, (name, Fraction(written)), locale))
    return "\n".join(lines)


def _person(
    group: Row, found: Mapping[str, Fraction | None], person: tuple[str, Fraction], locale: Locale
) -> str:
    name, value = person
    unit, gap = group["unit"], found[f"{name}.gap"]
    competition, dense, shared = (found[f"{name}.{each}"] for each in ("rank", "dense", "shared"))
    assert shared is not None
    places = {
        "competition": str(competition),
        "dense": str(dense),
        "fractional": f"{float(shared):g}",
    }
    word = "equals" if shared != competition else "after_equals" if dense != competition else "rank"
    parts = [say(word, locale, **places)]
    if gap is not None:
        sign = "+" if gap > 0 else ""
        parts.append(say("gap", locale, gap=f"{sign}{shown(gap, unit, locale)}"))
        parts.append(say("above" if found[f"{name}.above"] else "below", locale))
    if f"{name}.within" in found:
        word = "within" if found[f"{name}.within"] else "outside"
        parts.append(say(word, locale, places=str(found["places"])))
    comma = "，" if locale is Locale.ZH_CN else ", "
    return f"{shown(value, unit, locale):>14}  {name}  {comma.join(parts)}"
