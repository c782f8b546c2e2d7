"""What every application of the tests may have in common: made once for all of them.

The schema, the sentences and the plug-ins are the same whoever is served, and making them takes
longer than most tests. A test that counts what a schema has compiled builds one of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.applications import Starlette

from api.app import build_app
from api.operating import Operating
from api.schema import Schema, build_schema
from plugins.loading import Plugins, load_plugins
from tests.support.sentences import catalogue

__all__ = ["app", "catalogue", "plugins", "schema"]


def app(runtime: Any, **more: Any) -> Starlette:
    """The application, for tests that are not about time: its requests may take long."""
    operating = more.pop("operating", None) or Operating(deadline_seconds=300)
    return build_app(runtime, schema(), operating=operating, **more)


@cache
def schema() -> Schema:
    """The schema, with whatever executor this run of the tests is about."""
    return build_schema()


@cache
def plugins() -> Plugins:
    """The plug-ins that come with us."""
    return load_plugins()
