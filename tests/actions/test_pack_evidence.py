"""A pack of evidence holds by itself: the verifier in it checks the statement in it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from actions.pack_evidence import zipped
from actions.prove_trail import check_proof
from actions.trail_key import public_key
from tests.actions.test_prove_statement import calculated
from tests.support.company import office
from tests.support.packing import packed
from tests.support.proving import PERIOD, crew


def test_a_pack_is_verified_with_what_is_in_it(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as runtime:
        company, ids = crew(runtime)
        calculated(company)
        files = packed(company, ids["anna"], PERIOD)
        key = public_key(tmp_path)
        assert key is not None
    folder = tmp_path / "pack"
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        archive.extractall(folder)
    words = ["attain_verify.py", ".", "--key", key]
    done = subprocess.run(
        [sys.executable, "-I", *words], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for readme in ("README.en.md", "README.zh-CN.md"):
        assert "attain_verify.py . " in files[readme].decode()
        assert key in files[readme].decode()
    said: dict[str, Any] = {
        name: json.loads(content) for name, content in files.items() if name.endswith(".json")
    }
    booked = said["ledger.json"]
    # 5,000 + 1 % of 234,567.89 + 10 % of both + 1.37 % of what is above the median of the team,
    # and of the pool of 403.46 a quarter with one of the cents left over.
    assert sum(Decimal(each["amount"]) for each in booked["entries"]) == Decimal("11394.70")
    rows = booked["trail"][said["statement.json"]["run"]["id"]]
    assert [each["row"]["action"] for each in rows] == [
        "calculationSeal",
        "calculationStart",
    ]
    for each in rows:
        check_proof(each, [key])
    assert {each["kind"] for each in said["facts.json"]["facts"]} == {"order", "visit"}
    assert "11,394.70" in files["statement.en.txt"].decode()
    assert said["acceptances.json"]["acceptances"] == []


def test_the_same_pack_is_the_same_bytes() -> None:
    files = {"b": b"2", "a": b"1"}
    assert zipped(files) == zipped(dict(files))
