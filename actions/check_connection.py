"""A connection is tried without reading it: can it be read, and if not, whose turn is it?"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from actions.deed import Runtime, demand_entity, demand_source
from actions.identifiers import new_id
from actions.source_context import context_of
from connectors.contract import CheckCode, CheckFinding, CheckReport, Connector, Context
from connectors.failures import (
    AuthExpired,
    ConfigurationRefused,
    ConnectorBug,
    ConnectorFailure,
    Forbidden,
)
from domain.access import Actor, Resource
from domain.problem import Refused
from storage.engine import Writing, reading
from storage.syncs import connection_row

SECONDS = 12.0  # a check has ten; what hangs longer is told as unreachable
_AT_ONCE = threading.BoundedSemaphore(8)  # checks that hang must not take every thread there is
_ALL_KNOWN = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """What is tried: a connection as it is, with other settings, or one that is not made yet."""

    connection_id: str | None = None
    connector: str | None = None
    config: Mapping[str, Any] | None = None


def note_check(writing: Writing, actor: Actor, trying: Trying) -> str:
    """Refuse whoever may not, and return what the trail says was tried."""
    if trying.connection_id is None:
        demand_entity(actor, Resource.SOURCE, writing.entity_id)
        if trying.connector is None or trying.config is None:
            raise Refused("check_nothing")
        return new_id("chk", writing.known_at)
    demand_source(actor, writing.entity_id, trying.connection_id)
    found = connection_row(
        writing.connection, writing.entity_id, trying.connection_id, writing.known_at
    )
    if found is None:
        raise Refused("not_found", {"id": trying.connection_id})
    return trying.connection_id


def check_connection(
    runtime: Runtime, actor: Actor, entity_id: str, trying: Trying, seconds: float = SECONDS
) -> CheckReport:
    """Ask the source, outside of any transaction; no finding tells a secret."""
    name, config = _settings(runtime, actor, entity_id, trying)
    connector = runtime.connectors.get(name)
    if connector is None:
        raise Refused("connector_unknown", {"connector": name})
    context = context_of(runtime, connector, config, runtime.clock())
    report = _in_time(connector, context, seconds)
    findings = tuple(
        CheckFinding(
            code=each.code,
            values={key: context.redact(value) for key, value in each.values.items()},
        )
        for each in report.findings
    )
    return CheckReport(code=report.code, findings=findings)


def _settings(
    runtime: Runtime, actor: Actor, entity_id: str, trying: Trying
) -> tuple[str, Mapping[str, Any]]:
    if trying.connection_id is None:
        return trying.connector or "", trying.config or {}
    with reading(runtime.engine, actor) as connection:
        row = connection_row(connection, entity_id, trying.connection_id, _ALL_KNOWN)
        if row is None:
            raise Refused("not_found", {"id": trying.connection_id})
    return row.connector, row.config if trying.config is None else trying.config


def _in_time(connector: Connector, context: Context, seconds: float) -> CheckReport:
    if not _AT_ONCE.acquire(blocking=False):
        raise Refused("checks_busy")
    came: list[CheckReport] = []

    def work() -> None:
        try:
            came.append(_checked(connector, context))
        finally:
            _AT_ONCE.release()

    thread = threading.Thread(target=work, name="attain-check", daemon=True)
    thread.start()
    thread.join(seconds)
    if came:
        return came[0]
    finding = CheckFinding(code="check_too_long", values={"seconds": f"{seconds:g}"})
    return CheckReport(code=CheckCode.UNREACHABLE, findings=(finding,))


def _checked(connector: Connector, context: Context) -> CheckReport:
    try:
        return connector.check(context)
    except ConnectorBug as failure:
        return _told(CheckCode.CONFIGURATION, "connector_failed", failure.values)
    except ConnectorFailure as failure:
        return _told(_code_of(failure), failure.code, failure.values)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the connector's own bug
        values = {"connector": connector.info.id, "error": f"{type(error).__name__}: {error}"[:500]}
        return _told(CheckCode.CONFIGURATION, "connector_failed", values)


def _told(code: CheckCode, finding: str, values: Mapping[str, str]) -> CheckReport:
    return CheckReport(code=code, findings=(CheckFinding(code=finding, values=values),))


def _code_of(failure: ConnectorFailure) -> CheckCode:
    if isinstance(failure, AuthExpired):
        return CheckCode.AUTHENTICATION
    if isinstance(failure, Forbidden):
        return CheckCode.PERMISSION
    if isinstance(failure, ConfigurationRefused):
        return CheckCode.CONFIGURATION
    return CheckCode.UNREACHABLE
