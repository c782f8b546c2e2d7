"""The case of the sample: everything that the kit can try, it can try here."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import date
from pathlib import Path

from connectors.contract import Backfill, CheckCode, Connector, HookRequest, Json
from connectors.kit.sample import STREAM, SampleConnector
from connectors.kit.simulated import ADDRESS, NARROW, TOKEN, AcmeCrm, SimulatedWeb
from connectors.testing import Case, Earlier, Faults

COUNT = 14
PAGE = 4
NAME = STREAM.name


def case_of(connector: Connector, folder: Path, count: int = COUNT, page: int = PAGE) -> Case:
    """Put a connector before a fresh source."""
    source = AcmeCrm.filled(count)
    config: dict[str, Json] = {"address": ADDRESS, "token": TOKEN, "page": page}
    body = json.dumps({"id": "D7", "delivery": "n-1"}).encode()
    signature = hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
    days = Backfill(start=date(2026, 9, 3), end=date(2026, 9, 5))
    inside = {"2026-09-03", "2026-09-04"}
    wanted = {row["id"] for row in source.rows.values() if row["day"] in inside} - {None}
    return Case(
        connector=connector,
        folder=folder,
        config=config,
        streams=(NAME,),
        wrong={
            CheckCode.AUTHENTICATION: {**config, "token": "wrong-token-000"},
            CheckCode.PERMISSION: {**config, "token": NARROW},
            CheckCode.UNREACHABLE: {**config, "address": "https://down.acme.example"},
            CheckCode.CONFIGURATION: {**config, "page": 0},
        },
        rejected=1,
        unknown=((NAME, "extra"),),
        secrets=(TOKEN,),
        web=SimulatedWeb(source),
        faults=faults_of(source),
        future={NAME: {"since": "2999-01-01T00:00:00", "after": ""}},
        backfill=(days, frozenset((NAME, key) for key in wanted)),
        hook=HookRequest(method="POST", query={}, headers={"x-signature": signature}, body=body),
        earlier=(Earlier(config=config, cursors={NAME: {"since": "2026-09-01T08:00:05"}}),),
        cassettes=Path(__file__).with_name("cassettes"),
    )


def faults_of(source: AcmeCrm) -> Faults:
    """Give the kit a hand on the source."""

    def insert() -> tuple[str, str]:
        number = 1_000 + source.tick
        source.put(number)
        return NAME, f"D{number}"

    def change() -> tuple[str, str]:
        source.put(2, amount=f"{source.tick}.25")
        return NAME, "D2"

    def delete() -> tuple[str, str]:
        source.put(3, gone=True)
        return NAME, "D3"

    def tie() -> set[tuple[str, str]]:
        source.put(500)
        at = source.rows[500]["changed"]
        for number in range(501, 500 + 3 * PAGE):
            source.put(number, changed=at)
        return {(NAME, f"D{number}") for number in range(500, 500 + 3 * PAGE)}

    def undated() -> tuple[str, str]:
        source.put(600, changed=None)
        return NAME, "D600"

    def new_field() -> tuple[str, str]:
        source.columns.append("channel")
        source.put(4, channel="expo")
        return NAME, "channel"

    def lost_field() -> tuple[str, str]:
        source.columns.remove("owner")
        return NAME, "owner"

    def many(count: int) -> None:
        source.endless = count

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        undated=undated,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def sample_case(folder: Path) -> Case:
    """Return the case of the sample itself."""
    return case_of(SampleConnector(), folder)
