"""``attain calculate`` and ``attain explain``: from facts to statements, on the command line."""

from __future__ import annotations

from attain.settings import Settings


def calculate(settings: Settings, *, period: str, entity: str | None) -> None:
    """Score everybody for the period and print what was computed."""
    raise NotImplementedError


def explain(
    settings: Settings, *, person: str, period: str, entity: str | None, locale: str | None
) -> None:
    """Print the statement of one person, line by line."""
    raise NotImplementedError
