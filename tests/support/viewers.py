"""People who ask, as the actions see them: one role with its scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from domain.access import Grant, Role, Viewer
from domain.ids import AccountId, EntityId, PersonId, UnitId
from domain.problem import Refused


def viewer(
    role: Role, entity_id: str, *, unit: str | None = None, person: str | None = None
) -> Viewer:
    """Build a viewer with one role."""
    grant = Grant(role=role, entity_id=EntityId(entity_id), unit_id=UnitId(unit) if unit else None)
    return Viewer(
        account_id=AccountId("acc_test"),
        person_id=PersonId(person) if person else None,
        grants=(grant,),
    )


@contextmanager
def refused(code: str) -> Iterator[Callable[[], Refused]]:
    """Expect a refusal with ``code``; what is yielded gives it afterwards."""
    with pytest.raises(Refused) as caught:
        yield lambda: caught.value
    assert caught.value.code == code, caught.value
