"""Every rule looks at the same syntax trees: they are made once, and kept out of the way.

Millions of nodes live as long as the process. The collector of garbage would walk them again and
again, in these tests and in all that follow: it took longer than the rules themselves.
"""

from __future__ import annotations

import gc

import pytest

from tests.support.source import LOOSE, ROOMS, read


@pytest.fixture(scope="session", autouse=True)
def trees() -> None:
    gc.collect()
    gc.disable()
    for source in read(*ROOMS, *LOOSE):
        assert source.tree is not None
    gc.freeze()
    gc.enable()
