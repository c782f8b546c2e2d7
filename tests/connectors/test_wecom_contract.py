"""WeCom before the conformance kit: everything that the kit can try, it can try here."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

from connectors.contract import Backfill, CheckCode, HookRequest
from connectors.sealed_callbacks import CallbackSecrets, seal, signature
from connectors.testing import Case, Earlier, Faults, Place, contract_suite
from tests.support.source_web import NOW
from tests.support.wecom_sample import KEY, Meeting, member
from tests.support.wecom_source_server import CORP, NARROW, SECRET, WeComSource, at

ALL = ("departments", "members", "checkins", "behaviour", "groupchats", "journals", "approvals")
TOKEN = "KpiHubToken2026"
SHARED = Meeting()


def _faults(server: WeComSource, settings: dict[str, Any]) -> Faults:
    """Give the kit a hand on the company."""
    numbers = itertools.count(4)

    def journal(when: str) -> Place:
        number = f"JU-{next(numbers)}"
        told = {"report_time": at(when), "submitter": {"userid": "sales02"}}
        # In front of the others: every number on the pages behind moves on by one.
        server.journals = {number: told, **server.journals}
        return "journals", number

    def approval() -> Place:
        number = f"2026093001{next(numbers):02d}"
        like = server.approvals["202609300002"]
        server.approvals[number] = {**like, "sp_no": number}
        return "approvals", number

    def change() -> Place:
        row = server.checkins[1]
        row["notes"] = f"Visit number {next(numbers)}"
        return "checkins", f"sales01|{row['checkin_time']}|外出打卡|1"

    def delete() -> Place:
        row = server.checkins.pop(0)
        server.checkins.pop()  # while a row cannot be read, none is taken back: it may be that one
        return "checkins", f"sales01|{row['checkin_time']}|外出打卡|1"

    def undated() -> Place:  # nothing in the directory has any time
        server.members.append(member("sales03", 3))
        return "members", "sales03"

    def new_field() -> Place:
        server.members[0]["nickname"] = "老板"
        return "members", "nickname"

    def lost_field() -> Place:
        for row in server.members:
            row.pop("status")
        return "members", "status"

    def many(count: int) -> None:
        settings["begin"] = "2026-09-01"
        server.page, days = 1_000, 30
        server.followers = [f"u{number:03}" for number in range(count // days + 1)]
        server.behaviour = {
            (user, f"2026-09-{day:02}"): {"chat_cnt": day, "message_cnt": 7 * day}
            for user in server.followers
            for day in range(1, days + 1)
        }

    return Faults(
        insert=lambda: journal("2026-09-30 20:00"),
        change=change,
        delete=delete,
        tie=lambda: {
            *(journal("2026-09-30 18:01") for _ in range(5)),
            *(approval() for _ in range(5)),
        },
        undated=undated,
        new_field=new_field,
        lost_field=lost_field,
        many=many,
    )


def _callback() -> HookRequest:
    """Let WeCom tell of an approval, sealed and signed."""
    event = (
        "<xml><MsgType>event</MsgType><Event>sys_approval_change</Event>"
        "<ApprovalInfo><SpNo>202609300001</SpNo></ApprovalInfo></xml>"
    )
    sealed = seal(CallbackSecrets(token=TOKEN, key=KEY, receiver=CORP), event.encode(), b"r" * 16)
    when = str(int(NOW.timestamp()))
    return HookRequest(
        method="POST",
        query={
            "msg_signature": signature(TOKEN, when, "n0nce42", sealed),
            "timestamp": when,
            "nonce": "n0nce42",
        },
        headers={},
        body=f"<xml><ToUserName>{CORP}</ToUserName><Encrypt>{sealed}</Encrypt></xml>".encode(),
    )


def _in_september() -> frozenset[Place]:
    """List what lies on 29 September."""
    return frozenset(
        {
            ("checkins", f"sales02|{at('2026-09-29 10:00')}|外出打卡|1"),
            ("behaviour", "sales01|2026-09-29"),
            ("groupchats", "sales01|2026-09-29"),
            ("journals", "JU-0"),
            ("approvals", "202609290001"),
        }
    )


def wecom_case(folder: Path) -> Case:
    server = SHARED.renew()
    server.page = 2
    server.groups["sales01", "2026-09-29"] = {"new_chat_cnt": 1}
    server.journals["JU-0"] = {**server.journals["JU-1"], "report_time": at("2026-09-29 18:00")}
    early = {"sp_no": "202609290001", "apply_time": at("2026-09-29 10:00")}
    server.approvals["202609290001"] = {**server.approvals["202609300002"], **early}
    right = SHARED.settings(begin="2026-09-28")
    earlier: dict[str, Any] = {name: {"through": "2026-09-30"} for name in ALL[3:6]}
    return Case(
        connector=SHARED.connector,
        folder=folder,
        config=right,
        streams=ALL,
        wrong={
            CheckCode.AUTHENTICATION: {**right, "secret": "wrong-secret-000"},
            CheckCode.PERMISSION: {**right, "secret": NARROW},
            CheckCode.CONFIGURATION: {**right, "corp_id": "wwother"},
            CheckCode.UNREACHABLE: {**right, "address": "http://127.0.0.1:9"},
        },
        rejected=1,
        unknown=(("members", "mood"), ("checkins", "mood"), ("behaviour", "mood")),
        secrets=(SECRET, NARROW, KEY, TOKEN),
        web=SHARED.web,
        faults=_faults(server, right),
        # The directory has no time at all, in no row and in no cursor.
        future={name: {"through": "2999-01-01"} for name in ALL[2:]},
        backfill=(Backfill(start=date(2026, 9, 29), end=date(2026, 9, 30)), _in_september()),
        hook=_callback(),
        # As the first release wrote them.
        earlier=(
            Earlier(
                config=right,
                cursors={
                    "departments": {},
                    "members": {},
                    "checkins": {"through": "2026-09-30", "seen": {}},
                    "approvals": {"through": "2026-09-30", "open": ["202609300001"]},
                    **earlier,
                },
            ),
        ),
    )


TestWeCom = contract_suite(wecom_case)
