"""What it costs that a vendor's connector runs as a guest: the example, in our process and outside.

The example's simulated source is read through the host both ways: seconds of one call, messages a
second, and the processor time of the host and of the guest.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from connectors.contract import Context, ReadRequest
from plugins.guests import Guests
from plugins.loading import load_plugins

_EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "attain-northwind"
_NAME = "northwind.crm"
_CALL_SECONDS = 1.0  # of processor time, guard included
_SLOWER = 10


def main(words: Sequence[str]) -> int:
    """Measure, print, and fail behind the bars."""
    rows = 5_000 if "--quick" in words else 100_000
    with tempfile.TemporaryDirectory() as folder:
        inside, outside = _both(Path(folder))
        simulated = import_module("attain_northwind_crm.simulated")
        source = simulated.SimulatedSource.filled(30)
        context = Context(
            config={"address": simulated.ADDRESS, "token": simulated.TOKEN, "page": 500},
            folder=Path(folder),
            now=datetime.now(UTC),
            web=simulated.SimulatedWeb(source),
        )
        print(f"{'one call of check':<26}{'clock':>9}{'host':>9}{'guest':>9}  s")
        call = _told("as a guest", lambda: [outside.check(context) for _ in range(5)], 5)
        source.endless = rows
        request = ReadRequest(streams=("orders",))
        print(f"{f'{rows:,} records':<26}{'clock':>9}{'host':>9}{'guest':>9}  s")
        ours = _told("in our process", lambda: _count(inside.read(context, request)))
        theirs = _told("as a guest", lambda: _count(outside.read(context, request)))
    print(f"{rows / ours[0]:,.0f} and {rows / theirs[0]:,.0f} messages a second")
    good = sum(call[1:]) < _CALL_SECONDS and theirs[0] < _SLOWER * ours[0] + 1
    print("holds" if good else f"misses: {_CALL_SECONDS} s a call, {_SLOWER} times as slow")
    return 0 if good else 1


def _both(folder: Path) -> tuple[Any, Any]:
    info = folder / "attain_northwind_crm-0.1.0.dist-info"
    info.mkdir()
    head = "Metadata-Version: 2.1\nName: attain-northwind-crm\nVersion: 0.1.0\n"
    (info / "METADATA").write_text(f"{head}Requires-Dist: attain-plugin-api>=1.0,<2\n", "ascii")
    (info / "entry_points.txt").write_text("[attain]\nn = attain_northwind_crm\n", "ascii")
    sys.path.insert(0, str(_EXAMPLE))
    loaded = (load_plugins(path=[str(folder)], guests=guests) for guests in (None, Guests()))
    first, second = (each.nouns("connectors")[_NAME] for each in loaded)
    return first, second


def _count(messages: Any) -> int:
    return sum(1 for _ in messages)


def _told(name: str, work: Callable[[], object], times: int = 1) -> tuple[float, float, float]:
    """Do it and print seconds: by the clock, of our processor time, of that of the guests."""
    before = _times()
    work()
    clock, own, theirs = ((now - then) / times for now, then in zip(_times(), before, strict=True))
    print(f"{name:<26}{clock:>9.3f}{own:>9.3f}{theirs:>9.3f}")
    return clock, own, theirs


def _times() -> tuple[float, float, float]:
    own, theirs = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return (
        time.monotonic(),
        own.ru_utime + own.ru_stime,
        theirs.ru_utime + theirs.ru_stime,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
