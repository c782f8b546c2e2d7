"""The connector ``rest`` against Kinto: tombstones, tokens for pages, a bound that is exclusive."""

from __future__ import annotations

import base64
import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
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
    Tombstone,
)
from connectors.kit.case import WatchedWeb
from connectors.rest import RestConnector
from connectors.web import Web, WebAnswer
from connectors.web_host import LimitedWeb, open_http
from tests.support.live_server import environment, free_port, serving
from tests.support.source import ROOT
from tests.support.source_web import local_web
from tests.support.syncing import Company

pytestmark = pytest.mark.long

USER, SECRET = "attain", "kinto-pass-live-19c"
MAPPING = json.loads((ROOT / "docs/mappings/crm-sales-opportunities.json").read_text("utf-8"))
CHANGES = {
    "column": "last_modified",
    "parameter": "_since",
    "form": "EPOCH_MILLISECONDS",
    "again_minutes": 0,
    "ordered": True,
    "mark_header": "ETag",
}
_INI = """
[app:main]
use = egg:kinto
kinto.userid_hmac_secret = of-this-run-alone
multiauth.policies = basicauth
kinto.storage_backend = kinto.core.storage.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.bucket_create_principals = system.Authenticated
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = WARN
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(message)s
"""


@dataclass
class Kinto:
    """A running Kinto, one bucket of it, and the way of our connectors to it."""

    address: str
    web: LimitedWeb
    collection: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def begin(self, collection: str) -> None:
        """Make a collection of this name, and speak of it from now on."""
        pair = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        self.headers = {"authorization": f"Basic {pair}", "content-type": "application/json"}
        self.collection = f"/buckets/crm/collections/{collection}"
        self.send("PUT", "/buckets/crm")
        self.send("PUT", self.collection)

    def put(self, key: str, row: Mapping[str, Any]) -> None:
        """Make or change a row."""
        self.send("PUT", f"{self.collection}/records/{key}", {"data": row})

    def delete(self, key: str) -> None:
        """Take a row away."""
        self.send("DELETE", f"{self.collection}/records/{key}")

    def put_all(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Make many rows, as many in a call as Kinto takes."""
        asked = [
            {"path": f"{self.collection}/records/{key}", "body": {"data": row}}
            for key, row in rows.items()
        ]
        for start in range(0, len(asked), 25):
            some = asked[start : start + 25]
            said = self.send("POST", "/batch", {"defaults": {"method": "PUT"}, "requests": some})
            assert {each["status"] for each in said["responses"]} == {201}

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Make one call by a client that is none of ours."""
        connection = HTTPConnection(self.address.removeprefix("http://"), timeout=60)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/v1{path}", text, self.headers)
            answered = connection.getresponse()
            said = json.loads(answered.read())
        finally:
            connection.close()
        assert answered.status < 300, said
        return said

    def settings(self, secret: str = SECRET, **changes: Any) -> dict[str, Any]:
        """Describe Kinto: nothing of it is in our code."""
        return {
            "address": f"{self.address}/v1",
            "access": {"kind": "BASIC", "user": USER},
            "secret": secret,
            "streams": {
                "opportunities": {
                    "path": f"{self.collection}/records",
                    "records": "data",
                    "key": ["id"],
                    "query": {"_sort": "last_modified", "_limit": "50"},
                    "paging": {"kind": "NEXT_HEADER", "header": "Next-Page"},
                    "changes": {**CHANGES, **changes},
                    "deletes": "TOMBSTONE",
                    "tombstones": {"column": "deleted", "values": ["true"]},
                }
            },
        }

    def read(
        self, cursor: Any = None, web: Web | None = None, **changes: Any
    ) -> tuple[list[Message], Any]:
        """Read from a cursor; give what came and the cursor after it."""
        context = Context(
            config=self.settings(**changes),
            folder=Path(),
            now=datetime.now(UTC),
            web=web or self.web,
        )
        cursors = {"opportunities": cursor} if cursor else {}
        request = ReadRequest(streams=("opportunities",), cursors=cursors)
        found = list(RestConnector().read(context, request))
        return found, [each.cursor for each in found if isinstance(each, Checkpoint)][-1]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinto]:
    programs = environment("kinto")
    folder, port = tmp_path_factory.mktemp("kinto"), free_port()
    (folder / "kinto.ini").write_text(_INI.format(port=port), "utf-8")
    http = open_http(["127.0.0.1"])
    command = [str(programs / "kinto"), "start", "--ini", "kinto.ini"]
    with serving(command, port, folder) as address:
        yield Kinto(address=address, web=local_web(http))
    http.close()


@pytest.fixture
def kinto(running: Kinto, request: pytest.FixtureRequest) -> Kinto:
    running.begin(f"c{abs(hash(request.node.nodeid))}")
    return running


def told(messages: list[Message]) -> list[str]:
    """List what came: keys, with a minus before those that are gone."""
    return [f"-{m.key}" for m in messages if isinstance(m, Tombstone)] + [
        m.key for m in messages if isinstance(m, Record)
    ]


def numbered(count: int) -> dict[str, dict[str, Any]]:
    return {f"d{number:03d}": {"amount": number} for number in range(count)}


def between_pages(kinto: Kinto, deed: Callable[[], None]) -> WatchedWeb:
    """Do something to the source once, when the first page is out."""

    def after(number: int, answer: WebAnswer) -> WebAnswer:
        if number == 1:
            deed()
        return answer

    return WatchedWeb(inner=kinto.web, spoil=after)


