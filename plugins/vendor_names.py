"""The names under which a vendor imports the contract: ``attain_plugin_api``, lent by the host.

The distribution ``attain-plugin-api`` holds copies of these files, so that a vendor needs nothing
else of ours to write and to prove a plug-in. Inside Attain the copies would be other classes than
ours, so the host lends its own modules under those names before it imports any plug-in.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import MappingProxyType, ModuleType
from typing import Any

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
_RARE = frozenset({"fixtures", "testing"})


class _Lent(ModuleType):
    """The package; its modules are fetched on first use."""

    def __getattr__(self, name: str) -> ModuleType:
        if name not in LENT:
            raise AttributeError(f"{PACKAGE} has no module {name}")
        return import_module(f"{PACKAGE}.{name}")


def lend_names() -> None:
    """Let ``import attain_plugin_api.contract`` find our own module, from now on."""
    if isinstance(sys.modules.get(PACKAGE), _Lent):
        return
    package = _Lent(PACKAGE)
    package.__path__ = []
    sys.modules[PACKAGE] = package
    for name, home in LENT.items():
        if name not in _RARE:
            sys.modules[f"{PACKAGE}.{name}"] = import_module(home)
    sys.meta_path.insert(0, _Lender())


class _Lender:
    """Lends what is rarely asked for when it is asked for: the kit takes longer than the rest."""

    def __init__(self) -> None:
        self._own: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find one of the rare ones."""
        package, _, last = name.rpartition(".")
        if package != PACKAGE or last not in _RARE:
            return None
        return ModuleSpec(name, self)  # type: ignore[arg-type]  # by its two verbs

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Lend our own."""
        home = import_module(LENT[spec.name.rpartition(".")[2]])
        self._own[spec.name] = home.__spec__
        return home

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is, the name under which it was found by ourselves included."""
        assert module.__spec__ is not None
        module.__spec__ = self._own[module.__spec__.name]


def import_named(value: str) -> Any:
    """Import what an entry point names: ``acme_crm`` or ``acme_crm:plugin``."""
    lend_names()
    module, _, names = value.partition("[")[0].partition(":")
    found: Any = import_module(module.strip())
    for name in filter(None, names.strip().split(".")):
        found = getattr(found, name)
    return found
