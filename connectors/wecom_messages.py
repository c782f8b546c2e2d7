"""Texts to people in WeCom (应用消息), one receiver at a time.

What is easily got wrong:

- A receiver who got nothing is no error: ``errcode`` is 0 and he stands in ``invaliduser``.
- ``@all`` and ``a|b`` reach others too, so only a single userid is taken.
- WeCom knows no key of ours: it drops the same content to the same receiver within four hours.
- More than 30 a minute to one member are dropped without a word; so are none of ours on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.contract import API_VERSION, Context, Json
from connectors.failures import ConfigurationRefused, Forbidden
from connectors.form import address_of, wrong
from connectors.form import text_of as setting
from connectors.outlets import ChannelInfo, Outgoing
from connectors.wecom_api import API, WeComApi

_TEXT_BYTES = 2_048
_MEMORY_SECONDS = 14_400
_NOBODY = 81013
_USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")

CONFIG_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "required": ["corp_id", "secret", "agent_id"],
    "properties": {
        "corp_id": {"type": "string", "title": "企业ID"},
        "secret": {"type": "string", "secret": True},
        "agent_id": {"type": "integer", "title": "AgentId"},
        "address": {"type": "string", "default": API},
    },
}


class WeComChannel:
    """The built-in channel ``wecom``."""

    info = ChannelInfo(
        id="wecom",
        title={"zh-CN": "企业微信", "en": "WeCom"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
    )

    def send(self, context: Context, message: Outgoing) -> str:
        """Send a text and return WeCom's id of it."""
        receiver = message.receiver.strip()
        if not _USERID.fullmatch(receiver):
            raise ConfigurationRefused("wecom_receiver_unknown", {"receiver": receiver})
        config = context.config
        corp, secret = setting(config, "corp_id"), setting(config, "secret")
        agent = config.get("agent_id")
        if type(agent) is not int:
            raise wrong("agent_id")
        address = address_of(config, otherwise=API)
        api = WeComApi(context.web, address, corp, secret, context.now)
        body = {
            "touser": receiver,
            "msgtype": "text",
            "agentid": agent,
            "text": {"content": text_of(message)},
            "safe": 0,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": _MEMORY_SECONDS,
        }
        said = api.post("message/send", body, {_NOBODY}, reads=False)
        missed = {name: str(said.get(name) or "").lower().split("|") for name in _MISSED}
        if said["errcode"] == _NOBODY or receiver.lower() in missed["invaliduser"]:
            raise ConfigurationRefused("wecom_receiver_unknown", {"receiver": receiver})
        if receiver.lower() in missed["unlicenseduser"]:
            raise Forbidden("wecom_receiver_unlicensed", {"receiver": receiver})
        return str(said.get("msgid") or "")


_MISSED = ("invaliduser", "unlicenseduser")


def text_of(message: Outgoing) -> str:
    """Put title and body into what WeCom takes: 2,048 bytes, never cut inside a letter."""
    whole = f"{message.title}\n\n{message.body}".strip()
    raw = whole.encode()
    if len(raw) <= _TEXT_BYTES:
        return whole
    dots = "…"
    return raw[: _TEXT_BYTES - len(dots.encode())].decode(errors="ignore") + dots