def test_pages_by_token_bring_every_row_once_and_numbers_as_they_are(kinto: Kinto) -> None:
    kinto.put_all(numbered(120))
    found, _ = kinto.read()
    assert sorted(told(found)) == sorted(numbered(120))
    amounts = {m.key: m.content["amount"] for m in found if isinstance(m, Record)}
    assert amounts == {key: row["amount"] for key, row in numbered(120).items()}


def test_only_what_changed_comes_and_what_is_gone_is_a_tombstone(kinto: Kinto) -> None:
    kinto.put_all(numbered(60))
    _, cursor = kinto.read()
    assert told(kinto.read(cursor)[0]) == []
    kinto.put("d007", {"amount": 7_000})
    kinto.delete("d008")
    found, later = kinto.read(cursor)
    assert sorted(told(found)) == ["-d008", "d007"]
    assert told(kinto.read(later)[0]) == []
    assert sorted(told(kinto.read(cursor)[0])) == ["-d008", "d007"]  # the cursor alone decides


def test_a_row_that_goes_while_the_first_read_turns_pages_is_told_by_the_next(
    kinto: Kinto,
) -> None:
    """Kinto tells no tombstones to a first read, and what comes later is younger than they are."""
    kinto.put_all(numbered(120))

    def go_and_come() -> None:
        kinto.delete("d003")
        kinto.put("later", {"amount": 1})

    found, cursor = kinto.read(web=between_pages(kinto, go_and_come))
    assert {"d003", "later"} <= set(told(found))
    assert "-d003" in told(kinto.read(cursor)[0])


def test_without_the_mark_of_the_first_page_that_deletion_would_be_lost(kinto: Kinto) -> None:
    """Why ``mark_header`` exists: measured, so that nobody takes it out."""
    kinto.put_all(numbered(120))

    def go_and_come() -> None:
        kinto.delete("d003")
        kinto.put("later", {"amount": 1})

    web = between_pages(kinto, go_and_come)
    _, cursor = kinto.read(web=web, mark_header="")
    assert told(kinto.read(cursor, mark_header="")[0]) == []
    # Reading again from an hour before finds it too, as long as a read takes less than that.
    assert "-d003" in told(kinto.read(cursor, mark_header="", again_minutes=60)[0])


def test_a_row_that_changes_while_pages_are_turned_is_there_as_it_is_now(kinto: Kinto) -> None:
    kinto.put_all(numbered(120))
    web = between_pages(kinto, lambda: kinto.put("d001", {"amount": 99}))
    found, cursor = kinto.read(web=web)
    again, _ = kinto.read(cursor)
    last = {m.key: m.content["amount"] for m in [*found, *again] if isinstance(m, Record)}
    assert last["d001"] == 99
    assert set(numbered(120)) <= last.keys()


def test_what_is_wrong_is_told_apart(kinto: Kinto) -> None:
    def answer(config: dict[str, Any]) -> CheckCode:
        now = datetime.now(UTC)
        context = Context(config=config, folder=Path(), now=now, web=kinto.web)
        return RestConnector().check(context).code

    right = kinto.settings()
    assert answer(right) is CheckCode.OK
    # To Kinto another password is another person.
    assert answer(kinto.settings(secret="another-pass-88")) is CheckCode.PERMISSION
    assert answer({**right, "access": {"kind": "NONE"}}) is CheckCode.AUTHENTICATION
    assert answer(kinto.settings(mark_header="X-Nothing")) is CheckCode.CONFIGURATION
    nobody = {**right, "address": f"http://127.0.0.1:{free_port()}/v1"}
    assert answer(nobody) is CheckCode.UNREACHABLE


def test_the_wins_of_march_become_facts_are_corrected_and_taken_back(
    kinto: Kinto, crm_data: Path, database_url: str, tmp_path: Path
) -> None:
    with (crm_data / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        march = {
            row["opportunity_id"]: {**row, "close_value": int(row["close_value"])}
            for row in csv.DictReader(file)
            if row["deal_stage"] == "Won" and row["close_date"].startswith("2017-03")
        }
    kinto.put_all(march)
    company = Company(database_url, tmp_path, {"rest": RestConnector()})
    company.runtime = replace(
        company.runtime,
        web=lambda _info, _config, _wait: kinto.web,
        clock=lambda: datetime.now(UTC),
    )
    mapping = {**MAPPING, "streams": {"opportunities": MAPPING["streams"]["opportunities"]}}
    try:
        crm = company.connect(kinto.settings(), mapping, "rest")
        assert company.sync(crm).outcome is Outcome.SUCCEEDED
        facts = company.facts()
        assert sum(fact[4] for fact in facts) == 1_134_672_00
        assert by_seller(facts) == counted(march)
        kinto.put("1C1I7A6R", {**march["1C1I7A6R"], "close_value": 2_000})
        kinto.delete("Z063OYW0")
        company.sync(crm)
        march["1C1I7A6R"]["close_value"] = 2_000
        del march["Z063OYW0"]
        assert by_seller(company.facts()) == counted(march)
        assert company.open_quarantine() == []
        assert company.sync(crm).outcome is Outcome.EMPTY_EXPECTED
    finally:
        company.runtime.engine.dispose()


def by_seller(facts: list[tuple[Any, ...]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for fact in facts:
        found[fact[2]] += fact[4]
    return found


def counted(deals: Mapping[str, Mapping[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for deal in deals.values():
        found[deal["sales_agent"]] += deal["close_value"] * 100
    return found
