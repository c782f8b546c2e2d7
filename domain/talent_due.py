"""What a rule about people finds in some periods, in whatever order the periods come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from domain.talent import TalentKind, TalentRule
from domain.talent_evidence import Due, Look
from domain.talent_kpis import miss_streak, score_streak, weakest_kpi
from domain.talent_places import first_above, platform_lead, share_streak


def due_for(rule: TalentRule, looks: Sequence[Look]) -> tuple[Due, ...]:
    """Return what a rule finds in these periods, in the order of periods and people."""
    ordered = sorted(looks, key=lambda look: look.period.start)
    found = list(FINDERS[rule.kind](rule, ordered))
    place = {look.period.name: index for index, look in enumerate(ordered)}
    return tuple(sorted(found, key=lambda d: (place[d.period], d.person_id, d.metric or "")))


FINDERS: Mapping[TalentKind, Callable[[TalentRule, Sequence[Look]], Iterator[Due]]] = {
    TalentKind.TOP_SHARE_STREAK: share_streak,
    TalentKind.BOTTOM_SHARE_STREAK: share_streak,
    TalentKind.SCORE_STREAK: score_streak,
    TalentKind.FIRST_ABOVE_MEDIAN: first_above,
    TalentKind.PLATFORM_LEAD: platform_lead,
    TalentKind.MISS_STREAK: miss_streak,
    TalentKind.WEAKEST_KPI: weakest_kpi,
}
