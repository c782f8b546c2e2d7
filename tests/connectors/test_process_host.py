"""The process host: what a program of others gets, what it may take, and that nothing stays."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.failures import ProgramFailed
from connectors.process_host import Limits, Program, can_fence, running
from tests.support.living import is_alive
from tests.support.taps import FENCE, python

_GET_DUMPABLE = 3


def program(code: str, *, environment: dict[str, str] | None = None, **limits: Any) -> Program:
    return Program(
        name="guest",
        command=(python(), "-I", "-S", "-c", code),
        environment=environment or {},
        reads=(sys.base_prefix,),
        fenced=FENCE == "required",
        limits=replace(Limits(idle_seconds=20), **limits),
    )


def said(code: str, **limits: Any) -> str:
    with running(program(code, **limits)) as started:
        return b"\n".join(started.lines()).decode()


def failure(code: str, **limits: Any) -> ProgramFailed:
    with pytest.raises(ProgramFailed) as caught:
        said(code, **limits)
    return caught.value


def test_a_program_gets_what_is_named_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTAIN_SECRET_CRM", "hidden-0123456789")
    code = (
        "import os; f = os.environ['HOME']; print(sorted(os.environ), os.getcwd() == f, "
        "os.listdir(), oct(os.stat(f).st_mode), oct(os.stat('c.json').st_mode), "
        "open('c.json').read(), os.environ['GREETING'], os.getsid(0) == os.getpid(), "
        "os.read(0, 1))"
    )
    guest = program(code, environment={"GREETING": "hello"})
    with running(guest, files={"c.json": "密"}) as started:
        line = b"".join(started.lines()).decode()
    names = ["GREETING", "HOME", "LANG", "PATH", "TMPDIR", "TZ"]
    assert line == f"{names} True ['c.json'] 0o40700 0o100600 密 hello True b''"


def test_what_is_named_reaches_the_program_word_for_word() -> None:
    with running(program("import sys; print(sys.argv[1:])"), ("--x", "a b; $(c)")) as started:
        assert list(started.lines()) == [b"['--x', 'a b; $(c)']"]


def test_lines_come_whole_and_one_that_broke_off_comes_last() -> None:
    code = "import sys; sys.stdout.write('a' * 70000 + '\\n\\nb\\nrest')"
    assert [len(line) for line in said(code).encode().split(b"\n")] == [70000, 0, 1, 4]


@pytest.mark.parametrize(
    ("code", "limits", "told"),
    [
        ("import time; time.sleep(60)", {"idle_seconds": 0.2}, ("program_silent", "0.2")),
        (
            "import time\nwhile 1: print('x', flush=True), time.sleep(.02)",
            {"total_seconds": 0.4},
            ("program_too_long", "0.4"),
        ),
        ("while 1: pass", {"cpu_seconds": 1}, ("program_cpu", "")),
        (
            "x = ['x' * 9000000 for _ in range(999)]",
            {"memory_bytes": 90 << 20},
            ("program_memory",),
        ),
        ("x = 'x' * (1 << 30)", {"address_bytes": 500 << 20}, ("program_failed", "1")),
        (
            "import os, time\nfor _ in range(9): os.fork() or time.sleep(60)",
            {"processes": 4},
            ("program_processes", "4"),
        ),
        (
            "f = open('f', 'w'); f.write('x' * 9000); f.close()",
            {"file_bytes": 5000},
            ("program_failed", "1"),
        ),
        ("[open('/dev/null') for _ in range(99)]", {"open_files": 50}, ("program_failed", "1")),
        ("print('x' * 9000)", {"line_bytes": 5000}, ("program_line_too_long", "5000")),
        ("while 1: print('x')", {"output_bytes": 5000}, ("program_output_too_large", "5000")),
        ("while 1: print('x')", {"lines": 50}, ("program_too_many_lines", "50")),
        (
            "import sys\nwhile 1: sys.stderr.write('x')",
            {"error_bytes": 5000},
            ("program_errors_too_large", "5000"),
        ),
        ("import os; os.kill(os.getpid(), 11)", {}, ("program_killed", "11")),
        ("import sys; print('x'); sys.exit(7)", {}, ("program_failed", "7")),
    ],
)
def test_a_program_that_takes_more_than_it_may_is_ended(
    code: str, limits: dict[str, Any], told: tuple[str, ...]
) -> None:
    found = failure(code, grace_seconds=0.1, **limits)
    assert (found.code, found.values["limit"])[: len(told)] == told


def hearing(code: str, **limits: Any) -> Program:
    return replace(program(code, grace_seconds=0.1, **limits), hears=True)


def test_a_program_hears_while_it_speaks() -> None:
    """More is on its way in both directions than fits into any pipe."""
    code = "import sys\nprint('x' * 900000, flush=True); print(len(sys.stdin.readline()))"
    with running(hearing(code)) as started:
        started.say(b"y" * 900_000)
        started.say(b"\n")
        assert [len(line) for line in started.lines()] == [900_000, 6]


def test_a_program_that_stops_listening_is_not_waited_for() -> None:
    code = "import os, time; os.read(0, 5000); time.sleep(60)"
    with running(hearing(code, idle_seconds=1.0)) as started:
        started.say(b"y" * 900_000)
        with pytest.raises(ProgramFailed, match="program_silent"):
            list(started.lines())
        assert not started.is_heard


def test_a_program_that_has_ended_hears_nothing_more() -> None:
    with running(hearing("print('x')")) as started:
        started.say(b"y" * 900_000)
        assert list(started.lines()) == [b"x"]


def test_a_line_that_never_ends_is_no_sign_of_life() -> None:
    code = "import os, time\nwhile 1: os.write(1, b'x'), time.sleep(.02)"
    found = failure(code, grace_seconds=0.1, line_seconds=0.4)
    assert (found.code, found.values["limit"]) == ("program_silent", "0.4")


def test_a_command_that_is_not_there_is_told() -> None:
    guest = Program(name="guest", command=("/nowhere/tap",), fenced=FENCE == "required")
    with pytest.raises(ProgramFailed, match="program_unstarted"), running(guest) as started:
        list(started.lines())


def test_a_program_that_hears_no_signal_is_ended_all_the_same() -> None:
    code = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    code += "print(os.getpid(), flush=True); time.sleep(60)"
    with running(program(code, grace_seconds=0.1)) as started:
        pid = int(next(started.lines()))
        assert is_alive(pid)
    assert not is_alive(pid)


@pytest.mark.parametrize("leaves", ["pass", "os.setsid()"])
def test_a_grandchild_ends_with_the_program_wherever_it_went(leaves: str) -> None:
    code = f"""
