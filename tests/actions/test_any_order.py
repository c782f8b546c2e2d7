"""On one side of a close, what arrives may come in any order and in any batches: the net is one."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from actions.calculate import Mode
from actions.close_period import close_period
from actions.correct_period import correct_period
from storage.engine import reading
from storage.results import ledger
from tests.support.closing import Branch, Event
from tests.support.company import SYSTEM, office

LATER = datetime(2031, 1, 1, tzinfo=UTC)


def _sale(key: str, name: str, day: int, cents: int) -> Event:
    def event(branch: Branch) -> None:
        branch.sale(name, date(2026, 8, day), cents, key=key)

    return event


def _before() -> list[Event]:
    names = ("anna", "bo", "chen", "dai", "eve")
    found = [
        _sale(f"b{place}", name, 3 + place, 95_000 + 7_000 * place)
        for place, name in enumerate(names)
    ]
    return [*found, _sale("m1", "anna", 20, 12_000), _sale("m2", "eve", 21, 9_000)]


def _after(rng: random.Random) -> list[Event]:
    """List what is learned after the close, of every subject; none leans on another."""
    sales = [
        _sale(f"a{number}", rng.choice(("anna", "bo", "dai")), rng.randint(1, 28), cents)
        for number, cents in enumerate((30_000, 45_000, -20_000, 8_000))
    ]
    return [
        *sales,
        lambda branch: branch.revise("m1", cents=31_000),
        lambda branch: branch.revise("m2", gone=True),
        lambda branch: branch.goal("chen", "2026-08", 800),
        lambda branch: branch.link("dai", "bo"),
        lambda branch: branch.move("eve", 2),
    ]


def _correct(branch: Branch) -> None:
    entity = branch.company.entity_id
    correct_period(branch.runtime, SYSTEM, entity, "2026-08", into="2026-09", mode=Mode.POSTED)


def _net(branch: Branch) -> dict[str, int]:
    """Add up every entry of every period by person: the net is the sum of all."""
    names = {person: name for name, person in branch.ids.items()}
    found: Counter[str] = Counter()
    with reading(branch.runtime.engine, SYSTEM) as connection:
        for period in ("2026-08", "2026-09"):
            for entry in ledger(
                connection,
                SYSTEM,
                branch.company.entity_id,
                period=period,
                day=date(2026, 9, 30),
                known_at=LATER,
            ):
                found[names[entry.person_id]] += entry.amount
    return {name: amount for name, amount in found.items() if amount}


def _arrived(branch: Branch, rng: random.Random, before: list[Event], after: list[Event]) -> None:
    """Let everything arrive, with runs and corrections wherever the drawing puts them."""
    for event in before:
        event(branch)
        if rng.random() < 0.3:
            branch.run(rng.choice((Mode.TRIAL, Mode.POSTED)))
    close_period(branch.runtime, SYSTEM, branch.company.entity_id, "2026-08", accept_warnings=True)
    for event in after:
        event(branch)
        if rng.random() < 0.4:
            _correct(branch)
    _correct(branch)


def _one_net(url: str, folder: Path, seed: int, orders: int) -> None:
    rng = random.Random(seed)
    before, after = _before(), _after(rng)
    nets = []
    with office(url, folder) as runtime:
        for order in range(orders):
            branch = Branch(runtime, label=f"order {order}")
            _arrived(branch, rng, before, after)
            nets.append(_net(branch))
            rng.shuffle(before)
            rng.shuffle(after)
    assert len({tuple(sorted(net.items())) for net in nets}) == 1, nets
    assert len(nets[0]) >= 4


@pytest.mark.parametrize("seed", [3])
def test_any_order_and_any_batches_give_the_same_net(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    _one_net(database_url, tmp_path, seed, orders=3)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 30))
def test_many_orders_and_batches_give_the_same_net(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    _one_net(database_url, tmp_path, seed, orders=5)
