"""A folder of taps as an operator has it, with the small tap in it, for tests of the bridge."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from connectors.process_host import can_fence
from tests.support import small_tap

KEY = "sk-tap-0123456789"
# On a machine without the kernel's fence the taps run without; what it keeps out is told there.
FENCE = "required" if can_fence() else "none"
QUICK = {"idle_seconds": 5, "processes": 8, "memory_megabytes": 150, "error_megabytes": 2}


def python() -> str:
    """The interpreter itself: a link into a folder that may not be read would not start."""
    return os.path.realpath(sys.executable)


def install_tap(folder: Path, reads: Path, name: str = "tap-small", **changed: Any) -> Path:
    """Put the small tap into a folder of taps; return the folder."""
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    program = Path(small_tap.__file__)
    (own / "program.py").write_text(program.read_text("utf-8"), "utf-8")
    document = {
        "format": "attain.tap/1",
        "version": "1.0",
        "licence": "Apache-2.0",
        "command": [python(), "-I", "-S", "{tap}/program.py"],
        "reads": [sys.base_prefix, str(reads)],
        "fence": FENCE,
        **changed,
    }
    (own / "tap.json").write_text(json.dumps(document), "utf-8")
    return folder


def install_source(folder: Path, reads: Path, name: str = "source-small", **changed: Any) -> Path:
    """Put the small Airbyte source into a folder of taps; return the folder."""
    install_tap(folder, reads, name, protocol="airbyte", **changed)
    (folder / name / "program.py").rename(folder / name / "small_tap.py")
    program = Path(__file__).with_name("small_airbyte.py").read_text("utf-8")
    (folder / name / "program.py").write_text(program, "utf-8")
    return folder


def order(number: int, **changed: Any) -> dict[str, Any]:
    """One row of the source."""
    row = {
        "id": f"A{number}",
        "seller": "7" if number % 2 else "8",
        "customer": "C1",
        "amount": f"#{number}.10",
        "day": "2026-09-30",
        "updated_at": f"2026-09-30T08:{number // 60 % 60:02d}:{number % 60:02d}Z",
    }
    return row | changed


def write_source(folder: Path, rows: list[dict[str, Any]], **streams: Any) -> Path:
    """Write the file that the small tap reads."""
    file = folder / "source.json"
    orders = {"key": ["id"], "bookmark": "updated_at", "rows": rows}
    file.write_text(json.dumps({"orders": orders, **streams}, ensure_ascii=False), "utf-8")
    return file


def settings(file: Path, mischief: str = "", **changed: Any) -> dict[str, Any]:
    """The configuration of a connection to the small tap."""
    own = {"data": str(file), "api_key": KEY, "mischief": mischief, **changed}
    return {"tap": "tap-small", "settings": own}


def airbyte_settings(file: Path, mischief: str = "", **changed: Any) -> dict[str, Any]:
    """The configuration of a connection to the small Airbyte source."""
    own = settings(file, mischief, **changed)["settings"]
    return {"source": "source-small", "settings": own}
