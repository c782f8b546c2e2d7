"""Files that hold a key: made once, whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
from pathlib import Path

from actions.identifiers import new_secret
from storage.cipher import KEY_BYTES

_OWNER_ONLY = 0o600


class KeyFileUnreadable(Exception):  # noqa: N818 - a fault, named after what is wrong
    """What lies there is not a key; the text of the file is not repeated."""


def make_once(place: Path, text: str) -> bool:
    """Write a file that is not there yet; say whether it was this call that made it."""
    if place.exists():
        return False
    # Written aside and linked: whoever comes at the same instant finds a whole file or none.
    aside = place.with_name(f"{place.name}.{new_secret()}")
    write_for_owner(aside, text, os.O_CREAT | os.O_EXCL)
    try:
        place.hardlink_to(aside)
    except FileExistsError:
        return False
    finally:
        aside.unlink()
    return True


def write_for_owner(file: Path, text: str, flags: int) -> None:
    """Write to a file that nobody else may read, and see it reach the disk."""
    handle = os.open(file, os.O_WRONLY | flags, _OWNER_ONLY)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def new_key_text() -> str:
    """Return a fresh key of 256 bits as its file holds it: hex and a line break."""
    return os.urandom(KEY_BYTES).hex() + "\n"


def key_of_text(text: str) -> bytes:
    """Read a key of 64 hex digits, or raise KeyFileUnreadable."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileUnreadable(f"a key is {2 * KEY_BYTES} hex digits") from None
    return key


def key_of_file(file: Path) -> bytes:
    """Read the key in a file, or raise KeyFileUnreadable."""
    try:
        return key_of_text(file.read_text("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileUnreadable(type(error).__name__) from None
