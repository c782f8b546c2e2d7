"""By what pay is settled: policies and approval chains, wages, minimum wages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

import strawberry

from actions.pay_rules import WageDraft, set_minimum_wage, set_pay_policy, set_wages
from actions.prepare_pay import policy_of
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, REASON, Entity, Key, ValidAt, act, entity_of, key_field
from api.context import Context, Info
from api.errors import Refusal
from api.of_person import Person, person_of
from api.paging import described
from api.pay_batches import PayApprovalStep, approval_step
from api.reasons import noted
from api.scalars import Document, PeriodName, UnitCode
from api.values import LocalText, Money, local_text, money
from domain.access import Deed, Resource, Role
from domain.pay_batch import ApprovalStep
from domain.pay_policy import PayPolicy as Policy
from domain.payroll import PLAIN_COLUMNS
from domain.period import Period, PeriodKind, period_named
from domain.problem import Refused
from domain.unit import to_steps
from plugins.policies.reading import policies
from storage.engine import Database
from storage.pay_rules import minimum_wages_on, pay_settings_on, wages_on

_VERSION = "The version of that day the client last saw, 0 for none; leave out if unsure."


@output(access=Resource.PAY, description="What the law of a place lets be taken back from pay.")
class PayPolicy:
    """A policy pack."""

    key: str = shown("The permanent key.")
    version: str = shown("The version of the pack.")
    hash: str = shown("SHA-256 of its canonical document.")
    name: LocalText = shown("The name.")
    source: LocalText = shown("The law it states, and where it stands.")
    share_of_wage: Decimal | None = shown("At most this part of the month's wage; null: no limit.")
    keeps_minimum_wage: bool = shown("Whether what is left may not be below the minimum wage.")


@output(access=Resource.PAY, description="What a legal entity decided about its pay.")
class PaySettings:
    """What holds on a day."""

    policy: PayPolicy = shown("The limits of what may be taken back.")
    approval: list[PayApprovalStep] = shown("The steps of the approval chain, a few at most.")
    columns: Document = shown("What payroll is handed: attain.payroll_columns/1.")
    valid_from: date | None = shown("The first day; null while nothing was decided.")
    version: int = shown("Grows with every change of this day; send it back as expectedVersion.")


@output(access=Resource.PAY, description="The wage of a person, from a month on.")
class Wage:
    """A recorded wage."""

    id: strawberry.ID = shown("The id of the row.")
    amount: Money = shown("The wage of the month, without what pay sheets pay.")
    region: str = shown("Where the minimum wage is looked up.")
    valid_from: date = shown("The first day of the month from which it holds.")


@output(access=Resource.PAY, description="The minimum wage of a region.")
class MinimumWage:
    """What the law of a region says."""

    region: str = shown("The region.")
    amount: Money = shown("The minimum wage of a month.")


@strawberry.input(description="A step of an approval chain: roles, accounts, or both.")
class PayApprovalStepInput:
    """A step."""

    roles: list[Role] = strawberry.field(
        default_factory=list, description="Roles whose holders may take it; only HR can."
    )
    accounts: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Accounts that may take it, whatever their role."
    )


@strawberry.input(description="A legal entity decides how its pay is settled, from a day on.")
class PayPolicySetInput:
    """Input of ``payPolicySet``; what is left out stays as it is that day."""

    idempotency_key: Key = key_field()
    valid_from: date = strawberry.field(description="The first day; today or later.")
    policy: str | None = strawberry.field(
        default=None, description="The key of a policy; its newest version."
    )
    approval: list[PayApprovalStepInput] | None = strawberry.field(
        default=None, description="The steps in their order, at least one."
    )
    columns: Document | None = strawberry.field(
        default=None, description="What payroll is handed: attain.payroll_columns/1."
    )
    reason: str = strawberry.field(description=REASON)
    legal_entity: Entity = strawberry.field(default=None, description="The legal entity.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="The wage of a person from a month on.")
class WageInput:
    """One wage."""

    person: strawberry.ID = strawberry.field(description="The person.")
    month: PeriodName = strawberry.field(description="The first month, as 2026-09.")
    amount: Decimal = strawberry.field(description="The wage of a month.")
    currency: UnitCode = strawberry.field(description="Its currency.")
    region: str = strawberry.field(description="Where the minimum wage is looked up.")


@strawberry.input(description="Wages are recorded, at most 500 at once.")
class WageSetInput:
    """Input of ``wageSet``."""

    idempotency_key: Key = key_field()
    wages: list[WageInput] = strawberry.field(description="The wages.")
    reason: str = strawberry.field(default="", description=REASON)
    legal_entity: Entity = strawberry.field(default=None, description="The legal entity.")


@strawberry.input(description="The minimum wage of a region is recorded, from a day on.")
class MinimumWageSetInput:
    """Input of ``minimumWageSet``."""

    idempotency_key: Key = key_field()
    region: str = strawberry.field(description="The region, as wages name it.")
    valid_from: date = strawberry.field(description="The first day.")
    amount: Decimal = strawberry.field(description="The minimum wage of a month.")
    currency: UnitCode = strawberry.field(description="Its currency.")
    reason: str = strawberry.field(description="The announcement that says so, for the trail.")
    legal_entity: Entity = strawberry.field(default=None, description="The legal entity.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@output(access=Resource.PAY, description="The settings are changed.")
class PayPolicySetSuccess:
    """Changed."""

    settings: PaySettings = shown("What holds on the first day.")


@output(access=Resource.PAY, description="The wages are recorded.")
class WageSetSuccess:
    """Recorded."""

    count: int = shown("How many.")


@output(access=Resource.PAY, description="The minimum wage is recorded.")
class MinimumWageSetSuccess:
    """Recorded."""

    minimum_wages: list[MinimumWage] = shown("What holds on the first day, one per region.")


PayPolicySetResult = Annotated[
    PayPolicySetSuccess | Refusal,
    strawberry.union("PayPolicySetResult", description="Changed, or why not."),
]
WageSetResult = Annotated[
    WageSetSuccess | Refusal,
    strawberry.union("WageSetResult", description="Recorded, or why not."),
]
MinimumWageSetResult = Annotated[
    MinimumWageSetSuccess | Refusal,
    strawberry.union("MinimumWageSetResult", description="Recorded, or why not."),
]


def _policy(policy: Policy, context: Context) -> PayPolicy:
    share = policy.share_of_wage
    return PayPolicy(
        key=policy.key,
        version=policy.version,
        hash=policy.hash,
        name=local_text(policy.name, context),
        source=local_text(policy.source, context),
        share_of_wage=None if share is None else Decimal(share).scaleb(-6),
        keeps_minimum_wage=policy.keeps_minimum_wage,
    )


def _settings(database: Database, context: Context, entity_id: str, day: date) -> PaySettings:
    held = pay_settings_on(database, entity_id, day, ALL_KNOWN)
    return PaySettings(
        policy=_policy(policy_of(held), context),
        approval=[approval_step(step) for step in held.approval],
        columns=Document(dict(held.columns or PLAIN_COLUMNS)),
        valid_from=held.valid_from,
        version=held.version,
    )


def _minimums(database: Database, context: Context, entity_id: str, day: date) -> list[MinimumWage]:
    found = minimum_wages_on(database, entity_id, day=day, known_at=ALL_KNOWN)
    return [
        MinimumWage(region=region, amount=money(amount, currency, context))
        for region, (amount, currency) in sorted(found.items())
    ]


def _steps(amount: Decimal, currency: str, path: str) -> int:
    steps = to_steps(amount, currency)
    if steps is None:
        values = {"value": f"{amount:f}", "unit": currency}
        raise Refused("number_not_exact", values, path=path)
    return steps


def _month(name: str) -> Period:
    period = period_named(name)
    if period.kind is not PeriodKind.MONTH or period.start.day != 1:
        raise Refused("period_invalid", {"period": name})
    return period


@output(access=Audience.SIGNED_IN, description="Queries about how pay is settled.")
class PaySettingQuery:
    """Part of the query root."""

    @resolved("The policies of what may be taken back; a few at most.", access=Resource.PAY)
    async def pay_policies(self, info: Info) -> list[PayPolicy]:
        """List them."""
        return [_policy(each, info.context) for each in policies()]

    @resolved("How a legal entity settles its pay on a day.", access=Resource.PAY)
    async def pay_settings(
        self, info: Info, valid_at: ValidAt = None, legal_entity: Entity = None
    ) -> PaySettings | None:
        """Read what holds."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        day = valid_at or context.today
        return await context.read(lambda database: _settings(database, context, entity, day))

    @resolved("The minimum wages that hold on a day, one per region.", access=Resource.PAY)
    async def minimum_wages(
        self, info: Info, valid_at: ValidAt = None, legal_entity: Entity = None
    ) -> list[MinimumWage] | None:
        """Read what holds."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        day = valid_at or context.today
        return await context.read(lambda database: _minimums(database, context, entity, day))

    @resolved(
        "The wage of a person that holds on a day: for the person and for whoever sees their pay.",
        access=Resource.PAY,
    )
    async def wage(
        self,
        info: Info,
        person: Person = None,
        valid_at: ValidAt = None,
        legal_entity: Entity = None,
    ) -> Wage | None:
        """Read one."""
        context = info.context
        entity, whose = entity_of(context.asker, legal_entity), person_of(context, person)
        day = valid_at or context.today

        def work(database: Database) -> Wage:
            found = wages_on(
                database, context.asker, entity, day=day, known_at=ALL_KNOWN, person_ids=[whose]
            ).get(whose)
            if found is None:
                raise Refused("not_found", {"id": whose})
            return Wage(
                id=strawberry.ID(found.id),
                amount=money(found.amount, found.currency, context),
                region=found.region,
                valid_from=found.valid_from,
            )

        answer = await context.read(work)
        await noted(context, entity, whose, f"{day:%Y-%m}")
        return answer


@output(access=Audience.SIGNED_IN, description="Changes of how pay is settled.")
class PaySettingMutation:
    """Part of the mutation root."""

    @resolved(
        "Decide by which policy pay is settled, who approves it and what payroll is handed, from a"
        " day on; never backwards.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=PayPolicySetResult,
    )
    async def pay_policy_set(
        self,
        info: Info,
        input: Annotated[PayPolicySetInput, described("What, from when, and why.")],  # noqa: A002
    ) -> PayPolicySetSuccess:
        """Decide."""
        context = info.context
        entity = entity_of(context.asker, input.legal_entity)
        chain = None
        if input.approval is not None:
            chain = [
                ApprovalStep(roles=frozenset(step.roles), accounts=frozenset(step.accounts))
                for step in input.approval
            ]
        await act(
            context,
            "payPolicySet",
            input,
            lambda writing: set_pay_policy(
                writing,
                context.asker,
                valid_from=input.valid_from,
                policy=input.policy,
                approval=chain,
                columns=input.columns,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
            entity_id=entity,
        )
        day = input.valid_from
        return PayPolicySetSuccess(
            settings=await context.read(lambda database: _settings(database, context, entity, day))
        )

    @resolved(
        "Record the wages of months: without one nothing is taken back from a person's pay.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=WageSetResult,
    )
    async def wage_set(
        self,
        info: Info,
        input: Annotated[WageSetInput, described("Whose, from when.")],  # noqa: A002
    ) -> WageSetSuccess:
        """Record."""
        context = info.context
        drafts = [
            WageDraft(
                person_id=each.person,
                month=_month(each.month).start,
                amount=_steps(each.amount, each.currency, f"wages[{place}].amount"),
                currency=each.currency,
                region=each.region,
            )
            for place, each in enumerate(input.wages)
        ]
        await act(
            context,
            "wageSet",
            input,
            lambda writing: set_wages(writing, context.asker, drafts, input.reason),
            entity_id=entity_of(context.asker, input.legal_entity),
        )
        return WageSetSuccess(count=len(drafts))

    @resolved(
        "Record the minimum wage of a region from a day on.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=MinimumWageSetResult,
    )
    async def minimum_wage_set(
        self,
        info: Info,
        input: Annotated[MinimumWageSetInput, described("Where, from when.")],  # noqa: A002
    ) -> MinimumWageSetSuccess:
        """Record."""
        context = info.context
        entity = entity_of(context.asker, input.legal_entity)
        amount = _steps(input.amount, input.currency, "amount")
        await act(
            context,
            "minimumWageSet",
            input,
            lambda writing: set_minimum_wage(
                writing,
                context.asker,
                region=input.region,
                valid_from=input.valid_from,
                amount=amount,
                currency=input.currency,
                reason=input.reason,
                expected_version=input.expected_version,
            ),
            entity_id=entity,
        )
        day = input.valid_from
        return MinimumWageSetSuccess(
            minimum_wages=await context.read(
                lambda database: _minimums(database, context, entity, day)
            )
        )
