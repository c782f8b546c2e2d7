"""Findings about single lines: what never pays, never decides, or is decided at the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.finding import Finding, FindingCode, FindingValue, FindingWeight
from domain.lint_moves import case_of
from domain.lint_search import Sample, Search, pay_names

CONDITIONS = ("line_condition_", "line_minimum_")


def unreachable(search: Search) -> Iterator[Finding]:
    """Find components that paid nobody who was tried, whatever he did."""
    fine, bad = search.sample(search.fine), search.samples[-1]
    for line in search.route.pay.lines:
        if line.name not in pay_names(search.route) or not line.key:
            continue
        if any(each.values[line.name] for each in search.samples):
            continue
        yield Finding(
            code=FindingCode.UNREACHABLE_COMPONENT,
            weight=FindingWeight.WARNING,
            component=line.key,
            witness=(case_of(fine), case_of(bad)),
        )


def dead_tiers(search: Search) -> Iterator[Finding]:
    """Find tiers that nobody enters, and tiers in which the cap already holds everybody."""
    for component in search.plan.components:
        tiers: Sequence[object] = getattr(component, "tiers", ())
        name = f"{component.id}.tier"
        if not tiers or name not in search.samples[0].values:
            continue
        for number, _ in enumerate(tiers, 1):
            inside = [each for each in search.samples if each.values[name] == number]
            if inside and not all(_is_capped(each, component.id) for each in inside):
                continue
            shown = inside or [search.sample(search.fine), search.samples[0]]
            values: dict[str, FindingValue] = {"tier": str(number)}
            yield Finding(
                code=FindingCode.DEAD_TIER,
                weight=FindingWeight.WARNING,
                component=component.id,
                values=values,
                witness=(case_of(shown[0]), case_of(shown[-1])),
            )


def _is_capped(sample: Sample, identity: str) -> bool:
    return any(sample.values.get(name) for name in ("cap.amount", f"{identity}.cap.amount"))


def dead_conditions(search: Search) -> Iterator[Finding]:
    """Find conditions that hold for everybody: they say nothing."""
    for line in search.route.pay.lines:
        if not line.code.startswith(CONDITIONS):
            continue
        seen = {each.values[line.name] for each in search.samples}
        seen.discard(None)
        if seen != {1}:
            continue
        ends = (search.samples[0], search.samples[-1])
        yield Finding(
            code=FindingCode.DEAD_CONDITION,
            weight=FindingWeight.WARNING,
            component=line.key,
            witness=(case_of(ends[0]), case_of(ends[1])),
        )


def limits_at_target(search: Search) -> Iterator[Finding]:
    """Find a cap that already binds, or a floor that still does, for whoever meets every target."""
    met, fine = search.sample(search.at_target), search.sample(search.fine)
    money = search.plan.currency
    weight = FindingWeight.WARNING if search.targets_given else FindingWeight.INFO
    for name, code in (
        ("cap.amount", FindingCode.CAP_BELOW_TARGET),
        ("floor.amount", FindingCode.FLOOR_ABOVE_TARGET),
    ):
        if not met.values.get(name) or met.payout is None:
            continue
        yield Finding(
            code=code,
            weight=weight,
            values={"pays": (met.payout, money), "due": (met.values["subtotal"] or 0, money)},
            witness=(case_of(met), case_of(fine)),
        )
