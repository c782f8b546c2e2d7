"""Packages as an index has them, made here and small."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path


def write_wheel(
    folder: Path, name: str, version: str, code: str, program: str = "", **modules: str
) -> None:
    """Make a package as an index has it, with a program that calls ``main`` of its module."""
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        **{f"{module}.py": text for module, text in modules.items()},
        f"{name.replace('-', '_')}.py": f"VERSION = {version!r}\n{code}",
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
        "Summary: Rows that nobody has\nLicense-Expression: EUPL-1.2\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}.dist-info/entry_points.txt": "[console_scripts]\n"
        f"{program or name} = {name.replace('-', '_')}:main\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        record += f"{path},sha256={digest.rstrip('=')},{len(text.encode())}\n"
    files[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
