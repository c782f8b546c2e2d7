"""The built-in connector ``wecom``: who sells, whom they visit, how they talk to customers.

Its parts: ``wecom_api`` (calls and errors), ``wecom_people``, ``wecom_checkins``,
``wecom_figures`` and ``wecom_forms`` (the streams), ``wecom_events`` (callbacks),
``wecom_messages`` (the channel of the same name).
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
from connectors.stream_sets import StreamSet
from connectors.wecom_api import HOST, LIMITS, WeComApi
from connectors.wecom_checkins import Checkins
from connectors.wecom_events import answer_callback
from connectors.wecom_figures import Behaviour, GroupChats
from connectors.wecom_forms import Approvals, Journals
from connectors.wecom_people import Departments, Members
from connectors.wecom_reading import Reading
from connectors.wecom_settings import CONFIG_SCHEMA, SourceSettings, callback_of, settings_of

STREAMS = StreamSet[Reading](
    Departments(), Members(), Checkins(), Behaviour(), GroupChats(), Journals(), Approvals()
)


class WeComConnector:
    """WeCom (企业微信) as a source."""

    info = ConnectorInfo(
        id="wecom",
        title={"zh-CN": "企业微信", "en": "WeCom"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=STREAMS.infos,
        capabilities={"keys": 1, "hook": 1, "backfill": 1},
        allowed_hosts=(HOST, "{address}"),
        limits=LIMITS,
    )

    def check(self, context: Context) -> CheckReport:
        """Sign in and ask for as little as possible of every stream."""

        def look() -> Iterator[CheckFinding]:
            reading = _reading(context)
            callback_of(context)
            reading.api.sign_in()
            reading.contacts.sign_in()
            STREAMS.probe(reading, reading.settings.streams)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Name the streams of the settings."""
        return STREAMS.catalog(settings_of(context).streams)

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what is new, stream by stream."""
        reading = _reading(context)
        reading.named = request.reread
        yield from STREAMS.read(reading, reading.settings.streams, request)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Name every department or member that there is."""
        yield from STREAMS.keys(_reading(context), stream)

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a callback and say what it is about."""
        secrets = callback_of(context)
        if secrets is None:
            return HookAnswer(status=404)
        return answer_callback(secrets, request, context.now)


def _reading(context: Context) -> Reading:
    settings = settings_of(context)
    api = _api(context, settings, settings.secret)
    contacts = api
    if settings.contact_secret:
        contacts = _api(context, settings, settings.contact_secret)
    return Reading(api=api, contacts=contacts, settings=settings, now=context.now)


def _api(context: Context, settings: SourceSettings, secret: str) -> WeComApi:
    return WeComApi(context.web, settings.address, settings.corp_id, secret, context.now)
