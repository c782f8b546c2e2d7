"""What sealing the trail promises: the leaf of a row, a checkpoint over rows, and what is amiss."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from domain.document import canonical
from domain.merkle import leaf_hash

EVENT_FORMAT = "attain.audit_event/1"
# A row that says for whom somebody acted. Every other row keeps the first form, and its hash.
EVENT_FORMAT_ACTING = "attain.audit_event/2"
CHECKPOINT_FORMAT = "attain.checkpoint/1"


class TrailRow(NamedTuple):
    """A row of the trail as the database holds it: texts, read without interpretation.

    A field is ``object`` because a database that was tampered with may hold anything. A tuple,
    because there are millions of them.
    """

    seq: int
    entity_id: object
    account_id: object
    action: object
    subject_id: object
    details: object
    at: object
    on_behalf_of: object = None


def row_leaf(row: TrailRow) -> bytes:
    """Return the hash over everything a row says; its number only gives it its place.

    Databases leave gaps in the numbers, and a copy on another database may number anew.
    """
    said = {
        "format": EVENT_FORMAT,
        "entity": _plain(row.entity_id),
        "account": _plain(row.account_id),
        "action": _plain(row.action),
        "subject": _plain(row.subject_id),
        "at": _plain(row.at),
    }
    if row.on_behalf_of is not None:
        said.update(format=EVENT_FORMAT_ACTING, onBehalfOf=_plain(row.on_behalf_of))
    try:
        details = _STRICT.decode(row.details)  # type: ignore[arg-type]
        content = canonical({**said, "details": details})
    except (ValueError, TypeError, RecursionError):
        # Not one of our documents: then its exact text counts. It must not stop the search.
        content = canonical({**said, "text": _plain(row.details)})
    return leaf_hash(content)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str) else {"strange": repr(value)}


def _refuse(text: str) -> object:
    raise ValueError(f"{text} has no exact form")


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Which of the two counts depends on the reader.
        raise ValueError("a name occurs twice")
    return found


# Made once: a decoder made per row takes longer than the row.
_STRICT = json.JSONDecoder(
    parse_float=_refuse, parse_constant=_refuse, object_pairs_hook=_once_each
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A sealed state of one legal entity's trail: all its rows up to ``last_seq``."""

    entity_id: str
    number: int  # 1, 2, 3 ... without a gap
    size: int
    last_seq: int
    root: str
    at: str  # an instant in UTC, as text
    previous: str | None  # the hash of the checkpoint before
    public_key: str

    def body(self) -> bytes:
        """Return what is signed."""
        return canonical(
            {
                "format": CHECKPOINT_FORMAT,
                "entity": self.entity_id,
                "number": self.number,
                "size": self.size,
                "lastSeq": self.last_seq,
                "root": self.root,
                "at": self.at,
                "previous": self.previous,
                "publicKey": self.public_key,
            }
        )

    @property
    def hash(self) -> str:
        """The name by which the next checkpoint, and whoever keeps a copy, refers to it."""
        return sha256(self.body()).hexdigest()


class RowFault(StrEnum):
    """What happened to the first row that does not fit."""

    EDITED = "trail_row_edited"
    DELETED = "trail_row_deleted"
    INSERTED = "trail_row_inserted"
    REORDERED = "trail_rows_reordered"
    TRUNCATED = "trail_truncated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """The first place where the rows differ from what was sealed, counted from 0."""

    fault: RowFault
    index: int


def first_misfit(sealed: Sequence[bytes], found: Sequence[bytes]) -> Misfit | None:
    """Return the first place where the leaves found differ from the sealed ones, and how."""
    pairs = enumerate(zip(sealed, found, strict=False))
    shared = min(len(sealed), len(found))
    index = next((number for number, (old, new) in pairs if old != new), shared)
    if index == len(sealed) == len(found):
        return None
    if index == len(found):
        return Misfit(fault=RowFault.TRUNCATED, index=index)
    if index == len(sealed):
        return Misfit(fault=RowFault.INSERTED, index=index)
    # Counted, because a forged row may be the copy of an honest one.
    old, new = Counter(sealed), Counter(found)
    is_lost = old[sealed[index]] > new[sealed[index]]
    is_new = new[found[index]] > old[found[index]]
    if is_lost and is_new:
        fault = RowFault.EDITED
    elif is_lost:
        fault = RowFault.DELETED
    elif is_new:
        fault = RowFault.INSERTED
    else:
        fault = RowFault.REORDERED
    return Misfit(fault=fault, index=index)
