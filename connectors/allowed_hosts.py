"""The hosts that a connection may speak to: what its connector declares."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from connectors.contract import ConnectorInfo, Json


def hosts_of(info: ConnectorInfo, config: Mapping[str, Json]) -> frozenset[str]:
    """Put the hosts of the settings in: ``("{address}",)`` with ``https://crm.acme.cn/api``.

    Dots lead into the settings: ``{access.address}``.
    """
    found = set()
    for host in info.allowed_hosts:
        if host.startswith("{") and host.endswith("}"):
            text = str(_setting(config, host[1:-1]) or "")
            try:
                named = urlsplit(text if "://" in text else f"//{text}").hostname
            except ValueError:
                named = None
            if named:
                found.add(named.lower())
        else:
            found.add(host.lower())
    return frozenset(found)


def _setting(config: Mapping[str, Json], place: str) -> Json:
    found: Json = config
    for name in place.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
