"""Which programs of others this installation has: one folder for each, put there by the operator.

A Singer tap or an Airbyte source; both are called taps here. A connection only says a tap's name.
What program that is, what it may look at and how much it may take stands in ``tap.json`` of the
tap's folder, which nobody who sets up a connection can write.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from connectors.failures import ConfigurationRefused
from connectors.process_host import Limits, Program

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
FILE = "tap.json"
ABOUT = "about.json"
_MEGABYTE = 1 << 20
Text: TypeAlias = str
Protocols: TypeAlias = Literal["singer", "airbyte"]


class TapLimits(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a tap may take at most; see ``process_host.Limits``."""

    idle_seconds: float = 300.0
    total_seconds: float = 6 * 3600.0
    cpu_seconds: int = 3600
    memory_megabytes: int = 2048
    processes: int = 32
    line_megabytes: int = 4
    output_megabytes: int = 16_384
    error_megabytes: int = 64
    records: int = 50_000_000


class TapFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The document ``attain.tap/1``; ``{tap}`` is the tap's folder.

    ``options`` are words behind those that the protocol asks for. ``pinned`` are files of the
    folder with their SHA-256: the tap is not run when one of them has become another.
    """

    format: Literal["attain.tap/1"]
    command: tuple[Text, ...]
    protocol: Protocols = "singer"
    options: tuple[Text, ...] = ()
    pinned: dict[str, Text] = {}
    version: Text = ""
    licence: Text = ""
    environment: dict[str, Text] = {}
    reads: tuple[Text, ...] = ()
    fence: Literal["required", "none"] = "required"
    catalog: Literal["--catalog", "--properties"] = "--catalog"
    limits: TapLimits = msgspec.field(default_factory=TapLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """One tap that may be run."""

    name: str
    file: TapFile
    program: Program
    about: Mapping[str, Any]
    options: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """Name the settings that the tap says it cannot do without."""
        schema = self.about.get("settings")
        names = schema.get("required") if isinstance(schema, dict) else None
        return tuple(map(str, names)) if isinstance(names, list) else ()


def tap_names(folder: Path) -> tuple[str, ...]:
    """List the taps of a folder."""
    return tuple(
        sorted(p.parent.name for p in folder.glob(f"*/{FILE}") if NAME.match(p.parent.name))
    )


def read_tap(folder: Path | None, name: str, protocol: Protocols | None = None) -> Tap:
    """Return the tap, or refuse: only what the operator has put there is ever run."""
    if folder is None:
        raise ConfigurationRefused("taps_not_allowed")
    own = folder / name
    if not NAME.match(name) or not (own / FILE).is_file():
        raise _unknown(folder, name, protocol)
    try:
        file = _file(own)
    except (OSError, ValueError) as fault:
        raise ConfigurationRefused("tap_file_invalid", {"tap": name, "error": str(fault)}) from None
    if protocol is not None and file.protocol != protocol:
        raise _unknown(folder, name, protocol)
    return Tap(
        name=name,
        file=file,
        program=_program(name, own, file),
        about=_about(own / ABOUT),
        options=tuple(_placed(own, word) for word in file.options),
    )


def _unknown(folder: Path, name: str, protocol: Protocols | None) -> ConfigurationRefused:
    known = [each for each in tap_names(folder) if protocol in {None, _protocol(folder / each)}]
    return ConfigurationRefused("tap_unknown", {"tap": name[:64], "known": ", ".join(known) or "-"})


def _protocol(own: Path) -> Protocols | None:
    try:
        return _file(own).protocol
    except (OSError, ValueError):
        return None


def _file(own: Path) -> TapFile:
    file = msgspec.json.decode((own / FILE).read_bytes(), type=TapFile)
    if not file.command:
        raise ValueError("no command")
    for name, digest in file.pinned.items():
        if hashlib.sha256((own / name).read_bytes()).hexdigest() != digest:
            raise ValueError(f"{name} is not the file that was installed")
    return file


def _placed(own: Path, word: str) -> str:
    return word.replace("{tap}", str(own.absolute()))


def _program(name: str, own: Path, file: TapFile) -> Program:
    limits = file.limits
    return Program(
        name=name,
        command=tuple(_placed(own, word) for word in file.command),
        environment=file.environment,
        reads=(str(own.absolute()), *(_placed(own, word) for word in file.reads)),
        fenced=file.fence == "required",
        limits=Limits(
            idle_seconds=limits.idle_seconds,
            total_seconds=limits.total_seconds,
            cpu_seconds=limits.cpu_seconds,
            memory_bytes=limits.memory_megabytes * _MEGABYTE,
            processes=limits.processes,
            line_bytes=limits.line_megabytes * _MEGABYTE,
            output_bytes=limits.output_megabytes * _MEGABYTE,
            error_bytes=limits.error_megabytes * _MEGABYTE,
            lines=limits.records,
        ),
    )


def _about(path: Path) -> Mapping[str, Any]:
    """Read what the tap says of itself; a tap need not say anything."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
