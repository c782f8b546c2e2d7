"""Rules about people: a year of ranks in, what is due out; and what no rule may ever draw."""

from __future__ import annotations

import random
from typing import Any

import pytest

from domain.period import period_named
from domain.talent import TalentRule
from domain.talent_document import decode_talent
from domain.talent_due import due_for
from domain.talent_evidence import Look, Place

NAME = {"zh-CN": "连续三月前十", "en": "Three months at the top"}
TOP: dict[str, Any] = {
    "id": "senior",
    "kind": "TOP_SHARE_STREAK",
    "name": NAME,
    "proposes": "PROMOTION",
    "counts": "POSTED",
    "cadence": "MONTH",
    "leave": "BREAKS",
    "periods": 3,
    "measure": "score",
    "peerGroup": "COMPANY",
    "minimumCohort": 5,
    "share": "0.1",
    "rounding": "FLOOR",
    "least": 1,
    "tie": "INCLUDE_ALL",
}


def document(**changes: Any) -> dict[str, Any]:
    rule = {key: value for key, value in (TOP | changes).items() if value is not None}
    return {
        "format": "attain.talent/1",
        "key": "sales",
        "name": NAME,
        "openDays": 90,
        "rules": [rule],
    }


def rule(**changes: Any) -> TalentRule:
    rules, problems = decode_talent(document(**changes))
    assert rules is not None, problems
    return rules.rules[0]


def look(month: int, rank: int | None, tied: int = 1, size: int = 50) -> Look:
    """A month in which one person had a rank; without one the person was not there."""
    there = rank is not None
    return Look(
        period=period_named(f"2026-{month:02}"),
        run_id=f"run{month}",
        present=frozenset({"anna"} if there else ()),
        places={"anna": Place(group="g", rank=rank, tied=tied, size=size)} if rank else {},
    )


def months(*ranks: int | None, given: TalentRule | None = None) -> list[str]:
    looks = [look(month, rank) for month, rank in enumerate(ranks, start=1)]
    return [due.period for due in due_for(given or rule(), looks)]


def test_of_fifty_the_first_five_count_and_three_months_in_a_row_are_due_once() -> None:
    assert months(5, 5, 5, 1, 2) == ["2026-03"]
    assert months(5, 6, 5, 5, 5) == ["2026-05"]
    assert months(1, 1, 6, 1, 1, 1, 1) == ["2026-06"]


def test_a_month_without_a_run_breaks_the_streak() -> None:
    looks = [look(1, 1), look(2, 1), look(4, 1), look(5, 1)]
    assert due_for(rule(), looks) == ()
    assert [due.period for due in due_for(rule(), [*looks, look(6, 1)])] == ["2026-06"]


def test_a_tie_at_rank_five_goes_by_its_policy() -> None:
    looks = [look(1, 5, tied=2), look(2, 5, tied=2), look(3, 5, tied=2)]
    assert len(due_for(rule(), looks)) == 1
    assert due_for(rule(tie="EXCLUDE_ALL"), looks) == ()


def test_leave_breaks_or_is_skipped_as_the_rule_says() -> None:
    assert months(1, 1, None, 1) == []
    assert months(1, 1, None, 1, given=rule(leave="SKIPPED")) == ["2026-04"]


def test_a_group_that_is_too_small_is_no_evidence() -> None:
    looks = [look(month, 1, size=4) for month in (1, 2, 3)]
    assert due_for(rule(), looks) == ()


def test_a_score_of_at_least_so_much_is_another_rule_than_a_rank() -> None:
    score = rule(
        kind="SCORE_STREAK",
        score="90",
        **dict.fromkeys(
            ("measure", "peerGroup", "minimumCohort", "share", "rounding", "least", "tie")
        ),
    )
    wanted = score.score
    assert wanted is not None
    looks = [
        Look(
            period=period_named(f"2026-{month:02}"),
            run_id=f"run{month}",
            present=frozenset({"anna"}),
            scores={"anna": points},
        )
        for month, points in enumerate((wanted, wanted - 1, wanted, wanted, wanted), start=1)
    ]
    assert [due.period for due in due_for(score, looks)] == ["2026-05"]


@pytest.mark.parametrize("proposes", ["DISMISSAL", "DEMOTION", "PROMOTION", "RECOGNITION"])
def test_nothing_but_help_is_ever_drawn_from_ranking_last(proposes: str) -> None:
    rules, problems = decode_talent(
        document(kind="BOTTOM_SHARE_STREAK", proposes=proposes, noteToManager=True)
    )
    assert rules is None
    assert [(each.code, each.path) for each in problems] == [
        ("talent_never_from_rank", "rules[0].proposes")
    ]


def test_whoever_is_last_so_often_may_be_offered_coaching() -> None:
    coaching = rule(kind="BOTTOM_SHARE_STREAK", proposes="COACHING", periods=2, noteToManager=False)
    assert months(46, 50, given=coaching) == ["2026-02"]
    assert months(45, 50, given=coaching) == []


def test_no_outcome_of_loss_exists_for_any_rule() -> None:
    rules, problems = decode_talent(document(proposes="DISMISSAL"))
    assert rules is None
    assert problems[0].code == "talent_never_from_rank"


def _naive(ranks: list[int | None]) -> list[str]:
    """Cut the year at every miss; what is left and long enough is due in its third month."""
    hits = [rank is not None and rank <= 5 for rank in ranks]
    found = []
    start = 0
    for end in range(len(hits) + 1):
        if end == len(hits) or not hits[end]:
            if end - start >= 3:
                found.append(f"2026-{start + 3:02}")
            start = end + 1
    return found


def test_random_years_agree_with_a_naive_reading() -> None:
    drawn = random.Random(20261126)
    for _ in range(300):
        ranks = [drawn.choice((None, 1, 4, 5, 5, 6, 30)) for _ in range(12)]
        assert months(*ranks) == _naive(ranks), ranks
