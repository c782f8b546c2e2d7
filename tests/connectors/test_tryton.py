"""The connector for Tryton, against a server that behaves as Tryton does."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import tryton
from connectors.contract import CheckCode, Checkpoint, Record
from connectors.failures import AuthExpired, ConfigurationRefused, Forbidden, Transient
from connectors.tryton import TrytonConnector
from connectors.tryton_api import untagged
from tests.support.loopback import Told
from tests.support.messages_read import cursors_of, keys_of
from tests.support.reading_sources import Reader
from tests.support.shared_simulator import SharedSimulator
from tests.support.source_web import NOW
from tests.support.tryton_server import PASSWORD, TrytonServer

AT = datetime(2026, 9, 1, 2, 0, 0, 123456)  # noqa: DTZ001 - naive UTC, as Tryton keeps it
FIELDS = {
    "sale.sale": ("number", "state", "untaxed_amount", "party", "agent", "currency"),
    "company.employee": ("party", "start_date"),
}


def filled() -> TrytonServer:
    server = TrytonServer(fields=FIELDS)
    for number in range(1, 11):
        amount = Decimal("1200.50") + number
        made = AT + timedelta(minutes=number)
        sold = {"number": f"S{number}", "untaxed_amount": amount, "party": 3, "currency": 8}
        server.put("sale.sale", number, made, **sold)
    server.put("company.employee", 1, AT, party=5)
    return server


SHARED = SharedSimulator(filled, TrytonConnector)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tryton, "PAGE", 3)


def settings(address: str, **others: Any) -> dict[str, Any]:
    return {
        "address": address,
        "database": "crm",
        "user": "bot",
        "password": PASSWORD,
        "streams": ["employees", "sales"],
        **others,
    }


def test_a_sale_arrives_exact_with_the_names_of_its_relations(reader: Reader, address: str) -> None:
    first = next(m for m in reader.read(settings(address), "sales") if isinstance(m, Record))
    assert first.content == {
        "id": 1,
        "create_date": "2026-09-01T02:01:00.123456",
        "write_date": None,
        "number": "S1",
        "state": None,
        "untaxed_amount": Decimal("1201.50"),
        "party": 3,
        "party.label": "rec_name of 3",
        "agent": None,
        "agent.label": None,
        "agent.party": None,
        "quoted_by.party": None,
        "confirmed_by.party": None,
        "currency": 8,
        "currency.label": "rec_name of 8",
        "currency.code": "code of 8",
    }
    assert first.version == "2026-09-01T02:01:00.123456"


def test_a_new_row_without_a_time_of_change_is_found(
    reader: Reader, server: TrytonServer, address: str
) -> None:
    cursors = cursors_of(reader.read(settings(address), "sales"))
    server.put("sale.sale", 50, AT + timedelta(days=1))
    server.change("sale.sale", 2, AT + timedelta(days=1))
    shallow = settings(address, again_minutes=0)
    assert keys_of(reader.read(shallow, "sales", cursors)) == ["2", "10", "50"]
    server.put("sale.sale", 51, AT - timedelta(minutes=30))  # its transaction ended late
    assert "51" in keys_of(reader.read(settings(address), "sales", cursors))


def test_a_row_that_changes_while_pages_are_read_comes_with_the_next_read(
    reader: Reader, server: TrytonServer, address: str
) -> None:
    changed = iter([AT + timedelta(days=2)])

    def change() -> None:
        for at in changed:
            server.change("sale.sale", 1, at, number="changed")

    server.after = change
    whole = reader.read(settings(address), "sales")
    assert keys_of(whole) == [str(number) for number in range(1, 11)]
    again = reader.read(settings(address), "sales", cursors_of(whole))
    assert next(m.content["number"] for m in again if isinstance(m, Record)) == "changed"


def test_what_changes_behind_a_long_pass_is_not_hidden_by_a_later_change_before_it(
    reader: Reader, server: TrytonServer, address: str
) -> None:
    late = AT + timedelta(days=2)

    def change() -> None:
        if server.page == (1, 2, 3):
            server.change("sale.sale", 1, late, number="corrected")
            server.change("sale.sale", 9, late + timedelta(hours=2))

    server.after = change
    whole = reader.read(settings(address), "sales")
    server.after = lambda: None
    again = reader.read(settings(address), "sales", cursors_of(whole))
    assert "corrected" in [m.content["number"] for m in again if isinstance(m, Record)]


def test_a_first_pass_that_was_cut_short_goes_on_behind_its_last_page(
    reader: Reader, address: str
) -> None:
    whole = reader.read(settings(address), "sales")
    first = next(place for place, each in enumerate(whole) if isinstance(each, Checkpoint))
    rest = reader.read(settings(address), "sales", cursors_of(whole[: first + 1]))
    assert keys_of(whole[:first]) + keys_of(rest) == keys_of(whole)


def test_a_stamp_from_the_future_does_not_hide_what_comes_until_then(
    reader: Reader, server: TrytonServer, address: str
) -> None:
    server.change("sale.sale", 2, AT + timedelta(days=900))
    cursors = cursors_of(reader.read(settings(address), "sales"))
    server.change("sale.sale", 4, NOW.replace(tzinfo=None) + timedelta(hours=1), number="later")
    found = reader.read(settings(address), "sales", cursors, now=NOW + timedelta(days=1))
    assert keys_of(found) == ["2", "4"]


def test_a_session_that_ends_is_opened_anew_once(
    reader: Reader, server: TrytonServer, address: str
) -> None:
    server.session_good_for = 3
    assert len(keys_of(reader.read(settings(address), "sales"))) == 10
    server.session_good_for = 1  # enough for the preferences alone
    with pytest.raises(AuthExpired):
        reader.read(settings(address), "sales")


def test_keys_name_what_is_there(reader: Reader, server: TrytonServer, address: str) -> None:
    del server.tables["sale.sale"][4]
    there = [str(number) for number in range(1, 11) if number != 4]
    server.tables["sale.sale"][5]["active"] = False  # somebody put it out of sight
    assert reader.keys(settings(address), "sales") == there
    server.most = 2  # a page may be shorter than asked for
    assert reader.keys(settings(address), "sales") == there
    assert keys_of(reader.read(settings(address), "sales")) == there


@pytest.mark.parametrize(
    ("told", "failure", "code"),
    [
        (Told(body={"error": ["UserError", ["row 17", "", None]]}), Forbidden, "source_forbidden"),
        (Told(body={"error": ["'sale.sale'", "x"]}), ConfigurationRefused, "source_part_missing"),
        (Told(body={"error": ["division by zero", "x"]}), Transient, "source_status"),
        (Told(body={"result": [{"id": "x"}]}), Transient, "source_not_json"),
        (Told(body=b"<html>"), Transient, "source_not_json"),
    ],
)
def test_what_tryton_refuses_is_told_by_its_consequence(
    reader: Reader,
    server: TrytonServer,
    address: str,
    told: Told,
    failure: type[Exception],
    code: str,
) -> None:
    def fail() -> None:
        server.trouble = [told] * 3

    server.after = fail
    with pytest.raises(failure) as raised:
        reader.read(settings(address), "sales")
    assert code in str(raised.value)
    assert "row 17" not in str(raised.value)


def test_rights_and_missing_modules_are_told_apart(
    reader: Reader, server: TrytonServer, address: str
) -> None:
    server.forbidden = {"sale.sale"}
    assert reader.check(settings(address)).code is CheckCode.PERMISSION
    server.forbidden, server.fields = set(), {"company.employee": ("party",)}
    report = reader.check(settings(address))
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].values == {"part": "sale.sale"}


def test_a_user_without_a_company_is_refused_because_it_would_see_nothing(
    reader: Reader, server: TrytonServer, address: str
) -> None:
    server.place = {"companies": [], "company_filter": "one"}  # Tryton names no company at all
    report = reader.check(settings(address))
    assert report.code is CheckCode.CONFIGURATION
    assert report.findings[0].code == "tryton_company_missing"
    with pytest.raises(ConfigurationRefused):
        reader.read(settings(address), "sales")
    server.place = {"companies": [1, 2], "company_filter": "all"}
    assert reader.check(settings(address)).ok


def test_tagged_values_are_read_and_broken_ones_are_no_data() -> None:
    assert untagged({"a": [{"__class__": "Decimal", "decimal": "120000.50"}]}) == {
        "a": [Decimal("120000.50")]
    }
    assert untagged({"__class__": "date", "year": 2026, "month": 2, "day": 28}) == "2026-02-28"
    assert untagged({"__class__": "timedelta", "seconds": 90}) == 90
    assert untagged({"photo": {"__class__": "bytes", "base64": "aGk="}}) == {"photo": None}
    with pytest.raises(Transient):
        untagged({"__class__": "Decimal", "decimal": "many"})
