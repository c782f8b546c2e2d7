"""Every change can be sent again, and nothing is changed by somebody who has not seen it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type

from tests.api.company import Served, served
from tests.support import shared
from tests.support.source import assert_none

# What takes no key, and why sending it again does no harm.
WITHOUT_KEY = {
    "sessionCreateDemo": "a lost reply leaves a session whose token nobody has; it ends unused",
    "sessionRevoke": "a session that is over stays over",
}
# What changes nothing that somebody else may have changed in the meantime, and why.
WITHOUT_VERSION = {
    "accessReasonOpen": "a reason is added; it ends by itself",
    "accountCreate": "an account is added",
    "accountLoginLink": "a way to sign in is added",
    "accountSessionsEnd": "it ends what there is, whatever there is",
    "calculationStart": "a run is added",
    "connectionCreate": "a connection is added",
    "connectionReset": "a reset is added",
    "connectionTest": "it asks the source; only a line of the trail is added",
    "correctionStart": "differences are added; run again it adds none",
    "delegationCreate": "a delegation is added",
    "disputeOpen": "a dispute is added; a second one about the same is refused",
    "identityLink": "a link is added; a person who has one on that day is refused",
    "jobCancel": "what is called off stays so",
    "parallelRunStart": "an answer is added",
    "packPreviewStart": "an answer is added",
    "packInstall": "an installation is added; the same again is the one that is there",
    "payHoldbackRelease": "a release is added; one that is released is refused",
    "planOffer": "offers are added to whoever has none",
    "payrollExport": "it reads; only a line of the trail is added",
    "periodReopeningRequest": "a request is added; a second one is refused",
    "personExport": "it reads; only a line of the trail is added",
    "personJoin": "a person is added",
    "planBacktestStart": "an answer is added",
    "planForecastStart": "an answer is added",
    "roleGrant": "a grant is added",
    "sessionCreateDemo": "a session is added",
    "sessionEnd": "a session that is over stays over",
    "sessionRefresh": "the token itself says which pair was last seen",
    "sessionRevoke": "a session that is over stays over",
    "suggestionRefresh": "it finds the same again and adds nothing",
    "syncStart": "a run is added",
    "teamPayGrant": "a grant is added",
    "teamPayRevoke": "a grant that is revoked stays revoked",
    "vendorTokenCreate": "a token is added",
    "vendorTokenRevoke": "a token that is revoked stays revoked",
    "wageSet": "dated wages are added, those before hold until their month",
}
# Adds or changes by its key; the version is checked whenever it is given.
BY_KEY = {
    "legalEntitySettingsChange": "dated settings are added, those before hold until their day",
    "mappingSet": "a version is added, the ones before stay",
    "oldResultsTake": "a version is added under its name, the ones before stay",
    "workCalendarSet": "a revision of a year is added, the ones before stay known",
    "minimumWageSet": "a dated minimum wage is added, those before hold until its day",
    "payBatchPrepare": "a batch or a revision of it is added, the revisions before stay",
    "payPolicySet": "dated settings are added, those before hold until their day",
    "planPolicySet": "dated policies are added, those before hold until their day",
    "talentRulesPublish": "dated rules are added, the ones before hold until their first day",
    "metricDefine": "a dated definition is added, those before hold until its first day",
    "scorecardPublish": "a dated scorecard is added, the ones before hold until its first day",
}
# Adds, or changes what an argument names: then the version is demanded, as the test below shows.
BOTH = {"creditRuleDraft": "creditRule", "goalSet": "goal", "planDraft": "planVersion"}


def inputs() -> Iterator[tuple[str, dict[str, Any]]]:
    """List the mutations and the fields of their inputs."""
    mutation = shared.schema().core.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        kind = get_named_type(field.args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        yield name, {each: value.type for each, value in kind.fields.items()}


def test_every_mutation_takes_a_key_that_makes_a_retry_safe() -> None:
    without = {
        name for name, fields in inputs() if str(fields.get("idempotencyKey")) != "IdempotencyKey!"
    }
    assert_none(sorted(without - WITHOUT_KEY.keys()), "A retry after a lost reply does it twice.")
    assert_none(sorted(WITHOUT_KEY.keys() - without), "Take these off the list.")


def test_every_update_says_what_it_expects_to_change() -> None:
    named = {name: fields.get("expectedVersion") for name, fields in inputs()}
    without = {name for name, kind in named.items() if kind is None}
    optional = {
        name
        for name, kind in named.items()
        if kind is not None and not isinstance(kind, GraphQLNonNull)
    }
    assert_none(sorted(without - WITHOUT_VERSION.keys()), "Two people overwrite each other.")
    assert_none(sorted(WITHOUT_VERSION.keys() - without), "Take these off the list.")
    assert optional == BOTH.keys() | BY_KEY.keys()


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(sqlite_url, tmp_path) as found:
        yield found


def test_a_goal_and_a_draft_are_not_changed_without_their_version(made: Served) -> None:
    goal = """mutation($id: ID, $bo: ID!) { goalSet(input: {idempotencyKey: "key-goal-1", goal: $id,
      level: PERSON, owner: $bo, name: "More", validFrom: "2026-10-01"}) {
      ... on Problem { code path } } }"""
    answer = made.data("hr", goal, id="goal_any", bo=made.ids["bo"])["goalSet"]
    assert answer == {"code": "VERSION_MISSING", "path": "expectedVersion"}
    draft = """mutation($id: ID) { planDraft(input: {idempotencyKey: "key-plan-1", planVersion: $id,
      document: {}, scope: {}, validFrom: "2026-10-01"}) { ... on Problem { code path } } }"""
    answer = made.data("hr", draft, id="pver_any")["planDraft"]
    assert answer == {"code": "VERSION_MISSING", "path": "expectedVersion"}
    assert made.data("hr", draft)["planDraft"]["code"] == "DOCUMENT_REFUSED"
    rule = """mutation($id: ID) { creditRuleDraft(input: {idempotencyKey: "key-rule-1",
      creditRule: $id, document: {}, validFrom: "2026-10-01"}) { ... on Problem { code path } } }"""
    answer = made.data("hr", rule, id="crul_any")["creditRuleDraft"]
    assert answer == {"code": "VERSION_MISSING", "path": "expectedVersion"}
    assert made.data("hr", rule)["creditRuleDraft"]["code"] == "DOCUMENT_REFUSED"
