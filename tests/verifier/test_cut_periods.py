"""A period that was cut, or taken by days, is proved and computed again to the last line."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from pathlib import Path

from actions.calculate import Mode
from actions.prove_statement import prove_statement
from actions.seal_trail import seal_trail
from tests.actions.test_segments import YEAR, Month, card, plan
from tests.support.company import SYSTEM, office
from tests.support.verifier import load

V = load()


def test_who_was_cut_or_there_for_a_part_is_computed_again_and_every_changed_number_is_found(
    sqlite_url: str, tmp_path: Path
) -> None:
    with office(sqlite_url, tmp_path) as runtime:
        month = Month(runtime)
        month.plan(plan("north", "3000", "0.01"), "north")
        month.plan(plan("south", "6000", "0.02"), "south")
        month.card(card("60", "40"))
        month.person("anna", ("north", YEAR, None))
        month.person("lee", ("north", YEAR, date(2026, 9, 11)))
        month.person("mo", ("north", YEAR, date(2026, 9, 11)), ("south", date(2026, 9, 11), None))
        month.sells("anna", d05=140_000, d20=100_000)
        month.sells("mo", d10=100_000, d11=200_000)
        run, found = month.run(Mode.POSTED)
        seal_trail(runtime, SYSTEM, month.company.entity_id)
        proofs = {
            name: json.loads(
                json.dumps(prove_statement(runtime, run, each, month.explained(run, each), {}))
            )
            for name, each in found.items()
        }
    for name, proof in proofs.items():
        report = V.verify(proof)
        assert (report.wrong, report.gaps) == (None, []), name
        said = dict(report.said)
        lines = proof["statement"]["score"] + proof["statement"]["pay"]
        assert said["ok_lines"]["count"] == len(lines)
        assert "ok_total" in said
    cut = proofs["mo"]
    assert len(cut["documents"]["segments"]) == 3
    for part in ("score", "pay"):
        for place, line in enumerate(cut["statement"][part]):
            changed = deepcopy(cut)
            changed["statement"][part][place]["value"] = str(int(line["value"]) + 1)
            wrong = V.verify(changed).wrong
            assert wrong is not None, line["name"]
            assert wrong.where == f"line {line['name']}"
            for number in range(len(line["inputs"])):
                changed = deepcopy(cut)
                changed["statement"][part][place]["inputs"][number][1] = "7"
                assert V.verify(changed).wrong is not None, (line["name"], number)
    changed = deepcopy(cut)
    changed["documents"]["segments"][0]["key"] = "another"
    assert V.verify(changed).wrong.where == "documents.segments"
    before = deepcopy(cut)  # a proof that was handed out before it brought these along
    del before["documents"]["segments"]
    report = V.verify(before)
    assert report.wrong is None
    assert {code for code, _ in report.gaps} == {"cannot"}
