"""A period that was cut: its numbers are proved, and no line of it is called computed again."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from actions.calculate import Mode
from actions.prove_statement import prove_statement
from actions.seal_trail import seal_trail
from tests.actions.test_segments import YEAR, Month, card, plan
from tests.support.company import SYSTEM, office
from tests.support.verifier import load

V = load()


def test_who_was_whole_is_computed_again_and_who_was_cut_is_only_proved(
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
    whole = V.verify(proofs["anna"])
    assert (whole.wrong, whole.gaps) == (None, [])
    for name in ("lee", "mo"):
        report = V.verify(proofs[name])
        assert report.wrong is None, name
        assert "ok_leaf" in [code for code, _ in report.said]
        statement = proofs[name]["statement"]
        lines = statement["score"] + statement["pay"]
        assert [code for code, _ in report.gaps] == ["cannot"] * len(lines)
