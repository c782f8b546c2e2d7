"""The keys of the tests' databases: always the same, so that copies of a database open."""

from __future__ import annotations

from storage.keyring import Keyring, LocalKey

KEY = bytes(range(32))


def keys() -> Keyring:
    """Make a keyring as a process of its own would have."""
    return Keyring(LocalKey(KEY))
