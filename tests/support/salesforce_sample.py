"""A Salesforce with some rows, and what can happen to them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import salesforce
from connectors.testing import Faults
from tests.support.salesforce_server import SalesforceServer

AT = datetime(2026, 9, 1, 2, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TYPES = {
    "Opportunity": {
        "Id": "id",
        "IsDeleted": "boolean",
        "Name": "string",
        "AccountId": "reference",
        "OwnerId": "reference",
        "Amount": "currency",
        "StageName": "picklist",
        "IsClosed": "boolean",
        "IsWon": "boolean",
        "CloseDate": "date",
        "CreatedDate": "datetime",
        "SystemModstamp": "datetime",
        "Channel__c": "string",
        "Photo__c": "base64",
        "Contact_Phone__c": "phone",
    },
    "OpportunitySplit": {
        "Id": "id",
        "IsDeleted": "boolean",
        "OpportunityId": "reference",
        "SplitOwnerId": "reference",
        "SplitAmount": "currency",
        "SystemModstamp": "datetime",
    },
    "Account": {
        "Id": "id",
        "IsDeleted": "boolean",
        "Name": "string",
        "CreatedDate": "datetime",
        "SystemModstamp": "datetime",
    },
    "User": {"Id": "id", "Name": "string", "Email": "email", "SystemModstamp": "datetime"},
    "Training__c": {
        "Id": "id",
        "Held_On__c": "datetime",
        "SystemModstamp": "datetime",
        "IsDeleted": "boolean",
    },
}


def filled() -> SalesforceServer:
    server = SalesforceServer(types=copy.deepcopy(TYPES))
    for number in range(1, 9):
        server.put(
            "Opportunity",
            f"006{number:03d}",
            # The order of the changes is not the order of the ids.
            AT + timedelta(seconds=number * 5 % 8),
            Name=f"Deal {number}",
            Amount=120000.1,
            OwnerId="005A",
            IsClosed=True,
            IsWon=True,
            CloseDate=f"2026-08-{number:02d}",
            CreatedDate="2026-08-01T17:00:00.000+0000",
        )
    server.put("Opportunity", "006001", AT, Channel__c="expo", Contact_Phone__c="13900001111")
    for number in range(1, 4):
        created = f"2026-08-0{number}T17:00:00.000+0000"
        server.put("Account", f"001{number}", AT, Name=f"Customer {number}", CreatedDate=created)
    return server


def faults_of(server: SalesforceServer) -> Faults:
    """Give the kit a hand on the server; pages of three rows would make ``many`` slow."""

    def put(number: int, second: int, **values: Any) -> tuple[str, str]:
        at = AT + timedelta(hours=2, seconds=second)
        server.put("Opportunity", f"006{number:04d}", at, **values)
        return "opportunities", f"006{number:04d}"

    def insert() -> tuple[str, str]:
        at = AT + timedelta(hours=2)
        key = f"0060015{len(server.tables['Opportunity']):02d}"
        server.put("Opportunity", key, at, Name="new")
        return "opportunities", key

    def change() -> tuple[str, str]:
        at = AT + timedelta(hours=3, seconds=len(server.queries))
        server.put("Opportunity", "006002", at, Name=f"changed {len(server.queries)}")
        return "opportunities", "006002"

    def delete() -> tuple[str, str]:
        server.put("Opportunity", "006003", AT + 4 * HOUR, IsDeleted=True)
        return "opportunities", "006003"

    def tie() -> set[tuple[str, str]]:
        return {put(number, 9, Name="tied") for number in range(300, 311)}

    def new_field() -> tuple[str, str]:
        server.types["Opportunity"]["Booth__c"] = "string"
        server.put("Opportunity", "006004", AT + HOUR, Booth__c="A 12")
        return "opportunities", "Booth__c"

    def lost_field() -> tuple[str, str]:
        del server.types["Opportunity"]["Amount"]
        return "opportunities", "Amount"

    def many(count: int) -> None:
        salesforce.PAGE = 200
        for number in range(1_000, 1_000 + count):
            put(number, number, Name=f"Deal {number}")

    return Faults(
        insert=insert,
        change=change,
        delete=delete,
        tie=tie,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )
