"""The built-in connector ``wecom``: who sells, whom they visit, how they talk to customers.

Its parts: ``wecom_api`` (calls and errors), ``wecom_people``, ``wecom_checkins``,
``wecom_figures`` and ``wecom_forms`` (the streams), ``wecom_events`` (callbacks),
``wecom_messages`` (the channel of the same name).
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
from connectors.emitting import checked
from connectors.failures import ConfigurationRefused, KeysIncomplete
from connectors.wecom_api import HOST, LIMITS, WeComApi
from connectors.wecom_checkins import Checkins
from connectors.wecom_events import answer_callback
from connectors.wecom_figures import Behaviour, GroupChats
from connectors.wecom_forms import Approvals, Journals
from connectors.wecom_people import Departments, Members
from connectors.wecom_reading import Reading, Stream
from connectors.wecom_settings import CONFIG_SCHEMA, SourceSettings, callback_of, settings_of

_SWEPT: Mapping[str, Departments | Members] = {
    each.info.name: each for each in (Departments(), Members())
}
STREAMS: Mapping[str, Stream] = {
    **_SWEPT,
    **{
        each.info.name: each
        for each in (Checkins(), Behaviour(), GroupChats(), Journals(), Approvals())
    },
}


class WeComConnector:
    """WeCom (企业微信) as a source."""

    info = ConnectorInfo(
        id="wecom",
        title={"zh-CN": "企业微信", "en": "WeCom"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=tuple(stream.info for stream in STREAMS.values()),
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
            for name in reading.settings.streams:
                STREAMS[name].probe(reading)
            return iter(())

        return checked(look)

    def discover(self, context: Context) -> Catalog:
        """Name the streams of the settings."""
        settings = settings_of(context)
        return Catalog(streams=tuple(STREAMS[name].info for name in settings.streams))

    def read(self, context: Context, request: ReadRequest) -> Iterator[Message]:
        """Emit what is new, stream by stream."""
        reading = _reading(context)
        reading.named = request.reread
        for name in request.streams:
            if name not in reading.settings.streams:
                raise ConfigurationRefused("stream_unknown", {"stream": name})
            cursor = request.cursors.get(name, {})
            yield from STREAMS[name].read(reading, cursor, request.backfill)

    def keys(self, context: Context, stream: str) -> Iterator[str]:
        """Name every department or member that there is."""
        if stream in _SWEPT:
            yield from _SWEPT[stream].keys(_reading(context))
        elif stream in STREAMS:
            raise KeysIncomplete("keys_incomplete")  # WeCom keeps no list of them
        else:
            raise ConfigurationRefused("stream_unknown", {"stream": stream})

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
