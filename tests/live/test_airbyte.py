"""Airbyte's own kit, from the package index, carries out a manifest of ours over a paged server.

A minute to install (321 MB, one part under the GPL: it never enters our environment), then two
seconds of processor time for each start: ``./run live airbyte``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer

import connectors.airbyte
from actions.source_secrets import redactor
from actions.sync_source import Outcome
from attain.commands_tap import Wish, install_tap, tell_settings
from attain.tap_manifest import Manifest
from connectors.airbyte import AirbyteConnector
from connectors.contract import CheckCode, Context, ReadRequest, Record
from connectors.failures import AuthExpired, ConnectorFailure, ProgramFailed
from connectors.process_host import can_fence
from tests.support.live_server import NotTried
from tests.support.loopback import Asked, Told, on_loopback
from tests.support.rest_server import RestServer
from tests.support.syncing import NOW, ORDER_MAPPING, Company

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_200)]

KIT, PACKAGE = "airbyte-cdk==7.39.1", "airbyte-source-faker==7.2.1"
MANIFEST = Path(__file__).with_name("crm_manifest.yaml")
KEY = "sk-live-airbyte-19c"
COUNT = 3_000


def order(number: int, **changed: Any) -> dict[str, Any]:
    """One row of the source; the time of change grows with the number."""
    seconds = number % 86_400
    at = datetime(2026, 9, 1, tzinfo=UTC).timestamp() + seconds
    row = {
        "order_no": f"A{number}",
        "seller": f"S{number % 7}",
        "customer": "华东客户" if number % 2 else "C2",
        "amount": number / 4,
        "day": f"2026-0{1 + number % 9}-15",
        "changed": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    return row | changed


@dataclass
class Crm:
    """A source that turns pages by offset, to whoever has the key."""

    server: RestServer = field(
        default_factory=lambda: RestServer([order(n) for n in range(1, COUNT + 1)], page=200)
    )

    def answer(self, asked: Asked) -> Told:
        given = asked.headers.get("authorization", "")
        if given != f"Bearer {KEY}":
            return Told(status=403 if "narrow" in given else 401, body={"error": "no"})
        return self.server.answer(asked)


@pytest.fixture(scope="module")
def taps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the manifest's source, installed as an operator would."""
    folder = tmp_path_factory.mktemp("taps")
    manifest = Manifest.read(MANIFEST, None, runs_components=False)
    _install(folder, Wish.read(KIT, called="source-crm", manifest=manifest))
    return folder


def _install(folder: Path, wish: Wish) -> None:
    try:
        install_tap(folder, wish, lambda: True)
    except typer.Exit:
        if os.environ.get("CI") == "true":
            raise
        raise NotTried(f"{wish.package} could not be installed from the package index") from None


@pytest.fixture
def crm() -> Iterator[tuple[Crm, str]]:
    made = Crm()
    with on_loopback(made.answer) as address:
        yield made, address


def config(address: str, source: str = "source-crm", **changed: Any) -> dict[str, Any]:
    return {"source": source, "settings": {"address": address, "api_key": KEY, **changed}}


def context(taps: Path, given: dict[str, Any]) -> Context:
    redact = redactor(given, AirbyteConnector.info.config_schema)
    return Context(config=given, folder=taps, now=NOW, redact=redact)


def test_the_settings_are_those_of_the_manifest(
    taps: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_settings(taps, "source-crm")
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "address (required)",
        "api_key (required) (secret)",
    ]


def test_a_manifest_is_read_twice_to_the_same_totals(
    taps: Path, crm: tuple[Crm, str], database_url: str, tmp_path: Path
) -> None:
    source, address = crm
    company = Company(database_url, tmp_path, {"airbyte": AirbyteConnector(taps)})
    connection = company.connect(config(address), ORDER_MAPPING, "airbyte")
    first = company.sync(connection)
    assert (first.outcome, first.counts["records"]) == (Outcome.SUCCEEDED, COUNT)
    total = sum(number * 25 for number in range(1, COUNT + 1))
    assert sum(fact[4] for fact in company.facts(connection)) == total
    # One row is corrected and one is made; only what lies at the bound comes with them.
    late = "2026-09-30T12:00:00Z"
    source.server.rows[6] = order(7, amount=1000.1, changed=late)
    source.server.rows.append(order(COUNT + 1, amount=0.07, changed=late))
    source.server.asked.clear()
    second = company.sync(connection)
    assert (second.outcome, second.counts["records"]) == (Outcome.SUCCEEDED, 3)
    assert len(source.server.asked) == 1
    assert sum(f[4] for f in company.facts(connection)) == total - 7 * 25 + 100_010 + 7
    third = company.sync(connection)
    assert third.counts["unchanged"] == third.counts["records"] == 2
    company.runtime.engine.dispose()


