"""HR lints a plan before it is published; an error among the findings needs a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from attain.cli import app
from tests.api.company import Served, served
from tests.support.rules import PLAN, changed, texts

LINT = """query($document: Document!, $scorecard: Document) {
  planLint(document: $document, scorecard: $scorecard) {
    blocks problems { code path } findings {
      code weight component text witness { payout { amount } inputs { name value unit } document }
} } }"""
DRAFT = """mutation($document: Document!) { planDraft(input: {
  idempotencyKey: "a-draft-of-a-plan", document: $document, validFrom: "2027-01-01",
  scope: {units: [], platforms: [], positions: ["trainee"]}
}) { ... on PlanDraftSuccess { planVersion { id version } } ... on Problem { code message } } }"""
PUBLISH = """mutation($id: ID!, $key: IdempotencyKey!, $reason: String) {
  planPublish(input: {
    idempotencyKey: $key, planVersion: $id, expectedVersion: 1, overrideReason: $reason
  }) {
    ... on PlanPublishSuccess { planVersion {
      state overrideReason findings { code weight text }
    } }
    ... on Problem { code message }
} }"""
FALLING: dict[str, Any] = changed(
    PLAN,
    key="falling",
    components=[
        {
            "id": "tiers", "kind": "TIERED", "name": texts("Tiers"), "missing": "BLOCK",
            "metric": "sales", "measure": "ACTUAL", "mode": "WHOLE", "boundary": "UPPER_TIER",
            "negative": "ZERO", "tiers": [{"upTo": "50000", "rate": "0.02"}, {"rate": "0.01"}],
        }
    ],
)  # fmt: skip
FOUND = (
    "Tiers: who does better is paid less. From CN¥49,999.99 to CN¥50,000.00 of sales the pay falls"
    " by CN¥500.00."
)


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company, on each database in turn."""
    with served(database_url, tmp_path) as found:
        yield found


def test_a_plan_is_linted_and_one_with_an_error_is_published_only_with_a_reason(
    made: Served,
) -> None:
    found = made.data("hr", LINT, document=FALLING)["planLint"]
    assert (found["blocks"], found["problems"][0]["code"]) == (True, "PAY_DECREASES")
    (falls,) = (each for each in found["findings"] if each["code"] == "PAY_FALLS")
    assert (falls["weight"], falls["component"], falls["text"]) == ("ERROR", "tiers", FOUND)
    assert [each["payout"]["amount"] for each in falls["witness"]] == ["1000.00", "500.00"]
    sales = {"name": "sales.num", "value": "49999.99", "unit": "CNY"}
    assert sales in falls["witness"][0]["inputs"]

    draft = made.data("hr", DRAFT, document=FALLING)["planDraft"]["planVersion"]
    refused = made.data("hr", PUBLISH, id=draft["id"], key="a-publish-without")["planPublish"]
    assert refused["code"] == "PLAN_LINT_BLOCKS"
    assert "PAY_FALLS" in refused["message"]
    done = made.data(
        "hr", PUBLISH, id=draft["id"], key="a-publish-with-why", reason="Agreed with the council."
    )["planPublish"]["planVersion"]
    assert (done["state"], done["overrideReason"]) == ("PUBLISHED", "Agreed with the council.")
    kept = {each["code"]: each["text"] for each in done["findings"]}
    assert kept["PAY_FALLS"] == FOUND
    assert "NO_PRORATION" in kept


def test_only_who_may_read_calculations_lints_and_reads_what_was_found(made: Served) -> None:
    assert made.codes("anna", LINT, document=FALLING) == ["FORBIDDEN"]
    query = "{ planVersions { nodes { key findings { code } overrideReason } } }"
    (seen,) = made.data("hr", query)["planVersions"]["nodes"]
    assert {each["code"] for each in seen["findings"]} >= {"THRESHOLD", "NO_PRORATION"}
    answer = made.ask("anna", query)
    assert "THRESHOLD" not in json.dumps(answer)


def test_a_plan_that_cannot_be_read_says_why_and_a_table_of_sections_is_linted(
    made: Served,
) -> None:
    broken = made.data("hr", LINT, document=changed(PLAN, currency="XXX"))["planLint"]
    assert (broken["blocks"], broken["findings"]) == (True, [])
    assert "UNIT_UNKNOWN" in {each["code"] for each in broken["problems"]}
    table = {
        "format": "attain.sections/1",
        "currency": "CNY",
        "sections": [
            {"from": "0", "to": "20000", "rate": "0.02"},
            {"from": "20000", "rate": "0.03"},
        ],
    }
    found = made.data("hr", LINT, "zh-CN", document=table)["planLint"]
    assert [each["text"] for each in found["findings"]] == [
        "第 1 段和第 2 段都包含 ¥20,000.00：一个付 ¥400.00，另一个付 ¥600.00。"
    ]


def test_the_command_prints_what_it_finds_and_fails_on_an_error(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(FALLING), encoding="utf-8")
    ran = CliRunner().invoke(app, ["lint", str(file), "--locale", "en"])
    assert ran.exit_code == 1
    assert "ERROR  Tiers: who does better is paid less." in ran.output
    file.write_text(json.dumps(PLAN), encoding="utf-8")
    assert CliRunner().invoke(app, ["lint", str(file), "--locale", "en"]).exit_code == 0
