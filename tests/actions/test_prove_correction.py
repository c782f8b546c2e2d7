"""A pack of evidence holds where a month was corrected under a plan that compares people."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from actions.calculate import Mode
from actions.close_period import close_period
from actions.correct_period import correct_period
from tests.support import verifier
from tests.support.closing import NAMES, NEXT, PERIOD, Branch
from tests.support.company import SYSTEM, office
from tests.support.packing import packed


def test_what_a_correction_came_to_is_proved_beside_the_peers_that_were_frozen(
    sqlite_url: str, tmp_path: Path
) -> None:
    with office(sqlite_url, tmp_path) as runtime:
        branch = Branch(runtime)
        entity = branch.company.entity_id
        for place, name in enumerate(NAMES[:5]):
            branch.goal(name, PERIOD, 500)
            branch.sale(name, date(2026, 8, 3), 40_000 + 10_000 * place)
        close_period(runtime, SYSTEM, entity, PERIOD, accept_warnings=True)
        branch.sale("anna", date(2026, 8, 20), 90_000)
        correct_period(runtime, SYSTEM, entity, PERIOD, into=NEXT, mode=Mode.POSTED)
        files = packed(branch.company, branch.ids["anna"], PERIOD)
    assert any(name.startswith("corrections/") and "statement" in name for name in files)
    pack = verifier.load().verify_pack(files)
    for report in (pack.report, *(each for _, each in pack.proofs.values())):
        assert report.wrong is None, report.wrong
