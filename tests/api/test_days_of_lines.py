"""The facts that a line is said to be made of: those of the days that the line looks at."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actions.calculate import Mode, calculate
from actions.define_metric import define_metric
from actions.publish_plan import draft_plan, publish_plan
from api.incentives import sheet_of
from api.lines import line_from_domain
from domain.scorecard import MissingInput
from messages.render import Locale, load
from storage.definitions import Scope
from storage.engine import reading
from storage.results import latest_run, results
from storage.statements import statement_of
from tests.support.company import SYSTEM, Company, office
from tests.support.rules import SALES, texts

COMMON = {"name": texts("Special"), "missing": MissingInput.ZERO.value, "metric": "sales"}
PLAN: dict[str, Any] = {
    "format": "attain.plan/1",
    "key": "plan",
    "name": texts("Plan"),
    "cadence": "MONTH",
    "currency": "CNY",
    "rounding": "HALF_UP",
    "units": {"sales": "CNY"},
    "components": [
        {
            **COMMON,
            "id": "special",
            "kind": "SPIFF",
            "form": "RATE",
            "rate": "0.01",
            "negative": "KEEP",
            "from": "2026-08-20",
            "to": "2026-09-10",
            "pays": "AT_THE_END",
        },
        {
            **COMMON,
            "id": "tiers",
            "kind": "TIERED",
            "measure": "ACTUAL",
            "mode": "MARGINAL",
            "boundary": "UPPER_TIER",
            "negative": "KEEP",
            "tiers": [{"rate": "0.01"}],
            "span": "QUARTER",
            "spanStart": "SPAN",
        },
        {**COMMON, "id": "plain", "kind": "RATE", "rate": "0.01", "negative": "KEEP"},
    ],
}
YEAR = date(2026, 1, 1)


@pytest.fixture
def days(database_url: str, tmp_path: Any) -> dict[str, set[tuple[str, str]]]:
    """Calculate September; give the days that each pay line looks at."""
    with office(database_url, tmp_path) as runtime:
        company = Company(runtime)
        company.assign(company.person("anna"), company.unit("team"))
        company.write(lambda w: define_metric(w, SYSTEM, SALES, valid_from=YEAR))
        version = company.write(lambda w: draft_plan(w, SYSTEM, PLAN, Scope(), valid_from=YEAR))
        company.write(lambda w: publish_plan(w, SYSTEM, version))
        company.fact("anna", date(2026, 8, 20), 100)
        calculate(runtime, SYSTEM, company.entity_id, "2026-09", Mode.TRIAL)
        catalogue = SimpleNamespace(catalogue=load())
        context: Any = SimpleNamespace(runtime=catalogue, locale=Locale.EN, asker=SYSTEM)
        with reading(company.engine, SYSTEM) as database:
            run = latest_run(
                database,
                company.entity_id,
                period="2026-09",
                known_at=datetime(2027, 1, 1, tzinfo=UTC),
            )
            assert run is not None
            (result,) = results(database, SYSTEM, run, day=date(2026, 9, 30))
            explained = statement_of(database, run, result)
            sheet = sheet_of(cast("Any", database), context, run, result, explained)
            return {
                line.name: {
                    (span.start.isoformat(), span.last_day.isoformat())
                    for _, span in line_from_domain(line, sheet).behind.reads
                }
                for line in explained.statement.amounts
            }


def test_a_line_is_made_of_the_facts_of_its_own_days(
    days: dict[str, set[tuple[str, str]]],
) -> None:
    september = ("2026-09-01", "2026-09-30")
    assert days == {
        "special.amount": {("2026-08-20", "2026-09-10")},
        "tiers.amount": {("2026-07-01", "2026-08-31"), september},
        "plain.amount": {september},
    }
