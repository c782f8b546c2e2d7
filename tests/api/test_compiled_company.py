"""Over a real company both executors give the same answers to generated questions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries
from starlette.testclient import TestClient

from api.app import build_app
from api.meters import MEDIA_TYPE
from api.schema import Schema, build_schema
from tests.api.company import Served, calculated, served
from tests.api.test_any_input import PRINTED, SCALARS, TRIES


@cache
def quick_schema() -> Schema:
    return build_schema(compiled=True)


@cache
def stock_schema() -> Schema:
    return build_schema(compiled=False)


@pytest.fixture(scope="module")
def made(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One calculated company; questions change nothing."""
    folder = tmp_path_factory.mktemp("both")
    copy = folder / "both.db"
    copy.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{copy}", folder) as found:
        calculated(found)
        for who in ("hr", "meng", "anna"):
            found.token(who)
        yield found


def _answer(made: Served, schema: Schema, who: str, text: str) -> Any:
    made.app = build_app(made.server, schema)
    answer = made.ask(who, text)
    for error in answer.get("errors", []):
        del error["extensions"]["requestId"]
    return answer


@settings(TRIES, max_examples=60)
@given(text=queries(PRINTED, custom_scalars=SCALARS), who=st.sampled_from(["hr", "meng", "anna"]))
def test_generated_questions_are_answered_alike(made: Served, text: str, who: str) -> None:
    stock = _answer(made, stock_schema(), who, text)
    for _ in range(2):
        fast = _answer(made, quick_schema(), who, text)
        assert list(fast) == list(stock)
        assert repr(fast) == repr(stock), text


PAGES = [
    (
        'leaderboard(period: "2026-09") { measure peerGroup run { id period } own { rank own }'
        " line { size median { text value } } entries { totalCount pageInfo { endCursor }"
        " edges { cursor node { rank own person { id name } value { value unit numerator text } } }"
        " nodes { rank } } }"
    ),
    'goals(period: "2026-09") { edges { node { id __typename progress { __typename } } } }',
    "people { nodes { id name __typename } totalCount }",
    "units { nodes { id } }",
]


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_a_company_need_no_fallback(made: Served, page: str) -> None:
    text = f"{{ {page} }}"
    before = quick_schema().plans.counts.fallbacks
    for who in ("hr", "meng", "anna"):
        assert repr(_answer(made, quick_schema(), who, text)) == repr(
            _answer(made, stock_schema(), who, text)
        )
    assert quick_schema().plans.counts.fallbacks == before
    assert len(stock_schema().plans) == 0


def test_an_operator_sees_what_was_compiled_and_no_name_of_it(made: Served) -> None:
    made.app = build_app(made.server, build_schema(compiled=True))
    made.data("hr", "{ people { nodes { id name } } }")
    shown = TestClient(made.app, client=("127.0.0.1", 50000)).get("/metrics")
    assert shown.headers["content-type"] == MEDIA_TYPE
    lines = dict(line.rsplit(" ", 1) for line in shown.text.splitlines() if line[0] != "#")
    assert int(lines["attain_plans_compiled_total"]) > 0
    assert lines["attain_plan_fallbacks_total"] == "0"
