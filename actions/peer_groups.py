"""Which people are peers: everybody's unit, platform or company, and the wider group around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actions.participants import Participant
from domain.component import PeerGroup

Rows = NDArray[np.int64]


class Peers(NamedTuple):
    """The groups of one kind: the name of each row's group, and both as numbers."""

    groups: tuple[str, ...]  # "" for none
    codes: Rows
    parents: Rows
    wider: tuple[str, ...]  # the name of the group wider it


def peers_of(people: Sequence[Participant], entity_id: str, peer_group: PeerGroup) -> Peers:
    """Say for every row in which group of a kind it is."""
    groups = _groups(people, entity_id, peer_group)
    wider = _wider(people, entity_id, peer_group)
    return Peers(groups, _codes(groups), _codes(wider), wider)


def _groups(
    people: Sequence[Participant], entity_id: str, peer_group: PeerGroup
) -> tuple[str, ...]:
    match peer_group:
        case PeerGroup.UNIT:
            return tuple([person.unit_id for person in people])
        case PeerGroup.PLATFORM:
            return tuple([person.platform_id or "" for person in people])
        case PeerGroup.COMPANY:
            return (entity_id,) * len(people)


def _wider(people: Sequence[Participant], entity_id: str, peer_group: PeerGroup) -> tuple[str, ...]:
    if peer_group is not PeerGroup.UNIT:
        return (entity_id,) * len(people)
    units = [person.above for person in people]
    return tuple([above[1] if len(above) > 1 else entity_id for above in units])


def _codes(groups: Sequence[str]) -> Rows:
    """Number the groups in order of their names, so that no order of people shows."""
    numbers = {group: code for code, group in enumerate(sorted(set(groups)))}
    return np.array([numbers[group] for group in groups], dtype=np.int64)
