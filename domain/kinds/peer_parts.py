"""What the kinds that look at other people share: their policies, their inputs and lines."""

from __future__ import annotations

from collections.abc import Sequence

from domain.component import SCORE, Condition, Fallback, PeerGroup, Terms, unit_of
from domain.document import DocumentReader
from domain.exact import Comparison, Value, Words
from domain.peer_rules import Members
from domain.plan_reader import PlanReader
from domain.program import NUMBER, TRUTH, Cohort, Input, LineKind, LineSpec, Need, NeedKind
from domain.scorecard import read_at_least
from domain.unit import CURRENCIES

RANK_PARTS = ("size", "rank", "tied")
LINE_PARTS = ("lo_num", "lo_den", "hi_num", "hi_den")
COUNTED_CODES = tuple(f"line_counted_{each.value.lower()}" for each in Members)
_ADDITIVE = frozenset({*CURRENCIES, "COUNT"})


def read_members(
    reader: DocumentReader, plan: PlanReader, metric: str | None, *, scaled: bool = True
) -> Members | None:
    """Read who counts. Only what adds up day by day can be scaled to the whole period."""
    found = reader.choice("members", Members)
    additive = scaled and plan.unit(metric) in _ADDITIVE
    if found is Members.PRORATED and metric is not None and not additive:
        refuse_choice(reader, "members", found, [each for each in Members if each is not found])
    return found


def refuse_choice(reader: DocumentReader, field: str, value: str, choices: Sequence[str]) -> None:
    """Note that a choice does not go together with the others."""
    values = {"field": field, "value": str(value), "choices": ", ".join(choices)}
    reader.note("choice_unknown", reader.at(field), values)


def read_keys(reader: DocumentReader, plan: PlanReader, field: str) -> tuple[str, ...]:
    """Read a list of metrics, each once, whose units the plan declares; the score may be one."""
    found = reader.names(field)
    for place, name in enumerate(found):
        path = f"{reader.at(field)}[{place}]"
        if name != SCORE and name not in plan.units:
            reader.note("unit_missing", path, {"metric": name[:80]})
        if name in found[:place]:
            reader.note("name_not_unique", path, {"name": name[:80]})
    return found


def read_fallback(reader: DocumentReader) -> Fallback | None:
    """Read what a small group means, where there is no minimum that could decide alone."""
    found = reader.choice("fallback", Fallback)
    if found is Fallback.MINIMUM_ONLY:
        reader.note("minimum_required", reader.at("fallback"), {"fallback": found.value})
    return found


def read_reward(
    reader: DocumentReader, plan: PlanReader
) -> tuple[str | None, int | None, int | None]:
    """Read a metric with a flat amount, a rate on what lies above a line, or both."""
    rate = read_at_least(reader, "rate", "RATIO", required=False)
    metric = plan.metric(reader, money=rate is not None, score=True)
    if rate is not None and metric == SCORE:
        values = {"metric": SCORE, "unit": "POINT", "wanted": plan.currency or ""}
        reader.note("unit_differs", reader.at("metric"), values)
    amount = plan.amount(reader, "amount", required=False)
    if amount is None and rate is None:
        reader.note("amount_or_rate_missing", reader.path, {})
    return metric, amount, rate


def check_minimum_only(
    reader: DocumentReader,
    fallback: Fallback | None,
    minimum: Condition | None,
    metric: str | None,
) -> None:
    """Demand the minimum that decides alone when the group is too small."""
    if fallback is Fallback.MINIMUM_ONLY and (minimum is None or minimum.metric != metric):
        reader.note("minimum_required", reader.at("minimum"), {"fallback": fallback.value})


def rank_inputs(identity: str) -> tuple[Input, ...]:
    """Name the facts of a place among peers."""
    return tuple(Input(name=f"{identity}.peers.{part}", unit=NUMBER) for part in RANK_PARTS)


def line_inputs(identity: str, terms: Terms, metric: str) -> tuple[Input, ...]:
    """Name the facts of a line through a peer group: its size and the two values around it."""
    unit = unit_of(terms, metric)
    units = {"lo_num": unit, "hi_num": unit}
    parts = ("size", *LINE_PARTS)
    return tuple(
        Input(name=f"{identity}.peers.{part}", unit=units.get(part, NUMBER)) for part in parts
    )


def whole_group(
    identity: str,
    metric: str,
    terms: Terms,
    peer_group: PeerGroup,
    small: tuple[int, Fallback],
) -> tuple[Cohort, ...]:
    """Compare with everybody of a peer group; ``small`` is the least size and what less means."""
    minimum, fallback = small
    return (
        Cohort(
            id=identity,
            measure=metric,
            unit=unit_of(terms, metric),
            peer_group=peer_group,
            minimum=minimum,
            fallback=fallback,
        ),
    )


def line_needs(identity: str, members: Members) -> tuple[Need, ...]:
    """Name what a line through a peer group needs: the days, where they scale it."""
    scaled = members is Members.PRORATED
    return presence_needs(f"{identity}.peers", members, days=scaled, period=scaled)


def presence_needs(
    name: str, members: Members, *, days: bool, period: bool = False
) -> tuple[Need, ...]:
    """Name what is needed of a person's presence: whether he counts, his days, the period's."""
    counted = Need(name=f"{name}.counted", kind=NeedKind.COUNTED, unit=TRUTH, members=members)
    own = Need(name=f"{name}.days", kind=NeedKind.DAYS, unit=NUMBER)
    whole = Need(name=f"{name}.period_days", kind=NeedKind.PERIOD_DAYS, unit=NUMBER)
    return (counted, *((own,) if days else ()), *((whole,) if period else ()))


def counted_line(identity: str, members: Members, facts: str = "peers") -> LineSpec:
    """Make the line that says whether the person counts, by the rule of the plan."""

    def work(words: Words, counted: Value) -> Value:
        return counted

    return LineSpec(
        name=f"{identity}.counts",
        code=f"line_counted_{members.value.lower()}",
        unit=TRUTH,
        kind=LineKind.STEP,
        key=identity,
        inputs=(f"{identity}.{facts}.counted",),
        work=work,
    )


def without_place(words: Words, size: Value, minimum: int) -> Value:
    """Give what a place pays that is not known: nothing in too small a group, else nobody knows."""
    small = words.compare(size, Comparison.LESS_THAN, max(minimum, 1))
    return words.choose(small, 0, None)
