"""What a plan will cost until a period, for whoever may decide all pay: it changes nothing.

As with a plan that is tried: the right of whoever asks is decided first, then the company is read
as a whole, by the system.
"""

from __future__ import annotations

from dataclasses import dataclass

from actions.backtest import Draft, Progress, demand_backtest
from actions.deed import Runtime
from actions.forecast import Forecast, Question, forecast
from actions.try_plan import read_draft
from domain.access import Actor, System
from domain.period import Period, period_named
from domain.scenario import USUAL, Newcomers, Scenario, demand_scenarios
from storage.definitions import Scope
from storage.engine import Writing, reading
from storage.people import legal_entity

_READER = System(name="forecast")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked. Without a document the plans in force pay; without scenarios the usual ones.

    ``likely`` names the scenario that is thought most likely: the first one by itself.
    """

    through: str
    newcomers: Newcomers
    document: object | None = None
    scenarios: tuple[Scenario, ...] = USUAL
    likely: str | None = None
    scope: Scope | None = None


def ask_forecast(
    runtime: Runtime,
    actor: Actor,
    entity_id: str,
    asking: Asking,
    progress: Progress | None = None,
) -> Forecast:
    """Say what the periods until ``through`` will cost."""
    demand_backtest(actor, entity_id)
    through, draft = read_asking(asking)
    with reading(runtime.engine, _READER) as connection:
        # What gathers numbers asks for a turn of writing, of which it only reads the connection.
        turn = Writing(
            connection=connection,
            entity_id=entity_id,
            known_at=runtime.clock(),
            actor=_READER.name,
        )
        found = legal_entity(connection, entity_id)
        assert found is not None
        question = Question(
            through=through,
            scenarios=asking.scenarios,
            newcomers=asking.newcomers,
            likely=asking.likely or asking.scenarios[0].name,
            currency=found.currency if draft is None else draft.plan.currency,
            draft=draft,
        )
        return forecast(turn, _READER, question, progress)


def read_asking(asking: Asking) -> tuple[Period, Draft | None]:
    """Read until when is asked and about which plan, or refuse it."""
    demand_scenarios(asking.scenarios, asking.likely)
    through = period_named(asking.through)
    if asking.document is None:
        return through, None
    return through, read_draft(asking.document, [through.name], asking.scope)
