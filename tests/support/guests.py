"""The hostile plug-in as a guest, and what a test needs to call it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actions.source_secrets import redactor
from connectors.contract import Context
from connectors.process_host import can_cut_network, can_fence
from connectors.web import NoWeb, Web
from plugins.guests import Guests
from plugins.outside import LIMITS, Outside, Plugin, outside
from tests.support import hostile_plugin

TOKEN = "opensesame-42"
# On a machine without fences guests run without; what those keep out is told there.
FENCED = can_fence() and can_cut_network()
CALM = replace(LIMITS, idle_seconds=30, line_seconds=30, grace_seconds=0.2, processes=4)
CALM = replace(CALM, memory_bytes=150 << 20, error_bytes=200_000)
HASTY = replace(CALM, idle_seconds=1.0)


def guests(**changed: Any) -> Guests:
    """Guests as the operator has them, as fast as a test."""
    return Guests(**{"fenced": FENCED, "limits": CALM, **changed})


def hostile(folder: Path, limits: Any = CALM, **capabilities: int) -> Outside:
    """Put the hostile plug-in into a folder and make its connector, as if it had been asked.

    ``capabilities`` are those that it is said to have besides its own.
    """
    file = folder / "hostile_plugin.py"
    if not file.exists():
        shutil.copy(Path(hostile_plugin.__file__), file)
    plugin = Plugin(
        owner="hostile-plugin",
        module="hostile_plugin",
        places={"hostile_plugin": str(file)},
        reads=(str(file),),
        fenced=FENCED,
        limits=limits,
    )
    verbs = ("keys", "hook")
    info = hostile_plugin.Hostile.info
    said = replace(info, capabilities={**info.capabilities, **capabilities})
    return outside(plugin, said, verbs)


def context(folder: Path, config: Mapping[str, Any], web: Web | None = None) -> Context:
    """What a connection gives its connector."""
    given = {"token": TOKEN, **config}
    return Context(
        config=given,
        folder=folder,
        now=datetime(2026, 10, 1, 8, tzinfo=UTC),
        redact=redactor(given, hostile_plugin.Hostile.info.config_schema),
        web=web or NoWeb(),
    )
