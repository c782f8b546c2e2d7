"""What a plan would have paid in posted periods, for those who may see all pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import strawberry

from actions.backtest import ABSOLUTE, Backtest, Compared, Mover, demand_backtest
from actions.plan_comparison import Side, Spread
from actions.try_plan import Trial, try_plan
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, Moment, entity_of
from api.context import Context, Info
from api.definitions import ScopeInput
from api.errors import DataProblem, data_problem
from api.incentives import PersonRef
from api.paging import described
from api.people import unit_names
from api.scalars import Document, PeriodName
from api.values import Money, money
from domain.access import Resource
from domain.period import period_named
from domain.privacy import hidden_groups
from storage.engine import Database
from storage.people import people, platforms
from storage.settings import settings_for


@output(access=Resource.PAY, description="How one plan's pay is spread over people.")
class BacktestSpread:
    """One side of a comparison."""

    total: Money = shown("What all of them earn together.")
    without: int = shown("How many earn nothing.")
    deciles: list[Money] = shown(
        "The least, nine cuts and the most, each what somebody earns: 11, or none for nobody."
    )


@output(access=Resource.PAY, description="People who have something in common, by both plans.")
class BacktestGroup:
    """A team, a platform, or people who are here as long."""

    key: str = shown("The id of the team or platform, or the months of being here: <6, <12, >=36.")
    name: str = shown("Its name.")
    hidden: bool = shown("Whether too few people are behind it, so that the rest is null.")
    people: int | None = shown("How many.")
    winners: int | None = shown("How many would earn more.")
    losers: int | None = shown("How many would earn less.")
    before: Money | None = shown("What they earned together.")
    after: Money | None = shown("What they would earn together.")
    without_before: int | None = shown("How many earned nothing.")
    without_after: int | None = shown("How many would earn nothing.")


@output(access=Resource.PAY, description="Somebody whose pay would change much.")
class BacktestMover:
    """A winner or a loser."""

    person: PersonRef = shown("Who.")
    before: Money = shown("What was earned.")
    after: Money = shown("What would be earned.")


@output(access=Resource.PAY, description="Numbers of a period that its run had not frozen.")
class BacktestGathered:
    """What was read anew, as it was known at the run."""

    period: PeriodName = shown("The period.")
    metrics: list[str] = shown("The keys of the metrics, at most some dozens.")


@output(access=Resource.PAY, description="A tried plan beside the plans in force.")
class BacktestedPlan:
    """One comparison over all periods; a person counts once."""

    absolute: bool = shown("Whether rewards above a median were made absolute in it.")
    people: int = shown("Of how many people both are known.")
    not_comparable: int = shown("Of how many they are not; nobody is counted as zero.")
    winners: int = shown("How many would earn more.")
    losers: int = shown("How many would earn less.")
    same: int = shown("How many would earn the same.")
    gained: Money = shown("What the winners win together.")
    lost: Money = shown("What the losers lose together; not negative.")
    before: BacktestSpread = shown("By the plans in force.")
    after: BacktestSpread = shown("By the plan that is tried.")
    rank_moved: int = shown("Whose place by pay changes by more than a tenth of the people.")
    top: int = shown("How many are in the best tenth by the plans in force.")
    left_top: int = shown("How many of them would no longer be.")
    teams: list[BacktestGroup] = shown("By team, one entry per team.")
    platforms: list[BacktestGroup] = shown("By sales platform; may be empty.")
    tenures: list[BacktestGroup] = shown("By how long people are here, at most 5.")
    biggest_winners: list[BacktestMover] = shown("At most 20, the biggest first.")
    biggest_losers: list[BacktestMover] = shown("At most 20, the biggest first.")
    gathered: list[BacktestGathered] = shown("What had to be read anew, one per period at most.")


@output(access=Resource.PAY, description="What a plan would have paid in periods that are over.")
class PlanBacktest:
    """The answer; nothing was written."""

    periods: list[PeriodName] = shown("The periods, at most 12.")
    plan: BacktestedPlan = shown("The plan as it is written.")
    absolute: BacktestedPlan | None = shown(
        "The same with fixed rewards, where it rewards above a median; to see what that costs."
    )
    problems: list[DataProblem] = shown("What speaks against believing it; may be empty.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """What the rows of one answer share."""

    context: Context
    currency: str
    names: dict[str, str]
    minimum: int

    def money(self, steps: int) -> Money:
        """Show an amount."""
        return money(steps, self.currency, self.context)

    def spread(self, spread: Spread) -> BacktestSpread:
        """Show one side."""
        return BacktestSpread(
            total=self.money(spread.total),
            without=spread.without,
            deciles=[self.money(each) for each in spread.deciles],
        )

    def groups(self, groups: Sequence[tuple[str, Side]]) -> list[BacktestGroup]:
        """Show groups, but not those that a few people make up."""
        hidden = hidden_groups([side.people for _, side in groups], self.minimum)
        return [
            self._hidden(key) if place in hidden else self._group(key, side)
            for place, (key, side) in enumerate(groups)
        ]

    def _group(self, key: str, side: Side) -> BacktestGroup:
        return BacktestGroup(
            key=key,
            name=self.names.get(key, key),
            hidden=False,
            people=side.people,
            winners=side.win,
            losers=side.lose,
            before=self.money(side.before.total),
            after=self.money(side.after.total),
            without_before=side.before.without,
            without_after=side.after.without,
        )

    def _hidden(self, key: str) -> BacktestGroup:
        return BacktestGroup(
            key=key,
            name=self.names.get(key, key),
            hidden=True,
            people=None,
            winners=None,
            losers=None,
            before=None,
            after=None,
            without_before=None,
            without_after=None,
        )

    def mover(self, mover: Mover) -> BacktestMover:
        """Show a winner or a loser by name."""
        name = self.names.get(mover.person_id, mover.person_id)
        return BacktestMover(
            person=PersonRef(id=strawberry.ID(mover.person_id), name=name),
            before=self.money(mover.before),
            after=self.money(mover.after),
        )

    def plan(self, tried: Compared) -> BacktestedPlan:
        """Show one comparison."""
        whole = tried.whole
        return BacktestedPlan(
            absolute=tried.name.endswith(f".{ABSOLUTE}"),
            people=whole.people,
            not_comparable=tried.not_comparable,
            winners=whole.win,
            losers=whole.lose,
            same=whole.same,
            gained=self.money(whole.gained),
            lost=self.money(whole.lost),
            before=self.spread(whole.before),
            after=self.spread(whole.after),
            rank_moved=tried.churn.moved,
            top=tried.churn.top,
            left_top=tried.churn.left_top,
            teams=self.groups(tried.teams),
            platforms=self.groups(tried.platforms),
            tenures=self.groups(tried.tenures),
            biggest_winners=[self.mover(each) for each in tried.winners],
            biggest_losers=[self.mover(each) for each in tried.losers],
            gathered=[
                BacktestGathered(period=PeriodName(period), metrics=list(metrics))
                for period, metrics in tried.gathered.items()
            ],
        )


def backtest_page(
    database: Database, context: Context, entity: str, found: Backtest
) -> PlanBacktest:
    """Show an answer, whether it was just come to or kept."""
    sheet = _sheet(database, context, entity, found)
    shown_plans = [sheet.plan(each) for each in found.tried]
    return PlanBacktest(
        periods=[PeriodName(each) for each in found.periods],
        plan=shown_plans[0],
        absolute=shown_plans[1] if len(shown_plans) > 1 else None,
        problems=[data_problem(each, context) for each in found.problems],
    )


def _sheet(database: Database, context: Context, entity: str, found: Backtest) -> _Sheet:
    """Look up what people and groups are called, with the reach of whoever asks."""
    last = period_named(found.periods[-1]).last_day
    movers = {each.person_id for one in found.tried for each in (*one.winners, *one.losers)}
    named = people(
        database,
        context.asker,
        valid_at=last,
        known_at=ALL_KNOWN,
        ids=sorted(movers),
        resource=Resource.PAY,
    )
    names = {str(each.id): each.name for each in named}
    names |= unit_names(database, entity, Moment(valid_at=last, known_at=ALL_KNOWN))
    stores = platforms(database, entity, known_at=ALL_KNOWN)
    names |= {str(each.id): each.name for each in stores}
    settings = settings_for(database, entity, last, context.today)
    return _Sheet(
        context=context, currency=found.currency, names=names, minimum=settings.privacy_minimum
    )


@output(access=Audience.SIGNED_IN, description="Trying plans on periods that are over.")
class BacktestQuery:
    """Part of the query root."""

    @resolved(
        "What a plan would have paid in posted periods, beside what was paid. For those who may"
        " read calculations and all pay of the legal entity; nothing is written.",
        access=Resource.CALCULATION,
    )
    async def plan_backtest(
        self,
        info: Info,
        document: Annotated[Document, described("The plan (attain.plan/1).")],
        periods: Annotated[list[PeriodName], described("Posted periods, 1 to 12.")],
        scope: Annotated[
            ScopeInput | None, described("Whom it would be for; everybody if absent.")
        ] = None,
        legal_entity: Entity = None,
    ) -> PlanBacktest | None:
        """Run it."""
        context = info.context
        entity = entity_of(context.asker, legal_entity)
        demand_backtest(context.asker, entity)
        trial = Trial(
            document=document, periods=periods, scope=None if scope is None else scope.to_scope()
        )
        actions = context.runtime.actions
        found = await context.perform(lambda: try_plan(actions, context.asker, entity, trial))
        return await context.read(lambda database: backtest_page(database, context, entity, found))
