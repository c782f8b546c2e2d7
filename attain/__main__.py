"""``python -P -m attain``: the same words as the command ``attain``."""

from __future__ import annotations

from attain.cli import main

main()