import os, time
r, w = os.pipe()
if os.fork() == 0:
    {leaves}
    if os.fork() == 0:
        os.write(w, str(os.getpid()).encode())
        time.sleep(60)
    os._exit(0)
os.wait()
print(os.read(r, 20).decode())
"""
    with running(program(code)) as started:
        # It holds standard output open, and the end of the program is told all the same.
        (line,) = started.lines()
        assert not is_alive(int(line))


def test_a_program_ends_with_a_host_that_is_killed(tmp_path: Path) -> None:
    """Its folder with the settings in it goes too."""
    marks = tmp_path / "marks"
    host = os.fork()
    if host == 0:
        code = "import os, time; print(os.getpid(), os.getcwd(), flush=True); time.sleep(60)"
        with running(program(code), files={"config.json": "secret"}) as started:
            marks.write_bytes(next(started.lines()))
            time.sleep(60)
    while not marks.exists() or not marks.read_text("utf-8"):
        time.sleep(0.01)
    pid, folder = marks.read_text("utf-8").split()
    assert Path(folder, "config.json").exists()
    os.kill(host, 9)
    os.waitpid(host, 0)
    last = time.monotonic() + 20
    while (is_alive(int(pid)) or Path(folder).exists()) and time.monotonic() < last:
        time.sleep(0.02)
    assert not is_alive(int(pid))
    assert not Path(folder).exists()


def test_errors_are_a_short_tail_without_secrets() -> None:
    secret = "s3cret-0123456789"
    code = f"import sys; sys.exit('x\\n' * 90000 + 'key {secret}\\x1b[31m' + '\\n' + 'y' * 500)"
    with (
        pytest.raises(ProgramFailed) as caught,
        running(program(code), redact=lambda text: text.replace(secret, "•••")) as started,
    ):
        list(started.lines())
    told = caught.value.values["said"]
    assert told.startswith("x x x ")
    assert told.endswith("key ••• [31m " + "y" * 500)
    assert 590 < len(told) <= 600


def test_a_program_writes_in_its_own_folder_and_looks_at_what_is_named(tmp_path: Path) -> None:
    """Where the kernel has no fence, a program that needs one is not started at all."""
    other = tmp_path / "other.txt"
    other.write_text("of somebody else", "utf-8")
    host = os.getpid()
    code = f"""
import os
def attempt(what):
    try:
        return str(what())[:20]
    except OSError as fault:
        return type(fault).__name__
def environment(pid):
    return open(f"/proc/{{pid}}/environ").read()
print([attempt(what) for what in (
    lambda: open("own", "w").write("x"),
    lambda: open({str(other)!r}).read(),
    lambda: open({str(tmp_path / "new")!r}, "w"),
    lambda: os.listdir({str(tmp_path)!r}),
    lambda: os.symlink({str(other)!r}, "link") or open("link").read(),
    lambda: environment({host}),
    lambda: environment(os.getppid()),
    lambda: os.kill({host}, 0),
    lambda: os.kill(os.getppid(), 9),
    lambda: open("/etc/shadow").read(),
)])
"""
    guest = Program(
        name="guest",
        command=(python(), "-I", "-S", "-c", code),
        reads=(sys.base_prefix,),
        limits=Limits(idle_seconds=20),
    )
    if not can_fence():
        with pytest.raises(ProgramFailed, match="program_no_fence"), running(guest):
            raise AssertionError("it was started")
        return
    with running(guest) as started:
        line = b"".join(started.lines()).decode()
    assert line == str(["1", *["PermissionError"] * 9])
    assert not (tmp_path / "new").exists()


def test_our_own_environment_is_nobodys_to_read() -> None:
    """Also without a fence: not ours, for the kernel lets nobody look; not the guard's: empty."""
    if sys.platform != "linux":
        return
    code = "import os, time; print(os.getppid(), flush=True); time.sleep(60)"
    with running(program(code)) as started:
        guard = int(next(started.lines()))
        assert Path(f"/proc/{guard}/environ").read_bytes() == b""
    assert ctypes.CDLL(None).prctl(_GET_DUMPABLE, 0, 0, 0, 0) == 0


def test_a_slow_reader_is_not_a_silent_program() -> None:
    code = "import time; print(1, flush=True); time.sleep(.2); print(2)"
    with running(program(code, idle_seconds=0.6)) as started:
        got = []
        for line in started.lines():
            time.sleep(0.7)
            got.append(line)
    assert got == [b"1", b"2"]
