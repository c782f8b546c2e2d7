"""``attain calculate`` and ``attain explain``: from facts to statements, on the command line."""

from __future__ import annotations

import typer

from actions.calculate import Mode
from actions.calculate import calculate as calculate_period
from attain.choosing import (
    SYSTEM,
    chosen_entity,
    chosen_person,
    ready_runtime,
    refusals_told,
    sentences,
)
from attain.settings import Settings
from domain.access import Resource
from domain.period import period_named
from domain.problem import Refused
from domain.program import LineKind
from messages.lines import say_line
from messages.render import Locale, money
from storage.definitions import metrics_by_key
from storage.engine import reading
from storage.results import latest_run, results, run_by_id
from storage.statements import Explained, statement_of

_SHOWN = {LineKind.REASON, LineKind.SCORE, LineKind.PAY, LineKind.TOTAL}


def calculate(
    settings: Settings, *, period: str, entity: str | None, post: bool, provisional: bool
) -> None:
    """Score everybody for the period and print what was computed."""
    runtime = ready_runtime(settings)
    found = chosen_entity(runtime, entity)
    entity_id = found.id
    with refusals_told(settings.locale):
        done = calculate_period(
            runtime,
            SYSTEM,
            entity_id,
            period,
            Mode.POSTED if post else Mode.TRIAL,
            accept_provisional=provisional,
        )
    with reading(runtime.engine, SYSTEM) as connection:
        run = run_by_id(connection, entity_id, done.id)
    if run is None:
        raise RuntimeError(f"run {done.id} was made and is not there")
    state = "final" if run.final else "provisional"
    typer.echo(f"{run.id}  {run.period}  {run.mode}  {state}")
    paid = money(run.payout or 0, found.currency, Locale(settings.locale))
    typer.echo(f"people {run.people}  payout {paid}  hash {run.result_hash}")
    for waiting in run.waiting_for:
        typer.echo(f"  waits for {waiting['fact']} (complete through {waiting['through'] or '-'})")
    for problem in run.problems:
        text = sentences().text(problem["code"], problem["values"], Locale(settings.locale))
        typer.echo(f"  {problem['severity']}: {text}")


def explain(
    settings: Settings, *, person: str, period: str, entity: str | None, locale: str | None
) -> None:
    """Print the statement of one person, line by line."""
    runtime = ready_runtime(settings)
    language = Locale(locale or settings.locale)
    with refusals_told(language.value):
        span = period_named(period)
        entity_id = chosen_entity(runtime, entity).id
        whose = chosen_person(runtime, entity_id, person, span.last_day)
        with reading(runtime.engine, SYSTEM) as connection:
            run = latest_run(connection, entity_id, period=span.name, known_at=runtime.clock())
            if run is None:
                raise Refused("run_missing", {"period": span.name})
            found = results(
                connection,
                SYSTEM,
                run,
                day=span.last_day,
                resource=Resource.PAY,
                person_ids=[whose.id],
            )
            if not found:
                raise Refused("result_missing", {"period": span.name})
            explained = statement_of(connection, run, found[0])
            metrics = metrics_by_key(
                connection, entity_id, valid_at=run.valid_at, known_at=run.known_at
            )
    names = {key: metric.name[language.value] for key, metric in metrics.items()}
    state = "" if run.final else "  PROVISIONAL"
    typer.echo(f"{whose.name}  {run.period}  {run.mode}{state}")
    _print(explained, names, language)


def _print(explained: Explained, names: dict[str, str], locale: Locale) -> None:
    card, plan = explained.scorecard, explained.plan
    if card is not None:
        names.update({each.id: each.name[locale.value] for each in card.scorecard.adjustments})
    if plan is not None:
        names.update({each.id: each.name[locale.value] for each in plan.plan.components})
    catalogue, statement = sentences(), explained.statement
    for line in (*statement.score_lines, *statement.pay_lines):
        if line.kind in _SHOWN:
            typer.echo(f"  {say_line(catalogue, line, names.get(line.key, line.key), locale)}")
    if statement.payout is not None:
        typer.echo(f"= {money(statement.payout, statement.currency, locale)}")
    typer.echo(f"  {statement.hash}")
