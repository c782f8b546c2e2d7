"""Reads the policy packs that come with the product."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from domain.pay_policy import PayPolicy, decode_policy

_FOLDER = Path(__file__).parent
DEFAULT = "cn_mainland"  # the strictest: what holds until an entity chooses


@cache
def policies() -> tuple[PayPolicy, ...]:
    """Return every policy by key and version; one that cannot be read stops whoever asks."""
    found = []
    for path in sorted(_FOLDER.glob("*.toml")):
        policy, problems = decode_policy(tomllib.loads(path.read_text("utf-8")))
        if policy is None:
            raise ValueError(f"{path.name}: {problems}")
        found.append(policy)
    return tuple(sorted(found, key=lambda each: (each.key, each.version)))


def policy_called(key: str, version: str | None = None) -> PayPolicy | None:
    """Return a policy by key and version; the newest version if none is named."""
    wanted = [each for each in policies() if each.key == key and version in {None, each.version}]
    return wanted[-1] if wanted else None
