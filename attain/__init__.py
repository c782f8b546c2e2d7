"""The front door: the names that a plug-in author may rely on, and the guard before them.

Names are looked up when they are first used, so that ``attain --help`` imports nothing of them.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from attain.guard import refuse_hidden_rooms

refuse_hidden_rooms(Path(__file__).resolve().parent.parent)

if TYPE_CHECKING:
    from connectors.contract import (
        API_VERSION,
        Backfill,
        CallLimit,
        Catalog,
        CheckCode,
        CheckFinding,
        Checkpoint,
        CheckReport,
        Connector,
        ConnectorInfo,
        Context,
        Cursor,
        Deletes,
        HookAnswer,
        HookRequest,
        ListsKeys,
        Message,
        Notice,
        Progress,
        ReadRequest,
        Ready,
        ReceivesHooks,
        Record,
        Rejected,
        StreamInfo,
        Tombstone,
    )
    from connectors.failures import (
        AuthExpired,
        ConfigurationRefused,
        ConnectorBug,
        ConnectorFailure,
        Forbidden,
        KeysIncomplete,
        RateLimited,
        Transient,
    )
    from connectors.outlets import (
        Anchor,
        AnchorInfo,
        Channel,
        ChannelInfo,
        Outgoing,
    )
    from connectors.web import (
        Pairs,
        Web,
        WebAnswer,
    )
    from domain.problem import (
        Problem,
        Refused,
        Severity,
    )
    from plugins.hookspecs import (
        hookimpl,
    )
    from plugins.nouns import (
        DocumentNoun,
        HolidayCalendar,
        PackFile,
        Question,
        Sentences,
    )

# A name here is a promise to people outside: it stays as long as the API version does.
__all__ = [
    "API_VERSION",
    "Anchor",
    "AnchorInfo",
    "AuthExpired",
    "Backfill",
    "CallLimit",
    "Catalog",
    "Channel",
    "ChannelInfo",
    "CheckCode",
    "CheckFinding",
    "CheckReport",
    "Checkpoint",
    "ConfigurationRefused",
    "Connector",
    "ConnectorBug",
    "ConnectorFailure",
    "ConnectorInfo",
    "Context",
    "Cursor",
    "Deletes",
    "DocumentNoun",
    "Forbidden",
    "HolidayCalendar",
    "HookAnswer",
    "HookRequest",
    "KeysIncomplete",
    "ListsKeys",
    "Message",
    "Notice",
    "Outgoing",
    "PackFile",
    "Pairs",
    "Problem",
    "Progress",
    "Question",
    "RateLimited",
    "ReadRequest",
    "Ready",
    "ReceivesHooks",
    "Record",
    "Refused",
    "Rejected",
    "Sentences",
    "Severity",
    "StreamInfo",
    "Tombstone",
    "Transient",
    "Web",
    "WebAnswer",
    "hookimpl",
]

_ROOM_NAMES = {
    "connectors.contract": (
        "API_VERSION",
        "Backfill",
        "CallLimit",
        "Catalog",
        "CheckCode",
        "CheckFinding",
        "CheckReport",
        "Checkpoint",
        "Connector",
        "ConnectorInfo",
        "Context",
        "Cursor",
        "Deletes",
        "HookAnswer",
        "HookRequest",
        "ListsKeys",
        "Message",
        "Notice",
        "Progress",
        "ReadRequest",
        "Ready",
        "ReceivesHooks",
        "Record",
        "Rejected",
        "StreamInfo",
        "Tombstone",
    ),
    "connectors.failures": (
        "AuthExpired",
        "ConfigurationRefused",
        "ConnectorBug",
        "ConnectorFailure",
        "Forbidden",
        "KeysIncomplete",
        "RateLimited",
        "Transient",
    ),
    "connectors.outlets": (
        "Anchor",
        "AnchorInfo",
        "Channel",
        "ChannelInfo",
        "Outgoing",
    ),
    "connectors.web": (
        "Pairs",
        "Web",
        "WebAnswer",
    ),
    "domain.problem": (
        "Problem",
        "Refused",
        "Severity",
    ),
    "plugins.hookspecs": ("hookimpl",),
    "plugins.nouns": (
        "DocumentNoun",
        "HolidayCalendar",
        "PackFile",
        "Question",
        "Sentences",
    ),
}
_HOMES = {name: module for module, names in _ROOM_NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Fetch a public name from its room on first use."""
    if name not in _HOMES:
        raise AttributeError(f"attain has no public name '{name}'")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names although they are not fetched yet."""
    return sorted(__all__)
