"""The stand-alone verifier, loaded from its one file as ``attain verify`` loads it."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from tests.support.source import ROOT

FILE = ROOT / "verifier" / "attain_verify.py"


def load() -> ModuleType:
    """Load the file as a module."""
    spec = importlib.util.spec_from_file_location("attain_verify", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
