"""How a fact counts for somebody: the kind of credit, the share, the rule that says so."""

from __future__ import annotations

from collections.abc import Mapping

import strawberry

from api.access import output, shown
from api.context import Context
from api.scalars import closed_set
from api.values import LocalText, Quantity, local_text, number
from domain.access import Resource
from domain.credit_kind import CreditKind
from domain.crediting import Credit
from storage.credit_rules import RuleName

closed_set(
    CreditKind,
    "How a fact comes to count for somebody.",
    {
        CreditKind.DIRECT: "The whole of it, for whom the source names.",
        CreditKind.SPLIT: "A part of it, for each of several people who sold it together.",
        CreditKind.ROLL_UP: "For a leader above whoever sold it.",
        CreditKind.OVERLAY: "For a specialist, beside the direct credit.",
    },
)


@output(access=Resource.PERFORMANCE, description="The credit rule by which something counts.")
class CreditRuleRef:
    """A rule's name; its document names other people and is not for everybody."""

    id: strawberry.ID = shown("The id of the version.")
    key: str = shown("The permanent key.")
    name: LocalText = shown("The name.")


@output(access=Resource.PERFORMANCE, description="What of a fact counts for one person.")
class FactCredit:
    """A credit."""

    kind: CreditKind = shown("How it comes to count.")
    share: Quantity = shown("Its part of the fact; of a roll-up, of what lies under the leader.")
    quantity: Quantity = shown("What counts.")
    level: int | None = shown("Of a roll-up: how many levels up, from 1.")
    role: str | None = shown("Of an overlay: as what.")
    rule: CreditRuleRef | None = shown("The rule; null where the source alone says it.")


def credit_from_domain(
    credit: Credit, unit: str, rules: Mapping[str, RuleName], context: Context
) -> FactCredit:
    """Show a credit of a fact that is counted in ``unit``."""
    return FactCredit(
        kind=credit.kind,
        share=number(credit.share, "RATIO", context),
        quantity=number(credit.quantity, unit, context),
        level=credit.level or None,
        role=credit.role or None,
        rule=rule_ref(credit.rule, rules, context),
    )


def rule_ref(
    rule_id: str | None, rules: Mapping[str, RuleName], context: Context
) -> CreditRuleRef | None:
    """Name a rule."""
    found = None if rule_id is None else rules.get(rule_id)
    if found is None:
        return None
    return CreditRuleRef(
        id=strawberry.ID(found.id), key=found.key, name=local_text(found.name, context)
    )
