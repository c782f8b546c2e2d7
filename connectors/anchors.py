"""Anchors: places outside of the database that remember what a checkpoint of the trail said.

Whoever rules over this machine can make the database and the data folder anew, but not the copies
that somebody else keeps. A *file* is good when it lies on another machine's disk or on a medium
that is written once; *git* is a folder whose history is pushed to where others can read it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from connectors.failures import Transient
from connectors.outlets import Anchor, AnchorInfo

_LINES = "attain-checkpoints.jsonl"
_SECONDS = 30


class FileAnchor:
    """Appends a line to a file, and syncs it to the disk."""

    info = AnchorInfo(
        id="file", title={"zh-CN": "文件", "en": "File"}, api="1", place="the path of a file"
    )

    def keep(self, place: str, line: str) -> str:
        """Append the line; the receipt is where it begins in the file."""
        return f"byte {_append(Path(place), line)}"

    def kept(self, place: str) -> Iterator[str]:
        """Read the lines back."""
        yield from _lines(Path(place))


class GitAnchor:
    """Commits a line to a repository on this machine, and pushes where it has a remote."""

    info = AnchorInfo(
        id="git",
        title={"zh-CN": "Git 仓库", "en": "Git repository"},
        api="1",
        place="the folder of a clone that may be committed to",
    )

    def keep(self, place: str, line: str) -> str:
        """Commit the line; the receipt is the commit."""
        folder = Path(place)
        if line not in _lines(folder / _LINES):
            _append(folder / _LINES, line)
        self._git(folder, "add", "--", _LINES)
        if self._git(folder, "status", "--porcelain", "--", _LINES):
            who = ("-c", "user.name=Attain", "-c", "user.email=attain@localhost")
            self._git(folder, *who, "commit", "--quiet", "-m", "Checkpoint", "--", _LINES)
        if self._git(folder, "remote"):
            self._git(folder, "push", "--quiet")
        return self._git(folder, "rev-parse", "HEAD").strip()

    def kept(self, place: str) -> Iterator[str]:
        """Read the lines of the last commit back."""
        folder = Path(place)
        if self._git(folder, "ls-files", "--", _LINES):
            yield from self._git(folder, "show", f"HEAD:{_LINES}").splitlines()

    @staticmethod
    def _git(folder: Path, *words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=_SECONDS
            )
        except (OSError, subprocess.SubprocessError) as fault:
            raise _failed("git", fault) from fault
        return done.stdout


BUILTIN: tuple[Anchor, ...] = (FileAnchor(), GitAnchor())


def _append(file: Path, line: str) -> int:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        with os.fdopen(handle, "ab") as opened:
            start = opened.tell()
            # A line that a power cut tore must not swallow this one.
            opened.write(f"\n{line}\n".encode())
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as fault:
        raise _failed(file.name, fault) from fault
    return start


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8", errors="replace") if file.exists() else ""
    except OSError as fault:
        raise _failed(file.name, fault) from fault
    return [line for line in text.splitlines() if line]


def _failed(what: str, fault: Exception) -> Transient:
    """Name what failed without its words: an address in them may hold a password."""
    return Transient("anchor_failed", {"what": what, "fault": type(fault).__name__})
