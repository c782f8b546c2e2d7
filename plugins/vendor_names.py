"""The names under which a vendor imports the contract: ``attain_plugin_api``, lent by the host.

The distribution ``attain-plugin-api`` holds copies of these files, so that a vendor needs nothing
else of ours to write and to prove a plug-in. Inside Attain the copies would be other classes than
ours, so the host lends its own modules under those names before it imports any plug-in.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

PACKAGE = "attain_plugin_api"
# What a vendor may import, and where it lives with us.
LENT: Mapping[str, str] = MappingProxyType(
    {
        "contract": "connectors.contract",
        "databases": "connectors.databases",
        "failures": "connectors.failures",
        "fixtures": "connectors.kit.fixtures",
        "hooks": "plugins.marks",
        "nouns": "plugins.nouns",
        "outlets": "connectors.outlets",
        "testing": "connectors.testing",
        "web": "connectors.web",
    }
)


class _Lent(ModuleType):
    """The package; its modules are fetched on first use."""

    def __getattr__(self, name: str) -> ModuleType:
        if name not in LENT:
            raise AttributeError(f"{PACKAGE} has no module {name}")
        return sys.modules[f"{PACKAGE}.{name}"]


def lend_names() -> None:
    """Let ``import attain_plugin_api.contract`` find our own module, from now on."""
    package = _Lent(PACKAGE)
    package.__path__ = []
    sys.modules[PACKAGE] = package
    for name, home in LENT.items():
        sys.modules[f"{PACKAGE}.{name}"] = import_module(home)
