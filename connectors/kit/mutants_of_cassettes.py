"""Cassettes that tell: the connector is sound, but what was kept of its source is not."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

from connectors.kit.cassettes import Cassette, document_of, exact_json, written
from connectors.kit.sample import SampleConnector
from connectors.kit.sample_case import case_of
from connectors.kit.simulated import ADDRESS, TOKEN
from connectors.testing import NOW, Case


def cassette_of_rows(rows: Any, query: dict[str, str] | None = None) -> dict[str, Any]:
    """Write a cassette of one answer; what ``attain plugin record`` would have refused as well."""
    cassette = Cassette(
        connector=SampleConnector.info.id, recorded=NOW, deed="read", config={}, streams=("deals",)
    )
    asked = {"method": "GET", "address": f"{ADDRESS}/deals", "query": query or {}}
    exchange = {"asked": asked, "answered": {"status": 200, "json": rows}}
    return {**document_of(cassette), "exchanges": [exchange]}


def kept(folder: Path, document: dict[str, Any]) -> Case:
    """Return the case of the sample with one cassette beside it."""
    cassettes = folder / "cassettes"
    cassettes.mkdir()
    (cassettes / "read.deals.json").write_text(written(document), "utf-8")
    assert exact_json(written(document)) == exact_json(written(document, 0))
    return dataclasses.replace(case_of(SampleConnector(), folder), cassettes=cassettes)


def keeps_a_token_in_an_address(folder: Path) -> Case:
    """Keeps its token as a row's link has it."""
    return kept(folder, cassette_of_rows([{"id": "D1", "link": f"{ADDRESS}/?t={TOKEN}"}]))


def keeps_a_basic_header(folder: Path) -> Case:
    """Keeps ``user:token`` in base64, as the source repeats it."""
    coded = base64.b64encode(f"attain:{TOKEN}".encode()).decode()
    return kept(folder, cassette_of_rows([{"id": "D1", "seen": f"Basic {coded}"}]))


def keeps_a_token_in_parts(folder: Path) -> Case:
    """Keeps its token in two values of a query."""
    first, rest = TOKEN[:9], TOKEN[9:]
    return kept(folder, cassette_of_rows([], {"a": first, "b": rest}))


def keeps_somebodys_key(folder: Path) -> Case:
    """Keeps a key of which nobody knew that it is one."""
    return kept(folder, cassette_of_rows([{"id": "D1", "note": "kT8vQ2mZr5YxB7nWd4Ls9Pf1"}]))


def keeps_a_telephone_number(folder: Path) -> Case:
    """Keeps the number of somebody who never agreed."""
    return kept(folder, cassette_of_rows([{"id": "D1", "note": "call 13800000007 first"}]))
