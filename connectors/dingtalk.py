"""The built-in connector ``dingtalk`` (钉钉): who works where, who visits whom, who was there.

Its parts: ``dingtalk_api`` (calls and errors), ``dingtalk_people`` and ``dingtalk_days`` (the
streams), ``dingtalk_events`` (callbacks).
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import API_VERSION, ConnectorInfo, Context, HookAnswer, HookRequest
from connectors.dingtalk_api import HOST, LIMITS, DingTalkApi
from connectors.dingtalk_days import PUNCHES, RESULTS, VISITS
from connectors.dingtalk_events import answer_callback
from connectors.dingtalk_people import Departments, Members, Reading
from connectors.dingtalk_settings import CONFIG_SCHEMA, callback_of, settings_of
from connectors.kept_tokens import Tokens
from connectors.stream_sets import StreamSet
from connectors.stream_sources import SweptSource

STREAMS = StreamSet[Reading](Departments(), Members(), VISITS, PUNCHES, RESULTS)


class DingTalkConnector(SweptSource[Reading]):
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
    streams = STREAMS

    def __init__(self) -> None:
        self._tokens = Tokens()

    def open(self, context: Context, named: Mapping[str, tuple[str, ...]]) -> Reading:
        """Read the settings."""
        settings = settings_of(context.config)
        api = DingTalkApi(
            context.web,
            settings.address,
            settings.app_key,
            settings.app_secret,
            self._tokens,
            context.now,
        )
        return Reading(api=api, settings=settings, now=context.now, named=named)

    def sign_in(self, context: Context, run: Reading) -> None:
        """Ask for a token; a callback whose secrets are half set is told first."""
        callback_of(context.config)
        run.api.sign_in()

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a callback and say what it is about."""
        secrets = callback_of(context.config)
        if secrets is None:
            return HookAnswer(status=404)
        return answer_callback(secrets, request, context.now)
