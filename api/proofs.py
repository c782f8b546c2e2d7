"""The proof of a statement, and the pack of evidence around it: checked without this server."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any

from actions.gather_evidence import Asked, Stated, gather_evidence
from actions.pack_evidence import pack_evidence, zipped
from actions.prove_statement import prove_statement
from api.access import Audience, output, resolved, shown
from api.asking import Entity, KnownAt
from api.context import Info
from api.incentives import RunRef, person_ref, run_ref
from api.of_person import OfPerson, Person, RunId, of_person
from api.paging import described
from api.scalars import PeriodName
from domain.access import Resource
from storage.definitions import metric_labels
from storage.engine import Database
from storage.results import Run
from storage.statements import statement_of


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


def _labels(database: Database, asked: OfPerson, run: Run) -> dict[str, Any]:
    person = person_ref(database, asked.context, asked.person, asked.period, Resource.PAY)
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
        asked = of_person(context, period, person, legal_entity, known_at)

        def work(database: Database) -> tuple[Stated, dict[str, Any]]:
            found, result = asked.result(database, run, Resource.PAY)
            explained = statement_of(database, found, result)
            stated = Stated(run=found, result=result, explained=explained)
            return stated, _labels(database, asked, found)

        stated, labels = await asked.read_noted(work)
        document = await context.perform(
            lambda: prove_statement(
                context.runtime.actions, stated.run, stated.result, stated.explained, labels
            )
        )
        seal = document["seal"]
        return StatementProof(
            run=run_ref(stated.run),
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
        asked = of_person(context, period, person, legal_entity, known_at)

        def work(database: Database) -> Asked:
            found, result = asked.result(database, run, Resource.PAY)
            named = person_ref(database, context, asked.person, asked.period, Resource.PAY)
            return gather_evidence(
                database,
                context.asker,
                found,
                result,
                person_name=named.name,
                known_at=asked.known_at,
            )

        evidence = await asked.read_noted(work)
        files = await context.perform(
            lambda: pack_evidence(context.runtime.actions, context.runtime.catalogue, evidence)
        )
        return EvidencePack(
            run=run_ref(evidence.run),
            file_name=f"{asked.period.name}-{asked.person}.zip",
            files=list(files),
            zip=base64.b64encode(zipped(files)).decode(),
        )
