"""Replaying: what was recorded comes again, and everything else is told clearly."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connectors.contract import Context, Message, ReadRequest
from connectors.kit.cassettes import CassetteRefused
from connectors.kit.fixtures import Player, playing
from connectors.kit.recording import record, write_all
from connectors.kit.replaying import NotRecorded
from tests.support.telling_source import TellingConnector, TellingWeb, wish_of


@pytest.fixture(scope="module")
def cassettes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cassettes")
    list(write_all(record(wish_of(), TellingWeb), folder))
    return folder


@pytest.fixture
def replay(cassettes: Path, tmp_path: Path) -> Iterator[Player]:
    with playing(cassettes, tmp_path) as player:
        yield player


class Curious(TellingConnector):
    """Asks for one thing more than it did, and holds back what comes of it."""

    more: tuple[str, dict[str, str]] = ("/orders", {"page": "2"})

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        yield from super().read(context, request)
        path, query = self.more
        with contextlib.suppress(Exception):  # as careless connectors do
            context.web.get(
                f"{context.config['address']}{path}",
                {"ticket_token": "hidden-access-token", **query},
                {"accept": "application/json"},
            )


@pytest.mark.parametrize("name", ["check", "discover", "read.people", "read.orders"])
def test_a_connector_does_the_same_without_its_source(name: str, replay: Player) -> None:
    replay(name, all_asked=True).demand_as_recorded(TellingConnector())


def test_a_request_that_was_not_recorded_is_told_with_the_nearest_one(replay: Player) -> None:
    recording = replay("read.orders")
    with pytest.raises(NotRecorded) as told:
        recording.read(Curious())
    recording.web.missed.clear()
    first, nearest, what = str(told.value).splitlines()
    assert first.startswith("GET https://address.example/orders?ticket_token=hidden-access-token")
    assert first.endswith("&page=2 was not recorded in read.orders.json.")
    assert "The nearest is number 2, GET https://address.example/orders?" in nearest
    assert what == '  query page: asked "2", recorded nothing'


def test_a_request_with_another_body_is_told_by_its_field(replay: Player) -> None:
    recording = replay("check")
    with pytest.raises(NotRecorded, match=r'body password: asked "wrong", recorded "hidden-pass'):
        recording.web.post(
            "https://address.example/token",
            form={"user": str(recording.context.config["user"]), "password": "wrong"},
        )
    recording.web.missed.clear()


def test_what_a_connector_keeps_to_itself_is_told_at_the_end(
    cassettes: Path, tmp_path: Path
) -> None:
    def replayed() -> None:
        with playing(cassettes, tmp_path) as player:
            recording = player("read.people")
            with contextlib.suppress(BaseException):  # even so
                recording.read(Curious())

    with pytest.raises(NotRecorded):
        replayed()


def test_recorded_answers_that_nobody_asks_for_are_told_when_that_is_wanted(
    cassettes: Path, tmp_path: Path
) -> None:
    def checks(*, all_asked: bool) -> None:
        with playing(cassettes, tmp_path) as player:
            player("read.orders", all_asked=all_asked).check(TellingConnector())

    checks(all_asked=False)
    with pytest.raises(CassetteRefused, match=r"never asked for: number 2, GET .*/orders"):
        checks(all_asked=True)


def test_a_cassette_that_is_older_than_the_vendor_allows_is_refused(replay: Player) -> None:
    replay("check", not_before=date(2026, 10, 1))
    with pytest.raises(CassetteRefused, match=r"recorded on 2026-10-01, before 2026-10-02"):
        replay("check", not_before=date(2026, 10, 2))


def test_a_name_that_is_not_there_is_told_with_those_that_are(replay: Player) -> None:
    with pytest.raises(CassetteRefused, match=r"no cassette read\.deals\.json .* read\.orders"):
        replay("read.deals")


def test_a_cassette_that_somebody_edited_a_key_into_is_not_played(
    cassettes: Path, tmp_path: Path
) -> None:
    document = json.loads((cassettes / "check.json").read_text("utf-8"))
    document["config"]["note"] = "kT8vQ2mZr5YxB7nWd4"
    (tmp_path / "check.json").write_text(json.dumps(document), "utf-8")
    with playing(tmp_path, tmp_path) as player, pytest.raises(CassetteRefused, match="like a key"):
        player("check")


def test_there_is_no_network_while_a_test_replays(replay: Player) -> None:
    assert replay.cassettes.is_dir()
    with pytest.raises(CassetteRefused, match="no network"):
        socket.create_connection(("127.0.0.1", 9))
    with socket.socket() as raw, pytest.raises(CassetteRefused, match="no network"):
        raw.connect(("127.0.0.1", 9))


def test_the_same_request_again_gets_the_answers_in_the_order_of_the_recording(
    replay: Player,
) -> None:
    recording = replay("read.orders")
    first = recording.cassette.exchanges[0]
    other = dataclasses.replace(first, status=204)
    recording.web.cassette = dataclasses.replace(recording.cassette, exchanges=(first, other))
    form = first.asked.body.says
    said = [recording.web.post(first.asked.address, form=form).status for _ in range(3)]
    assert said == [200, 204, 204]
