"""Runs a program that others wrote, so that whatever it does ends with it.

The program gets a folder of its own, the environment that is named and nothing else, a process
group, a fence around the file system, and limits; what it says comes as a stream of lines. Its
errors are kept as a short tail with the secrets blanked. Everything that goes wrong is one
``ProgramFailed`` with a code. ``process_guard.py`` is the other half, in a process of its own.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from connectors.failures import ProgramFailed

_GUARD = str(Path(__file__).with_name("process_guard.py"))
_CHUNK = 1 << 16
_TAIL = 1 << 16  # kept of the errors; the secrets are blanked before it is cut for showing
_SHOWN = 600
_CLOSING_SECONDS = 10.0
_NOT_DUMPABLE = 4
# The signals of limits: RLIMIT_CPU and RLIMIT_FSIZE.
_SIGNALS = {24: "program_cpu", 25: "program_file_too_large"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may take; each limit ends it.

    ``idle_seconds`` is the time without a byte of output, counted while we wait for it, and
    ``line_seconds`` that without a whole line of it.
    ``memory_bytes`` and ``processes`` are of the program with all its children (on Linux);
    ``address_bytes``, ``file_bytes`` and ``cpu_seconds`` are of each process.
    """

    idle_seconds: float = 300.0
    line_seconds: float = inf
    total_seconds: float = 6 * 3600.0
    cpu_seconds: int = 3600
    memory_bytes: int = 2 << 30
    address_bytes: int = 16 << 30
    file_bytes: int = 1 << 30
    open_files: int = 256
    processes: int = 32
    line_bytes: int = 4 << 20
    output_bytes: int = 16 << 30
    error_bytes: int = 64 << 20
    lines: int = 50_000_000
    grace_seconds: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program: ``command`` begins with an absolute path.

    ``reads`` are the folders that it may look at besides what every program may. ``fenced`` False
    lets it see whatever our own user sees. ``writes`` False takes its own folder from it to write
    in. ``offline`` leaves it no way to make a socket. ``hears``
    gives it an input on which we speak; otherwise that is empty.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    fenced: bool = True
    writes: bool = True
    offline: bool = False
    hears: bool = False
    limits: Limits = field(default_factory=Limits)


def can_fence() -> bool:
    """Say whether this machine can keep a program out of the file system."""
    if sys.platform != "linux":
        return False
    from connectors.process_guard import landlock

    return landlock() > 0


def can_cut_network() -> bool:
    """Say whether this machine can keep a program from making sockets."""
    from connectors.process_guard import can_cut_network

    return can_cut_network()


@contextmanager
def running(
    program: Program,
    arguments: tuple[str, ...] = (),
    files: Mapping[str, str] | None = None,
    redact: Callable[[str], str] = lambda text: text,
) -> Iterator[Running]:
    """Start a program with ``files`` in its folder; it is gone when the block is left."""
    if program.fenced and not can_fence():
        raise ProgramFailed("program_no_fence", {"program": program.name})
    _hide_ourselves()
    folder = Path(tempfile.mkdtemp(prefix="attain-program-"))  # 0700
    try:
        for name, text in (files or {}).items():
            opened = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(opened, "w", encoding="utf-8") as file:
                file.write(text)
        found = Running(program, arguments, folder, redact)
        try:
            yield found
        finally:
            found.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _close(place: int) -> None:
    if place:
        os.close(place)


