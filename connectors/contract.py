"""What a connector promises and what the host gives it: the whole contract, standard library only.

A connector reads one outside system and says what that system said, verbatim. It knows nothing of
goals, pay or the database. The host owns records, cursors, mapping, retries and redaction.

The verbs: ``check`` (can we?), ``discover`` (what is there?), ``read`` (give it to me) and, where
the source needs it, ``keys`` (which rows still exist?) and ``hook`` (what does a callback mean?).

Failures are raised by their consequence (``connectors/failures.py``), the way out over HTTP is
``context.web`` (``connectors/web.py``), and channels and anchors are in ``connectors/outlets.py``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeAlias, runtime_checkable

from connectors.databases import Databases, NoDatabases
from connectors.web import NoWeb, Web

API_VERSION = "1.0"
CHECKPOINT_RECORDS_MAX = 1_000  # at least one checkpoint in so many records of a stream

# A cell of a record. Never a float: numbers are int or Decimal. Dates and instants are ISO 8601
# text as the source wrote them; the host's mapping reads them with a declared format and zone.
Scalar: TypeAlias = str | int | bool | Decimal | None
# Anything that json.dumps writes; used for cursors and configuration.
Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
Cursor: TypeAlias = Mapping[str, Json]

_NO_VALUES: Mapping[str, str] = MappingProxyType({})
_NO_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_CURSORS: Mapping[str, Cursor] = MappingProxyType({})


# ---------------------------------------------------------------- what a connector says of itself


class Deletes(StrEnum):
    """How a stream tells that a row is gone."""

    NONE = "none"  # it does not: a vanished row stays
    TOMBSTONE = "tombstone"  # read() emits a Tombstone
    SWEEP = "sweep"  # the host compares keys() with what it has


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """One kind of row that a source has.

    ``key`` names the columns that identify a row for ever. ``zone`` is the IANA name in which the
    source writes instants that carry no offset ("" when it always writes an offset).
    ``retention_days`` is how long the source keeps rows (None: for ever): the host warns before
    rows are lost. ``personal_fields`` are the columns that hold personal information.
    """

    name: str
    entity: str
    key: tuple[str, ...]
    deletes: Deletes = Deletes.NONE
    zone: str = ""
    retention_days: int | None = None
    personal_fields: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimit:
    """At most ``calls`` in any ``seconds``, counted over the whole connection.

    ``path`` limits only the addresses whose path contains it ("" counts every call). Limits are
    data, so that an administrator can tighten them without touching the connector.
    """

    calls: int
    seconds: float
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorInfo:
    """Who the connector is and what it needs.

    ``id`` is permanent, lower case with dots or hyphens (``files``, ``acme.crm``). ``title`` has
    the languages ``zh-CN`` and ``en``. ``api`` is the version of this contract it was written for
    (``"1.0"``). ``config_schema`` is a JSON Schema object; every property that holds a credential
    carries ``"secret": true``. ``capabilities`` are named versions, for example
    ``{"keys": 1, "hook": 1, "backfill": 1}``; the host ignores those it does not know. ``live``
    says that a read tells rows as they are now: then the later one counts, whatever its version.
    ``allowed_hosts`` are the hosts that ``context.web`` may speak to; ``{address}`` stands for the
    host of the address in that setting. ``limits`` are what the source allows. ``mapping`` is the
    default mapping (``attain.mapping/1``) that a company begins with; ours lie in ``mappings/``.
    """

    id: str
    title: Mapping[str, str]
    api: str
    config_schema: Mapping[str, Json]
    streams: tuple[StreamInfo, ...] = ()
    capabilities: Mapping[str, int] = field(default_factory=dict)
    allowed_hosts: tuple[str, ...] = ()
    limits: tuple[CallLimit, ...] = ()
    mapping: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What ``discover`` found: the streams of this very configuration, with their columns."""

    streams: tuple[StreamInfo, ...]


