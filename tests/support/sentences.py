"""Every sentence in every language, read once for all files of tests that ask for them."""

from __future__ import annotations

from functools import cache

from messages.render import Catalogue, load


@cache
def catalogue() -> Catalogue:
    """Every sentence in every language."""
    return load()
