"""One line of an Airbyte source: records, states, and what it says of itself beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import msgspec

from connectors.program_lines import Broken, Row, State, Stray, exact_object, read_line

_LOUD = frozenset({"ERROR", "FATAL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Something told to people; ``loud`` is what tells a fault."""

    text: str
    loud: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The source says that it failed, and whose turn it is.

    Only what is meant for users is kept: ``internal_message`` holds what the source answered, and
    that may be rows.
    """

    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far the source says a stream is: STARTED, RUNNING, COMPLETE, INCOMPLETE."""

    stream: str
    status: str
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How many records the source expects."""

    stream: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Any other message, with the text of what it holds."""

    kind: str
    body: str = ""


Line = Row | State | Log | Fault | Status | Estimate | Broken | Stray | Other


class Descriptor(msgspec.Struct):
    """Which stream is meant."""

    name: str
    namespace: str | None = None

    @property
    def whole(self) -> str:
        """Return the name under which connections know the stream."""
        return whole_name(self.name, self.namespace)


def whole_name(name: str, namespace: str | None) -> str:
    """Write a stream's name with the space it lies in: ``sales.orders``."""
    return f"{namespace}.{name}" if namespace else name


class _Change(msgspec.Struct):
    field: str = ""


class _Meta(msgspec.Struct):
    changes: list[_Change] | None = None


class _Record(msgspec.Struct):
    stream: str
    data: msgspec.Raw
    namespace: str | None = None
    meta: _Meta | None = None


class _Stats(msgspec.Struct):
    recordCount: Decimal | None = None  # noqa: N815 - its name in the protocol


class _StreamState(msgspec.Struct):
    stream_descriptor: Descriptor


class StateMessage(msgspec.Struct):
    """The part of a state that is not the source's own business."""

    type: Literal["STREAM", "GLOBAL", "LEGACY"] = "LEGACY"
    stream: _StreamState | None = None
    shared: msgspec.Raw = msgspec.field(name="global", default=msgspec.Raw(b""))
    data: msgspec.Raw = msgspec.Raw(b"")
    sourceStats: _Stats | None = None  # noqa: N815 - its name in the protocol


class _Log(msgspec.Struct):
    message: str = ""
    level: str = "INFO"


class _Fault(msgspec.Struct):
    message: str = ""
    failure_type: str | None = None


class _Reason(msgspec.Struct):
    type: str = ""


class _Status(msgspec.Struct):
    stream_descriptor: Descriptor
    status: str
    reasons: list[_Reason] | None = None


class _Estimate(msgspec.Struct):
    name: str
    namespace: str | None = None
    type: str = ""
    row_estimate: int | None = None


class _Trace(msgspec.Struct):
    type: str
    error: _Fault | None = None
    stream_status: _Status | None = None
    estimate: _Estimate | None = None


class _Message(msgspec.Struct):
    type: str = ""
    record: msgspec.Raw = msgspec.Raw(b"")
    state: msgspec.Raw = msgspec.Raw(b"")
    log: msgspec.Raw = msgspec.Raw(b"")
    trace: msgspec.Raw = msgspec.Raw(b"")
    control: msgspec.Raw = msgspec.Raw(b"")
    spec: msgspec.Raw = msgspec.Raw(b"")
    catalog: msgspec.Raw = msgspec.Raw(b"")
    connectionStatus: msgspec.Raw = msgspec.Raw(b"")  # noqa: N815 - its name in the protocol


_decode = msgspec.json.Decoder(_Message).decode
_record = msgspec.json.Decoder(_Record).decode
read_state = msgspec.json.Decoder(StateMessage).decode
_log = msgspec.json.Decoder(_Log).decode
_trace = msgspec.json.Decoder(_Trace).decode


def airbyte_line(line: bytes, redact: Callable[[str], str]) -> Line:
    """Read one line of a source."""
    return read_line(line, redact, _decode, _understood)


def _understood(message: _Message) -> Line:
    kind = message.type
    if kind == "RECORD":
        return _row(_record(message.record))
    if kind == "STATE":
        return _state(bytes(message.state).decode())
    if kind == "LOG":
        log = _log(message.log)
        return Log(text=log.message, loud=log.level in _LOUD)
    if kind == "TRACE":
        return _told(_trace(message.trace))
    bodies: dict[str, msgspec.Raw] = {
        "CONTROL": message.control,
        "SPEC": message.spec,
        "CATALOG": message.catalog,
        "CONNECTION_STATUS": message.connectionStatus,
    }
    if kind in bodies:
        return Other(kind=kind, body=bytes(bodies[kind]).decode())
    return Stray(text=kind or "{…}")


def _row(record: _Record) -> Row:
    changes = record.meta.changes if record.meta else None
    return Row(
        stream=whole_name(record.stream, record.namespace),
        row=exact_object(record.data),
        changed=tuple(change.field for change in changes or ()),
    )


def _state(text: str) -> State:
    found = read_state(text)
    if not (found.stream or bytes(found.shared) or bytes(found.data)):
        raise ValueError("a state without a state")
    stats = found.sourceStats
    return State(
        text=text,
        stream=found.stream.stream_descriptor.whole if found.stream else "",
        count=stats.recordCount if stats else None,
    )


def _told(trace: _Trace) -> Line:
    if trace.type == "ERROR" and trace.error:
        return Fault(text=trace.error.message, kind=trace.error.failure_type or "system_error")
    if trace.type == "STREAM_STATUS" and trace.stream_status:
        told = trace.stream_status
        return Status(
            stream=told.stream_descriptor.whole,
            status=told.status,
            waits=any(reason.type == "RATE_LIMITED" for reason in told.reasons or ()),
        )
    if trace.type == "ESTIMATE" and trace.estimate and trace.estimate.type == "STREAM":
        expected = trace.estimate
        name = whole_name(expected.name, expected.namespace)
        return Estimate(stream=name, rows=max(expected.row_estimate or 0, 0))
    return Other(kind=trace.type)


def as_file(text: str) -> str:
    """Write a kept state as a source takes it: word for word, in a list; old ones as they are."""
    found: Any = read_state(text)
    if found.type == "LEGACY" and bytes(found.data) and not found.stream:
        return bytes(found.data).decode()
    return f"[{text}]"
