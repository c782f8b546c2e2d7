"""Who may read a statement may have its proof and its evidence; nobody else."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path

from actions.seal_trail import seal_trail
from actions.trail_key import public_key
from tests.api.company import calculated, served
from tests.support.company import SYSTEM
from tests.support.verifier import FILE, load

V = load()
PROOF = """query($p: ID) { statementProof(period: "2026-09", person: $p) {
  sealed hash document run { mode } } statement(period: "2026-09", person: $p) { hash } }"""
PACK = """query($p: ID) { evidencePack(period: "2026-09", person: $p) {
  fileName files zip } }"""


def test_the_payee_and_hr_have_the_proof_and_the_evidence_and_nobody_else(
    database_url: str, tmp_path: Path
) -> None:
    with served(database_url, tmp_path) as made:
        calculated(made)
        anna = made.ids["anna"]
        assert made.data("anna", PROOF)["statementProof"]["sealed"] is False  # not yet
        seal_trail(made.runtime, SYSTEM, made.entity)
        key = public_key(tmp_path)
        for who in ("anna", "hr"):
            answer = made.data(who, PROOF, p=anna)
            found = answer["statementProof"]
            assert (found["sealed"], found["hash"]) == (True, answer["statement"]["hash"])
            report = V.verify(json.loads(found["document"]), [key])
            assert (report.wrong, report.gaps) == (None, [])
        for who, code in (("bo", "NOT_FOUND"), ("meng", "NOT_FOUND"), ("admin", "FORBIDDEN")):
            for query in (PROOF, PACK):
                assert code in made.codes(who, query, p=anna)
                assert "calculationSeal" not in json.dumps(made.ask(who, query, p=anna))
        packed = made.data("anna", PACK)["evidencePack"]
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed["zip"]))) as archive:
            assert archive.namelist() == packed["files"]
            assert archive.read("attain_verify.py") == FILE.read_bytes()
            facts = json.loads(archive.read("facts.json"))["facts"]
        # The payee sees the records of her own facts, and facts of nobody else.
        assert facts
        assert all("anna" in json.dumps(each) for each in facts if each["kind"] == "order")
