"""The connector for Tryton against a running Tryton 8.2, filled with the CRM data set.

Minutes, because Tryton itself quotes and confirms 4,238 sales: ``./run live tryton``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from actions.sync_source import Outcome
from connectors.contract import (
    CheckCode,
    Checkpoint,
    Context,
    Message,
    ReadRequest,
    Record,
)
from connectors.default_mappings import default_mapping
from connectors.kit.case import WatchedWeb
from connectors.tryton import TrytonConnector
from connectors.web import Web, WebAnswer
from connectors.web_host import LimitedWeb, open_http
from storage import tables
from tests.support.live_server import free_port
from tests.support.source_web import local_web
from tests.support.syncing import Company
from tests.support.tryton_crm import (
    INVOICED,
    PROCESSED,
    READER,
    READER_PASSWORD,
    SELLER,
    Crm,
    load,
)
from tests.support.tryton_live import Rpc, running_tryton

# Setting up and loading take four minutes on an idle machine.
pytestmark = [pytest.mark.long, pytest.mark.timeout(2_400)]

STREAMS = ["employees", "opportunities", "sales", "invoices"]
MAPPING = default_mapping(TrytonConnector.info, shipped=True) or {}
_STATES = {
    "Won": "won",
    "Lost": "lost",
    "Engaging": "opportunity",
    "Prospecting": "lead",
}


class Live:
    """The running Tryton: what is in it, and our way to it."""

    def __init__(self, address: str, crm: Crm, web: LimitedWeb) -> None:
        self.address = address
        self.crm = crm
        self.web = web

    def settings(self, **others: Any) -> dict[str, Any]:
        """Fill in the form, as the user who may only read."""
        return {
            "address": self.address,
            "database": "crm",
            "user": READER,
            "password": READER_PASSWORD,
            "streams": STREAMS,
            "again_minutes": 0,
            **others,
        }

    def context(self, web: Web | None = None, **others: Any) -> Context:
        """Build what the host would hand over."""
        config = self.settings(**others)
        return Context(config=config, folder=Path(), now=datetime.now(UTC), web=web or self.web)

    def read(
        self, stream: str, cursor: Any = None, web: Web | None = None
    ) -> tuple[list[Record], Any]:
        """Read a stream from a cursor; give the rows and the cursor after them."""
        request = ReadRequest(streams=(stream,), cursors={stream: cursor} if cursor else {})
        found: list[Message] = list(TrytonConnector().read(self.context(web), request))
        cursors = [each.cursor for each in found if isinstance(each, Checkpoint)]
        return [each for each in found if isinstance(each, Record)], cursors[-1]

    def keys(self, stream: str) -> set[str]:
        """List what is there."""
        return set(TrytonConnector().keys(self.context(), stream))


@pytest.fixture(scope="module")
def live(crm_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("tryton")
    http = open_http(["127.0.0.1"])
    with running_tryton(folder) as address:
        yield Live(address, load(Rpc(address), crm_data), local_web(http))
    http.close()


def test_sales_come_back_to_the_cent_per_person_and_month(live: Live) -> None:
    found, _ = live.read("sales")
    won = live.crm.of_stage("Won")
    assert len(found) == len(won) == 4_238
    names = {number: name for name, number in live.crm.parties.items()}
    told: Counter[tuple[str, str]] = Counter()
    for record in found:
        row = record.content
        assert row["currency.code"] == "USD"
        who = names[int(str(row["quoted_by.party"]))]
        assert row["state"] == ("processing" if who in PROCESSED else "confirmed")
        assert isinstance(row["untaxed_amount"], Decimal)
        assert (row["agent.party"] is None) == (row["agent"] is None)
        assert row["agent.party"] in (None, row["quoted_by.party"])
        assert row["quoted_by.label"] == row["confirmed_by.label"] == who
        told[(who, str(row["sale_date"])[:7])] += int(row["untaxed_amount"] * 100)
    assert told == by_seller_and_month(won)
    assert sum(told.values()) == 10_005_534_00
    assert sum(amount for (_, month), amount in told.items() if month == "2017-03") == 1_134_672_00


def test_opportunities_and_people_come_back_as_they_were(live: Live) -> None:
    found, _ = live.read("opportunities")
    deals = {record.content["number"]: record.content for record in found}
    assert len(deals) == 8_800
    states = Counter(str(row["state"]) for row in deals.values())
    stages = Counter(_STATES[deal["deal_stage"]] for deal in live.crm.deals.values())
    assert states == stages
    owners = {number: name for name, number in live.crm.parties.items()}
    per_person = Counter(owners[int(str(row["employee.party"]))] for row in deals.values())
    assert per_person == Counter(deal["sales_agent"] for deal in live.crm.deals.values())
    people, _ = live.read("employees")
    assert {record.content["party.label"] for record in people} == set(live.crm.parties)


def test_invoices_of_a_month_come_back_to_the_cent_per_agent(live: Live) -> None:
    found, _ = live.read("invoices")
    names = {number: name for name, number in live.crm.parties.items()}
    told: Counter[tuple[str, str]] = Counter()
    for record in found:
        assert record.content["state"] == "posted"
        amount = record.content["untaxed_amount"]
        assert isinstance(amount, Decimal)
        who = names[int(str(record.content["agent.party"]))]
        told[(who, str(record.content["invoice_date"])[:7])] += int(amount * 100)
    assert told == invoiced(live.crm)
    assert {month for _, month in told} == {INVOICED}


def test_only_what_was_made_or_changed_comes_again_and_what_is_gone_is_no_key(live: Live) -> None:
    whole, cursor = live.read("opportunities")
    assert {record.key for record in live.read("opportunities", cursor)[0]} <= newest(whole)
    rpc, crm = live.crm.rpc, live.crm
    changed = crm.opportunities[next(iter(crm.of_stage("Engaging")))]
    rpc.call("sale.opportunity", "write", [changed], {"description": "Changed"})
    (made,) = rpc.create("sale.opportunity", crm.lead())
    (gone,) = rpc.create("sale.opportunity", crm.lead())
    assert str(gone) in live.keys("opportunities")
    rpc.press("sale.opportunity", gone, "cancel", "delete")
    found, later = live.read("opportunities", cursor)
    fresh = {record.key: record.content for record in found if record.key not in newest(whole)}
    assert set(fresh) == {str(changed), str(made)}
    assert fresh[str(changed)]["description"] == "Changed"
    assert fresh[str(made)]["write_date"] is None  # nobody has changed it yet
    assert str(gone) not in live.keys("opportunities")
    assert {record.key for record in live.read("opportunities", later)[0]} <= set(fresh)
    rpc.press("sale.opportunity", made, "cancel", "delete")


def test_a_session_that_ends_between_pages_is_opened_anew(live: Live) -> None:
    seen: list[str] = []

    def end(number: int, answer: WebAnswer) -> WebAnswer:
        if number == 5:
            leave(live.address, watched.headers)
            seen.append("ended")
        return answer

    watched = Listening(inner=live.web, spoil=end)
    found, _ = live.read("opportunities", web=watched)
    assert seen == ["ended"]
    assert watched.logins == 2
    assert {record.key for record in found} == live.keys("opportunities")


def test_tryton_says_gzip_to_clients_that_take_none_and_we_read_it(live: Live) -> None:
    params = [[], 0, 100, [("id", "ASC")], ["id", "description"], live.crm.rpc.context]
    headers, body = live.crm.rpc.answer("model.sale.sale.search_read", params)
    assert headers["content-encoding"] == "gzip"  # asked for without any accept-encoding
    assert len(body) > 1_400


def test_what_is_wrong_is_told_apart(live: Live) -> None:
    rpc = live.crm.rpc

    def answer(**others: Any) -> tuple[CheckCode, str]:
        report = TrytonConnector().check(live.context(**others))
        return report.code, report.findings[0].code if report.findings else ""

    assert answer() == (CheckCode.OK, "")
    (stranger,) = rpc.create(
        "res.user", {"name": "Stranger", "login": "stranger", "password": READER_PASSWORD}
    )
    own = {"companies": [("add", [live.crm.company])]}
    rpc.call("res.user", "write", [stranger], own)
    rpc.call("res.user", "write", [stranger], {"company": live.crm.company})
    assert answer(user="stranger") == (CheckCode.PERMISSION, "source_forbidden")
    assert answer(user="stranger", streams=["employees"]) == (CheckCode.OK, "")
    rpc.call("res.user", "write", [stranger], {"company": None})
    rpc.call("res.user", "write", [stranger], {"companies": [("remove", [live.crm.company])]})
    code, finding = answer(user="stranger", streams=["employees"])
    assert (code, finding) == (CheckCode.CONFIGURATION, "tryton_company_missing")
    assert answer(password="wrong-pass-000")[0] is CheckCode.AUTHENTICATION
    assert answer(database="other")[0] is CheckCode.CONFIGURATION
    nobody = f"http://127.0.0.1:{free_port()}"
    assert answer(address=nobody)[0] is CheckCode.UNREACHABLE


def test_a_line_of_a_draft_moves_no_time_of_change_and_quoting_it_does(live: Live) -> None:
    """Why a draft is not mapped: its amount may be stale, a quotation's is not."""
    rpc, crm = live.crm.rpc, live.crm
    draft = crm.sell("10.00")
    _, cursor = live.read("sales")
    crm.price(draft, "12.50")
    (stale,) = [row for row in live.read("sales", cursor)[0] if row.key == str(draft)]
    assert stale.content["write_date"] is None
    rpc.press("sale.sale", draft, "quote", employee=crm.employees[SELLER])
    (fresh,) = [row for row in live.read("sales", cursor)[0] if row.key == str(draft)]
    assert fresh.content["untaxed_amount"] == Decimal("12.50")
    assert fresh.version > stale.version
    rpc.press("sale.sale", draft, "cancel", "delete")


