"""The life of a plan as HR, managers and payees see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.sign_in import make_account
from domain.access import Role
from tests.api.company import YEAR, Served, calculated, served
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
REVIEW = """mutation($id: ID!, $version: Int!, $key: IdempotencyKey!) {
  %s(input: {idempotencyKey: $key, planVersion: $id, expectedVersion: $version%s}) {
    ... on %sSuccess { planVersion { id state version } } ... on Problem { code } } }"""
POLICY = """mutation($review: Review!, $acceptance: Acceptance!, $key: IdempotencyKey!) {
  planPolicySet(input: {idempotencyKey: $key, validFrom: "%s", review: $review,
    acceptance: $acceptance, reason: "Decided by the board."}) {
    ... on PlanPolicySetSuccess { policy { review acceptance version } }
    ... on Problem { code } } }"""
STEPS = "query($id: ID!) { planSteps(planVersion: $id) { deed version reason account } }"
MINE = """{ myOffers { id state version documentHash person { id } planVersion { key hash }
  text(language: ZH_CN) { hash language clauses { number text } } answers { answer reason } } }"""
ANSWER = """mutation($id: ID!, $version: Int!, $key: IdempotencyKey!, $answer: OfferState!,
  $hash: String!, $reason: String) { planOfferAnswer(input: {idempotencyKey: $key, offer: $id,
    expectedVersion: $version, answer: $answer, language: ZH_CN, textHash: $hash, reason: $reason
  }) { ... on PlanOfferAnswerSuccess { offer { state version } } ... on Problem { code } } }"""
OFFERS = """query($state: OfferState) { planOffers(state: $state) { totalCount nodes {
  offeredOn person { name } answers { answer reason textHash documentHash } } } }"""
ACCEPTANCE = """query($id: ID!) { planAcceptance(planVersion: $id) {
  participants accepted contested unanswered notOffered { name } } }"""
OFFER = """mutation($id: ID!, $key: IdempotencyKey!) { planOffer(input: {
  idempotencyKey: $key, planVersion: $id }) { ... on PlanOfferSuccess { planVersion { id } }
  ... on Problem { code } } }"""
CHECKLIST = """{ periodChecklist(period: "2026-09") { code count blocking: weight } }"""
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


class Reviewed:
    """The review of one version, step by step."""

    def __init__(self, made: Served, version: Any) -> None:
        self.made, self.id, self.version, self.calls = made, version["id"], version["version"], 0

    def does(self, who: str, deed: str, more: str = "") -> str:
        """Take a step; give the state after it, or the code of the refusal."""
        self.calls += 1
        name = f"plan{deed}"
        text = REVIEW % (name, more, f"Plan{deed}")
        key = f"{self.id}-{self.calls}"
        found = self.made.data(who, text, id=self.id, version=self.version, key=key)[name]
        if "code" in found:
            return str(found["code"])
        self.version = found["planVersion"]["version"]
        return str(found["planVersion"]["state"])

    def changes(self, who: str) -> str:
        """Change what the version says."""
        text = DRAFT.replace(
            "planDraft(input: {", "planDraft(input: { planVersion: $id, expectedVersion: $version, "
        ).replace("mutation(", "mutation($id: ID!, $version: Int!,")
        self.calls += 1
        found = self.made.data(
            who,
            text,
            id=self.id,
            version=self.version,
            key=f"{self.id}-{self.calls}",
            document=changed(PLAN, key="reviewed"),
            people=[],
            **{"from": "2027-01-01"},
        )["planDraft"]["planVersion"]
        self.version = found["version"]
        return "DRAFT"

    def steps(self) -> list[str]:
        """Give what was done."""
        return [each["deed"] for each in self.made.data("hr", STEPS, id=self.id)["planSteps"]]


def test_a_plan_is_published_once_somebody_else_has_approved_it(made: Served) -> None:
    alone = Reviewed(made, drafted(made, [made.ids["anna"]]))
    assert alone.does("hr", "Publish") == "PUBLISHED"  # one person of HR is not locked out
    assert alone.steps() == ["DRAFT", "PUBLISH_UNREVIEWED"]
    made.company.write(
        lambda writing: make_account(
            writing, login="second", person_id=None, locale="en", roles=(Role.HR,), valid_from=YEAR
        )
    )
    plan = Reviewed(made, drafted(made, [], "reviewed", "2027-01-01"))
    assert plan.does("hr", "Publish") == "PLAN_NOT_APPROVED"
    assert plan.does("second", "Approve") == "PLAN_STATE_WRONG"
    assert plan.does("hr", "Submit") == "IN_REVIEW"
    assert plan.does("hr", "Publish") == "PLAN_NOT_APPROVED"
    assert plan.does("hr", "Approve") == "PLAN_REVIEW_OWN"
    assert plan.does("anna", "Approve") == "FORBIDDEN"
    assert plan.does("second", "Reject", ', reason: " "') == "TEXT_EMPTY"
    assert plan.does("second", "Reject", ', reason: "The rate is too high."') == "DRAFT"
    assert plan.does("second", "Submit") == "IN_REVIEW"
    assert plan.does("second", "Approve") == "PLAN_REVIEW_OWN"  # who submitted it
    assert plan.does("hr", "Reject", ', reason: "Mine."') == "DRAFT"
    second = Reviewed(made, drafted(made, [], "again", "2027-02-01"))
    assert second.does("hr", "Submit") == "IN_REVIEW"
    assert second.does("second", "Approve", ', comment: "Good."') == "APPROVED"
    assert second.changes("hr") == "DRAFT"  # and what was approved is approved no longer
    assert second.does("hr", "Publish") == "PLAN_NOT_APPROVED"
    assert second.does("hr", "Submit") == "IN_REVIEW"
    assert second.does("second", "Approve") == "APPROVED"
    assert second.does("hr", "Publish") == "PUBLISHED"
    assert second.steps() == [
        "DRAFT", "SUBMIT", "APPROVE", "DRAFT", "SUBMIT", "APPROVE", "PUBLISH",
    ]  # fmt: skip
    assert made.codes("anna", STEPS, id=second.id) == ["FORBIDDEN"]
    policy = POLICY % made.runtime.clock().date()
    chosen = {"review": "NOT_REQUIRED", "acceptance": "NOT_ASKED", "key": "policy-of-plans"}
    assert made.data("hr", policy, **chosen)["planPolicySet"]["policy"]["version"] == 1
    free = Reviewed(made, drafted(made, [made.ids["bo"]], "free"))
    assert free.does("hr", "Publish") == "PUBLISHED"
    assert free.steps() == ["DRAFT", "PUBLISH_UNREVIEWED"]


def test_a_plan_is_offered_to_those_whom_it_pays_and_their_answers_are_kept(made: Served) -> None:
    policy = POLICY % made.runtime.clock().date()
    chosen = {"review": "FOUR_EYES", "acceptance": "ASKED", "key": "policy-of-plans"}
    made.data("hr", policy, **chosen)
    chosen = {"review": "NOT_REQUIRED", "acceptance": "ASKED", "key": "policy-of-plans-2"}
    assert made.data("hr", policy, **chosen)["planPolicySet"]["policy"]["version"] == 2
    people = [made.ids[name] for name in ("anna", "bo", "fang")]
    pilot = Reviewed(made, drafted(made, people))
    assert pilot.does("hr", "Publish") == "PUBLISHED"
    (offer,) = made.data("anna", MINE)["myOffers"]
    assert (offer["state"], offer["person"]["id"]) == ("OFFERED", made.ids["anna"])
    assert offer["documentHash"] == offer["planVersion"]["hash"]
    assert any("本" in each["text"] for each in offer["text"]["clauses"])
    assert made.data("chen", MINE)["myOffers"] == []

    def answers(who: str, answer: str, version: int, **more: Any) -> Any:
        given = {"hash": offer["text"]["hash"], **more}
        key = f"answers-{who}-{answer}-{version}-{len(more)}"
        found = made.data(
            who, ANSWER, id=offer["id"], answer=answer, version=version, key=key, **given
        )["planOfferAnswer"]
        return found.get("code") or found["offer"]["state"]

    assert answers("bo", "ACCEPTED", 0) == "NOT_FOUND"
    assert answers("hr", "ACCEPTED", 0) == "PLAN_OFFER_NOT_YOURS"
    assert answers("meng", "ACCEPTED", 0) == "PLAN_OFFER_NOT_YOURS"
    assert answers("anna", "ACCEPTED", 0, hash="0" * 64) == "PLAN_TEXT_DIFFERS"
    assert answers("anna", "CONTESTED", 0) == "TEXT_EMPTY"
    assert answers("anna", "CONTESTED", 0, reason="The cap is new.") == "CONTESTED"
    assert answers("anna", "ACCEPTED", 0) == "VERSION_CONFLICT"

    def listed(who: str, state: str | None = None) -> dict[str, Any]:
        found = made.data(who, OFFERS, state=state)["planOffers"]
        assert found["totalCount"] == len(found["nodes"])
        return {each["person"]["name"]: each["answers"] for each in found["nodes"]}

    assert set(listed("hr", "OFFERED")) == {"bo", "fang"}
    assert set(listed("meng", "OFFERED")) == {"bo"}  # fang is in another team
    assert listed("meng", "CONTESTED")["anna"][0]["reason"] is None
    contested = listed("hr", "CONTESTED")["anna"][0]
    assert (contested["reason"], contested["textHash"]) == (
        "The cap is new.",
        offer["text"]["hash"],
    )
    assert set(listed("anna")) == {"anna"}
    assert answers("anna", "ACCEPTED", 1) == "ACCEPTED"
    assert answers("anna", "CONTESTED", 2, reason="No.") == "PLAN_OFFER_ANSWERED"
    counts = made.data("hr", ACCEPTANCE, id=pilot.id)["planAcceptance"]
    assert counts == {
        "participants": 3,
        "accepted": 1,
        "contested": 0,
        "unanswered": 2,
        "notOffered": [],
    }
    assert made.data("meng", ACCEPTANCE, id=pilot.id)["planAcceptance"]["participants"] == 2
    calculated(made)
    items = made.data("hr", CHECKLIST)["periodChecklist"]
    (item,) = (each for each in items if each["code"] == "CHECK_PLANS_UNACCEPTED")
    assert item == {"code": "CHECK_PLANS_UNACCEPTED", "count": 6, "blocking": "WARNING"}
    whole = made.data("hr", VERSIONS)["planVersions"]["nodes"][0]["id"]
    before = made.data("hr", ACCEPTANCE, id=whole)["planAcceptance"]
    assert {each["name"] for each in before["notOffered"]} == {"chen", "dai", "eve", "gao"}
    assert made.data("hr", OFFER, id=whole, key="offers-the-rest")["planOffer"]["planVersion"]
    assert made.data("hr", ACCEPTANCE, id=whole)["planAcceptance"]["unanswered"] == 4
    chosen = {"review": "NOT_REQUIRED", "acceptance": "REQUIRED", "key": "policy-of-plans-3"}
    made.data("hr", policy, **chosen)
    items = made.data("hr", CHECKLIST)["periodChecklist"]
    assert ("CHECK_PLANS_UNACCEPTED", 6, "BLOCKING") in {tuple(each.values()) for each in items}
