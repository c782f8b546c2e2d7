"""What a run has to say is said with names, and nobody is told of a person they may not see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from actions.calculate import Mode, calculate
from actions.define_metric import define_metric
from tests.api.company import Served, calculated, served
from tests.support.company import SYSTEM
from tests.support.rules import SALES, changed


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as found:
        yield found


def test_a_missing_goal_names_the_metric_and_the_person(made: Served) -> None:
    called = changed(SALES, name={"en": "Sales volume", "zh-CN": "销售额"})
    with made.runtime.writing(made.entity, SYSTEM) as writing:
        define_metric(writing, SYSTEM, called, valid_from=date(2026, 10, 1))
    calculate(made.runtime, SYSTEM, made.entity, "2026-10", Mode.TRIAL)
    asked = '{ calculations(period: "2026-10") { problems { code message path } } }'
    for language, sales in (("en", "Sales volume"), ("zh-CN", "销售额")):
        (run,) = made.data("hr", asked, language)["calculations"]
        told = {each["path"]: each for each in run["problems"]}
        assert told["sales"]["code"] == "GOAL_MISSING"
        assert sales in told["sales"]["message"], told["sales"]["message"]
        assert "anna" in told["sales"]["message"]
        assert "per_" not in told["sales"]["message"]
    anna = made.ids["anna"]
    asked = (
        f'{{ scoreSheet(period: "2026-10", person: "{anna}") {{ problems {{ code message }} }} }}'
    )
    for language, gap in (("en", "Sales volume (target)"), ("zh-CN", "销售额（目标值）")):
        found = made.data("hr", asked, language)["scoreSheet"]["problems"]
        said = [each["message"] for each in found]
        assert any(gap in each for each in said), said
        # What is computed of it is missing too, and that is not said once more for each line.
        assert {each["code"] for each in found} == {"INPUT_MISSING"}
        assert not [each for each in said if ".attainment" in each or ".score" in each], said


def test_whoever_may_see_somebody_is_told_that_no_scorecard_reaches_them(made: Served) -> None:
    calculated(made)
    meng = made.ids["meng"]  # a manager: the scorecard is for salespeople
    score = f'{{ scoreSheet(period: "2026-09", person: "{meng}") {{ rank }} }}'
    pay = f'{{ statement(period: "2026-09", person: "{meng}") {{ hash }} }}'
    answer = made.ask("hr", score)
    (problem,) = answer["extensions"]["problems"]
    assert (problem["code"], answer["data"]["scoreSheet"]) == ("RESULT_MISSING", None)
    assert "no scorecard and no plan" in problem["message"]
    assert made.codes("hr", pay) == ["RESULT_MISSING"]
    own = '{ scoreSheet(period: "2026-09") { rank } }'
    assert made.codes("meng", own) == ["RESULT_MISSING"]
    # To whoever may not see them they look like somebody who is not there.
    nobody = score.replace(meng, "per_00000000000000000000000000")
    for who in ("anna", "fang"):
        for asked in (score, pay, nobody):
            assert made.codes(who, asked) == ["NOT_FOUND"], (who, asked)
    assert made.codes("hr", nobody) == ["NOT_FOUND"]
    assert made.codes("admin", score) == ["FORBIDDEN"]
