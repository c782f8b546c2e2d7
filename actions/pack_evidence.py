"""Everything that shows how a payout came about, in one folder that is verified without a server.

The caller hands over what the asker was allowed to read; nothing is looked up beyond that but the
rows of the trail about the runs themselves, and what the sheets were added up from.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from actions.deed import Runtime
from actions.gather_evidence import Asked, Settled, Stated
from actions.prove_pay import parts_of, prove_correction, prove_sheet
from actions.prove_statement import header_of, prove_statement
from actions.prove_trail import proof_of_row
from actions.trail_key import public_half, signing_key
from domain.access import System
from domain.document import canonical
from domain.problem import Refused
from domain.proof import MANIFEST, pack_manifest, shown
from messages.lines import say_line
from messages.render import Catalogue, Locale
from storage.audit import TrailFilter, trail_page
from storage.checkpoints import checkpoint_page
from storage.definitions import metric_labels
from storage.engine import Database, reading
from storage.pay_seals import pay_seal_of
from storage.results import LedgerEntry, Run
from storage.statements import Explained
from storage.types import text_of_instant

LEDGER_FORMAT = "attain.ledger/1"
ACCEPTANCES_FORMAT = "attain.acceptances/1"
_OWN = System(name="evidence")
_ROOT = Path(__file__).resolve().parent.parent
# In a checkout, and where the wheel puts it.
_PLACES = (_ROOT / "verifier" / "attain_verify.py", _ROOT / "attain" / "attain_verify.py")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same pack is the same bytes


def verifier_file() -> Path:
    """Return where the stand-alone verifier lies, or refuse."""
    for place in _PLACES:
        if place.exists():
            return place
    raise Refused("verifier_missing")


def pack_evidence(runtime: Runtime, catalogue: Catalogue, asked: Asked) -> dict[str, bytes]:
    """Return the files of the pack by name; the manifest names and signs the others."""
    run = asked.run
    with reading(runtime.engine, _OWN) as connection:
        names = metric_labels(
            connection, run.entity_id, valid_at=run.valid_at, known_at=run.known_at
        )
        ids = {run.id, *(entry.run_id for entry in asked.ledger if entry.run_id)}
        trail = {run_id: list(_rows(connection, run.entity_id, run_id)) for run_id in sorted(ids)}
        beside = dict(_beside(connection, asked))
    labels = {"person": asked.person_name, "metrics": names}
    proof = _statement(runtime, asked.stated, labels)
    for stated in _statements(asked):
        name = _place(stated.run)
        beside[name] = _statement(runtime, stated, labels)
    said: dict[str, Any] = {
        "statement.json": proof,
        **beside,
        **{f"{name}.json": document for name, document in proof["documents"].items()},
        "ledger.json": _ledger(asked.ledger, trail),
        "facts.json": asked.facts,
        # Kept apart from what is proved: nobody's signature is recorded yet.
        "acceptances.json": {"format": ACCEPTANCES_FORMAT, "acceptances": []},
    }
    files = {name: _json(document) for name, document in said.items()}
    key = signing_key(runtime.data_folder)
    for locale in Locale:
        lines = _spoken(catalogue, asked.stated.explained, names, locale)
        files[f"statement.{locale.value}.txt"] = lines.encode()
        readme = catalogue.text("evidence_readme", _readme(asked, public_half(key)), locale)
        files[f"README.{locale.value}.md"] = readme.encode()
    files["attain_verify.py"] = verifier_file().read_bytes()
    manifest = pack_manifest(header_of(run), asked.stated.result.person_id, files, public_half(key))
    signature = key.sign(canonical(manifest)).hex()
    files[MANIFEST] = _json({**manifest, "signature": signature})
    return dict(sorted(files.items()))


def _statement(runtime: Runtime, stated: Stated, labels: Mapping[str, Any]) -> dict[str, Any]:
    return prove_statement(runtime, stated.run, stated.result, stated.explained, labels)


def _statements(asked: Asked) -> Iterator[Stated]:
    """Yield every other statement of the pack: earlier ones, and what corrections came to."""
    yield from asked.earlier
    for changed in asked.changed:
        if changed.stated is not None:
            yield changed.stated


def _place(run: Run) -> str:
    """Name the file of a statement beside the main one."""
    if run.base_run_id:
        return f"corrections/{run.period}-{run.id}.statement.json"
    return f"earlier/{run.period}.json"


def _beside(connection: Database, asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the proofs of corrections and pay sheets."""
    for changed in asked.changed:
        run = changed.run
        yield f"corrections/{run.period}-{run.id}.json", prove_correction(connection, changed)
    left: set[tuple[str, int]] = set()
    for settled in asked.settled:
        sealed = pay_seal_of(connection, settled.batch.id, settled.sheet.revision)
        parts = parts_of(connection, _OWN, settled, sealed)
        left |= {(each.batch_id, each.revision) for each in (*parts.carried, *parts.released)}
        yield _of_sheet(settled), prove_sheet(connection, _OWN, settled)
    for settled in asked.before:
        if (settled.batch.id, settled.sheet.revision) in left:
            yield _of_sheet(settled), prove_sheet(connection, _OWN, settled)


def _of_sheet(settled: Settled) -> str:
    return f"pay/{settled.batch.period}.{settled.sheet.currency}.json"


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
