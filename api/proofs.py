"""The proof of a statement: a document that is checked without this server."""

from __future__ import annotations

import json
from typing import Annotated, Any

from actions.prove_statement import prove_statement
from api.access import Audience, output, resolved, shown
from api.asking import Entity, KnownAt, entity_of, moment
from api.context import Context, Info
from api.incentives import (
    Person,
    RunId,
    RunRef,
    chosen_run,
    person_of,
    person_ref,
    result_of,
    run_ref,
)
from api.paging import described
from api.reasons import noted
from api.scalars import PeriodName
from domain.access import Resource
from domain.period import Period, period_named
from storage.definitions import metric_labels
from storage.engine import Database
from storage.results import Result, Run
from storage.statements import Explained, statement_of


@output(access=Resource.PAY, description="The proof of a statement, to be checked anywhere.")
class StatementProof:
    """A proof as a document; ``attain verify FILE`` and the stand-alone verifier read it."""

    run: RunRef = shown("The run whose statement it proves.")
    sealed: bool = shown(
        "Whether the run is posted and its seal is under a signed checkpoint; a trial never is."
    )
    hash: str = shown("SHA-256 of the canonical statement, as on the statement itself.")
    document: str = shown("The proof, a JSON document as docs/proof.md describes it.")


class _Read:
    """What the asker was allowed to read, on its way to the proof."""

    def __init__(self, run: Run, result: Result, explained: Explained, labels: Any) -> None:
        self.run, self.result, self.explained, self.labels = run, result, explained, labels


def _labels(
    database: Database, context: Context, run: Run, person_id: str, period: Period
) -> dict[str, Any]:
    person = person_ref(database, context, person_id, period, Resource.PAY)
    return {
        "person": person.name,
        "metrics": metric_labels(
            database, run.entity_id, valid_at=run.valid_at, known_at=run.known_at
        ),
    }


@output(access=Audience.SIGNED_IN, description="Queries about proofs of pay.")
class ProofQuery:
    """Part of the query root."""

    @resolved(
        "The proof of what a person earns in a period: for whoever may read that statement.",
        access=Resource.PAY,
    )
    async def statement_proof(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> StatementProof | None:
        """Prove one."""
        context = info.context
        at = moment(context, None, known_at)
        entity, span = entity_of(context.asker, legal_entity), period_named(period)
        whose = person_of(context, person)

        def work(database: Database) -> _Read:
            found = chosen_run(database, context, entity, span, run, at.known_at)
            result = result_of(database, context, found, span, whose, Resource.PAY)
            labels = _labels(database, context, found, whose, span)
            return _Read(found, result, statement_of(database, found, result), labels)

        read = await context.read(work)
        await noted(context, entity, whose, span.name)
        document = await context.perform(
            lambda: prove_statement(
                context.runtime.actions, read.run, read.result, read.explained, read.labels
            )
        )
        seal = document["seal"]
        return StatementProof(
            run=run_ref(read.run),
            sealed=seal is not None and seal["trail"] is not None,
            hash=document["hash"],
            document=json.dumps(document, ensure_ascii=False),
        )
