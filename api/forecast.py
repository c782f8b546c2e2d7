"""What a plan will cost until a period, scenario by scenario, for those who may see all pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from actions.ask_forecast import Asking, ask_forecast
from actions.backtest import demand_backtest
from actions.forecast import Cost, Forecast, Month, ScenarioCost, Spread, hidden_teams
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, Moment, entity_of
from api.context import Context, Info
from api.definitions import ScopeInput
from api.errors import DataProblem, data_problem
from api.forecast_inputs import ScenarioInput, scenarios_of
from api.paging import described
from api.people import unit_names
from api.scalars import Document, PeriodName
from api.values import Money, money
from domain.access import Resource
from domain.period import period_named
from domain.scenario import Change, Level, Newcomers, Repeats
from domain.unit import from_steps
from storage.engine import Database
from storage.people import platforms
from storage.settings import settings_for


@output(access=Resource.PAY, description="What some people cost together.")
class ForecastCost:
    """A sum over people."""

    total: Money = shown("What they earn together.")
    people: int = shown("How many they are; of several periods the most in any of them.")
    without: int = shown("How many earn nothing.")
    not_known: int = shown("Of how many a number is missing; they are in no total.")


@output(access=Resource.PAY, description="What a team costs.")
class ForecastTeam:
    """A team in a scenario."""

    key: str = shown("The id of the team.")
    name: str = shown("Its name.")
    hidden: bool = shown("Whether too few people are behind it, so that the rest is null.")
    cost: ForecastCost | None = shown("What it costs.")


@output(access=Resource.PAY, description="A period of a scenario.")
class ForecastMonth:
    """One period."""

    period: PeriodName = shown("The period.")
    repeated: PeriodName = shown("The period whose facts it repeats.")
    newcomers: int = shown("How many people were not there then.")
    off_goal: int = shown("How many lack the goal at whose height everybody is put.")
    uncut: int = shown("Whose period is cut; their last rules are taken for all of it.")
    cost: ForecastCost = shown("What it costs.")
    teams: list[ForecastTeam] = shown("By team, one entry per team.")


@output(access=Resource.PAY, description="How a scenario changes what is repeated.")
class ForecastChange:
    """One change."""

    factor: Decimal = shown("How much happens of what is repeated: 0.9 is a tenth less.")
    metric: str | None = shown("The key of the metric; null for all amounts of money.")
    unit: str | None = shown("The name of the unit it is for, with all below; null for all.")
    platform: str | None = shown("The name of the platform it is for; null for all.")


@output(access=Resource.PAY, description="One way in which the periods may turn out.")
class ForecastScenario:
    """A scenario with its assumptions and its cost."""

    name: str = shown("Its name.")
    repeats: Repeats = shown("Whose facts it repeats.")
    level: Level = shown("Where everybody stands in what has a goal.")
    changes: list[ForecastChange] = shown("What it changes, at most 20; several are multiplied.")
    cost: ForecastCost = shown("What it costs over all periods.")
    months: list[ForecastMonth] = shown("Period by period, at most 12.")
    teams: list[ForecastTeam] = shown("By team over all periods, one entry per team.")


@output(access=Resource.PAY, description="The least and the most over all scenarios.")
class ForecastSpread:
    """Between what and what a cost lies."""

    key: str = shown("The period, or the id of the team; empty for the whole.")
    name: str = shown("The period, or the name of the team; empty for the whole.")
    hidden: bool = shown("Whether too few people are behind it, so that the rest is null.")
    least: Money | None = shown("In the cheapest scenario.")
    likely: Money | None = shown("In the scenario that is thought most likely.")
    most: Money | None = shown("In the dearest scenario.")
    least_in: str | None = shown("The name of the cheapest scenario.")
    most_in: str | None = shown("The name of the dearest scenario.")


@output(access=Resource.PAY, description="What a plan will cost. Nothing was written.")
class PlanForecast:
    """The answer; its assumptions are part of it."""

    periods: list[PeriodName] = shown("The periods that are not over, at most 12.")
    today: date = shown("What lies before this day has happened; the rest is assumed.")
    newcomers: Newcomers = shown("What those do who were not there in a repeated period.")
    likely: str = shown("The name of the scenario that is thought most likely.")
    whole: ForecastSpread = shown("Over all periods and people.")
    months: list[ForecastSpread] = shown("Period by period, at most 12.")
    teams: list[ForecastSpread] = shown("Team by team, one entry per team.")
    scenarios: list[ForecastScenario] = shown("Each scenario, at most 8.")
    problems: list[DataProblem] = shown("What it leaves out; may be empty.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """What the rows of one answer share."""

    context: Context
    currency: str
    names: Mapping[str, str]
    hidden: frozenset[str]

    def cost(self, cost: Cost) -> ForecastCost:
        """Show a sum."""
        return ForecastCost(
            total=money(cost.total, self.currency, self.context),
            people=cost.people,
            without=cost.without,
            not_known=cost.not_known,
        )

    def teams(self, teams: Sequence[tuple[str, Cost]]) -> list[ForecastTeam]:
        """Show teams, but not those that a few people make up."""
        return [
            ForecastTeam(
                key=key,
                name=self.names.get(key, key),
                hidden=key in self.hidden,
                cost=None if key in self.hidden else self.cost(cost),
            )
            for key, cost in teams
        ]

    def month(self, month: Month) -> ForecastMonth:
        """Show a period."""
        return ForecastMonth(
            period=PeriodName(month.period),
            repeated=PeriodName(month.repeated),
            newcomers=month.newcomers,
            off_goal=month.off_goal,
            uncut=month.uncut,
            cost=self.cost(month.cost),
            teams=self.teams(month.teams),
        )

    def change(self, change: Change) -> ForecastChange:
        """Show an assumption."""
        unit, platform = change.unit, change.platform
        return ForecastChange(
            factor=from_steps(change.factor, "RATIO"),
            metric=change.metric,
            unit=None if unit is None else self.names.get(unit, unit),
            platform=None if platform is None else self.names.get(platform, platform),
        )

    def scenario(self, found: ScenarioCost) -> ForecastScenario:
        """Show a scenario."""
        scenario = found.scenario
        return ForecastScenario(
            name=scenario.name,
            repeats=scenario.repeats,
            level=scenario.level,
            changes=[self.change(each) for each in scenario.changes],
            cost=self.cost(found.cost),
            months=[self.month(each) for each in found.months],
            teams=self.teams(found.teams),
        )

    def spread(self, key: str, spread: Spread) -> ForecastSpread:
        """Show between what a cost lies."""
        hidden = key in self.hidden
        amounts = [
            None if hidden else money(each, self.currency, self.context)
            for each in (spread.least, spread.likely, spread.most)
        ]
        return ForecastSpread(
            key=key,
            name=self.names.get(key, key),
            hidden=hidden,
            least=amounts[0],
            likely=amounts[1],
            most=amounts[2],
            least_in=None if hidden else spread.least_in,
            most_in=None if hidden else spread.most_in,
        )


def forecast_page(
    database: Database, context: Context, entity: str, found: Forecast
) -> PlanForecast:
    """Show a forecast, with the names that units and platforms have at its end."""
    last = period_named(found.periods[-1]).last_day
    names = dict(unit_names(database, entity, Moment(valid_at=last, known_at=ALL_KNOWN)))
    stores = platforms(database, entity, known_at=ALL_KNOWN)
    names |= {str(each.id): each.name for each in stores}
    settings = settings_for(database, entity, last, context.today)
    sheet = _Sheet(
        context=context,
        currency=found.currency,
        names=names,
        hidden=hidden_teams(found, settings.privacy_minimum),
    )
    return PlanForecast(
        periods=[PeriodName(each) for each in found.periods],
        today=found.today,
        newcomers=found.newcomers,
        likely=found.likely,
        whole=sheet.spread("", found.whole),
        months=[sheet.spread(period, each) for period, each in found.months],
        teams=[sheet.spread(team, each) for team, each in found.teams],
        scenarios=[sheet.scenario(each) for each in found.scenarios],
        problems=[data_problem(each, context) for each in found.problems],
    )


@output(access=Audience.SIGNED_IN, description="What periods that are not over will cost.")
class ForecastQuery:
    """Part of the query root."""

    @resolved(
        "What a plan will cost until a period, under scenarios. For those who may read"
        " calculations and all pay of the legal entity; nothing is written.",
        access=Resource.CALCULATION,
    )
    async def plan_forecast(
        self,
        info: Info,
        through: Annotated[PeriodName, described("The last period, which is not over.")],
        newcomers: Annotated[
            Newcomers, described("What those do who were not there in a repeated period.")
        ],
        document: Annotated[
            Document | None, described("The plan (attain.plan/1); the plans in force if absent.")
        ] = None,
        scenarios: Annotated[
            list[ScenarioInput] | None,
            described("What may happen, 1 to 8; the usual ones if absent."),
        ] = None,
        likely: Annotated[
            str | None, described("The name of the likely scenario; the first one if absent.")
        ] = None,
        scope: Annotated[
            ScopeInput | None, described("Whom the plan would be for; everybody if absent.")
        ] = None,
        legal_entity: Entity = None,
    ) -> PlanForecast | None:
        """Run it."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        demand_backtest(context.asker, entity)
        asking = Asking(
            through=through,
            newcomers=newcomers,
            document=document,
            scenarios=scenarios_of(scenarios),
            likely=likely,
            scope=None if scope is None else scope.to_scope(),
        )
        actions = context.runtime.actions
        found = await context.perform(lambda: ask_forecast(actions, context.asker, entity, asking))
        return await context.read(lambda database: forecast_page(database, context, entity, found))
