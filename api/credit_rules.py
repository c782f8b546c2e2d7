"""Credit rules: drafts and published versions, which never change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import strawberry

from actions.publish_credit import draft_credit, publish_credit
from api.access import Audience, output, resolved, shown
from api.asking import (
    ALL_KNOWN,
    After,
    Before,
    Entity,
    First,
    Key,
    KnownAt,
    Last,
    act,
    demand_version,
    entity_of,
    key_field,
    moment,
    version_field,
)
from api.context import Context, Info
from api.errors import Refusal
from api.identified import Node
from api.paging import Connection, connect, cut, described, page
from api.scalars import Document, closed_set
from api.values import LocalText, local_text
from domain.access import Deed, Resource, may
from domain.credit import RuleKind
from domain.credit_document import encode_credit
from domain.plan_life import PlanState
from domain.problem import Refused
from storage import credit_rules as stored
from storage.credit_rules import StoredCreditRule
from storage.engine import Database

closed_set(
    RuleKind,
    "What a credit rule does with the facts it is about; docs/credit.md explains each.",
    {
        RuleKind.DIRECT: "They count for whom the source names, against a rule of a lower rank.",
        RuleKind.SPLIT: "Several people share them.",
        RuleKind.ROLL_UP: "They count for the leaders above the seller, too.",
        RuleKind.OVERLAY: "They count for specialists, too.",
        RuleKind.EXCLUDE: "They count for nobody, for a reason.",
    },
)


@output(access=Resource.CALCULATION, description="A version of a credit rule.")
class CreditRule(Node):
    """A stored rule: its document may name people and their shares."""

    id: strawberry.ID = shown("The id of the version.")
    key: str = shown("The permanent key of the rule.")
    name: LocalText = shown("The name.")
    kind: RuleKind = shown("What it does.")
    rank: int = shown("Of rules that decide the same, the one of the highest rank holds.")
    fact_kind: str = shown("The kind of facts it is about.")
    reason: LocalText | None = shown("Why facts are left out, of a rule that leaves them out.")
    state: PlanState = shown("Where it is in its life.")
    document: Document = shown("The whole rule, format attain.credit/1.")
    hash: str = shown("SHA-256 of the canonical document.")
    valid_from: date = shown("The first business date of the facts it is about.")
    valid_to: date | None = shown("The first day after; null while it is open.")
    version: int = shown("Grows with every step; send it back as expectedVersion.")


def rule_from_domain(row: StoredCreditRule, context: Context) -> CreditRule:
    """Show a version of a rule."""
    rule = row.rule
    return CreditRule(
        id=strawberry.ID(row.id),
        key=rule.key,
        name=local_text(rule.name, context),
        kind=rule.kind,
        rank=rule.rank,
        fact_kind=rule.fact,
        reason=None if rule.reason is None else local_text(rule.reason, context),
        state=PlanState(row.state),
        document=Document(encode_credit(rule)),
        hash=row.hash,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        version=row.version,
    )


def _rule_key(row: StoredCreditRule) -> tuple[str, str, str]:
    return (row.rule.key, row.valid_from.isoformat(), row.id)


@output(access=Audience.SIGNED_IN, description="Queries about credit rules.")
class CreditRuleQuery:
    """Part of the query root."""

    @resolved(
        "Versions of credit rules in the state known at an instant, by key.",
        access=Resource.CALCULATION,
    )
    async def credit_rules(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        state: Annotated[PlanState | None, described("Only versions in this state.")] = None,
        valid_at: Annotated[date | None, described("Only versions that hold on this day.")] = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> Connection[CreditRule] | None:
        """Read a page."""
        context = info.context
        at = moment(context, None, known_at)
        entity = entity_of(context.asker, legal_entity)
        asked = page("creditRules", first=first, after=after, last=last, before=before)
        end = None if valid_at is None else valid_at + timedelta(days=1)

        def work(database: Database) -> Connection[CreditRule]:
            rows = stored.credit_rules(
                database,
                entity,
                known_at=at.known_at,
                start=valid_at,
                end=end,
                state=state and state.value,
            )
            part = cut(sorted(rows, key=_rule_key), asked, _rule_key)
            return connect(
                "creditRules", part, lambda row: rule_from_domain(row, context), _rule_key
            )

        return await context.read(work)


async def credit_rule_by_id(
    context: Context, version_id: str, known_at: datetime = ALL_KNOWN
) -> CreditRule:
    """Read a version of a rule of the legal entities whose calculations the viewer may see."""

    def work(database: Database) -> CreditRule:
        for entity in sorted(context.asker.entity_ids):
            if not may(context.asker, Resource.CALCULATION, Deed.READ, entity):
                continue
            for row in stored.credit_rules(
                database, entity, known_at=known_at, version_id=version_id
            ):
                return rule_from_domain(row, context)
        raise Refused("not_found", {"id": version_id})

    return await context.read(work)


@strawberry.input(description="A credit rule is drafted, or a draft is changed.")
class CreditRuleDraftInput:
    """Input of ``creditRuleDraft``."""

    idempotency_key: Key = key_field()
    document: Document = strawberry.field(description="The rule, format attain.credit/1.")
    valid_from: date = strawberry.field(
        description="The first business date of the facts it is about."
    )
    valid_to: date | None = strawberry.field(default=None, description="The first day after.")
    credit_rule: strawberry.ID | None = strawberry.field(
        default=None, description="The draft to change; a new one if absent."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version the client last saw; needed to change a draft.",
    )


@strawberry.input(description="A draft of a credit rule is published.")
class CreditRulePublishInput:
    """Input of ``creditRulePublish``."""

    idempotency_key: Key = key_field()
    credit_rule: strawberry.ID = strawberry.field(description="The draft.")
    expected_version: int = version_field()


@output(access=Resource.CALCULATION, description="The draft is kept.")
class CreditRuleDraftSuccess:
    """Drafted."""

    credit_rule: CreditRule = shown("The draft.")


@output(access=Resource.CALCULATION, description="The credit rule is published.")
class CreditRulePublishSuccess:
    """Published."""

    credit_rule: CreditRule = shown("The published version.")


CreditRuleDraftResult = Annotated[
    CreditRuleDraftSuccess | Refusal,
    strawberry.union("CreditRuleDraftResult", description="Drafted, or why not."),
]
CreditRulePublishResult = Annotated[
    CreditRulePublishSuccess | Refusal,
    strawberry.union("CreditRulePublishResult", description="Published, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Changes of credit rules.")
class CreditRuleMutation:
    """Part of the mutation root."""

    @resolved(
        "Draft a credit rule, or change a draft; every fault of the document is named.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=CreditRuleDraftResult,
    )
    async def credit_rule_draft(
        self,
        info: Info,
        input: Annotated[CreditRuleDraftInput, described("The rule and its days.")],  # noqa: A002
    ) -> CreditRuleDraftSuccess:
        """Draft."""
        context = info.context
        demand_version(input.credit_rule, input.expected_version)
        done = await act(
            context,
            "creditRuleDraft",
            input,
            lambda writing: draft_credit(
                writing,
                context.asker,
                input.document,
                valid_from=input.valid_from,
                valid_to=input.valid_to,
                rule_id=input.credit_rule,
                expected_version=input.expected_version,
            ),
        )
        return CreditRuleDraftSuccess(credit_rule=await credit_rule_by_id(context, done.id))

    @resolved(
        "Publish a draft: from then on it never changes, and ends the version before.",
        access=Resource.CALCULATION,
        deed=Deed.WRITE,
        graphql_type=CreditRulePublishResult,
    )
    async def credit_rule_publish(
        self,
        info: Info,
        input: Annotated[CreditRulePublishInput, described("Which draft.")],  # noqa: A002
    ) -> CreditRulePublishSuccess:
        """Publish."""
        context = info.context
        done = await act(
            context,
            "creditRulePublish",
            input,
            lambda writing: publish_credit(
                writing,
                context.asker,
                input.credit_rule,
                expected_version=input.expected_version,
            ),
        )
        return CreditRulePublishSuccess(credit_rule=await credit_rule_by_id(context, done.id))
