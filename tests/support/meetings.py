"""Our connector meets a simulated app that an office lives in, with settings that are right."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.contract import Backfill, Context, HookAnswer, HookRequest, Message, ReceivesHooks
from connectors.web_host import web_of
from tests.support.reading_sources import Reader, context_for
from tests.support.shared_simulator import C, S, SharedSimulator
from tests.support.source_web import NOW
from tests.support.syncing import Company


class AppMeeting(SharedSimulator[S, C], ABC):
    """Reads the simulator of a module by settings that a test changes by name."""

    @abstractmethod
    def settings(self, **others: Any) -> dict[str, Any]:
        """Return right settings, some of them changed."""

    def context(self, *, now: datetime = NOW, **others: Any) -> Context:
        """Return what the host hands over."""
        return context_for(self.settings(**others), self.web, now)

    def read(
        self,
        stream: str,
        cursor: Any = None,
        *,
        now: datetime = NOW,
        backfill: Backfill | None = None,
        named: tuple[str, ...] = (),
        **others: Any,
    ) -> list[Message]:
        """Read one stream."""
        return Reader(self.connector, self.web).read(
            self.settings(**others),
            stream,
            {} if cursor is None else {stream: cursor},
            backfill=backfill,
            reread={stream: named} if named else {},
            now=now,
        )

    def hook(self, request: HookRequest, now: datetime = NOW) -> HookAnswer:
        """Call back."""
        assert isinstance(self.connector, ReceivesHooks)
        return self.connector.hook(self.context(now=now), request)


@contextmanager
def company_at(meeting: AppMeeting[Any, Any], url: str, folder: Path) -> Iterator[Company]:
    """Found a company that goes to the meeting by the way out that a server builds."""
    company = Company(url, folder, {meeting.connector.info.id: meeting.connector})
    clock = company.runtime.clock

    def open_web(info: Any, config: Any, wait: Any) -> Any:
        return web_of(meeting.http, info, config, clock, wait)

    company.runtime = replace(company.runtime, web=open_web)
    yield company
    company.runtime.engine.dispose()


def totals(company: Company) -> dict[tuple[str, str], int]:
    """Add up every fact, by kind and person."""
    found: dict[tuple[str, str], int] = {}
    for _, kind, who, _, quantity, _, _, _ in company.facts():
        found[kind, who] = found.get((kind, who), 0) + quantity
    return found
