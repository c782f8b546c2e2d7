"""A rule that suggests something about everybody, and suggestions that somebody declined."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial

from actions.decide_suggestion import decide_suggestion
from actions.publish_talent_rules import publish_talent_rules
from actions.suggest import refresh_suggestions
from storage.engine import Writing
from storage.talent import all_suggestions
from tests.support.company import SYSTEM, Company
from tests.support.rules import texts

# A rule that finds everybody: the whole of the company is its best share.
EVERYBODY_IS_BEST: Mapping[str, object] = {
    "format": "attain.talent/1",
    "key": "everybody",
    "name": texts("Everybody"),
    "openDays": 90,
    "rules": [
        {
            "id": "best",
            "kind": "TOP_SHARE_STREAK",
            "name": texts("Best"),
            "proposes": "PROMOTION",
            "counts": "POSTED",
            "cadence": "MONTH",
            "leave": "BREAKS",
            "periods": 1,
            "measure": "sales",
            "peerGroup": "COMPANY",
            "minimumCohort": 5,
            "share": "1",
            "rounding": "FLOOR",
            "least": 1,
            "tie": "INCLUDE_ALL",
        },
        {
            "id": "help",
            "kind": "WEAKEST_KPI",
            "name": texts("Help"),
            "proposes": "COACHING",
            "counts": "POSTED",
            "cadence": "MONTH",
            "leave": "BREAKS",
            "periods": 1,
            "against": "TARGET",
            "leastLost": "0",
            "noteToManager": True,
        },
    ],
}


def declined(company: Company, ids: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """Suggest something about everybody; decline it for some people, with words of their own."""
    rules, year = EVERYBODY_IS_BEST, date(2026, 1, 1)
    company.write(lambda writing: publish_talent_rules(writing, SYSTEM, rules, valid_from=year))
    company.write(lambda writing: refresh_suggestions(writing, SYSTEM))
    return {
        name: company.write(partial(_declined, person_id=ids[name], reason=reason))
        for name, reason in words.items()
    }


def _declined(writing: Writing, *, person_id: str, reason: str) -> str:
    found = all_suggestions(writing.connection, writing.entity_id)
    suggestion_id = next(
        each.id for each in found if each.person_id == person_id and each.rule_id == "best"
    )
    return decide_suggestion(
        writing, SYSTEM, suggestion_id, accept=False, reason=reason, expected_version=1
    )
