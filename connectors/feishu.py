"""The built-in connector ``feishu`` (飞书): who works where, who visits whom, who was there.

Its parts: ``feishu_api`` (calls and errors), ``feishu_people`` and ``feishu_days`` (the
streams), ``feishu_events`` (callbacks).
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import API_VERSION, ConnectorInfo, Context, HookAnswer, HookRequest
from connectors.feishu_api import HOSTS, LIMITS, FeishuApi
from connectors.feishu_days import PUNCHES, RESULTS
from connectors.feishu_events import answer_event
from connectors.feishu_people import Departments, Members, Reading
from connectors.feishu_settings import CONFIG_SCHEMA, events_of, settings_of
from connectors.kept_tokens import Tokens
from connectors.stream_sets import StreamSet
from connectors.stream_sources import SweptSource

STREAMS = StreamSet[Reading](Departments(), Members(), PUNCHES, RESULTS)


class FeishuConnector(SweptSource[Reading]):
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
    streams = STREAMS

    def __init__(self) -> None:
        self._tokens = Tokens()

    def open(self, context: Context, named: Mapping[str, tuple[str, ...]]) -> Reading:
        """Read the settings."""
        settings = settings_of(context.config)
        api = FeishuApi(
            context.web,
            settings.address,
            settings.app_id,
            settings.app_secret,
            self._tokens,
            context.now,
        )
        return Reading(api=api, settings=settings, now=context.now, named=named)

    def sign_in(self, context: Context, run: Reading) -> None:
        """Ask for a token; a callback whose secrets are half set is told first."""
        events_of(context.config)
        run.api.sign_in()

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a callback and say what it is about."""
        secrets = events_of(context.config)
        if secrets is None:
            return HookAnswer(status=404)
        return answer_event(secrets, request, context.now)
