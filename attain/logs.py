"""The log: one JSON object a line on standard error, for structlog and for the standard library.

A fault is written as the types of its causes and the places it passed through, never with its
text: the text of a database's or a parser's error holds values, and values are names and pay.
What libraries say is cut down to its constant part for the same reason, and what looks like a
token or a key is blotted out of every line, whoever wrote it: the last net, not the first.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_PLACES = 12
_OURS = "attain"
# Our tokens, anything that a client presents as one, and keys or hashes written as hex.
_SECRET = re.compile(
    r"attain_[a-z]{1,4}_[\w-]{16,}|(?i:bearer|basic)\s+[\w.~+/=-]{8,}|\b[0-9a-fA-F]{64,}\b"
    r"|(?<=://)[^\s/@]*:[^\s/@]*(?=@)"
)
_PLAIN = (str, int, float, bool, type(None))


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines; one that cannot be written is not shown in pieces beside them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave out what libraries say to their developers."""
        return _is_ours(record.name) or record.levelno >= logging.WARNING

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say that a line is lost, and where: the library would print its arguments."""
        self.stream.write(f'{{"event": "line lost", "place": "{record.module}:{record.lineno}"}}\n')


def log_as_json_lines(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send everything that is logged in this process to ``stream``, line by line."""
    import structlog  # here, because the command imports this module to answer --help at once

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_values,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = Lines(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                blotted,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            pass_foreign_args=True,
            foreign_pre_chain=[
                structlog.stdlib.ExtraAdder(allow={"request_id"}),
                constant_part,
                *shared,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level)


def hide_faults_of_this_process() -> None:
    """Let a fault that nobody catches, in any thread, be told without its text too."""
    sys.excepthook = tell_fault
    threading.excepthook = lambda told: tell_fault(
        told.exc_type, told.exc_value, told.exc_traceback
    )
    sys.unraisablehook = lambda told: tell_fault(told.exc_type, told.exc_value, told.exc_traceback)
    logging.captureWarnings(capture=True)


def tell_fault(
    kind: type[BaseException], fault: BaseException | None, trace: TracebackType | None
) -> None:
    """Write a fault to standard error as its types and places."""
    if issubclass(kind, KeyboardInterrupt):
        return
    causes = _causes(fault) if fault is not None else [kind.__qualname__]
    lines = [f"fault: {' from '.join(causes)}", *(f"  {place}" for place in _places(trace))]
    sys.stderr.write("\n".join(lines) + "\n")


def without_values(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace an exception by its types and its places."""
    held = event.pop("exc_info", None)
    if held is True:
        held = sys.exc_info()
    fault = held[1] if isinstance(held, tuple) else held
    if isinstance(fault, BaseException):
        event["fault"] = _causes(fault)
        event["places"] = _places(fault.__traceback__)
    event.pop("stack_info", None)
    return event


def constant_part(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Of a line of the standard library's loggers keep what stood in the code.

    Our own lines keep their plain arguments; of a library's line its form is kept, and where it
    has no arguments, for it may have been put together before, only the place.
    """
    record: logging.LogRecord = event["_record"]
    args = event.pop("positional_args", ())
    if _is_ours(record.name):
        shown = tuple(_shown(each) for each in args) if isinstance(args, tuple) else args
        event["event"] = str(record.msg) % shown if shown else _shown(record.msg)
        return event
    event["event"] = record.msg if args and isinstance(record.msg, str) else "(left out)"
    event["logger"] = record.name
    event["place"] = f"{record.pathname}:{record.lineno} {record.funcName}"
    return event


def blotted(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Blot out what looks like a secret, and show of what is no plain value its type alone."""
    for name, value in event.items():
        event[name] = _blot(value)
    return event


def _blot(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_blot(each) for each in value]
    shown = _shown(value)
    return _SECRET.sub("***", shown) if isinstance(shown, str) else shown


def _shown(value: Any) -> Any:
    return value if isinstance(value, _PLAIN) else f"<{type(value).__qualname__}>"


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == _OURS


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_PLACES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _causes(fault: BaseException) -> list[str]:
    found: list[str] = []
    cause: BaseException | None = fault
    while cause is not None and len(found) < _PLACES:
        found.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or cause.__context__
    return found
