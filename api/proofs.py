"""The proof of a statement, and the pack of evidence around it: checked without this server."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any

from actions.pack_evidence import Asked, facts_document, pack_evidence, zipped
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
from storage.carrying import look_at
from storage.definitions import metric_labels
from storage.engine import Database
from storage.results import Result, Run, ledger
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


@output(access=Resource.PAY, description="Everything that shows how a payout came about.")
class EvidencePack:
    """A folder in one archive; its README says how to check it."""

    run: RunRef = shown("The run whose statement is in it.")
    file_name: str = shown("A name for the archive.")
    files: list[str] = shown("The names of the files in it, at most some dozens.")
    zip: str = shown("The archive, a ZIP file in base64.")


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

    @resolved(
        "The evidence of what a person earns in a period: for whoever may read that statement.",
        access=Resource.PAY,
    )
    async def evidence_pack(
        self,
        info: Info,
        period: Annotated[PeriodName, described("The period.")],
        person: Person = None,
        run: RunId = None,
        legal_entity: Entity = None,
        known_at: KnownAt = None,
    ) -> EvidencePack | None:
        """Pack one."""
        context = info.context
        at = moment(context, None, known_at)
        entity, span = entity_of(context.asker, legal_entity), period_named(period)
        whose = person_of(context, person)

        def work(database: Database) -> Asked:
            found = chosen_run(database, context, entity, span, run, at.known_at)
            result = result_of(database, context, found, span, whose, Resource.PAY)
            explained = statement_of(database, found, result)
            named = person_ref(database, context, whose, span, Resource.PAY)
            look_at(database, day=span.last_day)
            facts = facts_document(database, context.asker, found, whose, explained)
            booked = ledger(
                database,
                context.asker,
                entity,
                period=span.name,
                day=span.last_day,
                known_at=at.known_at,
                person_ids=[whose],
            )
            return Asked(
                person_name=named.name,
                run=found,
                result=result,
                explained=explained,
                ledger=booked,
                facts=facts,
            )

        asked = await context.read(work)
        await noted(context, entity, whose, span.name)
        files = await context.perform(
            lambda: pack_evidence(context.runtime.actions, context.runtime.catalogue, asked)
        )
        return EvidencePack(
            run=run_ref(asked.run),
            file_name=f"{span.name}-{whose}.zip",
            files=list(files),
            zip=base64.b64encode(zipped(files)).decode(),
        )
