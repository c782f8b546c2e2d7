"""Evidence in scores and KPIs: high scores in a row, misses in a row, and the weakest KPI."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from domain.exact import INTS, added, middle_pair
from domain.talent import Against, TalentRule
from domain.talent_evidence import Due, Kpi, Look, due_in, everybody, marks_of, streaks

# By person and metric: how much was lost, in half steps of a point, and what is told of it.
Lost = dict[str, dict[str, tuple[int, dict[str, str]]]]


def score_streak(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    """Find who had a score of at least so much so often in a row."""
    wanted = rule.score
    if wanted is None:
        return
    for person in everybody(looks):
        scores = [look.scores.get(person) for look in looks]
        hits = [None if score is None else score >= wanted for score in scores]
        for streak in streaks(marks_of(rule, looks, person, hits), rule.periods):
            told = [(place, {"score": str(scores[place])}) for place in streak]
            yield due_in(rule, looks, person, told)


def miss_streak(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    """Find who missed the target of a KPI so often in a row; no verdict is neither hit nor miss."""
    for person in everybody(looks):
        for metric in rule.metrics:
            kpis = [look.kpis.get(person, {}).get(metric) for look in looks]
            missed = [None if each is None or each.met is None else not each.met for each in kpis]
            marks = marks_of(rule, looks, person, missed, silent=True)
            for streak in streaks(marks, rule.periods):
                told = [(place, {"metric": metric} | _points(kpis[place])) for place in streak]
                yield due_in(rule, looks, person, told, metric)


def weakest_kpi(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    """Find the KPI that lost the most points, so often in a row; of equals each is found."""
    lost = [_lost(rule, look) for look in looks]
    metrics = sorted({metric for each in lost for found in each.values() for metric in found})
    for person in everybody(looks):
        weakest = [_weakest(rule, each.get(person, {})) for each in lost]
        for metric in metrics:
            hits = [
                None if not each.get(person) else metric in weak
                for each, weak in zip(lost, weakest, strict=True)
            ]
            for streak in streaks(marks_of(rule, looks, person, hits, silent=True), rule.periods):
                told = [(place, lost[place][person][metric][1]) for place in streak]
                yield due_in(rule, looks, person, told, metric)


def _points(kpi: Kpi | None) -> dict[str, str]:
    if kpi is None or kpi.points is None or kpi.full is None:
        return {}
    return {"points": str(kpi.points), "full": str(kpi.full)}


def _weakest(rule: TalentRule, found: Mapping[str, tuple[int, object]]) -> frozenset[str]:
    """Name the KPIs of one person that lost most, if that is enough to speak of."""
    most = max((lost for lost, _ in found.values()), default=0)
    if most <= 0 or most < INTS.times(rule.least_lost, 2):
        return frozenset()
    return frozenset(metric for metric, (lost, _) in found.items() if lost == most)


def _lost(rule: TalentRule, look: Look) -> Lost:
    """Say by how many points each KPI of everybody stays behind the full weight or the median."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for kpis in look.kpis.values():
        for metric, kpi in kpis.items():
            if kpi.points is not None:
                groups[kpi.group, metric].append(kpi.points)
    found: Lost = {}
    for person, kpis in look.kpis.items():
        for metric, kpi in kpis.items():
            twice = _twice_wanted(rule, kpi, groups[kpi.group, metric])
            if kpi.points is None or twice is None:
                continue
            lost = INTS.minus(twice, INTS.times(kpi.points, 2))
            told = {"metric": metric, "points": str(kpi.points), "wanted_twice": str(twice)}
            found.setdefault(person, {})[metric] = (int(lost), told)
    return found


def _twice_wanted(rule: TalentRule, kpi: Kpi, group: list[int]) -> int | None:
    """Give twice what is wanted: full points, or the median of the group (a pair when even)."""
    if rule.against is Against.TARGET:
        return None if kpi.full is None else int(INTS.times(kpi.full, 2))
    if len(group) < rule.minimum_cohort:
        return None
    return added(middle_pair(group))
