"""The proof of one statement: what was sealed of it, and its way up to a signed checkpoint.

Who may read the statement may have its proof; the caller has checked that, and hands over what it
was allowed to read. The rest (hashes of other leaves, one row of the trail) says nothing of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice, product
from typing import Any

from actions.deed import Runtime
from actions.prove_leaf import included, way_to_checkpoint
from actions.seal_run import SEAL_DEED
from domain.access import System
from domain.document import canonical
from domain.plan_document import encode_plan
from domain.problem import Refused
from domain.program import LineKind
from domain.proof import Seal, proof_document
from domain.scorecard import encode_scorecard
from domain.sealed import (
    COHORT,
    CORRECTION,
    POSTED,
    RESULT,
    RunHeader,
    group_facts,
    result_content,
)
from domain.statement import Statement
from storage.engine import Database, reading
from storage.results import Result, Run
from storage.run_seals import RunSeal, run_seal_of
from storage.statements import Explained
from storage.types import text_of_instant

_OWN = System(name="proof")
_GUESSES_MOST = 10_000  # which of several groups with the same facts it was


def prove_statement(
    runtime: Runtime,
    run: Run,
    result: Result,
    explained: Explained,
    labels: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the proof document of a statement that the asker was allowed to read."""
    header = header_of(run)
    documents: dict[str, Any] = {
        "scorecard": _card(explained),
        "plan": encode_plan(explained.plan.plan) if explained.plan else None,
    }
    if explained.shape is not None:
        documents["segments"] = _of_segments(explained)
    with reading(runtime.engine, _OWN) as connection:
        sealed = run_seal_of(connection, run.id)
        if sealed is None:
            seal: Seal | dict[str, Any] = rebuilt(result, explained, {})
        else:
            seal = _seal(connection, header, sealed, result, explained)
    return proof_document(
        header=header,
        statement=explained.statement,
        documents=documents,
        seal=seal,
        labels=labels,
    )


def header_of(run: Run) -> RunHeader:
    """Return what the sealed documents of a run have in common."""
    return RunHeader(
        entity_id=run.entity_id,
        run_id=run.id,
        period=run.period,
        mode=CORRECTION if run.base_run_id and run.mode == POSTED else run.mode,
        known_at=text_of_instant(run.known_at),
        final=run.final,
    )


def _of_segments(explained: Explained) -> list[dict[str, Any]]:
    """List the documents that the sealed shape names by their hashes, each once."""
    found = {each.hash: encode_scorecard(each.scorecard) for each in explained.cards}
    found |= {each.hash: encode_plan(each.plan) for each in explained.plans}
    return [found[each] for each in sorted(found)]


def _card(explained: Explained) -> dict[str, Any] | None:
    card = explained.scorecard
    return None if card is None else encode_scorecard(card.scorecard)


def _seal(
    connection: Database, header: RunHeader, sealed: RunSeal, result: Result, explained: Explained
) -> Seal:
    content, facts = sealed_contents(sealed, result, explained, header.run_id)
    trail, anchors = way_to_checkpoint(connection, header, SEAL_DEED, sealed.root)
    tree = sealed.secret, sealed.leaves
    return Seal(
        result=included(*tree, header, RESULT, content),
        cohorts=tuple(included(*tree, header, COHORT, each) for each in facts),
        root=sealed.root,
        size=len(sealed.leaves),
        trail=trail,
        anchors=anchors,
    )


def sealed_contents(
    sealed: RunSeal, result: Result, explained: Explained, run_id: str
) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    """Build the content of a result again, with the facts of the groups it leans on.

    Which group it was is not stored with the result: it is the one that gives the stored hash.
    """
    for chosen in islice(_choices(sealed, result, explained), _GUESSES_MOST):
        content = rebuilt(result, explained, chosen)
        if sha256(canonical(content)).hexdigest() == result.row_hash:
            return content, [facts for facts in chosen.values() if facts is not None]
    raise Refused("proof_leaf_missing", {"run": run_id})


def rebuilt(
    result: Result, explained: Explained, chosen: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Any]:
    """Build the content of a result from what is frozen and the facts its components lean on."""
    card, plan, statement = explained.scorecard, explained.plan, explained.statement
    rules = {
        "currency": plan.plan.currency if plan else None,
        "engine": explained.engine,
        "plan": plan.hash if plan else None,
        "scorecard": card.hash if card else None,
    }
    if explained.shape is not None:
        rules["shape"] = explained.shape
    return result_content(
        person_id=result.person_id,
        rules=rules,
        inputs=explained.inputs,
        score=result.score,
        payout=result.payout,
        amounts=sealed_amounts(statement),
        cohorts={
            name: None if facts is None else sha256(canonical(facts)).hexdigest()
            for name, facts in chosen.items()
        },
    )


def sealed_amounts(statement: Statement) -> dict[str, int | None]:
    """Return the amount of each line that is paid, by the name the ledger knows it by."""
    return {line.name: line.value for line in statement.pay_lines if line.kind is LineKind.PAY}


def _choices(
    sealed: RunSeal, result: Result, explained: Explained
) -> Iterator[dict[str, Mapping[str, Any] | None]]:
    """Yield, per component that compares, facts that agree with the inputs: the own group first.

    A correction compares with what was frozen and seals no facts of it: its results do not name
    those components at all.
    """
    own = {result.unit_id, result.platform_id, result.entity_id}
    options: dict[str, list[Mapping[str, Any] | None]] = {}
    for component in explained.cohorts:
        named = group_facts(component, explained.inputs)
        values = {
            short: None if explained.inputs[name] is None else str(explained.inputs[name])
            for short, name in named.items()
        }
        found = [
            each
            for each in sealed.cohorts
            if each["component"] == component
            and each["facts"] == values
            and explained.plan is not None
            and each["plan"] == explained.plan.hash
        ]
        found.sort(key=lambda each: each["group"] not in own)
        if named:
            options[component] = [*found, None]
    sealed_at_all = {each["component"] for each in sealed.cohorts}
    named_only = {name: found for name, found in options.items() if name in sealed_at_all}
    for some in (options, named_only):
        for chosen in product(*some.values()):
            yield dict(zip(some, chosen, strict=True))
