"""``attain forecast``: what a plan will cost in the periods that are not over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from actions.ask_forecast import Asking, ask_forecast
from actions.forecast import Cost, Forecast, ScenarioCost, Spread, hidden_teams
from attain.choosing import SYSTEM, chosen_entity, ready_runtime, refusals_told, sentences
from attain.settings import Settings
from domain.scenario import USUAL, Change, Level, Newcomers, Repeats, Scenario
from domain.unit import from_steps, to_steps
from messages.render import Locale, money
from storage.engine import reading
from storage.people import platforms, units
from storage.settings import settings_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked on the command line."""

    through: str
    newcomers: str
    plan: Path | None
    scenarios: Path | None
    likely: str | None


class _Page:
    """Prints one answer in one language, teams of few people left out."""

    def __init__(
        self, found: Forecast, names: Mapping[str, str], minimum: int, locale: Locale
    ) -> None:
        self._found = found
        self._names = names
        self._hidden = hidden_teams(found, minimum)
        self._locale = locale

    def print(self) -> None:
        """Print the spread, then every scenario with its assumptions, then what is left out."""
        found = self._found
        typer.echo(
            f"{', '.join(found.periods)}  today {found.today}  newcomers {found.newcomers.value}"
        )
        self._spread("all", found.whole)
        for period, spread in found.months:
            self._spread(period, spread)
        for team, spread in found.teams:
            name = self._names.get(team, team)
            if team in self._hidden:
                typer.echo(f"  team {name}  -")
            else:
                self._spread(f"team {name}", spread)
        for each in found.scenarios:
            self._scenario(each)
        for problem in found.problems:
            text = sentences().text(problem.code, problem.values, self._locale)
            typer.echo(f"{problem.severity}  {text}")

    def _spread(self, label: str, spread: Spread) -> None:
        least, likely, most = (
            self._money(each) for each in (spread.least, spread.likely, spread.most)
        )
        typer.echo(
            f"  {label}  {least} ({spread.least_in}) .. {likely} .. {most} ({spread.most_in})"
        )

    def _scenario(self, each: ScenarioCost) -> None:
        scenario = each.scenario
        typer.echo(f"{scenario.name}  {scenario.repeats.value}  {scenario.level.value}")
        for change in scenario.changes:
            whose = " ".join(
                self._names.get(name, name)
                for name in (change.metric, change.unit, change.platform)
                if name
            )
            factor = from_steps(change.factor, "RATIO").normalize()
            typer.echo(f"  x {factor:f}  {whose}".rstrip())
        self._cost("all", each.cost)
        for month in each.months:
            self._cost(f"{month.period} as {month.repeated}", month.cost)
            for label, count in (
                ("newcomers", month.newcomers),
                ("off goal", month.off_goal),
                ("uncut", month.uncut),
            ):
                if count:
                    typer.echo(f"    {label} {count}")

    def _cost(self, label: str, cost: Cost) -> None:
        lost = f"  not known {cost.not_known}" if cost.not_known else ""
        typer.echo(
            f"  {label}  {self._money(cost.total)}  people {cost.people}"
            f"  nothing {cost.without}{lost}"
        )

    def _money(self, steps: int) -> str:
        return money(steps, self._found.currency, self._locale)


def forecast_file(
    settings: Settings, asked: Asked, *, entity: str | None, locale: str | None
) -> None:
    """Print what a plan, or those in force, will cost until a period."""
    language = Locale(locale or settings.locale)
    if asked.newcomers not in {each.value for each in Newcomers}:
        raise typer.BadParameter(f"newcomers: {' or '.join(Newcomers)}")
    asking = Asking(
        through=asked.through,
        newcomers=Newcomers(asked.newcomers),
        document=None if asked.plan is None else _json(asked.plan),
        scenarios=USUAL if asked.scenarios is None else _scenarios(asked.scenarios),
        likely=asked.likely,
    )
    runtime = ready_runtime(settings)
    entity_id = chosen_entity(runtime, entity).id
    with refusals_told(language.value):
        found = ask_forecast(runtime, SYSTEM, entity_id, asking)
    now = runtime.clock()
    with reading(runtime.engine, SYSTEM) as connection:
        teams = units(connection, entity_id, valid_at=now.date(), known_at=now)
        names = {str(each.id): each.name for each in teams}
        stores = platforms(connection, entity_id, known_at=now)
        names |= {str(each.id): each.name for each in stores}
        minimum = settings_on(connection, entity_id, now.date()).privacy_minimum
    _Page(found, names, minimum, language).print()


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise typer.BadParameter(f"{file.name} is no JSON") from fault


def _scenarios(file: Path) -> tuple[Scenario, ...]:
    """Read a list of scenarios, written as the GraphQL input is."""
    try:
        return tuple(
            Scenario(
                name=str(each["name"]),
                repeats=Repeats(each["repeats"]),
                level=Level(each["level"]),
                changes=tuple(_change(change) for change in each.get("changes", ())),
            )
            for each in _json(file)
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise typer.BadParameter(f"{file.name} is no list of scenarios: {fault}") from fault


def _change(given: Mapping[str, Any]) -> Change:
    factor = to_steps(str(given["factor"]), "RATIO")
    if factor is None:
        raise ValueError(f"factor {given['factor']}")
    names = {name: given.get(name) for name in ("metric", "unit", "platform")}
    return Change(factor=factor, **names)