def test_the_whole_company_becomes_people_and_facts_by_the_mapping_that_comes_along(
    live: Live, database_url: str, tmp_path: Path
) -> None:
    company = Company(database_url, tmp_path, {"tryton": TrytonConnector()})
    company.runtime = replace(
        company.runtime,
        web=lambda _info, _config, _wait: live.web,
        clock=lambda: datetime.now(UTC),
    )
    crm, rpc = live.crm, live.crm.rpc
    try:
        source = company.connect(live.settings(again_minutes=60), MAPPING, "tryton")
        assert company.sync(source).outcome is Outcome.SUCCEEDED
        assert company.open_quarantine() == []
        people = {row.name for row in company.all(tables.person)}
        assert people == set(crm.employees)
        assert facts_of(company, "lead", crm) == Counter(
            (deal["sales_agent"], (deal["engage_date"] or "2017-12-31")[:7])
            for deal in crm.deals.values()
        )
        won = crm.of_stage("Won")
        assert facts_of(company, "order", crm) == by_seller_and_month(won)
        assert facts_of(company, "invoice", crm) == invoiced(crm)
        # Two sales more; then one is put right, the other cancelled and deleted.
        mine = {"employee": crm.employees[SELLER]}
        corrected, cancelled = crm.sell("100.10"), crm.sell("200.20")
        for sale in (corrected, cancelled):
            rpc.press("sale.sale", sale, "quote", "confirm", **mine)
        company.sync(source)
        base, new = by_seller_and_month(won), (SELLER, "2017-12")
        assert facts_of(company, "order", crm) - base == Counter({new: 300_30})
        rpc.press("sale.sale", corrected, "draft")
        crm.price(corrected, "150.15")
        rpc.press("sale.sale", corrected, "quote", "confirm", **mine)
        rpc.press("sale.sale", cancelled, "draft", "cancel", "delete")
        before = invoiced(crm)
        crm.credit(list(crm.invoices)[len(crm.credited)], date(2017, 12, 31))
        company.sync(source)
        assert facts_of(company, "order", crm) - base == Counter({new: 150_15})
        assert facts_of(company, "invoice", crm) == invoiced(crm) != before
        assert company.open_quarantine() == []
        rpc.press("sale.sale", corrected, "draft", "cancel", "delete")
    finally:
        company.runtime.engine.dispose()


