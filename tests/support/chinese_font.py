"""A font with Chinese for the tests: the one that is there, or fetched as root on Debian."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

PACKAGE = "fonts-wqy-microhei"
_FILE = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")


@cache
def chinese_font() -> Path:
    """Return the file of a font that has the characters of our sentences; fail where none is."""
    if not _FILE.exists():
        asked = f"the PDF of a statement is tried with a Chinese font: sudo apt install {PACKAGE}"
        assert shutil.which("apt-get"), asked
        assert os.geteuid() == 0, asked
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", PACKAGE]
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(command, check=True, env=quietly)
    return _FILE
