"""Which rows of a file stand there more than once, found in bounded memory.

A key is remembered as one bit of a field of fixed size. Only a key whose bit was taken before is
kept as text: every later row of a key that comes twice, and now and then a key that merely shares
its bit with another one. For the latter its own row is the last one, so nothing is decided wrongly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_BITS = 1 << 25  # 4 MiB; of a million keys about fifteen thousand are kept besides


class KeyField:
    """Keys as one bit each; now and then one that was never added seems to be there."""

    def __init__(self, bits: int = _BITS) -> None:
        self._bits = bits
        self._field = bytearray()  # until there is a key

    def add(self, key: str) -> bool:
        """Add a key and say whether it seemed to be there before."""
        if not self._field:
            self._field = bytearray((self._bits + 7) // 8)
        place = hash(key) % self._bits
        byte, bit = place >> 3, 1 << (place & 7)
        taken = bool(self._field[byte] & bit)
        self._field[byte] |= bit
        return taken

    def __contains__(self, key: str) -> bool:
        """Say whether a key seems to be there."""
        place = hash(key) % self._bits
        return bool(self._field) and bool(self._field[place >> 3] & 1 << (place & 7))


def last_rows_of_doubles(keyed: Iterable[tuple[str, int]], bits: int = _BITS) -> Mapping[str, int]:
    """Return for every key that comes more than once the number of its last row.

    A few other keys may be there too, with the number of their only row.
    """
    field = KeyField(bits)
    return {key: number for key, number in keyed if field.add(key)}
