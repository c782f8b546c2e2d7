"""The life of a plan as HR, managers and payees see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.company import Served, served
from tests.support.rules import PLAN, changed

DRAFT = """mutation(
  $document: Document!, $people: [ID!]!, $key: IdempotencyKey!, $from: BusinessDate!
) {
  planDraft(input: {
    idempotencyKey: $key, document: $document, validFrom: $from,
    scope: {people: $people}
  }) { ... on PlanDraftSuccess { planVersion { id version } } ... on Problem { code message } } }"""
PUBLISH = """mutation($id: ID!, $key: IdempotencyKey!, $version: Int!) {
  planPublish(input: {idempotencyKey: $key, planVersion: $id, expectedVersion: $version}) {
    ... on PlanPublishSuccess { planVersion { id state version } } ... on Problem { code message }
} }"""
PLAN_OF = """query($person: ID) { planOf(person: $person, validAt: "2026-10-01") {
  person day plans { id key state } problems { code } } }"""
VERSIONS = "{ planVersions { nodes { id key } } }"


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """The company, on each database in turn."""
    with served(database_url, tmp_path) as found:
        yield found


def drafted(made: Served, people: list[str], key: str = "pilot", start: str = "2026-09-01") -> Any:
    document = changed(PLAN, key=key)
    variables: dict[str, Any] = {
        "document": document,
        "people": people,
        "key": f"drafts-{key}",
        "from": start,
    }
    return made.data("hr", DRAFT, **variables)["planDraft"]["planVersion"]


def test_a_pilot_is_read_by_hr_and_by_those_whom_it_names(made: Served) -> None:
    version = drafted(made, [made.ids["anna"]])["id"]
    done = made.data("hr", PUBLISH, id=version, key="publishes-the-pilot", version=1)
    assert done["planPublish"]["planVersion"]["state"] == "PUBLISHED"

    def seen(who: str) -> list[str]:
        return [each["key"] for each in made.data(who, VERSIONS)["planVersions"]["nodes"]]

    assert seen("hr") == seen("anna") == seen("auditor") == ["sales_plan", "pilot"]
    assert seen("bo") == seen("meng") == ["sales_plan"]
    assert made.data("bo", "query($id: ID!) { node(id: $id) { id } }", id=version)["node"] is None

    def pays(who: str, person: str | None = None) -> list[str]:
        found = made.data(who, PLAN_OF, person=person)["planOf"]
        assert found["problems"] == []
        return [each["key"] for each in found["plans"]]

    assert (pays("anna"), pays("bo")) == (["pilot"], ["sales_plan"])
    assert pays("hr", made.ids["fang"]) == ["sales_plan"]
    assert pays("meng", made.ids["anna"]) == ["pilot"]  # whoever leads the team
    assert made.codes("meng", PLAN_OF, person=made.ids["fang"]) == ["NOT_FOUND"]
    assert made.codes("bo", PLAN_OF, person=made.ids["anna"]) == ["NOT_FOUND"]
    people = "{ planVersions { nodes { scope { people } } } }"
    assert {"FORBIDDEN"} == set(made.codes("bo", people))
