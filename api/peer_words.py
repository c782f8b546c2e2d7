"""The kinds of peer groups as words of the contract."""

from __future__ import annotations

from api.scalars import closed_set
from domain.component import PeerGroup

closed_set(
    PeerGroup,
    "The people one is compared with.",
    {
        PeerGroup.UNIT: "The own unit.",
        PeerGroup.PLATFORM: "Everybody on the own platform.",
        PeerGroup.COMPANY: "The whole legal entity.",
    },
)

__all__ = ["PeerGroup"]
