"""Commission on 10,000 invoice lines, here and in Tryton's commission module, cent by cent.

200 sellers, ten lines to an invoice, one conditional formula: 5 % of a line above 1,000, else 3 %.
Tryton runs in an environment of its own (``.bench/tryton``, from the package index), in its own
process, on SQLite, through its own models; we run on SQLite as well. Counted is processor time.
*Compute*: Tryton's ``get_commissions`` for every line against our engine over the same lines.
*Store*: its ``create_commissions`` with the commit against our whole POSTED calculation (read the
facts, add up, pay, freeze the inputs, results, ledger, trail, commit). Making the invoices and
loading the facts are left out on both sides. The totals of every seller must be the same.

Bars: 500 times less to compute, 100 times less with storing. ``--quick`` takes few lines and holds
our totals against those that Tryton gave for them once (``peer_totals.json``); with ``--ask`` as
well it asks Tryton again, under small bars: a calculation costs much the same for three hundred
lines as for three thousand.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from actions.calculate import Mode, calculate
from actions.deed import Runtime
from actions.define_metric import define_metric
from actions.found_company import found_company
from actions.publish_plan import draft_plan, publish_plan
from bench.path_company import (
    FACT,
    LOADER,
    MONTH,
    PERIOD,
    YEAR,
    identifier,
    load_people,
    put,
)
from domain.columns import Column
from domain.evaluate import compile_pay, run
from domain.plan import decode_plan
from storage import tables
from storage.definitions import Scope
from storage.engine import open_engine, reading
from storage.keyring import Keyring, LocalKey
from storage.migrate import upgrade
from storage.people import rebuild_closure
from storage.results import ledger
from tests.support.rules import metric, texts

COMPUTE_BAR, STORE_BAR, COMPUTE_BAR_QUICK, STORE_BAR_QUICK = 500, 100, 50, 1
LINES, LINES_QUICK, SELLERS, SELLERS_QUICK, PER_INVOICE = 10_000, 300, 200, 10, 10
LIMIT, HIGH, LOW = 1_000, "0.05", "0.03"
FORMULA = f"amount * {HIGH} if amount > {LIMIT} else amount * {LOW}"
PACKAGES = ("trytond==8.2.1", "trytond-commission==8.2.0", "proteus==8.2.0")
HERE = Path(__file__).resolve().parent
PLACE = HERE.parent / ".bench" / "tryton"
TOTALS = HERE / "peer_totals.json"  # of the quick lines; ``--quick --ask`` holds it against Tryton

Line = tuple[int, int]  # seller, whole yuan: 5 % and 3 % of it are whole fen, so nothing rounds
Totals = dict[int, Decimal]


def invoice_lines(count: int, sellers: int) -> list[Line]:
    """Make the lines, ten of one seller at a time."""
    chance = random.Random(5)
    return [
        (number // PER_INVOICE % sellers, chance.randrange(100, 3_000)) for number in range(count)
    ]


def tryton(lines: Sequence[Line], sellers: int) -> dict[str, Any]:
    """Let Tryton do it, in a process and an environment of its own."""
    python = PLACE / "bin" / "python"
    if not python.exists():
        venv.create(PLACE, with_pip=True)
        pip = (str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check")
        subprocess.run([*pip, *PACKAGES], check=True, stdout=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "lines.json"
        written = [[seller, str(amount)] for seller, amount in lines]
        asked.write_text(json.dumps({"agents": sellers, "formula": FORMULA, "lines": written}))
        words = (str(HERE / "tryton_side.py"), str(asked))
        # the set-up modules are kept, so that a second run does not activate them again
        own = {"DB_NAME": "peer", "DB_CACHE": str(PLACE / "cache"), "PYTHONPATH": ""}
        places = {"TRYTOND_DATABASE__URI": "sqlite://", "TRYTOND_DATABASE__PATH": folder}
        done = subprocess.run(
            [python, *words],
            env={**os.environ, **own, **places},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


PLAN = {
    "format": "attain.plan/1",
    "key": "peer",
    "name": texts("Commission"),
    "cadence": "MONTH",
    "currency": "CNY",
    "rounding": "HALF_UP",
}
_RATE = {"kind": "RATE", "name": texts("Commission"), "missing": "ZERO", "negative": "KEEP"}
BY_PERSON = PLAN | {
    "units": {"large": "CNY", "small": "CNY"},
    "components": [
        _RATE | {"id": "on_large", "metric": "large", "rate": HIGH},
        _RATE | {"id": "on_small", "metric": "small", "rate": LOW},
    ],
}
BY_LINE = PLAN | {
    "units": {"line": "CNY"},
    "components": [
        {
            "id": "commission",
            "kind": "TIERED",
            "name": texts("Commission"),
            "missing": "ZERO",
            "metric": "line",
            "measure": "ACTUAL",
            "mode": "WHOLE",
            "boundary": "LOWER_TIER",
            "negative": "KEEP",
            "tiers": [{"upTo": str(LIMIT), "rate": LOW}, {"rate": HIGH}],
        }
    ],
}


def computed(lines: Sequence[Line]) -> tuple[float, Totals]:
    """Compute each line's commission with the engine; the best of five, and the totals."""
    plan, problems = decode_plan(BY_LINE)
    if plan is None:
        raise SystemExit(f"the measured plan has problems: {problems}")
    program = compile_pay(plan)
    best = float("inf")
    amounts: list[int] = []
    for _ in range(5):
        started = time.process_time()
        values = np.fromiter((amount for _, amount in lines), np.int64, len(lines)) * 100
        table = {"line.num": Column(values), "line.den": Column(np.ones(len(lines), np.int64))}
        amounts = run(program, table, ["payout"])["payout"].values.tolist()
        best = min(best, time.process_time() - started)
    totals: Totals = {}
    for (seller, _), fen in zip(lines, amounts, strict=True):
        totals[seller] = totals.get(seller, Decimal(0)) + Decimal(fen) / 100
    return best, totals


