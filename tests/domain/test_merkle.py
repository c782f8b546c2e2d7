"""The trees of RFC 6962: the vectors that all implementations share, and no proof of a lie."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)

# The eight leaves and the roots over the first 0 to 8 of them, as Certificate Transparency has
# them in its reference tests.
CONTENTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
LEAVES = [leaf_hash(content) for content in CONTENTS]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
CONSISTENCY = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
some_leaves = st.lists(st.binary(max_size=4), min_size=1, max_size=70, unique=True).map(
    lambda contents: [leaf_hash(content) for content in contents]
)


def by_the_book(leaves: list[bytes]) -> bytes:
    """MTH as the text of RFC 6962 2.1 writes it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(by_the_book(leaves[:split]), by_the_book(leaves[split:]))


@pytest.mark.parametrize("size", range(9))
def test_the_shared_roots_come_out(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_shared_inclusion_proofs_come_out(index: int, size: int) -> None:
    proof = inclusion_proof(index, LEAVES[:size])
    assert tuple(each.hex() for each in proof) == INCLUSION[index, size]
    assert is_included(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_the_shared_consistency_proofs_come_out(first: int, second: int) -> None:
    proof = consistency_proof(first, LEAVES[:second])
    assert tuple(each.hex() for each in proof) == CONSISTENCY[first, second]
    roots = bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second])
    assert is_consistent(first, second, *roots, proof)


def test_every_proof_of_every_small_tree_holds() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(33)]
    roots = [root_of(leaves[:size]) for size in range(34)]
    for size in range(1, 34):
        for index in range(size):
            proof = inclusion_proof(index, leaves[:size])
            assert is_included(leaves[index], index, size, proof, roots[size])
        for first in range(1, size + 1):
            proof = consistency_proof(first, leaves[:size])
            assert is_consistent(first, size, roots[first], roots[size], proof)


@given(leaves=some_leaves, data=st.data())
def test_a_tree_grown_in_steps_is_the_tree_of_the_book(
    leaves: list[bytes], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(leaves)))
    before = Tree()
    before.grow(leaves[:cut])
    after = Tree(before.size, before.subtrees)
    after.grow(leaves[cut:])
    assert after.root() == by_the_book(leaves)


@given(leaves=some_leaves, data=st.data())
def test_any_other_sequence_has_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    one, other = (data.draw(st.integers(0, len(leaves) - 1)) for _ in range(2))
    tampered, swapped = list(leaves), list(leaves)
    tampered[one] = leaf_hash(b"something else")
    swapped[one], swapped[other] = swapped[other], swapped[one]
    lies = [tampered, leaves[:-1], leaves[1:], [*leaves, leaves[-1]], leaves[:one] + leaves[:1]]
    roots = {root_of(lie) for lie in lies if lie != leaves}
    assert root_of(leaves) not in roots
    assert (root_of(swapped) == root_of(leaves)) is (one == other)


@given(leaves=some_leaves, data=st.data())
def test_no_inclusion_proof_proves_a_lie(leaves: list[bytes], data: st.DataObject) -> None:
    size, index = len(leaves), data.draw(st.integers(0, len(leaves) - 1))
    proof, root = inclusion_proof(index, leaves), root_of(leaves)
    assert is_included(leaves[index], index, size, proof, root)
    assert not is_included(leaf_hash(b"something else"), index, size, proof, root)
    assert not is_included(leaves[index], index, size, (*proof, root), root)
    assert not is_included(leaves[index], size, size, proof, root)
    for number in range(size):
        assert is_included(leaves[number], index, size, proof, root) is (number == index)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        broken = (*proof[:place], leaf_hash(b"broken"), *proof[place + 1 :])
        assert not is_included(leaves[index], index, size, broken, root)
        assert not is_included(leaves[index], index, size, proof[:-1], root)


@given(leaves=some_leaves, data=st.data())
def test_no_consistency_proof_proves_another_past(leaves: list[bytes], data: st.DataObject) -> None:
    second = len(leaves)
    first = data.draw(st.integers(1, second))
    proof, root = consistency_proof(first, leaves), root_of(leaves)
    assert is_consistent(first, second, root_of(leaves[:first]), root, proof)
    other = list(leaves[:first])
    other[data.draw(st.integers(0, first - 1))] = leaf_hash(b"something else")
    assert not is_consistent(first, second, root_of(other), root, proof)
    assert not is_consistent(first, second, root_of(leaves[:first]), root_of(other), proof)
    assert not is_consistent(first, second, root_of(leaves[:first]), root, (*proof, root))
    if proof:
        assert not is_consistent(first, second, root_of(leaves[:first]), root, proof[:-1])


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(IndexError):
        inclusion_proof(8, LEAVES)
    for first in (0, 9):
        with pytest.raises(IndexError):
            consistency_proof(first, LEAVES)
    with pytest.raises(ValueError, match="complete subtrees"):
        Tree(3, [EMPTY_ROOT])
    assert not is_consistent(0, 8, EMPTY_ROOT, root_of(LEAVES), ())
    assert not is_consistent(5, 8, root_of(LEAVES[:5]), root_of(LEAVES), ())
    assert root_of([]) == EMPTY_ROOT
