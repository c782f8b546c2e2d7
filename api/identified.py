"""What has an id of its own and can be read again by it: the interface of ``node``."""

from __future__ import annotations

import strawberry

from api.access import Audience


@strawberry.interface(description="Something with an id of its own, which node reads again.")
class Node:
    """What clients that keep objects by id ask for."""

    id: strawberry.ID = strawberry.field(description="The id, unique among everything.")


# Every row that implements it says itself who may read it.
Node.__access__ = Audience.SIGNED_IN  # type: ignore[attr-defined]
