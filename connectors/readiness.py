"""Until which business date files are complete: by their names, or by a manifest beside them."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from connectors.file_settings import StreamSettings

MANIFEST = "manifest.json"
_MONTH = re.compile(r"(\d{4})-?(\d{2})")


def complete_through(path: Path, stream: StreamSettings, files: Sequence[Path]) -> date | None:
    """Return the last complete business date of the stream, or None when nobody says.

    The manifest, ``{"complete_through": {"orders": "2026-09-30"}}``, goes before file names.
    A name that says a month means the month's last day.
    """
    folder = path if path.is_dir() else path.parent
    declared = _from_manifest(folder / MANIFEST, stream.name)
    if declared is not None or stream.complete_through is None:
        return declared
    dates = []
    for file in files:
        found = stream.complete_through.search(file.name)
        day = read_day(found.group(1)) if found and found.group(1) else None
        if day is not None:
            dates.append(day)
    return max(dates, default=None)


def read_day(text: str) -> date | None:
    """Read ``2026-09-30``, ``20260930``, ``2026-09`` or ``202609``; a month is its last day."""
    month = _MONTH.fullmatch(text)
    try:
        if month is None:
            return date.fromisoformat(text)
        year, number = int(month.group(1)), int(month.group(2))
        return date(year, number, calendar.monthrange(year, number)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None


def _from_manifest(path: Path, stream: str) -> date | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        return read_day(document["complete_through"][stream])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no manifest, or one that says nothing readable of this stream: not ready
