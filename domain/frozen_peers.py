"""A person beside peers that were frozen: what a late number means, and nobody else is moved.

The facts of a group (its size, the values around the middle, the sum of the keys of a pool) stay
what they were when the period closed. The person's own place is found anew among the frozen values
of the *others*, so a number that did not change gives the very facts that were frozen.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from domain.exact import INTS
from domain.peer_rules import RankForm

# What somebody is ranked by, larger being better: the value, then what breaks a tie.
RankKey: TypeAlias = tuple[Fraction, ...]
Facts: TypeAlias = Mapping[str, int | None]
OF_GROUP = ("size", "lo_num", "lo_den", "hi_num", "hi_den")


@dataclass(frozen=True, slots=True)
class FrozenGroup:
    """The frozen keys of everybody who was compared in a group, the smallest first."""

    keys: tuple[RankKey, ...]

    @classmethod
    def of(cls, keys: Iterable[RankKey]) -> FrozenGroup:
        """Put the keys in order."""
        return cls(tuple(sorted(keys)))

    def place(self, own: RankKey, before: RankKey | None, form: RankForm) -> tuple[int, int]:
        """Give rank and number of equals of a key among the others.

        ``before`` is the key under which the person himself was frozen; None if he was not.
        """
        first, last = bisect_left(self.keys, own), bisect_right(self.keys, own)
        size = len(self.keys)
        equal, better = INTS.minus(last, first), INTS.minus(size, last)
        if before is not None and before == own:
            equal = INTS.minus(equal, 1)
        if form is RankForm.DENSE:
            better = len(self._different_above(last, before, own))
        elif before is not None and before > own:
            better = INTS.minus(better, 1)
        return INTS.plus(better, 1), INTS.plus(equal, 1)

    def _different_above(
        self, last: int, before: RankKey | None, own: RankKey
    ) -> frozenset[RankKey]:
        """Collect the different better keys; the person's own is one only if others have it."""
        above = set(self.keys[last:])
        if before is not None and before > own:
            alone = bisect_right(self.keys, before) == INTS.plus(bisect_left(self.keys, before), 1)
            if alone:
                above.discard(before)
        return frozenset(above)


def rank_key(values: Iterable[tuple[Fraction | None, bool]]) -> RankKey | None:
    """Make the key of a person from his values, the compared one first; True turns one round.

    None when there is no value to compare. What breaks a tie and is missing comes last.
    """
    (own, turned), *further = values
    if own is None:
        return None
    parts = [_turned(own, turned)]
    for value, lower in further:
        parts.append(Fraction(value is not None))
        parts.append(Fraction(0) if value is None else _turned(value, lower))
    return tuple(parts)


def _turned(value: Fraction, lower: bool) -> Fraction:
    return Fraction(INTS.minus(0, value.numerator), value.denominator) if lower else value


def peer_facts(
    of_group: Facts,
    group: FrozenGroup,
    *,
    own: RankKey | None,
    before: RankKey | None,
    form: RankForm,
) -> dict[str, int | None]:
    """Give the peer inputs of one person, without the name of the comparison.

    ``of_group`` are the frozen facts of the group he is compared in; where they hold no median the
    group was too small, and nobody in it has a place.
    """
    found = {name: of_group.get(name) for name in OF_GROUP}
    rank = tied = None
    if own is not None and found["lo_num"] is not None:
        rank, tied = group.place(own, before, form)
    return {**found, "rank": rank, "tied": tied}


def pool_facts(
    of_team: Facts, *, key_now: int | None, key_before: int | None
) -> dict[str, int | None]:
    """Give what cutting a frozen pool for one person depends on: keys, extra, heads.

    The keys of the others stay, the person's own is replaced: his part is what it would have been,
    and the parts of the others are not touched. A cent left over stays his only with his old key.
    """
    keys, heads = of_team.get("keys"), of_team.get("heads")
    if keys is None or key_now is None:
        return {"keys": keys, "extra": None if key_now is None else 0, "heads": heads}
    total = INTS.plus(INTS.minus(keys, key_before or 0), key_now)
    extra = of_team.get("extra") if key_before == key_now else 0
    return {"keys": total, "extra": extra, "heads": heads}
