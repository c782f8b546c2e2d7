"""A HubSpot with some rows, and what can happen to them."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import hubspot
from connectors.contract import HookRequest
from connectors.hubspot_events import signed_text
from connectors.signed_hooks import signature_of
from connectors.testing import Faults
from tests.support.hubspot_server import CALLBACK, CLIENT_SECRET, HubSpotServer

AT = datetime(2026, 9, 1, 2, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COMMON = {"createdate": "datetime", "hubspot_owner_id": "enumeration"}
TYPES = {
    "deals": {
        **COMMON,
        "hs_object_id": "number",
        "hs_lastmodifieddate": "datetime",
        "dealname": "string",
        "amount": "number",
        "hs_is_closed": "bool",
        "hs_is_closed_won": "bool",
        "closedate": "datetime",
        "hs_merged_object_ids": "enumeration",
        "channel": "string",
        "first_call": "date",
        "hs_internal": "string",
    },
    "contacts": {
        **COMMON,
        "lastmodifieddate": "datetime",
        "firstname": "string",
        "email": "string",
        "mobilephone_2": "phone_number",
    },
    "2-345": {
        "hs_createdate": "datetime",
        "hs_lastmodifieddate": "datetime",
        "held_on": "date",
    },
}


def filled() -> HubSpotServer:
    """Make a portal with eight deals and three contacts."""
    server = HubSpotServer(
        types=copy.deepcopy(TYPES), own={"channel", "first_call", "mobilephone_2", "held_on"}
    )
    for number in range(1, 9):
        server.put(
            "deals",
            9_000 + number,
            # The order of the changes is not the order of the ids.
            AT + timedelta(seconds=number * 5 % 8),
            dealname=f"Deal {number}",
            amount="120000.10",
            hubspot_owner_id="77",
            hs_is_closed="true",
            hs_is_closed_won="true",
            closedate=f"2026-08-{number:02d}T16:30:00Z",
            createdate="2026-07-31T16:30:00Z",
        )
    server.put("deals", 9_001, AT, channel="expo")
    for number in range(1, 4):
        created = f"2026-08-0{number}T16:30:00Z"
        server.put("contacts", number, AT, firstname="Li", createdate=created)
    server.put("contacts", 1, AT, email="li@example.com", mobilephone_2="13900001111")
    return server


def callback(events: Any, at: datetime, secret: str = CLIENT_SECRET) -> HookRequest:
    """Write a callback as HubSpot sends it."""
    body = json.dumps(events).encode()
    time = str(round(at.timestamp() * 1_000))
    signature = signature_of(secret, signed_text("POST", CALLBACK, body, time))
    headers = {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": time}
    return HookRequest(method="POST", query={}, headers=headers, body=body)


def faults_of(server: HubSpotServer) -> Faults:
    """Give the kit a hand on the server; pages of three rows would make ``many`` slow."""

    def put(number: int, at: datetime, **values: str) -> tuple[str, str]:
        server.put("deals", number, at, **values)
        return "deals", str(number)

    def insert() -> tuple[str, str]:
        return put(8_000 + len(server.tables["deals"]), AT + 2 * HOUR, dealname="new")

    def change() -> tuple[str, str]:
        count = len(server.calls)
        return put(9_002, AT + 3 * HOUR + timedelta(seconds=count), dealname=f"changed {count}")

    def delete() -> tuple[str, str]:
        server.archive("deals", 9_003, AT + 4 * HOUR)
        return "deals", "9003"

    def tie() -> set[tuple[str, str]]:
        return {put(number, AT + 2 * HOUR, dealname="tied") for number in range(9_300, 9_311)}

    def new_field() -> tuple[str, str]:
        server.types["deals"]["booth"] = "string"
        server.own.add("booth")
        put(9_004, AT + HOUR, booth="A 12")
        return "deals", "booth"

    def lost_field() -> tuple[str, str]:
        del server.types["deals"]["amount"]
        return "deals", "amount"

    def many(count: int) -> None:
        hubspot.PAGE = 200
        for number in range(count):
            put(10_000 + number, AT + timedelta(seconds=number), dealname="one of many")

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )
