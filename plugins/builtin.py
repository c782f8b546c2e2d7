"""What we ship ourselves, handed over through the same hooks that a vendor uses."""

from __future__ import annotations

from pathlib import Path

from connectors.airbyte import AirbyteConnector
from connectors.anchors import BUILTIN
from connectors.contract import Connector
from connectors.dingtalk import DingTalkConnector
from connectors.feishu import FeishuConnector
from connectors.files import FilesConnector
from connectors.fxiaoke import FxiaokeConnector
from connectors.hubspot import HubSpotConnector
from connectors.moodle import MoodleConnector
from connectors.neocrm import NeocrmConnector
from connectors.odoo import OdooConnector
from connectors.outlets import Anchor, Channel
from connectors.rest import RestConnector
from connectors.salesforce import SalesforceConnector
from connectors.scim import ScimConnector
from connectors.shopify import ShopifyConnector
from connectors.singer import SingerConnector
from connectors.sql import SqlConnector
from connectors.tryton import TrytonConnector
from connectors.wecom_messages import WeComChannel
from connectors.wecom_source import WeComConnector
from connectors.wjx import WjxConnector
from connectors.xapi import XapiConnector
from connectors.youzan import YouzanConnector
from connectors.zendesk import ZendeskConnector
from plugins.hookspecs import hookimpl
from plugins.nouns import PackFile

_PACKS = Path(__file__).parent / "packs"


@hookimpl
def connectors() -> list[Connector]:
    """Hand over the built-in sources."""
    return [
        AirbyteConnector(),
        DingTalkConnector(),
        FeishuConnector(),
        FilesConnector(),
        FxiaokeConnector(),
        HubSpotConnector(),
        MoodleConnector(),
        NeocrmConnector(),
        OdooConnector(),
        RestConnector(),
        SalesforceConnector(),
        ScimConnector(),
        ShopifyConnector(),
        SingerConnector(),
        SqlConnector(),
        TrytonConnector(),
        WeComConnector(),
        WjxConnector(),
        XapiConnector(),
        YouzanConnector(),
        ZendeskConnector(),
    ]


@hookimpl
def channels() -> list[Channel]:
    """Hand over the built-in ways to reach a person."""
    return [WeComChannel()]


@hookimpl
def anchors() -> list[Anchor]:
    """Hand over the built-in places that remember checkpoints."""
    return list(BUILTIN)


@hookimpl
def kpi_packs() -> list[PackFile]:
    """Hand over the built-in industry packs: every TOML file in the folder."""
    return [PackFile(id=path.stem, path=path) for path in sorted(_PACKS.glob("*.toml"))]
