"""Which rows of a file stand there more than once, found in bounded memory.

A key is remembered as one bit of a field of fixed size. Only a key whose bit was taken before is
kept as text: every later row of a key that comes twice, and now and then a key that merely shares
its bit with another one. For the latter its own row is the last one, so nothing is decided wrongly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_BITS = 1 << 25  # 4 MiB; of a million keys about fifteen thousand are kept besides


def last_rows_of_doubles(keyed: Iterable[tuple[str, int]], bits: int = _BITS) -> Mapping[str, int]:
    """Return for every key that comes more than once the number of its last row.

    A few other keys may be there too, with the number of their only row.
    """
    field = bytearray((bits + 7) // 8)
    last: dict[str, int] = {}
    for key, number in keyed:
        place = hash(key) % bits
        byte, bit = place >> 3, 1 << (place & 7)
        if field[byte] & bit:
            last[key] = number
        else:
            field[byte] |= bit
    return last
