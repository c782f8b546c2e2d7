"""The one shape of everything that happened: an order, a payment, a visit, a rating, a course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain.ids import FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDraft:
    """What a record says happened, before it has an id and a revision.

    ``quantity`` counts steps of ``unit``. ``subject`` is the other party (the customer): distinct
    counts and returning sets count subjects. ``namespace`` and ``identity`` name the person as the
    source names them; who that is, is decided by dated links and never guessed.
    """

    kind: str
    namespace: str
    identity: str
    business_date: date
    instant: datetime | None
    quantity: int
    unit: str
    subject: str | None
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One revision of something that happened. A correction is a newer revision of the same key."""

    id: FactId
    kind: str
    connection_id: str
    stream: str
    key: str
    revision: int
    record_id: str
    business_date: date
    instant: datetime | None
    quantity: int
    unit: str
    subject: str | None
    attributes: Mapping[str, str]
    known_at: datetime
    deleted: bool
