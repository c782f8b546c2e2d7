"""Starts one foreign program behind a fence, watches it, and leaves nothing of it behind.

Run by ``process_host`` as a program of its own: it forks, and a server with threads may not. The
beginning of standard input says what to start; while standard input stays open the program may
live. So a host that is killed takes the program, its children and its folder with it.

What it writes to the descriptor ``report`` are words: how the program ended. It starts for every
run, so it imports little: ``marshal`` and not JSON, ``os`` and not ``pathlib``.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import select
import signal
import sys
import time

TYPE_CHECKING = False  # the module of that name costs as much as the rest
if TYPE_CHECKING:
    from typing import Any

_LOOK_SECONDS = 0.1
_END_SECONDS = 5.0
_NO_NEW_PRIVILEGES, _DIE_WITH_PARENT, _SECURE_BITS, _ADOPT_ORPHANS = 38, 1, 28, 36
_ROOT_IS_NOBODY = 0b11  # a program of root's has no more rights than any other one, for good

# Landlock (man 7 landlock): numbers of the kernel's interface, the same on every machine.
_CREATE_RULES, _ADD_RULE, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE, _READ, _LIST = 1, 2, 4, 8
_TRUNCATE, _DEVICE = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICE
_LOOK_AT = _EXECUTE | _READ | _LIST
_NO_SIGNALS_NOR_SOCKETS = 3  # to processes that are not behind the same fence
# Seccomp (man 2 seccomp): what makes a way out, by machine; the last two are the same on all.
_FILTER, _OF_FILTERS, _ALLOW, _REFUSE = 22, 2, 0x7FFF0000, 0x00050000 | 13  # EACCES
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}  # its name, its socket()
_RINGS, _TAKE_OPEN_FILE, _OTHER_NUMBERS = 425, 438, 0x40000000
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _RETURN = 0x20, 0x15, 0x35, 0x06
# What any program on Linux may look at; nothing here is anybody's.
_EVERYBODYS = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin"),
    *("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/crypto-policies", "/etc/alternatives"),
    *("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf"),
    *("/etc/localtime", "/etc/timezone", "/etc/ld.so.cache", "/etc/services", "/etc/protocols"),
    *("/etc/mime.types", "/run/systemd/resolve", "/dev/null", "/dev/zero"),
    *("/dev/random", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat"),
    *("/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu", "/sys/fs/cgroup"),
)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def landlock() -> int:
    """Return the version of the kernel's fence; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    found = _libc().syscall(_CREATE_RULES, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(int(found), 0)


class _Rules(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("place", ctypes.c_int32))


