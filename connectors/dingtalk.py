"""The built-in connector ``dingtalk`` (钉钉): who works where, who visits whom, who was there.

Its parts: ``dingtalk_api`` (calls and errors), ``dingtalk_people`` and ``dingtalk_days`` (the
streams), ``dingtalk_events`` (callbacks).
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
from connectors.dingtalk_api import HOST, LIMITS, DingTalkApi
from connectors.dingtalk_days import PUNCHES, RESULTS, VISITS
from connectors.dingtalk_events import answer_callback
from connectors.dingtalk_people import Departments, Members, Reading
from connectors.dingtalk_settings import CONFIG_SCHEMA, callback_of, settings_of
from connectors.emitting import checked
from connectors.kept_tokens import Tokens
from connectors.stream_sets import StreamSet

STREAMS = StreamSet[Reading](Departments(), Members(), VISITS, PUNCHES, RESULTS)


class DingTalkConnector:
    """DingTalk as a source; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="dingtalk",
        title={"zh-CN": "钉钉", "en": "DingTalk"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=STREAMS.infos,
        capabilities={"keys": 1, "hook": 1, "backfill": 1},
        allowed_hosts=(HOST, "{address}"),
        limits=LIMITS,
    )

    def __init__(self) -> None:
        self._tokens = Tokens()

    def check(self, context: Context) -> CheckReport:
        """Sign in and ask for as little as possible of every stream."""

        def look() -> Iterator[CheckFinding]:
            reading = self._reading(context)
            callback_of(context.config)
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
        secrets = callback_of(context.config)
        if secrets is None:
            return HookAnswer(status=404)
        return answer_callback(secrets, request, context.now)

    def _reading(self, context: Context) -> Reading:
        settings = settings_of(context.config)
        api = DingTalkApi(
            context.web,
            settings.address,
            settings.app_key,
            settings.app_secret,
            self._tokens,
            context.now,
        )
        return Reading(api=api, settings=settings, now=context.now)
