"""Settings: every variable is checked, and every problem is said at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from attain.settings import NAMES, SettingsInvalid, read_settings
from tests.support import forked_attain


def test_without_any_variable_the_embedded_database_lies_in_the_data_folder() -> None:
    settings = read_settings({})
    assert settings.database_url == f"sqlite:///{settings.data / 'attain.db'}"
    assert (settings.host, settings.port, settings.demo) == ("127.0.0.1", 8000, False)
    assert settings.locale == "zh-CN"


def test_every_variable_is_read(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "ATTAIN_DATA": str(tmp_path),
            "ATTAIN_DATABASE_URL": "postgresql+psycopg://attain@/pay",
            "ATTAIN_HOST": "::1",
            "ATTAIN_PORT": "9000",
            "ATTAIN_DEMO": "yes",
            "ATTAIN_ATTEMPTS": "3",
            "ATTAIN_SESSION_IDLE": "2",
            "ATTAIN_SESSION_LONGEST": "1",
            "ATTAIN_MOBILE_IDLE": "4",
            "ATTAIN_MOBILE_LONGEST": "5",
            "ATTAIN_LOCALE": "en",
            "ATTAIN_BUDGET": "50000",
            "ATTAIN_BUDGET_PER_SECOND": "70",
            "ATTAIN_DEADLINE": "3",
            "ATTAIN_STREAMS": "20",
            "ATTAIN_ORIGINS": "https://HR.example, http://127.0.0.1:3000",
            "ATTAIN_METRICS": "all",
            "ATTAIN_EXECUTOR": "stock",
            "ATTAIN_LOG": "faults",
        }
    )
    assert (settings.budget, settings.budget_per_second, settings.deadline) == (50_000, 70, 3)
    assert (settings.metrics, settings.log, settings.executor) == ("all", "faults", "stock")
    assert settings.streams == 20
    assert settings.origins == ("https://hr.example", "http://127.0.0.1:3000")
    assert settings.data == tmp_path
    assert settings.database_url == "postgresql+psycopg://attain@/pay"
    assert (settings.host, settings.port, settings.demo) == ("::1", 9000, True)
    lives = (settings.session_idle, settings.session_longest, settings.mobile_idle)
    assert (*lives, settings.mobile_longest, settings.attempts) == (2, 1, 4, 5, 3)
    assert settings.locale == "en"


def test_an_empty_variable_means_the_default() -> None:
    assert read_settings(dict.fromkeys(NAMES, "")) == read_settings({})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "attain.example"])
def test_a_demo_that_others_could_reach_does_not_start(host: str) -> None:
    with pytest.raises(SettingsInvalid, match="without a password"):
        read_settings({"ATTAIN_DEMO": "yes", "ATTAIN_HOST": host})
    assert read_settings({"ATTAIN_HOST": host}).host == host


def test_a_session_without_a_life_is_no_setting() -> None:
    names = ("SESSION_IDLE", "SESSION_LONGEST", "MOBILE_IDLE", "MOBILE_LONGEST")
    with pytest.raises(SettingsInvalid) as caught:
        read_settings({f"ATTAIN_{name}": "0" for name in names})
    assert len(caught.value.lines) == 4


def test_every_problem_is_said_at_once_and_no_password_is_repeated() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read_settings(
            {
                "ATTAIN_DATABASE_URL": "mysql://root:secret@host/db",
                "ATTAIN_PORT": "70000",
                "ATTAIN_DEMO": "perhaps",
                "ATTAIN_LOCALE": "fr",
                "ATTAIN_ORIGINS": "https://good.example,hr.example,https://hr.example/page,*",
                "ATTAIN_PROT": "80",
            }
        )
    said = [line.split()[0] for line in caught.value.lines]
    assert said == [
        "ATTAIN_PROT",
        "ATTAIN_DATABASE_URL",
        "ATTAIN_PORT",
        "ATTAIN_DEMO",
        "ATTAIN_LOCALE",
        *["ATTAIN_ORIGINS:"] * 3,
    ]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("port", ["-1", "65536", "8e3", "八千", " 80", "99999999999"])
def test_a_port_is_a_plain_number_within_its_range(port: str) -> None:
    with pytest.raises(SettingsInvalid, match="ATTAIN_PORT"):
        read_settings({"ATTAIN_PORT": port})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ATTAIN_BUDGET", "19999"),
        ("ATTAIN_BUDGET", "-1"),
        ("ATTAIN_BUDGET_PER_SECOND", "0"),
        ("ATTAIN_BUDGET_PER_SECOND", "1.5"),
        ("ATTAIN_DEADLINE", "0"),
        ("ATTAIN_DEADLINE", "3601"),
        ("ATTAIN_DEADLINE", "٣"),
        ("ATTAIN_METRICS", "everybody"),
        ("ATTAIN_EXECUTOR", "fast"),
        ("ATTAIN_LOG", "debug"),
    ],
)
def test_what_an_operator_sets_has_a_meaning_or_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        read_settings({name: value})


def test_the_command_says_the_problems_and_stops() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "attain", "migrate"],
        env={"ATTAIN_PORT": "none", "ATTAIN_DEMO": "perhaps"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert "Traceback" not in done.stderr


def test_trusted_documents_need_their_file_and_a_file_needs_that_mode(tmp_path: Path) -> None:
    assert read_settings({}).documents == "open"
    file = tmp_path / "list.json"
    both = read_settings({"ATTAIN_DOCUMENTS": "trusted", "ATTAIN_DOCUMENTS_FILE": str(file)})
    assert (both.documents, both.documents_file) == ("trusted", file)
    for wrong in (
        {"ATTAIN_DOCUMENTS": "trusted"},
        {"ATTAIN_DOCUMENTS": "apq", "ATTAIN_DOCUMENTS_FILE": str(file)},
        {"ATTAIN_DOCUMENTS": "closed"},
    ):
        with pytest.raises(SettingsInvalid, match="ATTAIN_DOCUMENTS"):
            read_settings(wrong)


def test_a_list_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text("[]")
    variables = {
        "ATTAIN_DATA": str(tmp_path),
        "ATTAIN_PORT": "0",
        "ATTAIN_DOCUMENTS": "trusted",
        "ATTAIN_DOCUMENTS_FILE": str(file),
    }
    done = forked_attain.attain("serve", env=variables)
    assert done.returncode == 1
    assert done.stderr.startswith("ATTAIN_DOCUMENTS_FILE: ")
    assert "Traceback" not in done.stderr


def test_publishers_are_read_by_their_keys() -> None:
    one, other = "ab" * 32, "cd" * 32
    settings = read_settings({"ATTAIN_PUBLISHERS": f"the shop:{one.upper()}, a:b:{other}"})
    assert settings.publishers == {one: "the shop", other: "a:b"}


@pytest.mark.parametrize(
    "publishers", ["ab" * 32, f":{'ab' * 32}", "shop:abc", f"a:{'ab' * 32},b:{'AB' * 32}"]
)
def test_a_publisher_without_a_name_or_a_key_stops_the_start(publishers: str) -> None:
    with pytest.raises(SettingsInvalid, match="ATTAIN_PUBLISHERS must be name:key"):
        read_settings({"ATTAIN_PUBLISHERS": publishers})
