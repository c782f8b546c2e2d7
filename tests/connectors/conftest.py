"""What the tests of connectors share: one real way out to this machine for each file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.web_host import LimitedWeb, open_http
from tests.support.source_web import local_web


@pytest.fixture(scope="module")
def web() -> Iterator[LimitedWeb]:
    """Open a way out that waits for nothing."""
    http = open_http(["127.0.0.1"])
    yield local_web(http)
    http.close()
