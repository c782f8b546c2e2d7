"""A callback of a source: verified by its connector, kept once, and a sync is asked for soon.

A callback is a hint and never data. Whatever is wrong with one (an unknown connection, a paused
one, a connector that takes none, a signature that does not fit) is told apart by nobody outside.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import structlog

from actions.deed import Runtime
from actions.identifiers import new_id
from actions.jobs import queue_hinted_sync
from actions.source_context import context_of
from connectors.contract import HookAnswer, HookRequest, ReceivesHooks
from connectors.failures import ConnectorFailure
from connectors.web import NoWeb
from domain.access import System
from domain.problem import Refused
from storage.engine import reading
from storage.hooks import connection_anywhere, keep_delivery

_HOOKS = System(name="hooks")
_DELIVERY_MAX = 200
_KEYS_MAX = 1_000
_NAME_MAX = 300
_NOT_TAKEN = 400
_log = structlog.get_logger("attain.hooks")


def take_hook(runtime: Runtime, connection_id: str, request: HookRequest) -> HookAnswer | None:
    """Verify a callback, keep it, queue a sync; None when it is not taken, whatever the reason."""
    if not _is_storable(connection_id):
        return None
    with reading(runtime.engine, _HOOKS) as connection:
        row = connection_anywhere(connection, connection_id)
    if row is None or row.paused:
        return None
    answer = _answered(runtime, row, request)
    if answer is None or answer.status >= _NOT_TAKEN:
        return None
    if answer.delivery or answer.reread:
        _keep(runtime, row, request, answer)
    return answer


def _answered(runtime: Runtime, row: Any, request: HookRequest) -> HookAnswer | None:
    """Let the connector verify and translate, without any way out."""
    connector = runtime.connectors.get(row.connector)
    if not isinstance(connector, ReceivesHooks):
        return None
    try:
        context = context_of(runtime, connector, row.config, runtime.clock())  # type: ignore[arg-type]
        return connector.hook(replace(context, web=NoWeb()), request)
    except (ConnectorFailure, Refused):
        return None
    except Exception as error:  # noqa: BLE001 - what strangers send must not end in a fault
        # The text of the error may hold what was sent: its kind must do.
        _log.warning("hook_failed", connection=row.id, fault=type(error).__name__)
        return None


def _keep(runtime: Runtime, row: Any, request: HookRequest, answer: HookAnswer) -> None:
    keys = {
        stream: tuple(key for key in each if _is_storable(key))[:_KEYS_MAX]
        for stream, each in answer.reread.items()
    }
    with runtime.writing(row.legal_entity_id, _HOOKS) as writing:
        is_new = keep_delivery(
            writing,
            new_id("hook", writing.known_at),
            row.id,
            delivery=_delivery_of(request, answer),
            keys=keys,
            content={"method": request.method, **_body(request.body)},
        )
        if is_new:
            queue_hinted_sync(writing, row.id)


def _is_storable(text: str) -> bool:
    """Say whether a database takes it: a name without NUL, of a length that is one."""
    return 0 < len(text) <= _NAME_MAX and text.isprintable()


def _body(body: bytes) -> dict[str, str]:
    """Write a body as text where it is text, so that whom it names is found in it."""
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _delivery_of(request: HookRequest, answer: HookAnswer) -> str:
    """Return the source's id for it; where there is none, or a very long one, a hash."""
    if answer.delivery and len(answer.delivery) <= _DELIVERY_MAX and answer.delivery.isprintable():
        return answer.delivery
    told = answer.delivery.encode("utf-8", "replace") or request.body
    return f"sha256:{hashlib.sha256(told).hexdigest()}"