def test_what_is_wrong_is_told_apart_and_no_key_is_told(
    taps: Path, crm: tuple[Crm, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is looked at is the answer, not how quick a busy machine is.
    monkeypatch.setattr(connectors.airbyte, "CHECK_SECONDS", 120.0)
    _, address = crm
    connector, told = AirbyteConnector(taps), []
    for given, code in (
        (config(address), CheckCode.OK),
        (config(address, api_key="wrong-key-000"), CheckCode.AUTHENTICATION),
        (config(address, api_key="narrow-key-000"), CheckCode.PERMISSION),
        (config("http://127.0.0.1:1"), CheckCode.UNREACHABLE),
        (config(""), CheckCode.CONFIGURATION),
    ):
        report = connector.check(context(taps, given))
        assert report.code is code, report
        told.append(repr(report))
    assert KEY not in "".join(told)
    request = ReadRequest(streams=("orders",))
    with pytest.raises(AuthExpired, match="401"):
        list(connector.read(context(taps, config(address, api_key="wrong-key-000")), request))


def test_a_stream_that_is_read_whole_gives_its_keys(taps: Path, crm: tuple[Crm, str]) -> None:
    source, address = crm
    del source.server.rows[5:]
    keys = list(AirbyteConnector(taps).keys(context(taps, config(address)), "lists"))
    assert keys == ["A1", "A2", "A3", "A4", "A5"]


def test_the_kit_itself_refuses_python_and_private_addresses_when_told(
    taps: Path, crm: tuple[Crm, str]
) -> None:
    """Walls behind our own: what an operator changed by hand is held by the kit."""
    _, address = crm
    own = json.loads((taps / "source-crm" / "tap.json").read_text("utf-8"))
    env = str(taps / "source-crm" / "env")
    own |= {"command": [f"{env}/bin/python", f"{env}/bin/source-declarative-manifest"]}
    own |= {"pinned": {}, "reads": [*own["reads"], env]}
    text = MANIFEST.read_text("utf-8")
    python = text.replace("type: DpathExtractor", "class_name: os.path.Extractor")
    cloud = {"DEPLOYMENT_MODE": "CLOUD"}
    for name, manifest, variables in (("python", python, {}), ("cloud", text, cloud)):
        folder = taps / f"source-{name}"
        folder.mkdir()
        (folder / "manifest.yaml").write_text(manifest, "utf-8")
        (folder / "tap.json").write_text(json.dumps({**own, "environment": variables}), "utf-8")
        own_address = address.replace("http:", "https:") if name == "cloud" else address
        given = context(taps, config(own_address, folder.name))
        with pytest.raises(ConnectorFailure) as failed:
            list(AirbyteConnector(taps).read(given, ReadRequest(streams=("orders",))))
        assert failed.value.code in {"airbyte_config_error", "airbyte_system_error"}
        expected = "not permitted" if name == "python" else "private network"
        assert expected in failed.value.values["said"]


def test_a_source_that_is_a_package_is_read_too(tmp_path: Path) -> None:
    """Of Airbyte's own, which makes its rows up and asks no network.

    Its other streams start a pool of processes, whose semaphores lie in ``/dev/shm``: the fence
    lets nobody write there, and that is told.
    """
    _install(tmp_path, Wish.read(PACKAGE))
    given = {"source": "airbyte-source-faker", "settings": {"count": 500, "seed": 7}}
    own, connector = context(tmp_path, given), AirbyteConnector(tmp_path)
    got = list(connector.read(own, ReadRequest(streams=("products",))))
    assert {r.key for r in got if isinstance(r, Record)} == {str(n) for n in range(1, 101)}
    assert all(type(r.content["price"]) in {int, Decimal} for r in got if isinstance(r, Record))
    if can_fence():
        with pytest.raises(ProgramFailed, match="Permission denied"):
            list(connector.read(own, ReadRequest(streams=("users",))))