def by_seller_and_month(deals: Mapping[str, Mapping[str, str]]) -> Counter[tuple[str, str]]:
    """Add up with nothing but what stands in the data set, in cents."""
    found: Counter[tuple[str, str]] = Counter()
    for deal in deals.values():
        found[(deal["sales_agent"], deal["close_date"][:7])] += int(deal["close_value"]) * 100
    return found


def invoiced(crm: Crm) -> Counter[tuple[str, str]]:
    """Add up the invoices, less the credit notes, which are of the same month."""
    found = by_seller_and_month({key: crm.deals[key] for key in crm.invoices})
    for deal in crm.credited:
        found.subtract(by_seller_and_month({deal: crm.deals[deal]}))
    return found


def facts_of(company: Company, kind: str, crm: Crm) -> Counter[tuple[str, str]]:
    """Add up the facts of a kind per person, named by the number of their party, and month."""
    names = {str(number): name for name, number in crm.parties.items()}
    found: Counter[tuple[str, str]] = Counter()
    for fact in company.facts():
        if fact[1] == kind:
            assert fact[5] == ("COUNT" if kind == "lead" else "USD")
            found[(names[fact[2]], fact[3].isoformat()[:7])] += fact[4]
    return found


def newest(records: list[Record]) -> set[str]:
    """Name the rows of the last instant: a bound that is inclusive brings them again."""
    last = max(record.version for record in records)
    return {record.key for record in records if record.version == last}


# ------------------------------------------------------------------------- what is pressed


class Listening(WatchedWeb):
    """A way out that hears the session of each call and counts who signs in."""

    headers: Mapping[str, str] = {}
    logins = 0

    def post(self, address: str, **content: Any) -> WebAnswer:
        """Send."""
        sent = dict(content.get("headers") or {})
        if sent:
            self.headers = sent
        else:
            self.logins += 1
        return super().post(address, **content)


def leave(address: str, headers: Mapping[str, str]) -> None:
    """Sign somebody out, from outside."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        body = '{"id": 1, "method": "common.db.logout", "params": []}'
        sent = {"content-type": "application/json", **headers}
        connection.request("POST", "/crm/rpc/", body, sent)
        assert connection.getresponse().status == 200
    finally:
        connection.close()
