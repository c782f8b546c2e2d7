"""What a connector gets of the world for one run: settings, a folder, a way out, a redactor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from time import sleep
from typing import Any

from actions.deed import Runtime
from actions.source_secrets import put_in, redactor
from connectors.contract import Connector, Context
from connectors.databases import Databases, NoDatabases
from connectors.web import NoWeb, Web


def context_of(
    runtime: Runtime,
    connector: Connector,
    config: Mapping[str, Any],
    now: datetime,
    wait: Callable[[float], None] = sleep,
) -> Context:
    """Build the context of a run that began at ``now``; a secret that is missing is a refusal."""
    info = connector.info
    placed, secrets = put_in(config, runtime.secrets)
    web: Web = NoWeb()
    if runtime.web is not None and info.allowed_hosts:
        web = runtime.web(info, placed, wait)
    databases: Databases = NoDatabases()
    if runtime.databases is not None:
        databases = runtime.databases(info, placed)
    return Context(
        config=placed,
        folder=runtime.data_folder,
        now=now,
        redact=redactor(placed, info.config_schema, secrets),
        web=web,
        databases=databases,
    )
