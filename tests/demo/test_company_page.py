"""The page about the demo company says what the manifest says."""

from __future__ import annotations

from pathlib import Path

from attain.demo.manifest import Manifest
from attain.demo.tables import money

PAGE = Path(__file__).parents[2] / "docs" / "demo-company.md"


def test_the_page_states_the_amounts_of_the_manifest(manifest: Manifest) -> None:
    page = PAGE.read_text(encoding="utf-8")
    amounts = [
        *manifest.sales_by_quarter[1:],
        manifest.third_quarter_after_first_delivery,
        *manifest.median_by_month[-1][1:],
        manifest.persona.sales,
        manifest.persona.collected,
        manifest.persona.pay,
        *(waits.cents for waits in manifest.waiting if waits.identity == "小王"),
    ]
    for cents in amounts:
        assert money(cents, grouped=True) in page, money(cents, grouped=True)
    assert f"{manifest.rows:,} rows" in page


def test_the_page_names_everybody_one_can_sign_in_as(manifest: Manifest) -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for person in manifest.sign_in:
        start = f"| {person.role} {person.name} ({person.staff_number}) | {person.account} |"
        assert any(line.startswith(start) for line in lines), start
