"""Every line has a sentence in both languages, and fills all its places."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings

from domain.evaluate import compile_pay, compile_score, explain
from domain.line_codes import LINE_CODES
from domain.plan import decode_plan
from domain.scorecard import decode_scorecard
from tests.support import sentences
from tests.support.plans import people, plans, scorecards

CATALOGUE = sentences.catalogue()


def test_every_line_code_has_a_sentence() -> None:
    assert sorted(LINE_CODES - CATALOGUE.codes) == []


def test_no_line_sentence_is_left_without_a_code() -> None:
    lines = {code for code in CATALOGUE.codes if code.startswith("line_")}
    others = {"line_undefined", "line_out_of_range", "line_too_long"}
    assert sorted(lines - LINE_CODES - others) == []


# Large documents and rare cases are what is wanted here, slow and filtered as they are.
CHECKS = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


@settings(deadline=None, suppress_health_check=CHECKS)
@given(card=scorecards(), plan=plans(), person=people())
def test_every_line_is_on_the_list_and_fills_the_places_of_its_sentence(
    card: dict[str, Any], plan: dict[str, Any], person: dict[str, int | None]
) -> None:
    scorecard, _ = decode_scorecard(card)
    decoded, _ = decode_plan(plan)
    assert scorecard is not None
    assert decoded is not None
    inputs = dict(person)
    for cohort in compile_pay(decoded).cohorts:
        for part in ("size", "rank", "tied", "lo_num", "lo_den", "hi_num", "hi_den"):
            inputs[f"{cohort.id}.peers.{part}"] = 1
    inputs.update({each.name: 1 for need in compile_pay(decoded).needs for each in need.inputs})
    for program in (compile_score(scorecard), compile_pay(decoded)):
        for line in explain(program, inputs):
            assert line.code in LINE_CODES
            # the reader's name of a KPI or component is added by whoever renders the line
            assert CATALOGUE.places(line.code) <= {*line.places, "name"}, line.code
