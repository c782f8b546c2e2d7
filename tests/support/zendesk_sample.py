"""A Zendesk with some rows, and what can happen to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors import zendesk_api
from connectors.testing import Faults
from tests.support.zendesk_server import ZendeskServer

AT = datetime(2026, 9, 3, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
DAY = timedelta(days=1)


def filled() -> ZendeskServer:
    """Make a Zendesk with four agents, eight ratings, three surveys and seven tickets."""
    server = ZendeskServer(page=3, most=3)
    for number in (11, 12, 13):
        server.hire(number, f"agent{number}@acme.example")
    server.hire(14, "boss@acme.example", "admin")
    for number in range(1, 9):
        score = "bad" if number == 4 else "good"
        server.rate(number, 10 + number % 3 + 1, score, AT + (number - 2) * DAY)
    server.rate(8, 11, "offered", AT + 6 * DAY)
    for number in range(1_001, 1_008):
        at = AT + (number - 1_003) * DAY
        server.ticket(number, 11 + number % 3, "solved" if number < 1_006 else "open", at)
    for number in (1, 2, 3):
        server.ask(number, 1_000 + number, AT + (number - 2) * DAY)
    server.reply(1, 5, AT, "thank you")
    server.reply(2, 2, AT + DAY)
    return server


def faults_of(server: ZendeskServer) -> Faults:
    """Give the kit a hand on the server."""

    def insert() -> tuple[str, str]:
        number = 100 - len(server.ratings)
        server.rate(number, 11, "good", AT)
        return "ratings", str(number)

    def change() -> tuple[str, str]:
        at = AT + 10 * DAY + timedelta(seconds=len(server.calls))
        server.rate(2, 13, "bad", at, comment=f"on second thoughts {len(server.calls)}")
        return "ratings", "2"

    def delete() -> tuple[str, str]:
        server.ticket(1_002, 11, "deleted", AT + 9 * DAY)
        return "tickets", "1002"

    def tie() -> set[tuple[str, str]]:
        for number in range(2_001, 2_012):
            server.ticket(number, 12, "open", AT + 9 * DAY)
        return {("tickets", str(number)) for number in range(2_001, 2_012)}

    def undated() -> tuple[str, str]:
        server.rate(200, 11, "good", AT, updated_at=None)
        return "ratings", "200"

    def new_field() -> tuple[str, str]:
        server.tickets[1_003]["custom_status_id"] = 77
        return "tickets", "custom_status_id"

    def lost_field() -> tuple[str, str]:
        for row in server.tickets.values():
            row.pop("subject", None)
        return "tickets", "subject"

    def many(count: int) -> None:
        server.page = zendesk_api.PAGE
        for number in range(1_000, 1_000 + count):
            server.rate(number, 11, "good", AT)

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