def _fence(folder: str, reads: list[str], *, writes: bool) -> None:
    """Leave ``folder`` to write in and ``reads`` to look at; everything else is not there."""
    version = landlock()
    if not version:
        raise OSError("this kernel has no Landlock")
    libc = _libc()
    rights = (1 << (13, 14, 15, 15, 16)[min(version, 5) - 1]) - 1
    scoped = _NO_SIGNALS_NOR_SOCKETS if version >= 6 else 0
    rules = _Rules(files=rights, network=0, scoped=scoped)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _good(libc.syscall(_CREATE_RULES, ctypes.byref(rules), ctypes.c_size_t(size), 0))
    for place in (*_EVERYBODYS, *reads, folder):
        if not os.path.exists(place):  # noqa: PTH110 - see above
            continue
        opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
        allowed = rights if place == folder and writes else _LOOK_AT
        if place == os.devnull:
            allowed |= _WRITE
        if not os.path.isdir(place):  # noqa: PTH112 - see above
            allowed &= _OF_FILES
        beneath = _Beneath(allowed=allowed & rights, place=opened)
        _good(libc.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(beneath), 0))
        os.close(opened)
    _good(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _good(libc.syscall(_RESTRICT, ruleset, 0))


def can_cut_network() -> bool:
    """Say whether a program can be kept from making any socket on this machine."""
    return sys.platform == "linux" and os.uname().machine in _MACHINES


class _Step(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_so", ctypes.c_uint8),
        ("if_not", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Steps(ctypes.Structure):
    _fields_ = (("count", ctypes.c_uint16), ("first", ctypes.POINTER(_Step)))


def _cut_network() -> None:
    """Leave no way to make a socket, for good: of no family, nor by another interface."""
    if not can_cut_network():
        raise OSError("this machine cannot cut a program off from the network")
    machine, socket = _MACHINES[os.uname().machine]
    steps = (
        (_LOAD, 0, 0, 4),  # which machine's numbers the call uses
        (_JUMP_EQUAL, 0, 5, machine),
        (_LOAD, 0, 0, 0),  # which call
        (_JUMP_FROM, 3, 0, _OTHER_NUMBERS),
        (_JUMP_EQUAL, 2, 0, socket),
        (_JUMP_EQUAL, 1, 0, _RINGS),
        (_JUMP_EQUAL, 0, 1, _TAKE_OPEN_FILE),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    )
    own = (_Step(code, if_so, if_not, value) for code, if_so, if_not, value in steps)
    program = _Steps(count=len(steps), first=(_Step * len(steps))(*own))
    libc = _libc()
    _good(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _good(libc.prctl(_FILTER, _OF_FILTERS, ctypes.byref(program), 0, 0))


def _good(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer


def _become(spec: dict[str, Any], report: int) -> None:
    """In the child: give up what is not needed and turn into the program."""
    try:
        os.set_inheritable(report, False)  # noqa: FBT003 - positional in os
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and that is handed down
        os.dup2(spec["input"] or os.open(os.devnull, os.O_RDONLY), 0)
        if spec["input"]:
            os.close(spec["input"])
        os.setsid()
        os.umask(0o077)
        if sys.platform == "linux":
            libc = _libc()
            libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
            if os.geteuid() == 0:
                libc.prctl(_SECURE_BITS, _ROOT_IS_NOBODY, 0, 0, 0)
        os.chdir(spec["folder"])
        if spec["fenced"]:
            _fence(spec["folder"], spec["reads"], writes=spec["writes"])
        if spec["offline"]:
            _cut_network()
        for name, most in spec["limits"].items():
            kind = getattr(resource, name, None)
            if kind is not None:
                _lower(kind, most)
        os.execve(spec["command"][0], spec["command"], spec["environment"])  # noqa: S606 - no shell is meant
    except OSError as fault:
        _tell(report, "unstarted", f"{fault.strerror or fault}")
    finally:
        os._exit(127)


def _lower(kind: int, most: int) -> None:
    """Set a limit: a signal at the soft one, the end a little behind it."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    behind = most + 1 if kind == resource.RLIMIT_CPU else most
    try:
        resource.setrlimit(kind, (most, behind))
    except (ValueError, OSError):
        return  # macOS knows some of them by name only


def _tell(report: int, *words: object) -> None:
    try:
        os.write(report, " ".join(map(str, words)).encode())
    except OSError:
        return  # the host has gone


def _read(place: str) -> bytes:
    """Read a small file of the kernel's; one that has gone is empty."""
    try:
        opened = os.open(place, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(opened, 65_536)
    except OSError:
        return b""
    finally:
        os.close(opened)


def _list(place: str) -> list[str]:
    try:
        return os.listdir(place)  # noqa: PTH208 - see above
    except OSError:
        return []


def _remove(folder: str) -> None:
    """Remove a folder with all that is in it, following no link."""
    for name in _list(folder):
        place = f"{folder}/{name}"
        try:
            if os.path.isdir(place) and not os.path.islink(place):  # noqa: PTH112, PTH114 - see above
                _remove(place)
            else:
                os.unlink(place)  # noqa: PTH108 - see above
        except OSError:
            continue
    try:
        os.rmdir(folder)  # noqa: PTH106 - see above
    except OSError:
        return


def _below(pid: int) -> list[int]:
    """List every living process under ``pid``, orphans that we adopted included."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        place = f"/proc/{waiting.pop()}/task"
        for task in _list(place):
            own = list(map(int, _read(f"{place}/{task}/children").split()))
            found += own
            waiting += own
    return found


def _memory(pids: list[int]) -> int:
    sizes = (_read(f"/proc/{pid}/statm").split() for pid in pids)
    return sum(int(size[1]) for size in sizes if len(size) > 1) * resource.getpagesize()


class _Watch:
    """The life of one program."""

    def __init__(self, spec: dict[str, Any], child: int) -> None:
        self._spec = spec
        self._child = child
        self._status: int | None = None

    def run(self) -> tuple[str, int]:
        """Wait until the program ends, the host lets go, or it takes too much; say how it ended."""
        why = ""
        look = select.poll()
        look.register(0, select.POLLIN | select.POLLHUP)
        woken, waking = os.pipe()
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        look.register(woken, select.POLLIN)
        while not why and not self._reap():
            ready = {place for place, _ in look.poll(_LOOK_SECONDS * 1000)}
            if woken in ready:
                os.read(woken, 512)
            if 0 in ready and not os.read(0, 512):
                why = "stopped"
            why = why or self._greedy()
        if why == "stopped":
            self._ask_to_end()
        self._end_all()
        told = self._status or 0
        if why:
            return why, 0
        if os.WIFSIGNALED(told):
            return "signal", os.WTERMSIG(told)
        return "exit", os.WEXITSTATUS(told)

    def _reap(self) -> bool:
        """Take in whoever has ended; return whether the program itself has."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self._child:
                    self._status = status
        except ChildProcessError:
            self._status = self._status or 0  # nobody is left to wait for
        return self._status is not None

    def _greedy(self) -> str:
        if sys.platform != "linux":
            return ""
        pids = _below(os.getpid())
        if len(pids) > self._spec["processes"]:
            return "processes"
        return "memory" if _memory(pids) > self._spec["memory"] else ""

    def _ask_to_end(self) -> None:
        self._send(signal.SIGTERM)
        last = time.monotonic() + self._spec["grace"]
        while not self._reap() and time.monotonic() < last:
            time.sleep(0.01)

    def _end_all(self) -> None:
        """End the group and whoever left it, as often as somebody is still there."""
        last = time.monotonic() + _END_SECONDS
        while time.monotonic() < last:
            self._send(signal.SIGKILL)
            self._reap()
            if self._status is not None and not _below(os.getpid()):
                return
            time.sleep(0.002)

    def _send(self, number: int) -> None:
        if self._status is None:
            _signal(os.killpg, self._child, number)
        for pid in _below(os.getpid()):
            _signal(os.kill, pid, number)


def _signal(send: Any, whom: int, number: int) -> None:
    try:
        send(whom, number)
    except OSError:
        return  # it has just ended


def main() -> None:
    """Read what to start, start it, and report how it ended."""
    report, size = map(int, sys.argv[1:])
    told = b""
    while len(told) < size:
        more = os.read(0, size - len(told))
        if not more:
            return
        told += more
    spec = marshal.loads(told)  # noqa: S302 - from our own host
    if sys.platform == "linux":
        _libc().prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's: the host decides
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _become(spec, report)
    if spec["input"]:
        os.close(spec["input"])
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    how, number = _Watch(spec, child).run()
    _remove(spec["folder"])
    _tell(report, how, number)


if __name__ == "__main__":
    main()
