"""Everything that shows how a payout came about, in one folder that is verified without a server.

The caller hands over what the asker was allowed to read; nothing is looked up beyond that but the
rows of the trail about the runs themselves.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actions.deed import Runtime
from actions.prove_statement import prove_statement
from actions.prove_trail import proof_of_row
from domain.access import Actor, System
from domain.fact import Fact
from domain.knowledge import Knowledge
from domain.measure import aggregates
from domain.period import period_named
from domain.problem import Refused
from domain.proof import shown
from messages.lines import say_line
from messages.render import Catalogue, Locale
from storage.audit import TrailFilter, trail_page
from storage.checkpoints import checkpoint_page
from storage.credit_rules import rule_names
from storage.credited_facts import facts_of_person
from storage.definitions import metric_labels, metrics_by_key
from storage.engine import Database, reading
from storage.frozen_credits import credits_of_run
from storage.results import LedgerEntry, Result, Run
from storage.sources import SourceRecord, records
from storage.statements import Explained
from storage.types import text_of_instant

FACTS_FORMAT, LEDGER_FORMAT = "attain.facts/1", "attain.ledger/1"
ACCEPTANCES_FORMAT = "attain.acceptances/1"
_OWN = System(name="evidence")
_ROOT = Path(__file__).resolve().parent.parent
# In a checkout, and where the wheel puts it.
_PLACES = (_ROOT / "verifier" / "attain_verify.py", _ROOT / "attain" / "attain_verify.py")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same pack is the same bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the asker was allowed to read of one person and period."""

    person_name: str
    run: Run
    result: Result
    explained: Explained
    ledger: Sequence[LedgerEntry]
    facts: Mapping[str, Any]


def verifier_file() -> Path:
    """Return where the stand-alone verifier lies, or refuse."""
    for place in _PLACES:
        if place.exists():
            return place
    raise Refused("verifier_missing")


def facts_document(
    connection: Database, actor: Actor, run: Run, person_id: str, explained: Explained
) -> dict[str, Any]:
    """Read the facts behind the inputs, with the records of them that the actor may see."""
    metrics = metrics_by_key(
        connection, run.entity_id, valid_at=run.valid_at, known_at=run.known_at
    )
    period, found = period_named(run.period), {}
    crediting = credits_of_run(connection, run)
    rules = rule_names(connection, run.entity_id)
    for key in sorted(metrics):
        if f"{key}.num" not in explained.inputs:
            continue
        for need in aggregates(metrics[key], period):
            own = facts_of_person(
                connection,
                run.entity_id,
                need,
                at=Knowledge.at(run.known_at),
                person_id=person_id,
                crediting=crediting,
            )
            found.update({each.fact.id: each.told(rules) for each in own})
    facts = sorted(found.values(), key=lambda fact: (fact.business_date, fact.id))
    sources = records(connection, actor, sorted({fact.record_id for fact in facts}))
    return {
        "format": FACTS_FORMAT,
        "knownAt": text_of_instant(run.known_at),
        "facts": [_fact(fact, sources.get(fact.record_id)) for fact in facts],
    }


def _fact(fact: Fact, record: SourceRecord | None) -> dict[str, Any]:
    return {
        "id": fact.id,
        "kind": fact.kind,
        "businessDate": fact.business_date.isoformat(),
        "quantity": shown(fact.quantity, fact.unit),
        "unit": fact.unit,
        "subject": fact.subject,
        "attributes": dict(fact.attributes),
        "record": None
        if record is None
        else {
            "id": record.id,
            "stream": record.stream,
            "key": record.key,
            "revision": record.revision,
            "content": record.content,
            "position": record.position,
            "seenAt": text_of_instant(record.seen_at),
        },
    }


def pack_evidence(runtime: Runtime, catalogue: Catalogue, asked: Asked) -> dict[str, bytes]:
    """Return the files of the pack by name."""
    run = asked.run
    with reading(runtime.engine, _OWN) as connection:
        names = metric_labels(
            connection, run.entity_id, valid_at=run.valid_at, known_at=run.known_at
        )
        ids = {run.id, *(entry.run_id for entry in asked.ledger if entry.run_id)}
        trail = {run_id: list(_rows(connection, run.entity_id, run_id)) for run_id in sorted(ids)}
    labels = {"person": asked.person_name, "metrics": names}
    proof = prove_statement(runtime, run, asked.result, asked.explained, labels)
    seal = proof["seal"]
    key = seal["trail"]["checkpoint"]["publicKey"] if seal and seal["trail"] else None
    said: dict[str, Any] = {
        "statement.json": proof,
        **{f"{name}.json": document for name, document in proof["documents"].items()},
        "ledger.json": _ledger(asked.ledger, trail),
        "facts.json": asked.facts,
        # Kept apart from what is proved: nobody's signature is recorded yet.
        "acceptances.json": {"format": ACCEPTANCES_FORMAT, "acceptances": []},
    }
    files = {name: _json(document) for name, document in said.items()}
    for locale in Locale:
        lines = _spoken(catalogue, asked.explained, names, locale)
        files[f"statement.{locale.value}.txt"] = lines.encode()
        readme = catalogue.text("evidence_readme", _readme(asked, key), locale)
        files[f"README.{locale.value}.md"] = readme.encode()
    files["attain_verify.py"] = verifier_file().read_bytes()
    return dict(sorted(files.items()))


def _readme(asked: Asked, key: str | None) -> dict[str, str]:
    return {
        "person": asked.person_name,
        "period": asked.run.period,
        "run": asked.run.id,
        "key": key or "-",
    }


def _json(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _rows(connection: Database, entity_id: str, run_id: str) -> Iterator[dict[str, Any]]:
    """Prove the rows of the trail about a run, as far as they are sealed."""
    newest = checkpoint_page(connection, entity_id, before=None, size=1)
    if not newest:
        return
    said = newest[0].checkpoint
    rows = trail_page(
        connection, entity_id, TrailFilter(subject_id=run_id), below=said.last_seq + 1, size=20
    )
    for row in reversed(rows):
        yield proof_of_row(connection, entity_id, row.seq, said.number)


def _ledger(
    entries: Sequence[LedgerEntry], trail: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    return {
        "format": LEDGER_FORMAT,
        "entries": [
            {
                "id": entry.id,
                "kind": entry.kind,
                "component": entry.component,
                "period": entry.period,
                "originPeriod": entry.origin_period,
                "cause": entry.cause,
                "reverses": entry.reverses_id,
                "run": entry.run_id,
                "amount": shown(entry.amount, entry.currency),
                "currency": entry.currency,
                "postedAt": text_of_instant(entry.posted_at),
            }
            for entry in entries
        ],
        # Rows about the runs that booked them: checked by `attain trail check`.
        "trail": dict(trail),
    }


def _spoken(
    catalogue: Catalogue,
    explained: Explained,
    metrics: Mapping[str, Mapping[str, str]],
    locale: Locale,
) -> str:
    """Write every line of the statement as its sentence."""
    names = {key: each[locale.value] for key, each in metrics.items()}
    if explained.scorecard is not None:
        parts = explained.scorecard.scorecard.adjustments
        names.update({each.id: each.name[locale.value] for each in parts})
    if explained.plan is not None:
        components = explained.plan.plan.components
        names.update({each.id: each.name[locale.value] for each in components})
    statement = explained.statement
    lines = (*statement.score_lines, *statement.pay_lines)
    said = [say_line(catalogue, line, names.get(line.key, line.key), locale) for line in lines]
    return "\n".join([*said, ""])


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Put the files of a pack into one archive: the same pack gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return out.getvalue()
