"""What every reading connector does alike: count records, set checkpoints, answer a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from connectors.contract import (
    CHECKPOINT_RECORDS_MAX,
    CheckCode,
    CheckFinding,
    Checkpoint,
    CheckReport,
    Cursor,
    Message,
    Record,
    Scalar,
    Tombstone,
)
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorFailure,
    Forbidden,
    RateLimited,
    Transient,
)

_ANSWERS: tuple[tuple[type[ConnectorFailure], CheckCode], ...] = (
    (AuthExpired, CheckCode.AUTHENTICATION),
    (Forbidden, CheckCode.PERMISSION),
    (RateLimited, CheckCode.UNREACHABLE),
    (Transient, CheckCode.UNREACHABLE),
    (ConfigurationRefused, CheckCode.CONFIGURATION),
)


def checked(look: Callable[[], Iterable[CheckFinding]]) -> CheckReport:
    """Run a look at the source and answer with what its failure means."""
    try:
        return CheckReport(code=CheckCode.OK, findings=tuple(look()))
    except ConnectorFailure as failure:
        for kind, code in _ANSWERS:
            if isinstance(failure, kind):
                finding = CheckFinding(code=failure.code, values=failure.values)
                return CheckReport(code=code, findings=(finding,))
        raise


@dataclass(slots=True)
class Emitting:
    """The numbering of one read, across its streams."""

    order: int = 0

    def record(
        self,
        stream: str,
        key: str,
        content: Mapping[str, Scalar],
        position: str,
        version: str = "",
    ) -> Record:
        """Make the next record."""
        self.order += 1
        return Record(
            stream=stream,
            key=key,
            content=content,
            position=position,
            order=self.order,
            version=version,
        )

    def tombstone(self, stream: str, key: str, position: str, version: str = "") -> Tombstone:
        """Make the next tombstone."""
        self.order += 1
        return Tombstone(
            stream=stream, key=key, position=position, order=self.order, version=version
        )


def with_checkpoints(
    stream: str, messages: Iterable[Message], covered: Cursor
) -> Iterator[Message]:
    """Emit messages that ``covered`` does not cover yet, with checkpoints at that cursor between.

    For a page or a window larger than the host takes at once: a restart reads it again.
    """
    since = 0
    for message in messages:
        if since == CHECKPOINT_RECORDS_MAX:
            yield Checkpoint(stream=stream, cursor=covered)
            since = 0
        yield message
        since += 1
