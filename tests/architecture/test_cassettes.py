"""No cassette in the repository tells a secret, a key or a person."""

from __future__ import annotations

from pathlib import Path

from connectors.kit.cassettes import cassette_of, documents_in
from connectors.kit.scanning import allowed_in, findings
from tests.support.source import ROOT, assert_none


def told_in(root: Path) -> list[str]:
    folders = sorted({path.parent for path in root.glob("*/**/cassettes/*.json")})
    return [
        f"{folder.relative_to(root)}/{name} {finding}"
        for folder in folders
        for name, document in documents_in(folder).items()
        for finding in findings(document, (), allowed_in(folder))
    ]


def test_no_cassette_holds_what_looks_like_a_secret() -> None:
    assert_none(
        told_in(ROOT),
        "A recording of a real source is in everybody's clone for ever, with what it tells. Take "
        "the cassette out, renew the secret, and record it anew with the field hidden.",
    )


def test_a_key_in_a_committed_cassette_is_seen(tmp_path: Path) -> None:
    own = ROOT / "examples" / "attain-northwind" / "tests" / "cassettes" / "check.json"
    folder = tmp_path / "examples" / "x" / "cassettes"
    folder.mkdir(parents=True)
    text = own.read_text("utf-8").replace('"extra": "kept"', '"extra": "kT8vQ2mZr5YxB7nWd4"')
    (folder / "check.json").write_text(text, "utf-8")
    assert cassette_of(documents_in(folder)["check.json"]).deed == "check"
    (found,) = told_in(tmp_path)
    assert "look like a key" in found
