"""The built-in connector ``youzan`` (有赞): the orders and refunds of a shop.

Its parts: ``youzan_api`` (calls and errors), ``youzan_trades`` (the streams), ``youzan_events``
(message push).
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
from connectors.kept_tokens import Tokens
from connectors.stream_sets import StreamSet
from connectors.youzan_api import HOST, LIMITS, YouzanApi
from connectors.youzan_events import answer_push
from connectors.youzan_settings import CONFIG_SCHEMA, settings_of
from connectors.youzan_trades import Orders, Reading, Refunds

STREAMS = StreamSet[Reading](Orders(), Refunds())


class YouzanConnector:
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

    def __init__(self) -> None:
        self._tokens = Tokens()

    def check(self, context: Context) -> CheckReport:
        """Sign in and ask for what changed in the last minute."""

        def look() -> Iterator[CheckFinding]:
            reading = self._reading(context)
            reading.api.sign_in()
            STREAMS.probe(reading, reading.settings.streams)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Name the streams of the settings."""
        return STREAMS.catalog(settings_of(context.config).streams)

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what changed; what a message names has changed and comes with it."""
        reading = self._reading(context)
        yield from STREAMS.read(reading, reading.settings.streams, request)

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a message and say what it is about."""
        return answer_push(settings_of(context.config), request)

    def _reading(self, context: Context) -> Reading:
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
