"""Whether a request was sent by another site's page: what a cookie must not be good for.

A browser says so itself in ``Sec-Fetch-Site``, which no page can forge; an older one says in
``Origin`` where the page came from. A program that is no browser sends neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_OURS = frozenset({"same-origin", "none"})  # "none": typed, or a bookmark


def from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Say whether another site's page sent this, a neighbour under the same domain included."""
    said = headers.get("sec-fetch-site")
    if said is not None:
        return said not in _OURS
    origin = headers.get("origin")
    if origin is None:
        return False
    # Only the host: behind a proxy that ends TLS we do not know our own scheme.
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return True
    return not host or host.lower() != headers.get("host", "").lower()
