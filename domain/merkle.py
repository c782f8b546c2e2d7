"""Merkle trees as RFC 6962 defines them: one root for many leaves, and short proofs about it.

A leaf is hashed behind 0x00 and a node behind 0x01, so that no node can pose as a leaf. Functions
that take ``leaves`` take leaf hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of one leaf's content."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree that remembers only its complete subtrees: one hash per bit of its size."""

    def __init__(self, size: int = 0, subtrees: Sequence[bytes] = ()) -> None:
        if len(subtrees) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees")
        self.size = size
        self._subtrees = list(subtrees)  # the largest and leftmost first

    @property
    def subtrees(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, the largest first: enough to go on from here."""
        return tuple(self._subtrees)

    def grow(self, leaves: Iterable[bytes]) -> None:
        """Add leaves on the right."""
        for leaf in leaves:
            top, filled = leaf, self.size
            while filled & 1:
                top = node_hash(self._subtrees.pop(), top)
                filled >>= 1
            self._subtrees.append(top)
            self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._subtrees:
            return EMPTY_ROOT
        top = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            top = node_hash(left, top)
        return top


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the leaves."""
    tree = Tree()
    tree.grow(leaves)
    return tree.root()


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Prove that the leaf at ``index`` is in the tree: the siblings on its way up."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} among {len(leaves)}")
    proof: list[bytes] = []
    low, high = 0, len(leaves)
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low = middle
    return tuple(reversed(proof))


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether the proof shows ``leaf`` at ``index`` of the tree of that size and root."""
    if not 0 <= index < size:
        return False
    place, last, top = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            top = node_hash(sibling, top)
            place, last = _up_to_a_right_child(place, last)
        else:
            top = node_hash(top, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and top == root


def consistency_proof(first: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Prove that the tree of the ``first`` leaves is the beginning of the tree of all of them."""
    if not 0 < first <= len(leaves):
        raise IndexError(f"a tree of {len(leaves)} leaves has no beginning of {first}")
    proof: list[bytes] = []
    low, high, is_whole = 0, len(leaves), True
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low, is_whole = middle, False
    if not is_whole:
        proof.append(root_of(leaves[low:high]))
    return tuple(reversed(proof))


def is_consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether the proof shows the first tree to be the beginning of the second."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    # The root of a complete first tree is known to both sides and is left out of the proof.
    steps = [first_root, *proof] if first.bit_count() == 1 else list(proof)
    if not steps:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            place, last = _up_to_a_right_child(place, last)
        else:
            new = node_hash(new, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def _up_to_a_right_child(place: int, last: int) -> tuple[int, int]:
    """Climb past the levels on which the last node has no sibling."""
    while place and not place & 1:
        place >>= 1
        last >>= 1
    return place, last
