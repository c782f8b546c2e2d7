"""The verifier is one file that anybody can run: no dependency, any Python from 3.9 on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.document import canonical
from domain.merkle import inclusion_proof, leaf_hash, root_of
from tests.support.verifier import FILE, load

V = load()
_ALLOWED = {
    "__future__", "argparse", "datetime", "fractions", "hashlib", "json", "pathlib", "sys",
    "zipfile", "zlib",
}  # fmt: skip

# RFC 8032, 7.1: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
            "1cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
            "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
            "984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


def test_it_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse(FILE.read_text("utf-8"), feature_version=(3, 9))
    found = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert found == _ALLOWED


def test_it_runs_without_anything_of_ours(tmp_path: Path) -> None:
    alone = tmp_path / "attain_verify.py"
    alone.write_bytes(FILE.read_bytes())
    (tmp_path / "statement.json").write_text('{"format": "attain.proof/2"}')
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(alone), "statement.json", "--lang", "zh"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "不是奖金证明" in done.stdout.decode()


def test_both_languages_say_the_same_things() -> None:
    held = re.compile(r"\{(\w+)\}")
    assert V.TEXTS["en"].keys() == V.TEXTS["zh"].keys()
    for code, said in V.TEXTS["en"].items():
        names = held.findall(said)
        assert sorted(names) == sorted(held.findall(V.TEXTS["zh"][code])), code
        assert len(set(names)) == len(names), code


@pytest.mark.parametrize("vector", VECTORS)
def test_signatures_are_those_of_the_standard(vector: tuple[str, str, str, str]) -> None:
    _, key, message, signature = (bytes.fromhex(each) for each in vector)
    assert V.ed25519_is_signed(key, message, signature)
    for place in (0, 31, 32, 63):
        broken = bytearray(signature)
        broken[place] ^= 1
        assert not V.ed25519_is_signed(key, message, bytes(broken))
    assert not V.ed25519_is_signed(key, message + b"x", signature)
    order = int.from_bytes(signature[32:], "little") + V._L
    if order < 2**256:  # the same signature with another scalar is another text, and refused
        other = signature[:32] + order.to_bytes(32, "little")
        assert not V.ed25519_is_signed(key, message, other)


def test_signatures_of_our_own_key_are_valid() -> None:
    secret = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = secret.public_key().public_bytes_raw()
    for length in (0, 1, 200):
        message = bytes(length)
        assert V.ed25519_is_signed(key, message, secret.sign(message))
        assert not V.ed25519_is_signed(key, message + b"\0", secret.sign(message))


def test_every_leaf_of_every_small_tree_is_found_and_no_other() -> None:
    for size in range(1, 18):
        leaves = [leaf_hash(bytes([number])) for number in range(size)]
        root = root_of(leaves)
        for index, leaf in enumerate(leaves):
            path = list(inclusion_proof(index, leaves))
            assert V.root_from(leaf, index, size, path) == root
            assert V.root_from(leaf, index, size, [*path, root]) is None
            assert V.root_from(leaf, (index + 1) % (size + 1), size, path) != root
            if path:
                assert V.root_from(leaf, index, size, path[:-1]) != root


def test_the_canonical_form_is_ours() -> None:
    document = {"b": [1, None, "金额"], "a": {"": True, "é": "\u2028"}}
    assert V.canonical(document) == canonical(document)


@pytest.mark.parametrize("text", ['{"a": 1.0}', '{"a": 1, "a": 2}', '{"a": NaN}', "{", "[" * 9999])
def test_what_can_be_read_in_two_ways_is_not_read(text: str) -> None:
    with pytest.raises(V.Unreadable):
        V.read_strictly(text)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("HALF_UP", [-3, -2, -1, 0, 0, 1, 2, 3]),
        ("HALF_EVEN", [-2, -2, -1, 0, 0, 1, 2, 2]),
        ("DOWN", [-2, -1, -1, 0, 0, 1, 1, 2]),
        ("UP", [-3, -2, -2, -1, 1, 2, 2, 3]),
    ],
)
def test_what_is_left_over_is_rounded_as_the_page_says(mode: str, wanted: list[int]) -> None:
    numbers = ["-2.5", "-1.5", "-1.25", "-0.25", "0.25", "1.25", "1.5", "2.5"]
    assert [V.rounded(Fraction(each), mode) for each in numbers] == wanted


def test_what_fits_no_64_bits_is_missing() -> None:
    assert V.rounded(Fraction(2**63 - 1), "DOWN") == 2**63 - 1
    assert V.rounded(Fraction(2**63), "DOWN") is None
    assert V.total([2**63 - 1, 1]) is None
