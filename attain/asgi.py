"""The application for ASGI servers: ``attain serve`` hands it over, and so may any other server."""

from __future__ import annotations

from attain.settings import read_settings
from attain.wiring import build, wire

_settings = read_settings()
app = build(_settings, wire(_settings).runtime)
