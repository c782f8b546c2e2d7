"""docs/access.md is the policy table and the tags of the schema, not somebody's memory of them."""

from __future__ import annotations

from pathlib import Path

from api.access_page import access_page


def test_the_page_about_access_is_fresh() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "access.md"
    assert page.read_text(encoding="utf-8") == access_page(), (
        "write it anew with: python -P -m api.access_page > docs/access.md"
    )
