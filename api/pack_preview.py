"""What a pack would have scored and paid in posted periods, for those who may see all pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

import strawberry

from actions.pack_preview import (
    USUAL_PERIODS,
    CardScores,
    KpiFacts,
    PersonPreview,
    demand_preview,
    preview_pack,
    preview_person,
)
from actions.pack_preview import PackPreview as Found
from actions.pack_trial import Goal, PackTrial
from actions.plan_comparison import Spread
from api.access import Audience, output, resolved, shown
from api.asking import Entity, entity_of
from api.backtest import BacktestedPlan, backtest_page
from api.context import Context, Info
from api.errors import DataProblem, data_problem
from api.incentives import PersonRef, person_ref
from api.lines import LineNumber, line_number
from api.pack_kpis import PackFeeding, feeding_from_domain
from api.pack_layers import changes_of, demand_few
from api.packs import PackScopeInput, scopes_of
from api.paging import described
from api.run_problems import names_in
from api.scalars import Document, PeriodName
from api.values import LocalText, Money, Quantity, local_text, maybe_money, maybe_number, number
from domain.access import Resource
from domain.pack_data import Brought, brought_by
from domain.pack_merge import Take
from domain.period import period_named
from domain.problem import Refused
from domain.program import Line, LineKind
from messages.lines import say_line
from storage.engine import Database
from storage.pack_data import mappings_in_use
from storage.settings import settings_for

_POINT = "POINT"
_UNDECIDED: Mapping[str, Take] = MappingProxyType({})


@output(access=Resource.CALCULATION, description="How the scores of one side are spread.")
class PackScoreSpread:
    """One side of a comparison of scores."""

    scored: int = shown("How many results have a score.")
    deciles: list[Quantity] = shown(
        "The least, nine cuts and the most, each what somebody got: 11, or none for nobody."
    )


@output(access=Resource.CALCULATION, description="What one scorecard of a pack would have given.")
class PackCardScores:
    """A role with its scores."""

    key: strawberry.ID = shown("The key of the scorecard.")
    hidden: bool = shown("Whether too few people are behind it, so that the rest is null.")
    people: int | None = shown("How many people it would have scored.")
    results: int | None = shown("How many results: one per person and period.")
    before: PackScoreSpread | None = shown("By the scorecards in force.")
    after: PackScoreSpread | None = shown("By the scorecard of the pack.")


@output(access=Resource.CALCULATION, description="Whether a KPI can be computed from the facts.")
class PackKpiFacts:
    """A KPI held against the facts of the periods."""

    key: strawberry.ID = shown("The key.")
    name: LocalText = shown("The name.")
    computable: bool = shown("Whether there are facts of every kind that its formula reads.")
    facts: int = shown("How many facts that it reads there are in the periods.")
    absent: list[str] = shown("Kinds it reads of which there is none; at most a handful.")
    people: int | None = shown(
        "Of how many people it has a value in the last period; null where nothing tried reads it."
    )
    of: int | None = shown("Of how many it is asked.")
    feeding: PackFeeding | None = shown(
        "What the mappings of the connected sources bring for it.", access=Resource.SOURCE
    )


@output(access=Resource.CALCULATION, description="What a pack would have scored and paid.")
class PackPreview:
    """The answer; nothing was written."""

    pack: strawberry.ID = shown("The pack.")
    pack_version: str = shown("The version that was tried.")
    pack_hash: str = shown("SHA-256 of its content.")
    periods: list[PeriodName] = shown("The periods, at most 6.")
    pay: BacktestedPlan | None = shown(
        "What it would have paid beside what was paid.", access=Resource.PAY
    )
    cards: list[PackCardScores] = shown("The scores by scorecard, at most some dozens.")
    kpis: list[PackKpiFacts] = shown("Every KPI of the pack, at most some dozens.")
    problems: list[DataProblem] = shown("What speaks against believing it; may be empty.")


@output(access=Resource.PAY, description="A line of a preview.")
class PackPreviewLine:
    """A number with its sentence."""

    name: str = shown("The name of the line.")
    kind: LineKind = shown("What it is for.")
    key: str = shown("The KPI or component it belongs to; empty for the whole.")
    text: str = shown("The sentence, in the language of the request.")
    number: LineNumber = shown("The number of the line.")


@output(access=Resource.PAY, description="One person in one period, by the rules of a pack.")
class PackPersonPreview:
    """Line by line; nothing was written."""

    person: PersonRef = shown("Who.")
    period: PeriodName = shown("The period.")
    score_before: Quantity | None = shown("The score that was given.")
    score_after: Quantity | None = shown("The score by the pack.")
    before: Money | None = shown("What was earned.")
    after: Money | None = shown("What would be earned.")
    score_lines: list[PackPreviewLine] = shown("The lines of the score, at most some hundreds.")
    lines: list[PackPreviewLine] = shown("The lines of the pay, at most some hundreds.")


@strawberry.input(description="A goal that is assumed where nobody set one.")
class PackGoalInput:
    """An amount, or the goals of another metric."""

    metric: strawberry.ID = strawberry.field(description="The metric of the pack.")
    target: Decimal | None = strawberry.field(
        default=None, description="The target, the same for everybody."
    )
    baseline: Decimal | None = strawberry.field(
        default=None, description="Where one starts, the same for everybody."
    )
    like: strawberry.ID | None = strawberry.field(
        default=None, description="Everybody's own target of this metric of the company."
    )


@strawberry.input(description="How a pack is tried.")
class PackTrialInput:
    """What differs from the pack as it is written, and for whom it is."""

    pack_version: str | None = strawberry.field(
        default=None, description="The version; the one on offer if absent."
    )
    documents: list[PackScopeInput] | None = strawberry.field(
        default=None,
        description="The scorecards and plans that are tried, and for whom. If absent: of an"
        " installed pack what is in force, of another the first of each for everybody.",
    )
    overrides: Document | None = strawberry.field(
        default=None, description="Changes that are tried with it, as packOverride takes them."
    )
    goals: list[PackGoalInput] = strawberry.field(
        default_factory=list, description="Goals for what nobody has a goal of; at most 400."
    )

    def to_trial(self, pack: str, decided: Mapping[str, Take] = _UNDECIDED) -> PackTrial:
        """Read it; with decisions about the conflicts of another version of an installed pack."""
        return PackTrial(
            pack_id=pack,
            version=self.pack_version,
            scopes=scopes_of(self.documents),
            overrides=changes_of("overrides", self.overrides),
            decided=decided,
            goals=goals_of(self.goals),
        )


def goals_of(given: Sequence[PackGoalInput]) -> dict[str, tuple[Goal, ...]]:
    """Read assumed goals; each says exactly one thing, or a target and a baseline."""
    demand_few("goals", given)
    found: dict[str, tuple[Goal, ...]] = {}
    for each in given:
        parts = {"target": each.target, "baseline": each.baseline}
        goals = [
            Goal(part=part, amount=value) for part, value in parts.items() if value is not None
        ]
        if each.like is not None:
            goals.append(Goal(like=str(each.like)))
        if not goals or (each.like is not None and each.target is not None):
            raise Refused("field_missing", {"field": "target"}, path="goals")
        found[str(each.metric)] = tuple(goals)
    return found


def _spread(spread: Spread, scored: int, context: Context) -> PackScoreSpread:
    return PackScoreSpread(
        scored=scored, deciles=[number(each, _POINT, context) for each in spread.deciles]
    )


def _card(card: CardScores, minimum: int, context: Context) -> PackCardScores:
    if card.people < minimum:
        return PackCardScores(
            key=strawberry.ID(card.key),
            hidden=True,
            people=None,
            results=None,
            before=None,
            after=None,
        )
    return PackCardScores(
        key=strawberry.ID(card.key),
        hidden=False,
        people=card.people,
        results=card.results,
        before=_spread(card.before, card.scored_before, context),
        after=_spread(card.after, card.scored, context),
    )


def _kpi(kpi: KpiFacts, brought: Brought, context: Context) -> PackKpiFacts:
    return PackKpiFacts(
        key=strawberry.ID(kpi.metric.key),
        name=local_text(kpi.metric.name, context),
        computable=not kpi.absent,
        facts=kpi.facts,
        absent=list(kpi.absent),
        people=kpi.people,
        of=kpi.of,
        feeding=feeding_from_domain(kpi.metric, brought, context),
    )


def preview_page(database: Database, context: Context, entity_id: str, found: Found) -> PackPreview:
    """Show an answer, with the reach of whoever asks."""
    page = backtest_page(database, context, entity_id, found.backtest)
    last = period_named(found.backtest.periods[-1]).last_day
    minimum = settings_for(database, entity_id, last, context.today).privacy_minimum
    mappings = mappings_in_use(database, context.asker, entity_id, known_at=context.now)
    brought = brought_by(mappings)
    names = names_in(
        database,
        context,
        entity_id,
        [each.values for each in found.problems],
        {each.metric.key: each.metric.name for each in found.kpis},
    )
    return PackPreview(
        pack=strawberry.ID(found.pack_id),
        pack_version=found.version,
        pack_hash=found.hash,
        periods=page.periods,
        pay=page.plan,
        cards=[_card(each, minimum, context) for each in found.cards],
        kpis=[_kpi(each, brought, context) for each in found.kpis],
        problems=[
            data_problem(replace(each, values=names.of(each.values)), context)
            for each in found.problems
        ],
    )


def _line(line: Line, names: Mapping[str, Mapping[str, str]], context: Context) -> PackPreviewLine:
    called = names.get(line.key)
    name = line.key if called is None else called[context.locale.value]
    return PackPreviewLine(
        name=line.name,
        kind=line.kind,
        key=line.key,
        text=say_line(context.runtime.catalogue, line, name, context.locale),
        number=line_number(line.name, line.value, line.unit, context.locale),
    )


async def previewed(
    context: Context, entity_id: str, trial: PackTrial, periods: Sequence[str], last: int
) -> PackPreview:
    """Try a pack and show the answer."""
    demand_preview(context.asker, entity_id)
    actions = context.runtime.actions
    found = await context.perform(
        lambda: preview_pack(actions, context.asker, entity_id, trial, periods, last)
    )
    return await context.read(lambda database: preview_page(database, context, entity_id, found))


_Trial = Annotated[PackTrialInput | None, described("How it is tried; as it is written if absent.")]


@output(access=Audience.SIGNED_IN, description="Trying packs on periods that are over.")
class PackPreviewQuery:
    """Part of the query root."""

    @resolved(
        "What a pack would have scored and paid in posted periods, beside what was paid, and which"
        " of its KPIs can be computed from the facts that are there. For those who may read"
        " calculations and all pay of the legal entity; nothing is written.",
        access=Resource.CALCULATION,
    )
    async def pack_preview(
        self,
        info: Info,
        pack: Annotated[strawberry.ID, described("The pack.")],
        trial: _Trial = None,
        periods: Annotated[
            list[PeriodName] | None, described("Posted periods of one kind, 1 to 6.")
        ] = None,
        recent: Annotated[
            int, described("Without periods: how many of the last posted ones, 1 to 6.")
        ] = USUAL_PERIODS,
        legal_entity: Entity = None,
    ) -> PackPreview | None:
        """Run it."""
        context = info.context
        entity_id = entity_of(context.asker, legal_entity)
        demand_preview(context.asker, entity_id)
        asked = (trial or PackTrialInput()).to_trial(str(pack))
        return await previewed(context, entity_id, asked, periods or (), recent)

    @resolved(
        "What one person would have got by a pack in one posted period, line by line. For those"
        " who may read calculations and all pay of the legal entity.",
        access=Resource.PAY,
    )
    async def pack_preview_person(
        self,
        info: Info,
        pack: Annotated[strawberry.ID, described("The pack.")],
        period: Annotated[PeriodName, described("A posted period.")],
        person: Annotated[strawberry.ID, described("Who.")],
        trial: _Trial = None,
        legal_entity: Entity = None,
    ) -> PackPersonPreview | None:
        """Explain it."""
        context, whose = info.context, str(person)
        entity_id = entity_of(context.asker, legal_entity)
        demand_preview(context.asker, entity_id)
        asked = (trial or PackTrialInput()).to_trial(str(pack))
        actions = context.runtime.actions
        found = await context.perform(
            lambda: preview_person(actions, context.asker, entity_id, asked, period, whose)
        )
        span = period_named(period)
        who = await context.read(
            lambda database: person_ref(database, context, whose, span, Resource.PAY)
        )
        return _person(found, who, period, context)


def _person(
    found: PersonPreview, who: PersonRef, period: str, context: Context
) -> PackPersonPreview:
    return PackPersonPreview(
        person=who,
        period=PeriodName(period),
        score_before=maybe_number(found.score_before, _POINT, context),
        score_after=maybe_number(found.score_after, _POINT, context),
        before=maybe_money(found.before, found.before_currency or None, context),
        after=maybe_money(found.after, found.currency or None, context),
        score_lines=[_line(each, found.names, context) for each in found.score_lines],
        lines=[_line(each, found.names, context) for each in found.lines],
    )
