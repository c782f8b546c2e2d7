"""What a connector gets of the world for one run: settings, a folder, a way out, a redactor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from time import sleep
from typing import Any

from actions.deed import Runtime
from connectors.contract import Connector, Context
from connectors.web import NoWeb, Web


def context_of(
    runtime: Runtime,
    connector: Connector,
    config: Mapping[str, Any],
    now: datetime,
    wait: Callable[[float], None] = sleep,
) -> Context:
    """Build the context of a run that began at ``now``."""
    info = connector.info
    web: Web = NoWeb()
    if runtime.web is not None and info.allowed_hosts:
        web = runtime.web(info, config, wait)
    return Context(
        config=config,
        folder=runtime.data_folder,
        now=now,
        redact=redactor(config, info.config_schema),
        web=web,
    )


def redactor(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Callable[[str], str]:
    """Blank the values of the properties that the connector has marked as secret."""
    properties = schema.get("properties", {})
    secrets = sorted(
        (
            str(value)
            for name, value in config.items()
            if properties.get(name, {}).get("secret") is True and value
        ),
        key=len,
        reverse=True,
    )

    def redact(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "•••")
        return text

    return redact
