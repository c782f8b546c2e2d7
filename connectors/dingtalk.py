"""The built-in connector ``dingtalk`` (钉钉): who works where, who visits whom, who was there.

Its parts: ``dingtalk_api`` (calls and errors), ``dingtalk_people`` and ``dingtalk_days`` (the
streams), ``dingtalk_events`` (callbacks).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
from connectors.dingtalk_people import Departments, Members, Reading, Stream
from connectors.dingtalk_settings import CONFIG_SCHEMA, callback_of, settings_of
from connectors.emitting import checked
from connectors.failures import ConfigurationRefused, KeysIncomplete
from connectors.kept_tokens import Tokens

_SWEPT: Mapping[str, Departments | Members] = {
    each.info.name: each for each in (Departments(), Members())
}
STREAMS: Mapping[str, Stream] = {
    **_SWEPT,
    **{each.info.name: each for each in (VISITS, PUNCHES, RESULTS)},
}


class DingTalkConnector:
    """DingTalk as a source; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="dingtalk",
        title={"zh-CN": "钉钉", "en": "DingTalk"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=tuple(stream.info for stream in STREAMS.values()),
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
            for name in reading.settings.streams:
                STREAMS[name].probe(reading)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Name the streams of the settings."""
        settings = settings_of(context.config)
        return Catalog(streams=tuple(STREAMS[name].info for name in settings.streams))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what is new, stream by stream."""
        reading = self._reading(context)
        reading.named = request.reread
        for name in request.streams:
            if name not in reading.settings.streams:
                raise ConfigurationRefused("stream_unknown", {"stream": name})
            cursor = request.cursors.get(name, {})
            yield from STREAMS[name].read(reading, cursor, request.backfill)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Name every department or member that there is."""
        if stream in _SWEPT:
            yield from _SWEPT[stream].keys(self._reading(context))
        elif stream in STREAMS:
            raise KeysIncomplete("keys_incomplete")  # DingTalk keeps no list of them
        else:
            raise ConfigurationRefused("stream_unknown", {"stream": stream})

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