def stored(lines: Sequence[Line], sellers: int) -> tuple[float, Totals]:
    """Calculate the month as the product does and post it; seconds, and the ledger's totals."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/attain.db"
        upgrade(url)
        engine = open_engine(url, Keyring(LocalKey(os.urandom(32))))
        begun, start = time.monotonic(), datetime(2026, 10, 2, 8, tzinfo=UTC)
        runtime = Runtime(
            engine=engine,
            clock=lambda: start + timedelta(seconds=time.monotonic() - begun),
            data_folder=Path(folder),
        )
        entity_id = load(runtime, lines, sellers)
        best = float("inf")
        for mode in (Mode.TRIAL, Mode.POSTED):  # the first one warms up what a server has warm
            started = time.process_time()
            calculate(runtime, LOADER, entity_id, PERIOD, mode, accept_provisional=True)
            best = time.process_time() - started
        totals: Totals = {}
        with reading(engine, LOADER) as connection:
            for entry in ledger(
                connection,
                LOADER,
                entity_id,
                period=PERIOD,
                day=date(2026, 9, 30),
                known_at=runtime.clock(),
            ):
                seller = int(entry.person_id.removeprefix("per_"))
                totals[seller] = totals.get(seller, Decimal(0)) + Decimal(entry.amount) / 100
        engine.dispose()
    return best, totals


def load(runtime: Runtime, lines: Sequence[Line], sellers: int) -> str:
    """Found a company with one team, and load the invoice lines as facts."""
    entity_id = found_company(runtime, "Peer")
    with runtime.writing(entity_id, LOADER) as writing:
        known_at = writing.known_at
        units = [("unit_root", 1, "unit_root", "unit_root", "COMPANY", known_at)]
        put(writing, tables.unit, "id revision code name kind known_at", units)
        names = "series_id revision valid_from voided known_at unit_id parent_id"
        put(
            writing,
            tables.unit_place,
            names,
            [("place", 1, YEAR, False, known_at, "unit_root", None)],
        )
        platform_names = "id revision code name known_at"
        platforms = [(identifier("plat", n), 1, f"p{n}", f"p{n}", known_at) for n in range(3)]
        put(writing, tables.platform, platform_names, platforms)
        rebuild_closure(writing)
        load_people(writing, ["unit_root"] * sellers, np.random.default_rng(1))
        put(writing, tables.fact, FACT, _facts(lines, known_at))
        for key in ("large", "small"):
            where = [{"attribute": "size", "operator": "IN", "values": [key]}]
            formula = {"kind": "SUM", "fact": "invoice", "unit": "CNY", "where": where}
            define_metric(writing, LOADER, metric(key, "CNY", formula), valid_from=YEAR)
        version = draft_plan(writing, LOADER, BY_PERSON, Scope(), valid_from=YEAR)
        publish_plan(writing, LOADER, version)
    return entity_id


def _facts(lines: Sequence[Line], known_at: datetime) -> Iterator[tuple[Any, ...]]:
    for number, (seller, amount) in enumerate(lines):
        size = "large" if amount > LIMIT else "small"
        day = MONTH + timedelta(days=number % 30)
        yield (
            identifier("fact", number), "con_peer", "lines", str(number), 1,
            identifier("rec", number), "invoice", identifier("idn", seller), day, amount * 100,
            "CNY", "customer", {"size": size}, False, known_at,
        )  # fmt: skip


def kept(lines: Sequence[Line]) -> Totals:
    """Read what Tryton gave for the quick lines; refuse when they are others by now."""
    found = json.loads(TOTALS.read_text("utf-8"))
    if found["lines"] != [[seller, amount] for seller, amount in lines]:
        raise SystemExit(f"{TOTALS.name} is of other lines: run ./run bench peer --quick --ask")
    return {int(name): Decimal(total) for name, total in found["totals"].items()}


def write_kept(lines: Sequence[Line], totals: Totals) -> bool:
    """Write what Tryton gave just now for the quick lines; say whether it was there already."""
    written = json.dumps(
        {
            "packages": PACKAGES,
            "formula": FORMULA,
            "totals": {str(name): str(total) for name, total in sorted(totals.items())},
            "lines": lines,
        }
    )
    same = TOTALS.exists() and TOTALS.read_text("utf-8") == f"{written}\n"
    TOTALS.write_text(f"{written}\n", "utf-8")
    return same


def main(words: Sequence[str]) -> int:
    """Measure both, compare every total, and fail when a bar is missed."""
    quick = "--quick" in words
    asks = not quick or "--ask" in words
    count, sellers = (LINES_QUICK, SELLERS_QUICK) if quick else (LINES, SELLERS)
    lines = invoice_lines(count, sellers)
    compute, by_line = computed(lines)
    store, by_person = stored(lines, sellers)
    theirs = tryton(lines, sellers) if asks else None
    wanted = kept(lines) if theirs is None else _totals(theirs)
    differing = sum(
        not (by_line.get(seller) == by_person.get(seller) == total)
        for seller, total in wanted.items()
    )
    differing += len(wanted.keys() ^ by_line.keys()) + len(wanted.keys() ^ by_person.keys())
    each = 1e6 / count
    figures = {
        "lines": count,
        "sellers": sellers,
        "compute_us": round(compute * each, 3),
        "store_us": round(store * each, 2),
        "totals_that_differ": differing,
    }
    ratio, bar = {}, {}
    if theirs is not None:
        figures["tryton_compute_us"] = round(theirs["compute"] * each, 1)
        figures["tryton_store_us"] = round(theirs["store"] * each, 1)
        figures["tryton_making_invoices_s"] = round(theirs["making"], 1)
        ratio = {"compute": theirs["compute"] / compute, "store": theirs["store"] / store}
        bar = {
            "compute": COMPUTE_BAR_QUICK if quick else COMPUTE_BAR,
            "store": STORE_BAR_QUICK if quick else STORE_BAR,
        }
    is_new = quick and theirs is not None and not write_kept(lines, wanted)
    for name, value in figures.items():
        print(f"{name:<28}{value}")
    report = {
        "figures": figures,
        "ratio": {name: round(value, 1) for name, value in ratio.items()},
        "bar": bar,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}",
    }
    print(json.dumps(report))
    if is_new:
        print(f"Tryton gave other totals than before: read the change of {TOTALS.name}")
    missed = any(ratio[name] < least for name, least in bar.items())
    return int(bool(differing) or missed or is_new)


def _totals(theirs: dict[str, Any]) -> Totals:
    return {int(name): Decimal(total) for name, total in theirs["totals"].items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
