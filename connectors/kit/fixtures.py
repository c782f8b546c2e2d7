"""The kit as a plug-in of pytest: the fixture ``replay`` plays the cassettes beside a test.

    def test_the_recorded_orders_come_again(replay):
        recording = replay("read.orders", not_before=date(2026, 6, 1), all_asked=True)
        messages = recording.read(AcmeConnector())

The distribution ``attain-plugin-api`` has it found by its entry point, ``attain plugin grade`` puts
it in. Pytest itself is imported only when there is one.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

from connectors.kit.cassettes import CassetteRefused
from connectors.kit.replaying import NotRecorded, Replayed

FOLDER = "cassettes"
OFFERED = "attain-replay"


@dataclass(slots=True, kw_only=True)
class Player:
    """Opens cassettes for one test, and looks afterwards whether it was all as recorded."""

    cassettes: Path
    folder: Path
    opened: list[tuple[Replayed, bool]] = field(default_factory=list, repr=False)

    def __call__(
        self, name: str, *, not_before: date | None = None, all_asked: bool = False
    ) -> Replayed:
        """Open ``<name>.json``; refuse it when it is older, and later what nobody asked for."""
        replayed = Replayed.opened(self.cassettes / f"{name}.json", self.folder, not_before)
        self.opened.append((replayed, all_asked))
        return replayed

    def close(self) -> None:
        """Tell what a connector may have kept to itself, and what was never asked for."""
        for replayed, all_asked in self.opened:
            for told in replayed.web.missed:
                raise NotRecorded(told)
            if all_asked:
                replayed.demand_all_asked()


@contextmanager
def without_network() -> Iterator[None]:
    """Refuse every connection for as long as this lasts."""

    def refuse(*_: object) -> None:
        raise CassetteRefused("the test replays: there is no network")

    with (
        mock.patch.object(socket.socket, "connect", refuse),
        mock.patch.object(socket, "getaddrinfo", refuse),
    ):
        yield


@contextmanager
def playing(cassettes: Path, folder: Path) -> Iterator[Player]:
    """Play cassettes without a network, and look at the end."""
    player = Player(cassettes=cassettes, folder=folder)
    with without_network():
        yield player
    player.close()


def pytest_configure(config: Any) -> None:
    """Offer the fixture, once."""
    import pytest

    if config.pluginmanager.has_plugin(OFFERED):
        return

    class Fixtures:
        """What the kit offers to tests."""

        @pytest.fixture
        def replay(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Player]:
            """Open the cassettes in the folder ``cassettes`` beside the test."""
            with playing(request.path.parent / FOLDER, tmp_path) as player:
                yield player

    config.pluginmanager.register(Fixtures(), OFFERED)
