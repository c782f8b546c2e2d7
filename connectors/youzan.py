"""The built-in connector ``youzan`` (有赞): the orders and refunds of a shop.

Its parts: ``youzan_api`` (calls and errors), ``youzan_trades`` (the streams), ``youzan_events``
(message push).
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import API_VERSION, ConnectorInfo, Context, HookAnswer, HookRequest
from connectors.kept_tokens import Tokens
from connectors.stream_sets import StreamSet
from connectors.stream_sources import StreamSource
from connectors.youzan_api import HOST, LIMITS, YouzanApi
from connectors.youzan_events import answer_push
from connectors.youzan_settings import CONFIG_SCHEMA, settings_of
from connectors.youzan_trades import Orders, Reading, Refunds

STREAMS = StreamSet[Reading](Orders(), Refunds())


class YouzanConnector(StreamSource[Reading]):
    """A shop in Youzan as a source; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="youzan",
        title={"zh-CN": "有赞", "en": "Youzan"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=STREAMS.infos,
        capabilities={"hook": 1, "backfill": 1},
        allowed_hosts=(HOST, "{address}"),
        limits=LIMITS,
    )
    streams = STREAMS

    def __init__(self) -> None:
        self._tokens = Tokens()

    def open(self, context: Context, named: Mapping[str, tuple[str, ...]]) -> Reading:
        """Read the settings; what a message names has changed and comes with what changed."""
        settings = settings_of(context.config)
        api = YouzanApi(
            context.web,
            settings.address,
            settings.client_id,
            settings.client_secret,
            settings.shop,
            self._tokens,
            context.now,
        )
        return Reading(api=api, settings=settings, now=context.now)

    def sign_in(self, context: Context, run: Reading) -> None:
        """Ask for a token."""
        run.api.sign_in()

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a message and say what it is about."""
        return answer_push(settings_of(context.config), request)
