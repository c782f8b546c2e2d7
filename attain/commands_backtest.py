"""``attain backtest``: what a plan in a file would have paid in posted periods."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from actions.backtest import Backtest, Compared, Mover
from actions.plan_comparison import Side
from actions.try_plan import Trial, try_plan
from attain.choosing import SYSTEM, chosen_entity, ready_runtime, refusals_told, sentences
from attain.settings import Settings
from domain.privacy import hidden_groups
from messages.render import Locale, money
from storage.engine import reading
from storage.people import people, platforms, units
from storage.settings import settings_on


class _Page:
    """Prints one answer in one language, groups of few people left out."""

    def __init__(
        self, found: Backtest, names: dict[str, str], minimum: int, locale: Locale
    ) -> None:
        self._found = found
        self._names = names
        self._minimum = minimum
        self._locale = locale

    def print(self) -> None:
        """Print every plan that was tried, then what speaks against believing it."""
        for each in self._found.tried:
            self._plan(each)
        for problem in self._found.problems:
            text = sentences().text(problem.code, problem.values, self._locale)
            typer.echo(f"{problem.severity}  {text}")

    def _plan(self, tried: Compared) -> None:
        whole = tried.whole
        typer.echo(f"{tried.name}  {', '.join(self._found.periods)}")
        self._side("all", whole)
        moved, churn = f"{tried.churn.moved}/{tried.churn.people}", tried.churn
        typer.echo(f"  rank  moved {moved}  left the top {churn.left_top}/{churn.top}")
        for label, spread in (("before", whole.before), ("after", whole.after)):
            cuts = "  ".join(self._money(each) for each in spread.deciles)
            typer.echo(f"  {label}  nothing {spread.without}/{whole.people}  {cuts}")
        for title, groups in (
            ("team", tried.teams),
            ("platform", tried.platforms),
            ("months", tried.tenures),
        ):
            hidden = hidden_groups([side.people for _, side in groups], self._minimum)
            for place, (group, side) in enumerate(groups):
                label = f"{title} {self._names.get(group, group)}"
                if place in hidden:
                    typer.echo(f"  {label}  -")
                else:
                    self._side(label, side)
        for sign, movers in (("+", tried.winners), ("-", tried.losers)):
            for mover in movers:
                self._mover(sign, mover)
        if tried.not_comparable:
            typer.echo(f"  not comparable: {tried.not_comparable}")
        for period, metrics in tried.gathered.items():
            typer.echo(f"  {period} gathered: {', '.join(metrics)}")

    def _side(self, label: str, side: Side) -> None:
        before, after = self._money(side.before.total), self._money(side.after.total)
        typer.echo(
            f"  {label}  {before} -> {after}  people {side.people}"
            f"  win {side.win}  lose {side.lose}  same {side.same}"
        )

    def _mover(self, sign: str, mover: Mover) -> None:
        name = self._names.get(mover.person_id, mover.person_id)
        before, after = self._money(mover.before), self._money(mover.after)
        typer.echo(f"  {sign} {name}  {before} -> {after}")

    def _money(self, steps: int) -> str:
        return money(steps, self._found.currency, self._locale)


def backtest_file(
    settings: Settings, *, file: Path, periods: str, entity: str | None, locale: str | None
) -> None:
    """Print what the plan in a file would have paid beside what was posted."""
    language = Locale(locale or settings.locale)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise typer.BadParameter(f"{file.name} is no JSON") from fault
    runtime = ready_runtime(settings)
    entity_id = chosen_entity(runtime, entity).id
    wanted = [each.strip() for each in periods.split(",") if each.strip()]
    with refusals_told(language.value):
        found = try_plan(runtime, SYSTEM, entity_id, Trial(document=document, periods=wanted))
    now = runtime.clock()
    movers = {each.person_id for tried in found.tried for each in (*tried.winners, *tried.losers)}
    with reading(runtime.engine, SYSTEM) as connection:
        named = people(connection, SYSTEM, valid_at=now.date(), known_at=now, ids=sorted(movers))
        names = {str(each.id): each.name for each in named}
        teams = units(connection, entity_id, valid_at=now.date(), known_at=now)
        names |= {str(each.id): each.name for each in teams}
        stores = platforms(connection, entity_id, known_at=now)
        names |= {str(each.id): each.name for each in stores}
        minimum = settings_on(connection, entity_id, now.date()).privacy_minimum
    _Page(found, names, minimum, language).print()