def _hide_ourselves() -> None:
    """Keep our own environment and memory from programs that run as the same user."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_NOT_DUMPABLE, 0, 0, 0, 0)


class Running:
    """A program at work."""

    def __init__(
        self,
        program: Program,
        arguments: tuple[str, ...],
        folder: Path,
        redact: Callable[[str], str],
    ) -> None:
        self._program = program
        self._limits = program.limits
        self._redact = redact
        self._errors = b""
        self._error_bytes = 0
        self._report = b""
        self._began = self._heard = time.monotonic()
        self._unsaid: deque[memoryview] = deque()
        told, tells = os.pipe()
        hears, says = os.pipe() if program.hears else (0, 0)
        theirs = (tells, hears) if hears else (tells,)
        spec = marshal.dumps({**self._spec(arguments, folder), "input": hears})
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", _GUARD, str(tells), str(len(spec))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=theirs,
                env={},
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            for ours in (told, says):
                _close(ours)
            raise
        finally:
            for each in theirs:
                _close(each)
        if says:
            os.set_blocking(says, False)
        self._told, self._says = told, says
        self._pipes = (self._guard.stdin, self._guard.stdout, self._guard.stderr)
        self._send(spec)

    def _spec(self, arguments: tuple[str, ...], folder: Path) -> dict[str, Any]:
        program, limits = self._program, self._limits
        home = str(folder)
        fixed = {"HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "TZ": "UTC"}
        return {
            "command": [*program.command, *arguments],
            "environment": {"PATH": "/usr/bin:/bin", **fixed, **program.environment},
            "folder": home,
            "reads": list(program.reads),
            "fenced": program.fenced,
            "writes": program.writes,
            "offline": program.offline,
            "grace": limits.grace_seconds,
            "memory": limits.memory_bytes,
            "processes": limits.processes,
            "limits": {
                "RLIMIT_CPU": limits.cpu_seconds,
                "RLIMIT_AS": limits.address_bytes,
                "RLIMIT_FSIZE": limits.file_bytes,
                "RLIMIT_NOFILE": limits.open_files,
                "RLIMIT_CORE": 0,
            },
        }

    def _send(self, spec: bytes) -> None:
        assert self._guard.stdin is not None
        with suppress(BrokenPipeError):
            self._guard.stdin.write(spec)
            self._guard.stdin.flush()

    def say(self, text: bytes) -> None:
        """Speak to a program that hears; it is sent while we listen, so neither waits for ever."""
        self._unsaid.append(memoryview(text))

    @property
    def is_heard(self) -> bool:
        """Say whether the program has taken all that we said."""
        return not self._unsaid

    def lines(self) -> Iterator[bytes]:
        """Give line by line what the program says; at its end, judge how it ended.

        The last line may lack its line end: then the program broke off, which is for the reader.
        """
        limits, rest = self._limits, b""
        said = count = 0
        for chunk in self._chunks():
            said += len(chunk)
            if said > limits.output_bytes:
                raise self._failed("program_output_too_large", str(limits.output_bytes))
            *whole, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
            count += len(whole)
            if count > limits.lines:
                raise self._failed("program_too_many_lines", str(limits.lines))
            if max(map(len, (*whole, rest))) > limits.line_bytes:
                raise self._failed("program_line_too_long", str(limits.line_bytes))
            if whole:
                yield from whole
                self._heard = time.monotonic()  # what was done with them is not its time
        if rest:
            yield rest
        self._demand_good()

    def _chunks(self) -> Iterator[bytes]:
        """Read what comes, in turn, until all three ends are closed."""
        assert self._guard.stdout is not None
        assert self._guard.stderr is not None
        out, err = self._guard.stdout.fileno(), self._guard.stderr.fileno()
        with selectors.DefaultSelector() as selector:
            for place in (out, err, self._told):
                selector.register(place, selectors.EVENT_READ)
            listening = 3
            while listening:
                self._offer(selector)
                ready = selector.select(self._patience())
                if not ready:
                    self._demand_time()
                    raise self._failed("program_silent", f"{self._limits.idle_seconds:g}")
                for key, _ in ready:
                    if key.fd == self._says:
                        self._push(selector)
                        continue
                    chunk = os.read(key.fd, _CHUNK)
                    if not chunk:
                        listening -= 1
                        selector.unregister(key.fd)
                    elif key.fd == out:
                        yield chunk
                    elif key.fd == err:
                        self._note(chunk)
                    else:
                        self._report += chunk
                self._demand_time()

    def _offer(self, selector: selectors.BaseSelector) -> None:
        """Wait to speak as long as there is something unsaid."""
        if self._unsaid and self._says not in selector.get_map():
            selector.register(self._says, selectors.EVENT_WRITE)

    def _push(self, selector: selectors.BaseSelector) -> None:
        """Say as much as the program takes at once; one that has gone hears nothing more."""
        try:
            first = self._unsaid.popleft()
            said = os.write(self._says, first[:_CHUNK])
            if said < len(first):
                self._unsaid.appendleft(first[said:])
        except BrokenPipeError:
            self._unsaid.clear()
        if not self._unsaid:
            selector.unregister(self._says)

    def _left(self) -> float:
        return self._began + self._limits.total_seconds - time.monotonic()

    def _line_left(self) -> float:
        return self._heard + self._limits.line_seconds - time.monotonic()

    def _patience(self) -> float:
        return max(min(self._limits.idle_seconds, self._left(), self._line_left()), 0.0)

    def _demand_time(self) -> None:
        if self._left() <= 0:
            raise self._failed("program_too_long", f"{self._limits.total_seconds:g}")
        if self._line_left() <= 0:
            raise self._failed("program_silent", f"{self._limits.line_seconds:g}")

    def _note(self, chunk: bytes) -> None:
        self._error_bytes += len(chunk)
        self._errors = (self._errors + chunk)[-_TAIL:]
        if self._error_bytes > self._limits.error_bytes:
            raise self._failed("program_errors_too_large", str(self._limits.error_bytes))

    def _demand_good(self) -> None:
        """Judge the report of the guard; without one the guard itself was ended."""
        told = self._report.decode("utf-8", "replace") or "signal 9"
        how, _, more = told.partition(" ")
        if how == "exit" and more == "0":
            return
        if how == "signal" and int(more) in _SIGNALS:
            raise self._failed(_SIGNALS[int(more)], "")
        code, limit = {
            "exit": ("program_failed", more),
            "signal": ("program_killed", more),
            "unstarted": ("program_unstarted", self._redact(more)),
            "memory": ("program_memory", str(self._limits.memory_bytes)),
            "processes": ("program_processes", str(self._limits.processes)),
        }.get(how, ("program_killed", more))
        raise self._failed(code, limit)

    def _failed(self, code: str, limit: str) -> ProgramFailed:
        values = {"program": self._program.name, "limit": limit, "said": self.said()}
        return ProgramFailed(code, values)

    def said(self) -> str:
        """Return the end of what the program wrote as errors, with the secrets blanked."""
        text = self._redact(self._errors.decode("utf-8", "replace"))
        return "".join(c if c.isprintable() else " " for c in text)[-_SHOWN:].strip()

    def stop(self) -> None:
        """Let go: the guard ends the program with everybody it has started."""
        for pipe in self._pipes:
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        _close(self._told)
        _close(self._says)
        try:
            self._guard.wait(self._limits.grace_seconds + _CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._guard.kill()  # the program is bound to die with it
            self._guard.wait()
