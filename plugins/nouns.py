"""What hooks hand over besides connectors and channels: plain descriptions, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFile:
    """An industry pack: a TOML file that is read without running any code of the plug-in."""

    id: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentNoun:
    """A metric or a curve as the document of its format; ``key`` is permanent."""

    key: str
    document: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayCalendar:
    """Days off, and the weekend days that are worked instead of them (调休)."""

    key: str
    title: Mapping[str, str]
    days_off: tuple[date, ...]
    worked_days: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """Sentences by code, in one language: ``zh-CN`` or ``en``."""

    locale: str
    sentences: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question in plain words that the product can answer: its phrases and what it asks for."""

    key: str
    phrases: Mapping[str, tuple[str, ...]]
    metric: str
