"""The log: one JSON object a line on standard error, for structlog and for the standard library.

A fault is written as the types of its causes and the places it passed through, never with its
text: the text of a database's or a parser's error holds values, and values are names and pay.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any, TextIO

import orjson
import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_PLACES = 12


def log_as_json_lines(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send everything that is logged in this process to ``stream``, line by line."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_values,
    ]
    # A line for each request: written at once, for the way through the standard library's logging
    # costs as much as a page of rows. Both write whole lines to the same stream.
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_written)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_written),
            ],
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow={"request_id"}), *shared],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("attain").setLevel(level)


def _written(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()


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
        frames = traceback.extract_tb(fault.__traceback__)[-_PLACES:]
        event["places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _causes(fault: BaseException) -> list[str]:
    found: list[str] = []
    cause: BaseException | None = fault
    while cause is not None and len(found) < _PLACES:
        found.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or cause.__context__
    return found
