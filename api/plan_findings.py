"""How a finding of the plan linter looks: its sentence and the two people who prove it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api.access import output, shown
from api.context import Context
from api.lines import LineNumber, line_number
from api.scalars import Document, closed_set
from api.values import Money, maybe_money
from domain.access import Resource
from domain.finding import Case, Finding, FindingCode, FindingWeight
from domain.lint import pay_route
from domain.plan import Plan
from domain.scorecard import Scorecard
from messages.findings import say_finding

closed_set(
    FindingWeight,
    "How much a finding stops.",
    {
        FindingWeight.ERROR: "Publishing needs a reason that is kept.",
        FindingWeight.WARNING: "Kept with the version; a person should look.",
        FindingWeight.INFO: "Kept with the version; good to know.",
    },
)
closed_set(
    FindingCode,
    "What the linter can find; docs/plan-lint.md has an example of each.",
    {
        FindingCode.PAY_FALLS: "Who does better is paid less.",
        FindingCode.CLIFF: "One step changes the pay by more than a tenth.",
        FindingCode.THRESHOLD: "The first pay comes at once.",
        FindingCode.UNREACHABLE_COMPONENT: "Nobody is ever paid the component.",
        FindingCode.DEAD_TIER: "A tier changes nothing.",
        FindingCode.DEAD_CONDITION: "A condition always holds.",
        FindingCode.NO_CAP: "The cost has no end.",
        FindingCode.ENDLESS_ACCELERATOR: "The rate grows and then never stops.",
        FindingCode.PAID_TWICE: "Two components pay a share of the same sales.",
        FindingCode.PLANS_OVERLAP: "Another plan is meant for the same people and as narrow.",
        FindingCode.CAP_BELOW_TARGET: "The cap binds for whoever meets every target.",
        FindingCode.FLOOR_ABOVE_TARGET: "The floor decides for whoever meets every target.",
        FindingCode.ORDER_DECIDES: "A total leaves out what stands after it.",
        FindingCode.PERCENT_ON_PERCENT: "A percentage counts another percentage.",
        FindingCode.OUTAGE_PAYS_NOTHING: "Missing data silently pays less.",
        FindingCode.HALF_WITHOUT_REWARD: "A median leaves half of the group without.",
        FindingCode.NO_PRORATION: "Part of a period is not provided for.",
        FindingCode.ADMINISTRATIVE_METRIC: "It pays for what is no business result.",
        FindingCode.MORE_LOSE_THAN_WIN: "More people lose by it than win.",
        FindingCode.NOBODY_REACHES: "Nobody has reached what it asks.",
        FindingCode.NOT_SEARCHED_COMPLETELY: "The search ended before everything was tried.",
        FindingCode.SECTIONS_OVERLAP: "Two sections claim one amount.",
        FindingCode.SECTIONS_GAP: "No section holds an amount.",
        FindingCode.SECTIONS_END: "The last section ends.",
    },
)


@output(access=Resource.PLAN, description="Somebody made up, and what the plan pays for it.")
class FindingCase:
    """One half of a proof; no real person."""

    inputs: list[LineNumber] = shown("Every number the pay depends on, at most some dozens.")
    payout: Money | None = shown("What is paid; null when it is held back.")
    document: Document | None = shown(
        "The plan that pays it, where it is not the one that is checked."
    )


@output(access=Resource.PLAN, description="What a person should know before publishing.")
class PlanFinding:
    """A finding with its proof."""

    code: FindingCode = shown("What was found.")
    weight: FindingWeight = shown("How much it stops.")
    component: str | None = shown("The component it is about; null for the whole plan.")
    text: str = shown("The finding as a sentence.")
    witness: list[FindingCase] = shown("The two who prove it; may be empty.")


def findings_of_plan(
    plan: Plan,
    findings: Sequence[Finding],
    context: Context,
    more: Mapping[str, str] | None = None,
    card: Scorecard | None = None,
) -> list[PlanFinding]:
    """Show the findings of a plan; ``more`` says what metrics are called."""
    names = {**(more or {}), **{each.id: each.name[context.locale.value]
                                for each in plan.components}}  # fmt: skip
    route = pay_route(plan, card)
    return [
        finding_from_domain(each, names, context, units=route.inputs, currency=plan.currency)
        for each in findings
    ]


def finding_from_domain(
    finding: Finding,
    names: Mapping[str, str],
    context: Context,
    *,
    units: Mapping[str, str],
    currency: str,
) -> PlanFinding:
    """Show a finding; ``units`` says what each number of the proof is counted in."""
    return PlanFinding(
        code=finding.code,
        weight=finding.weight,
        component=finding.component or None,
        text=say_finding(context.runtime.catalogue, finding, names, context.locale),
        witness=[_case(each, units, currency, context) for each in finding.witness],
    )


def _case(case: Case, units: Mapping[str, str], currency: str, context: Context) -> FindingCase:
    return FindingCase(
        inputs=[
            line_number(name, value, units.get(name, "NUMBER"), context.locale)
            for name, value in sorted(case.inputs.items())
        ],
        payout=maybe_money(case.payout, currency, context),
        document=None if case.document is None else Document(dict(case.document)),
    )
