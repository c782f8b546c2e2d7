"""What every application of the tests may have in common: made once for all of them.

The schema, the sentences and the plug-ins are the same whoever is served, and making them takes
longer than most tests. A test that counts what a schema has compiled builds one of its own.
"""

from __future__ import annotations

from functools import cache

from api.schema import Schema, build_schema
from messages.render import Catalogue, load
from plugins.loading import Plugins, load_plugins


@cache
def schema() -> Schema:
    """The schema, with whatever executor this run of the tests is about."""
    return build_schema()


@cache
def catalogue() -> Catalogue:
    """Every sentence in every language."""
    return load()


@cache
def plugins() -> Plugins:
    """The plug-ins that come with us."""
    return load_plugins()
