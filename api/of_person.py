"""A question about one person and period: what most fields about scores and pay begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from actions.calculate import Mode
from api.asking import entity_of, moment
from api.context import Context
from api.paging import described
from api.reasons import noted
from domain.access import Deed, Resource, Role, may
from domain.period import Period, period_named
from domain.problem import Refused
from storage.engine import Database
from storage.live import whom
from storage.results import Result, Run, latest_run, results, run_by_id

Answer = TypeVar("Answer")
Person = Annotated[
    strawberry.ID | None, described("Whose; the person of the viewer's account if absent.")
]
RunId = Annotated[
    strawberry.ID | None,
    described(
        "The run to read; if absent the newest posted one, of scores also a newer trial whose"
        " scores are shown, and for HR otherwise the newest of all."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPerson:
    """Who asks about whom, where, of which period, and what is taken as known."""

    context: Context
    entity: str
    period: Period
    person: str
    known_at: datetime

    def result(
        self, database: Database, run_id: str | None, resource: Resource
    ) -> tuple[Run, Result]:
        """Read the run that is meant and the person's result in it, or refuse."""
        run = chosen_run(
            database,
            self.context,
            self.entity,
            self.period,
            run_id,
            self.known_at,
            scores=resource is Resource.PERFORMANCE,
        )
        return run, result_of(database, self.context, run, self.period, self.person, resource)

    async def read_noted(self, work: Callable[[Database], Answer]) -> Answer:
        """Read, and note whose pay was read where a reason has to be open for it."""
        answer = await self.context.read(work)
        await noted(self.context, self.entity, self.person, self.period.name)
        return answer


def of_person(
    context: Context,
    period: str,
    person: str | None,
    legal_entity: str | None,
    known_at: datetime | None = None,
) -> OfPerson:
    """Say what is asked about, from the arguments of a field; absent ones are the viewer's own."""
    return OfPerson(
        context=context,
        entity=entity_of(context.asker, legal_entity),
        period=period_named(period),
        person=person_of(context, person),
        known_at=moment(context, None, known_at).known_at,
    )


def chosen_run(
    database: Database,
    context: Context,
    entity_id: str,
    period: Period,
    run_id: str | None,
    known_at: datetime,
    *,
    scores: bool = False,
) -> Run:
    """Find the run to read. Trials are for those who may read calculations.

    ``scores`` says that scores and ranks are read: those of a trial that the timetable asked for
    are shown to whom they concern, where the legal entity decided so. Pay of a trial never is.
    """
    wide = may(context.asker, Resource.CALCULATION, Deed.READ, entity_id)
    if run_id is not None:
        run = run_by_id(database, entity_id, run_id)
    else:
        run = latest_run(
            database,
            entity_id,
            period=period.name,
            known_at=known_at,
            mode=Mode.POSTED.value,
            or_shown=scores,
        )
        if run is None and wide:
            run = latest_run(database, entity_id, period=period.name, known_at=known_at)
    if run is None and run_id is None:
        raise Refused("run_missing", {"period": period.name})
    if run is None or run.period != period.name:
        raise Refused("not_found", {"id": run_id or period.name})
    if run.mode == Mode.TRIAL.value and not wide and not (scores and run.scores_shown):
        raise Refused("not_found", {"id": run_id or period.name})
    return run


def person_of(context: Context, person: str | None) -> str:
    """Return whose pay or score is asked for: the viewer's own where nobody is named."""
    found = person or context.asker.person_id
    if found is None:
        raise Refused("not_found", {"id": "-"})
    return found


def result_of(
    database: Database,
    context: Context,
    run: Run,
    period: Period,
    person_id: str,
    resource: Resource,
) -> Result:
    """Read one result with the reach of ``resource`` on the period's last day, or refuse.

    That somebody has none is told to whoever may see such results of theirs; to all others nobody
    is there.
    """
    found = results(
        database,
        context.asker,
        run,
        day=period.last_day,
        resource=resource,
        person_ids=[person_id],
    )
    if found:
        return found[0]
    seen = whom(database, context.asker, [person_id], day=period.last_day, resource=resource)
    if seen or person_id == context.asker.person_id:
        raise Refused("result_missing", {"period": period.name})
    if resource is Resource.PAY and _awaits_reason(database, context, run, period, person_id):
        raise Refused("reason_required")
    raise Refused("not_found", {"id": person_id})


def _awaits_reason(
    database: Database, context: Context, run: Run, period: Period, person_id: str
) -> bool:
    """Say whether an auditor of the entity, who sees the person, has only to say why."""
    asker = context.asker
    audits = any(
        grant.role is Role.AUDITOR and grant.current and grant.entity_id == run.entity_id
        for grant in asker.grants
    )
    if not audits:
        return False
    performance = Resource.PERFORMANCE
    return bool(whom(database, asker, [person_id], day=period.last_day, resource=performance))