class CheckCode(StrEnum):
    """Why a check failed; each one asks for another deed of another person."""

    OK = "ok"
    CONFIGURATION = "configuration"  # the form is filled in wrongly
    AUTHENTICATION = "authentication"  # the secret is wrong or expired
    PERMISSION = "permission"  # known to the source, but not allowed to read
    UNREACHABLE = "unreachable"  # host down, folder not there


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinding:
    """One thing a check found, as a code with the values of its sentence."""

    code: str
    values: Mapping[str, str] = field(default_factory=lambda: _NO_VALUES)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The answer of ``check``; ``ok`` is ``code is CheckCode.OK``."""

    code: CheckCode
    findings: tuple[CheckFinding, ...] = ()

    @property
    def ok(self) -> bool:
        """Say whether a read may be tried."""
        return self.code is CheckCode.OK


# -------------------------------------------------------------------------- what the host gives


def _leave(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a connector may use of the world, besides the source itself.

    ``config`` is the connection's configuration with secrets already put in. ``folder`` is the
    folder under which the connection may read files. ``now`` is the aware UTC instant at which the
    run began: there is no other clock. ``redact`` blanks this connection's secrets in a text.
    ``web`` is the only way out over HTTP, ``databases`` the only way to a database.
    """

    config: Mapping[str, Json]
    folder: Path
    now: datetime
    redact: Callable[[str], str] = _leave
    web: Web = field(default_factory=NoWeb)
    databases: Databases = field(default_factory=NoDatabases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """A half-open range of business dates to read again; it never moves the live cursor."""

    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What to read: the streams in this order, each from its cursor (none: from the beginning).

    ``reread`` are the keys that callbacks named since the last good run, by stream. A connector
    whose cursor would miss them reads them besides; any other one need not look.
    """

    streams: tuple[str, ...]
    cursors: Mapping[str, Cursor] = field(default_factory=lambda: _NO_CURSORS)
    backfill: Backfill | None = None
    reread: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_KEYS)


# ------------------------------------------------------------------------ what a read tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row as the source said it.

    ``key`` identifies it within the stream (several columns: ``join_key``). ``content`` is the
    row, column by column, unknown columns included. ``position`` says where it stood, for people:
    ``file:orders.csv/row:17``. ``order`` counts the records of a read from 1.

    ``version`` is a text that sorts by age within the stream (the source's time of change, a
    delivery's name), or "" when the source has none. The host keeps the highest version current
    whatever the order of arrival; with equal versions the later arrival wins.
    """

    stream: str
    key: str
    content: Mapping[str, Scalar]
    position: str
    order: int
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """The source says that the row with this key is gone."""

    stream: str
    key: str
    position: str
    order: int
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that cannot be trusted; it goes to quarantine and the read goes on.

    ``reason`` is a code; ``values`` fill the places of its sentence; ``payload`` is what was read,
    as text, so that a person can repair it. ``key`` is the row's key when it could be read: a
    sweep never deletes it.
    """

    stream: str
    position: str
    reason: str
    values: Mapping[str, str] = field(default_factory=lambda: _NO_VALUES)
    payload: Mapping[str, str] = field(default_factory=lambda: _NO_VALUES)
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Everything emitted before for this stream is covered by ``cursor``.

    The host commits those messages and the cursor in one transaction. The cursor is JSON, at
    most ``CURSOR_BYTES_MAX`` long, and opaque to the host.
    """

    stream: str
    cursor: Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a read is, in records; ``total`` is None when nobody knows."""

    stream: str
    done: int
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a person should know that rejects nothing (the encoding found, a double row)."""

    stream: str
    position: str
    code: str
    values: Mapping[str, str] = field(default_factory=lambda: _NO_VALUES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The source declares the stream complete up to and including the business date."""

    stream: str
    through: date


Message: TypeAlias = Record | Tombstone | Rejected | Checkpoint | Progress | Notice | Ready

CURSOR_BYTES_MAX = 1_000_000


# ------------------------------------------------------------------------------- the verbs


@runtime_checkable
class Connector(Protocol):
    """A source. Objects are stateless: everything they need comes with each call."""

    @property
    def info(self) -> ConnectorInfo:
        """Say who the connector is; no I/O."""
        ...

    def check(self, context: Context) -> CheckReport:
        """Say whether the source can be read, changing nothing there, in ten seconds."""
        ...

    def discover(self, context: Context) -> Catalog:
        """Say which streams and columns this configuration has."""
        ...

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what is new since the cursors; a checkpoint at least every 1,000 records."""
        ...


@runtime_checkable
class ListsKeys(Protocol):
    """A connector whose streams may declare ``Deletes.SWEEP``."""

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Emit every key that exists now; raise KeysIncomplete rather than leave one out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRequest:
    """A callback from outside, as it came."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAnswer:
    """What to answer at once, and which keys to read again; a callback is a hint, never data."""

    status: int
    body: bytes = b""
    reread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    delivery: str = ""


@runtime_checkable
class ReceivesHooks(Protocol):
    """A connector that understands callbacks."""

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify and translate a callback without touching the network."""
        ...


# -------------------------------------------------------------------- one form for all hosts


_PLAIN = frozenset({str, int, bool, type(None)})
_DIGITS_MAX = 1_000  # of the size of a number: 1e999999999 is short, and long when written out
_CANONICAL = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
)


def join_key(parts: Sequence[str]) -> str:
    r"""Write the columns of a key as one text: ``["A|1", "2"]`` gives ``A\|1|2``."""
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def canonical_content(content: Mapping[str, Scalar]) -> str:
    """Write a content as JSON in one way only: sorted columns, no spaces, exact numbers.

    ``{"b": Decimal("1.50"), "a": "x"}`` gives ``{"a":"x","b":1.50}``. A float is a TypeError.
    """
    if {*map(type, content.values())} <= _PLAIN and {*map(type, content)} <= {str}:
        return _CANONICAL.encode(dict(content))  # the same text by the quicker way
    cells = (f"{_text(name)}:{_cell(content[name])}" for name in sorted(content))
    return "{" + ",".join(cells) + "}"


def read_content(text: str) -> dict[str, Scalar]:
    """Read what ``canonical_content`` wrote; numbers come back exact."""
    content: dict[str, Scalar] = json.loads(text, parse_float=Decimal)
    return content


def content_hash(content: Mapping[str, Scalar]) -> str:
    """Return the SHA-256 of the canonical content: equal content, equal hash, on any machine."""
    return hashlib.sha256(canonical_content(content).encode()).hexdigest()


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        if abs(value.adjusted()) > _DIGITS_MAX:
            raise TypeError("a number without end")
        return format(value, "f")
    raise TypeError(f"a record holds text, int, Decimal, bool or None, not {type(value).__name__}")
