"""A whole sales year through the real actions: whatever happens, what must hold about pay holds."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.company import office
from tests.support.sales_year import SalesYear
from tests.support.year_checks import net
from tests.support.year_life import Life
from tests.support.year_plans import Style
from tests.support.year_windows import Drawing


def _style(seed: int) -> Style:
    return tuple(Style)[(seed + seed // 3) % 3]


def _lived(
    url: str,
    folder: Path,
    seed: int,
    *,
    people: int,
    months: int,
    proofs: int,
    shuffled: bool = False,
) -> dict[tuple[str, str], int]:
    """Live through the year of a seed and return the net by person and month of origin."""
    style = _style(seed)
    drawing = Drawing(random.Random(seed), people, months, style)
    opening, windows = drawing.opening(), drawing.windows()
    with office(url, folder, datetime(2026, 1, 1, tzinfo=UTC)) as runtime:
        year = SalesYear(runtime, seed, people=people, style=style)
        for step in opening:
            step(year)
        # How often somebody calculates or corrects is drawn anew for each way of living the year.
        life = Life(year, windows, random.Random(f"{seed} {shuffled}"), proofs=proofs)
        life.live(shuffled=shuffled)
        found = net(year, life.periods)
        assert len({name for name, _ in found}) > people // 3
        assert set(life.gaps) <= {"not_yet"}, life.gaps
        return found


# Among these three are all styles of credit and all ways to settle.
SEEDS = (2, 3, 7)


def test_the_usual_years_have_every_style_and_every_way_to_settle() -> None:
    assert {_style(seed) for seed in SEEDS} == set(Style)
    assert {seed % 3 for seed in SEEDS} == {0, 1, 2}  # what ``SalesYear.settlement`` goes by


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sales_year_keeps_every_promise(sqlite_url: str, tmp_path: Path, seed: int) -> None:
    _lived(sqlite_url, tmp_path, seed, people=8, months=4, proofs=1)


def test_a_sales_year_keeps_its_promises_on_a_server(postgres_url: str, tmp_path: Path) -> None:
    _lived(postgres_url, tmp_path, 1, people=6, months=2, proofs=1)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 4, 5, *range(100, 1_100)])
def test_a_thousand_sales_years_keep_every_promise(
    sqlite_url: str, tmp_path: Path, seed: int
) -> None:
    people, months = (12, 12) if seed % 10 == 0 else (8, 4)
    _lived(sqlite_url, tmp_path, seed, people=people, months=months, proofs=30)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(5, 9))
def test_whole_sales_years_keep_every_promise_on_a_server(
    postgres_url: str, tmp_path: Path, seed: int
) -> None:
    _lived(postgres_url, tmp_path, seed, people=8, months=12, proofs=2)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2_000, 2_050))
def test_what_arrives_between_two_closes_may_come_in_any_order(
    sqlite_url: str, tmp_path: Path, seed: int
) -> None:
    copy = tmp_path / "other.db"
    shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), copy)
    one = _lived(sqlite_url, tmp_path, seed, people=8, months=4, proofs=0)
    other = _lived(f"sqlite:///{copy}", tmp_path, seed, people=8, months=4, proofs=0, shuffled=True)
    assert one == other
