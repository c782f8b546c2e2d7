"""From published rules over posted runs to a suggestion, its decision, and thanks in public."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.company import Served, calculated, served

NAME = {"zh-CN": "规则", "en": "Rule"}
STEP = "suggestion { id state version reason objection decidedBy }"
PUBLISH = """mutation($d: Document!, $k: IdempotencyKey!) { talentRulesPublish(input:
  {idempotencyKey: $k, document: $d, validFrom: "2026-01-01"}) {
  ... on TalentRulesPublishSuccess { rules { key version } } ... on Problem { code } } }"""
REFRESH = """mutation($k: IdempotencyKey!) { suggestionRefresh(input: {idempotencyKey: $k}) {
  ... on SuggestionRefreshSuccess { legalEntity } ... on Problem { code } } }"""
LIST = """{ suggestions { id person kind outcome state version course { key }
  evidence { period run text } } }"""
DECIDE = f"""mutation($i: SuggestionDecideInput!) {{ suggestionDecide(input: $i) {{
  ... on SuggestionDecideSuccess {{ {STEP} }} ... on Problem {{ code }} }} }}"""
OBJECT = f"""mutation($i: SuggestionObjectInput!) {{ suggestionObject(input: $i) {{
  ... on SuggestionObjectSuccess {{ {STEP} }} ... on Problem {{ code }} }} }}"""
ANSWER = f"""mutation($i: RecognitionAnswerInput!) {{ recognitionAnswer(input: $i) {{
  ... on RecognitionAnswerSuccess {{ {STEP} }} ... on Problem {{ code }} }} }}"""
BOARD = "{ recognitions { person title { en } words { text zhCN en } } }"

THANKS = {"zhCN": "再夺第一", "en": "First again"}


def rules(**changes: Any) -> dict[str, Any]:
    rule = {
        "id": "best",
        "kind": "TOP_SHARE_STREAK",
        "name": NAME,
        "proposes": "PROMOTION",
        "counts": "POSTED",
        "cadence": "MONTH",
        "leave": "BREAKS",
        "periods": 1,
        "measure": "sales",
        "peerGroup": "COMPANY",
        "minimumCohort": 5,
        "share": "0.1",
        "rounding": "FLOOR",
        "least": 1,
        "tie": "INCLUDE_ALL",
    }
    return {
        "format": "attain.talent/1",
        "key": "sales",
        "name": NAME,
        "openDays": 90,
        "rules": [rule | changes],
    }


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(sqlite_url, tmp_path) as found:
        calculated(found)
        yield found


def _suggested(made: Served, **changes: Any) -> dict[str, Any]:
    published = made.data("hr", PUBLISH, d=rules(**changes), k="rules-key-1")
    assert published["talentRulesPublish"] == {"rules": {"key": "sales", "version": 1}}
    for key in ("refresh-key-1", "refresh-key-2"):
        made.data("hr", REFRESH, k=key)
    found = made.data("hr", LIST)["suggestions"]
    assert len(found) == 1
    return dict(found[0])


def _given(row: dict[str, Any], key: str, **more: Any) -> dict[str, Any]:
    return {
        "idempotencyKey": key,
        "suggestion": row["id"],
        "expectedVersion": row["version"],
    } | more


def test_a_promotion_is_suggested_decided_seen_objected_to_and_decided_anew(made: Served) -> None:
    row = _suggested(made)
    assert (row["person"], row["state"]) == (made.ids["eve"], "SUGGESTED")
    assert row["evidence"][0]["text"] == "2026-09: rank 1 of 7; the best 1 count"
    seen = made.data("eve", LIST)["suggestions"][0]
    assert (seen["id"], seen["state"]) == (row["id"], "SUGGESTED")
    assert made.data("anna", LIST)["suggestions"] == []
    accept = {"decision": "ACCEPT", "reason": "she leads already"}
    refused = made.data("meng", DECIDE, i=_given(row, "decide-key-1", **accept))
    assert refused["suggestionDecide"] == {"code": "FORBIDDEN"}
    decline = {"decision": "DECLINE", "reason": "no place is free"}
    told = made.data("hr", DECIDE, i=_given(row, "decide-key-2", **decline))
    assert told["suggestionDecide"]["suggestion"]["state"] == "DECLINED"
    mine = made.data("eve", LIST)["suggestions"][0]
    objected = made.data("eve", OBJECT, i=_given(mine, "object-key-1", objection="there is one"))
    again = objected["suggestionObject"]["suggestion"]
    assert again["objection"] == "there is one"
    assert made.data("anna", OBJECT, i=_given(again, "object-key-2", objection="me"))[
        "suggestionObject"
    ] == {"code": "NOT_FOUND"}
    anew = made.data("hr", DECIDE, i=_given(again, "decide-key-3", **accept))
    assert anew["suggestionDecide"]["suggestion"]["state"] == "ACCEPTED"


def test_thanks_are_public_only_after_a_yes_and_never_name_money(made: Served) -> None:
    row = _suggested(made, proposes="RECOGNITION")
    thanks = {"decision": "ACCEPT", "reason": "well done", "audience": "COMPANY"}
    money = made.data(
        "hr",
        DECIDE,
        i=_given(row, "decide-key-1", words={"zhCN": "卖出 150 万元", "en": "Well sold"}, **thanks),
    )
    assert money["suggestionDecide"] == {"code": "RECOGNITION_MONEY"}
    worded = made.data("hr", DECIDE, i=_given(row, "decide-key-2", words=THANKS, **thanks))
    step = worded["suggestionDecide"]["suggestion"]
    assert made.data("fang", BOARD)["recognitions"] == []
    other = made.data("hr", ANSWER, i=_given(step, "answer-key-1", answer="PUBLISH"))
    assert other["recognitionAnswer"] == {"code": "SUGGESTION_NOT_ONES_OWN"}
    made.data("eve", ANSWER, i=_given(step, "answer-key-2", answer="PUBLISH"))
    assert made.data("fang", BOARD)["recognitions"] == [
        {
            "person": made.ids["eve"],
            "title": {"en": "Rule"},
            "words": {"text": "First again"} | THANKS,
        }
    ]


def test_a_document_that_draws_a_loss_from_a_rank_is_refused(made: Served) -> None:
    given = rules(kind="BOTTOM_SHARE_STREAK", proposes="DISMISSAL")
    answer = made.data("hr", PUBLISH, d=given, k="rules-key-1")["talentRulesPublish"]
    assert answer == {"code": "DOCUMENT_REFUSED"}
