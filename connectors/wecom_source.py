"""The built-in connector ``wecom``: who sells, whom they visit, how they talk to customers.

Its parts: ``wecom_api`` (calls and errors), ``wecom_people``, ``wecom_checkins``,
``wecom_figures`` and ``wecom_forms`` (the streams), ``wecom_events`` (callbacks),
``wecom_messages`` (the channel of the same name).
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import API_VERSION, ConnectorInfo, Context, HookAnswer, HookRequest
from connectors.stream_sets import StreamSet
from connectors.stream_sources import SweptSource
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


class WeComConnector(SweptSource[Reading]):
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
    streams = STREAMS

    def open(self, context: Context, named: Mapping[str, tuple[str, ...]]) -> Reading:
        """Read the settings; the directory may have a secret of its own."""
        settings = settings_of(context)
        api = _api(context, settings, settings.secret)
        contacts = api
        if settings.contact_secret:
            contacts = _api(context, settings, settings.contact_secret)
        return Reading(api=api, contacts=contacts, settings=settings, now=context.now, named=named)

    def sign_in(self, context: Context, run: Reading) -> None:
        """Ask for the tokens; a callback whose secrets are half set is told first."""
        callback_of(context)
        run.api.sign_in()
        run.contacts.sign_in()

    def hook(self, context: Context, request: HookRequest) -> HookAnswer:
        """Verify a callback and say what it is about."""
        secrets = callback_of(context)
        if secrets is None:
            return HookAnswer(status=404)
        return answer_callback(secrets, request, context.now)


def _api(context: Context, settings: SourceSettings, secret: str) -> WeComApi:
    return WeComApi(context.web, settings.address, settings.corp_id, secret, context.now)
