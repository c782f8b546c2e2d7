"""The built-in connector ``feishu`` (飞书): who works where, who visits whom, who was there.

Its parts: ``feishu_api`` (calls and errors), ``feishu_people`` and ``feishu_days`` (the
streams), ``feishu_events`` (callbacks).
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import (
    API_VERSION,
    Catalog,
    CheckFinding,
    CheckReport,
    ConnectorInfo,
    Context,
    HookAnswer,
    HookRequest,
    Message,
    ReadRequest,
)
from connectors.emitting import checked
from connectors.feishu_api import HOSTS, LIMITS, FeishuApi
from connectors.feishu_days import PUNCHES, RESULTS
from connectors.feishu_events import answer_event
from connectors.feishu_people import Departments, Members, Reading
from connectors.feishu_settings import CONFIG_SCHEMA, events_of, settings_of
from connectors.kept_tokens import Tokens
from connectors.stream_sets import StreamSet

STREAMS = StreamSet[Reading](Departments(), Members(), PUNCHES, RESULTS)


class FeishuConnector:
    """Feishu as a source; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="feishu",
        title={"zh-CN": "飞书", "en": "Feishu / Lark"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=STREAMS.infos,
        capabilities={"keys": 1, "hook": 1, "backfill": 1},
        allowed_hosts=(*HOSTS, "{address}"),
        limits=LIMITS,
    )

    def __init__(self) -> None:
        self._tokens = Tokens()

    def check(self, context: Context) -> CheckReport:
        """Sign in and ask for as little as possible of every stream."""

        def look() -> Iterator[CheckFinding]:
            reading = self._reading(context)
            events_of(context.config)
            reading.api.sign_in()
            STREAMS.probe(reading, reading.settings.streams)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Name the streams of the settings."""
        return STREAMS.catalog(settings_of(context.config).streams)

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what is new, stream by stream."""
        reading = self._reading(context)
        reading.named = request.reread
        yield from STREAMS.read(reading, reading.settings.streams, request)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Name every department or member that there is."""
        yield from STREAMS.keys(self._reading(context), stream)

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a callback and say what it is about."""
        secrets = events_of(context.config)
        if secrets is None:
            return HookAnswer(status=404)
        return answer_event(secrets, request, context.now)

    def _reading(self, context: Context) -> Reading:
        settings = settings_of(context.config)
        api = FeishuApi(
            context.web,
            settings.address,
            settings.app_id,
            settings.app_secret,
            self._tokens,
            context.now,
        )
        return Reading(api=api, settings=settings, now=context.now)
