"""``./run`` on a machine where nothing is installed yet, with a stand-in for uv."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.source import ROOT
from tests.support.taking import processor_seconds

# Creates a real, empty environment; "installs" by noting the lock it was given.
_FAKE_UV = """#!/bin/sh
echo "$1 $2" >> "{log}"
case "$1" in
    venv) for last in "$@"; do :; done; exec "{python}" -m venv --without-pip "$last" ;;
    pip) sleep 0.3; exit {code} ;;
esac
"""


class Checkout:
    """A fresh clone with the real door and an ``attain`` that only repeats its words."""

    def __init__(self, root: Path, tools: Path) -> None:
        self.root = root
        self.tools = tools
        self.log = tools / "uv.log"
        (root / "attain").mkdir(parents=True)
        (root / "attain" / "__init__.py").write_text("")
        (root / "attain" / "__main__.py").write_text("import sys\nprint('words', sys.argv[1:])\n")
        for name in ("run", "bootstrap.py"):
            shutil.copy(ROOT / name, root)
        for name in ("requirements.lock", "requirements-dev.lock"):
            (root / name).write_text("# nothing\n")
        tools.mkdir()
        self.uv(code=0)

    def uv(self, *, code: int) -> None:
        """Put a uv on the path that succeeds or fails to install."""
        script = _FAKE_UV.format(log=self.log, python=sys.executable, code=code)
        (self.tools / "uv").write_text(script)
        (self.tools / "uv").chmod(0o755)

    def start(self, *words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        process = self.open(*words, path=path)
        out, error = process.communicate(timeout=300)
        return subprocess.CompletedProcess(words, process.returncode, out, error)

    def open(self, *words: str, path: str | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["/bin/sh", str(self.root / "run"), *words],
            cwd="/",
            env={
                "PATH": path or f"{self.tools}{os.pathsep}/usr/bin{os.pathsep}/bin",
                "PYTHON": "" if path else sys.executable,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def asked(self) -> list[str]:
        """What uv was asked so far, and forget it."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line.split()[0] for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a clone", tmp_path / "tools")


def test_the_first_start_installs_and_passes_the_words_on(checkout: Checkout) -> None:
    done = checkout.start("explain", "--person", "王芳")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "words ['explain', '--person', '王芳']\n"
    assert checkout.asked == ["venv", "pip"]


def test_the_second_start_installs_nothing(checkout: Checkout) -> None:
    checkout.start("demo")
    assert checkout.asked
    assert checkout.start("demo").stdout == "words ['demo']\n"
    assert checkout.asked == []


@pytest.mark.parametrize(
    ("words", "lock"),
    [
        ("plugin grade ../attain-shop", "requirements-dev.lock"),
        ("plugin grades", "requirements-dev.lock"),
        ("test", "requirements-dev.lock"),
        ("plugin new ../attain-shop", "requirements.lock"),
        ("demo", "requirements.lock"),
        ("", "requirements.lock"),
    ],
)
def test_words_that_run_tests_get_the_tools_for_it(words: str, lock: str) -> None:
    bootstrap = load_bootstrap()
    assert bootstrap.LOCKS[bootstrap.kind_of(words.split())].name == lock


def test_without_a_word_the_help_is_shown(checkout: Checkout) -> None:
    assert checkout.start().stdout == "words ['--help']\n"


def test_a_changed_lock_is_installed_into_the_same_environment(checkout: Checkout) -> None:
    checkout.start("demo")
    assert checkout.asked
    (checkout.root / "requirements.lock").write_text("# something\n")
    checkout.start("demo")
    assert checkout.asked == ["pip"]


def test_a_moved_checkout_gets_a_new_environment(checkout: Checkout, tmp_path: Path) -> None:
    checkout.start("demo")
    assert checkout.asked
    checkout.root = checkout.root.rename(tmp_path / "moved")
    assert checkout.start("demo").returncode == 0
    assert checkout.asked == ["venv", "pip"]


def test_two_starts_at_once_install_once(checkout: Checkout) -> None:
    started = [checkout.open("demo") for _ in range(3)]
    done = [process.communicate(timeout=300) for process in started]
    assert [out for out, _ in done] == ["words ['demo']\n"] * 3
    assert checkout.asked == ["venv", "pip"]


def test_a_broken_off_installation_is_not_taken_for_a_finished_one(checkout: Checkout) -> None:
    (checkout.root / "requirements.lock").write_text("this is ! no requirement\n")
    checkout.uv(code=1)
    done = checkout.start("demo")
    assert done.returncode == 1
    assert "requirements.lock could not be installed" in done.stderr
    (checkout.root / "requirements.lock").write_text("# nothing\n")
    checkout.uv(code=0)
    assert checkout.start("demo").stdout == "words ['demo']\n"


def test_without_uv_pip_does_the_same(checkout: Checkout) -> None:
    (checkout.tools / "uv").unlink()
    done = checkout.start("demo")
    assert done.stdout == "words ['demo']\n", done.stderr


def test_a_start_with_nothing_to_do_is_quick(checkout: Checkout) -> None:
    checkout.start("demo")
    with processor_seconds() as taken:
        checkout.start("demo")
    # 0.1 s of a processor measured: what others do on a busy machine is not counted.
    assert taken() < 1.5


def test_a_python_that_only_prints_a_message_is_passed_over(checkout: Checkout) -> None:
    pretender = checkout.tools / "python3.13"
    pretender.write_text("#!/bin/sh\necho 'command not found'\nexit 127\n")
    pretender.chmod(0o755)
    (checkout.tools / "python3").symlink_to(sys.executable)
    (checkout.tools / "dirname").symlink_to(shutil.which("dirname") or "/usr/bin/dirname")
    (checkout.tools / "sleep").symlink_to(shutil.which("sleep") or "/bin/sleep")
    assert checkout.start("demo", path=str(checkout.tools)).stdout == "words ['demo']\n"


def test_without_any_python_one_line_says_what_to_do(checkout: Checkout) -> None:
    (checkout.tools / "dirname").symlink_to(shutil.which("dirname") or "/usr/bin/dirname")
    done = checkout.start("demo", path=str(checkout.tools))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Python 3.11 or newer" in done.stderr


def test_a_missing_venv_module_is_answered_with_the_line_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap = load_bootstrap()
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as caught:
        bootstrap.heal_missing_ensurepip()
    assert caught.value.code == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt-get install python{version}-venv" in capsys.readouterr().err


def test_as_root_the_missing_module_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap = load_bootstrap()
    asked: list[str] = []

    def run(command: Sequence[str]) -> bool:
        asked.append(" ".join(command[:2]))
        return True

    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(bootstrap, "run", run)
    bootstrap.heal_missing_ensurepip()
    assert asked == ["apt-get update", "apt-get install"]


def load_bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", ROOT / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
