"""Evidence in standings: the best and the last share, the median, and who may lead a platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.compare import top_places, within_top
from domain.exact import INTS, RATIO_ONE
from domain.peers import twice_above_median
from domain.talent import Average, Share, TalentKind, TalentRule
from domain.talent_evidence import (
    Due,
    Look,
    Mark,
    Place,
    due_in,
    everybody,
    marks_of,
    streaks,
)


def in_share(share: Share, place: Place, *, last: bool) -> tuple[bool, int]:
    """Say whether a place is within the best (or last) share of its group, and how many that is."""
    places = top_places(place.size, share.share, share.rounding, share.least)
    # Competition rank counted from the other end: so many are worse, and one more.
    behind = INTS.minus(INTS.plus(place.size, 1), INTS.plus(place.rank, place.tied))
    rank = int(INTS.plus(behind, 1)) if last else place.rank
    return within_top(rank, place.tied, places, share.tie), places


def share_streak(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    """Find who was in the best (or last) share so often in a row."""
    share, last = rule.share, rule.kind is TalentKind.BOTTOM_SHARE_STREAK
    if share is None:
        return
    for person in everybody(looks):
        hits: list[bool | None] = []
        told: list[dict[str, str]] = []
        for look in looks:
            place = look.places.get(person)
            if place is None or place.size < rule.minimum_cohort:
                hits.append(None)
                told.append({})
                continue
            hit, places = in_share(share, place, last=last)
            hits.append(hit)
            told.append(
                {"rank": str(place.rank), "size": str(place.size), "places": str(places)}
                | ({"tied": str(place.tied)} if place.tied > 1 else {})
            )
        marks = marks_of(rule, looks, person, hits)
        for streak in streaks(marks, rule.periods):
            yield due_in(rule, looks, person, [(place, told[place]) for place in streak])


def first_above(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    """Find the first period over the median of somebody who has been at or below it before."""
    for person in everybody(looks):
        below = False
        for index, look in enumerate(looks):
            place = look.places.get(person)
            if place is None or place.middle is None or place.size < rule.minimum_cohort:
                continue
            over, _ = twice_above_median(INTS, place.value, *place.middle)
            if over > 0:
                if below:
                    told = {"rank": str(place.rank), "size": str(place.size)}
                    yield due_in(rule, looks, person, [(index, told)])
                break
            below = True


def platform_lead(rule: TalentRule, looks: Sequence[Look]) -> Iterator[Due]:
    """Find who was above the average of the platform on several platforms, over a long time.

    Both conditions hold in one window of ``periods`` periods: so many platforms, and above the
    average of the platform of the day in at least the named share of the periods.
    """
    for person in everybody(looks):
        places = [look.places.get(person) for look in looks]
        above = [_above(rule, place) for place in places]
        held: list[int] = []
        was_due = False
        for place, mark in marks_of(rule, looks, person, _verdicts(above), silent=True):
            if mark is Mark.BREAK:
                held, was_due = [], False
            if mark is not Mark.HIT:
                continue
            held = [*held, place][-rule.periods :]
            is_due = len(held) == rule.periods and _leads(rule, places, above, held)
            if is_due and not was_due:
                told = [(each, _compared(rule, places[each])) for each in held]
                yield due_in(rule, looks, person, told)
            was_due = is_due


def _verdicts(above: Sequence[bool | None]) -> list[bool | None]:
    """A period counts for the window when it says anything, be it above or below."""
    return [None if each is None else True for each in above]


def _leads(
    rule: TalentRule,
    places: Sequence[Place | None],
    above: Sequence[bool | None],
    held: Sequence[int],
) -> bool:
    platforms = {place.group for each in held if (place := places[each]) is not None}
    hits = len([each for each in held if above[each]])
    enough = INTS.times(hits, RATIO_ONE) >= INTS.times(rule.above, len(held))
    return len(platforms) >= rule.platforms and enough


def _above(rule: TalentRule, place: Place | None) -> bool | None:
    """Say whether somebody is above the average of the group, exactly; None: nothing to compare."""
    if place is None or place.size < rule.minimum_cohort:
        return None
    if rule.average is Average.MEDIAN:
        if place.middle is None:
            return None
        return bool(twice_above_median(INTS, place.value, *place.middle)[0] > 0)
    (num, den), (whole, parts) = place.value, place.whole
    if parts <= 0:
        return None
    return bool(INTS.times(num, parts) > INTS.times(whole, den))


def _compared(rule: TalentRule, place: Place | None) -> dict[str, str]:
    if place is None:
        return {}
    told = {
        "platform": place.named or place.group,
        "size": str(place.size),
        "unit": place.unit,
        "value": fraction_text(place.value),
    }
    if rule.average is Average.POOLED:
        return told | {"average": fraction_text(place.whole)}
    lo, hi = place.middle or ((0, 1), (0, 1))
    top = INTS.plus(INTS.times(lo[0], hi[1]), INTS.times(hi[0], lo[1]))
    bottom = INTS.times(2, INTS.times(lo[1], hi[1]))
    return told | {"average": fraction_text((top, bottom))}


def fraction_text(value: tuple[int, int]) -> str:
    """Write an exact fraction of steps as evidence keeps it."""
    return f"{value[0]}/{value[1]}"
