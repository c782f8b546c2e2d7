"""The file that says how people sign in, and the first administrator on the command line."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from attain.settings import SettingsInvalid, read_settings
from attain.sign_in_file import SignInFileInvalid, open_sign_in, read_sign_in
from attain.wiring import system_clock
from connectors.oidc import Oidc, OidcSettings
from connectors.wecom import API, WeComSettings
from tests.support import forked_attain

CANARY = "canary-of-a-secret"
FILE = """
public_url = "https://attain.example/"

[[providers]]
id = "company"
kind = "oidc"
label = { "zh-CN" = "公司账号", en = "Company account" }
legal_entity = "Hejia"
issuer = "https://login.example/tenant/v2.0"
client_id = "attain"
client_secret = { env = "OIDC_SECRET" }
subject_claim = "oid"

[[providers]]
id = "wecom"
kind = "wecom"
label = { "zh-CN" = "企业微信", en = "WeCom" }
legal_entity = "Hejia"
corp_id = "ww0001"
agent_id = "1000002"
secret = { file = "wecom.secret" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A right file with its secrets."""
    path = tmp_path / "sign-in.toml"
    path.write_text(FILE, "utf-8")
    (tmp_path / "wecom.secret").write_text(f"{CANARY}-2\n", "utf-8")
    return path


def test_a_file_names_providers_and_refers_to_their_secrets(file: Path) -> None:
    read = read_sign_in(file, {"OIDC_SECRET": f"{CANARY}-1"})
    company, wecom = read.providers
    assert isinstance(company, OidcSettings)
    assert isinstance(wecom, WeComSettings)
    assert read.public_url == "https://attain.example"
    assert company.client_secret is not None
    assert (company.client_secret.value, company.algorithms) == (f"{CANARY}-1", ("RS256", "ES256"))
    assert (wecom.secret.value, wecom.api) == (f"{CANARY}-2", API)
    assert CANARY not in f"{read!r} {read} {company.client_secret}"
    opened = open_sign_in(read, system_clock)
    assert list(opened.providers) == ["company", "wecom"]
    assert opened.redirect_uri("wecom") == "https://attain.example/auth/wecom/callback"
    assert isinstance(opened.providers["company"], Oidc)


def test_json_says_the_same(file: Path, tmp_path: Path) -> None:
    import tomllib

    other = tmp_path / "sign-in.json"
    other.write_text(json.dumps(tomllib.loads(FILE)), "utf-8")
    environment = {"OIDC_SECRET": CANARY}
    assert read_sign_in(other, environment) == read_sign_in(file, environment)


def lines(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text, "utf-8")
    with pytest.raises(SignInFileInvalid) as caught:
        read_sign_in(path, {"OIDC_SECRET": CANARY, "ATTAIN_X": CANARY})
    return caught.value.lines


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("https://attain.example/", "http://attain.example", "public_url"),
        ("https://attain.example/", "https://attain.example/app", "public_url"),
        ('kind = "oidc"', 'kind = "saml"', "providers[0].kind"),
        ('id = "company"', 'id = "Com pany"', "providers[0].id"),
        ('id = "company"', 'id = "wecom"', "two have the same id"),
        ('{ env = "OIDC_SECRET" }', '"canary-of-a-secret"', "providers[0].client_secret: write"),
        ("OIDC_SECRET", "MISSING", "providers[0].client_secret: what it refers to"),
        ("OIDC_SECRET", "ATTAIN_X", "names that begin with ATTAIN_"),
        ("wecom.secret", "no.such.file", "providers[1].secret: what it refers to"),
        ('"oid"', '"email"', "providers[0].subject_claim"),
        ('client_id = "attain"', 'client_id = ""', "providers[0].client_id"),
        ("https://login.example", "http://login.example", "providers[0].issuer"),
        ('client_id = "attain"', 'clientid = "attain"', "there is no setting 'clientid'"),
        ('"zh-CN" = "公司账号", ', "", "providers[0].label"),
        ('subject_claim = "oid"', 'algorithms = ["HS256"]', "providers[0].algorithms"),
        ('subject_claim = "oid"', 'algorithms = ["none"]', "providers[0].algorithms"),
        ('subject_claim = "oid"', 'scopes = ["profile"]', "providers[0].scopes"),
        ('subject_claim = "oid"', "scopes = 7", "providers[0].scopes"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_without_the_secret(
    file: Path, old: str, new: str, said: str
) -> None:
    assert old in FILE
    found = lines(file, FILE.replace(old, new, 1))
    assert any(said in line for line in found), found
    assert CANARY not in " ".join(found)


def test_everything_that_is_wrong_is_said_at_once(file: Path) -> None:
    assert len(lines(file, 'public_url = "x"\nproviders = [{ kind = "oidc" }]')) >= 6
    assert lines(file, "not = [toml") == ("cannot be read as TOML or JSON: TOMLDecodeError",)
    assert len(lines(file, "")) == 3


def test_a_host_that_is_near_has_to_be_named(file: Path) -> None:
    near = FILE.replace("https://login.example", "http://10.0.0.7:8080")
    assert any("issuer" in line for line in lines(file, near))
    file.write_text('private_hosts = ["10.0.0.7"]\n' + near, "utf-8")
    assert read_sign_in(file, {"OIDC_SECRET": CANARY}).private_hosts == ("10.0.0.7",)


def test_settings_read_the_file_and_stop_the_start_when_it_is_wrong(file: Path) -> None:
    environment = {"ATTAIN_SIGN_IN_FILE": str(file), "OIDC_SECRET": CANARY}
    settings = read_settings(environment)
    assert settings.sign_in is not None
    assert CANARY not in repr(settings)
    with pytest.raises(SettingsInvalid) as caught:
        read_settings({**environment, "OIDC_SECRET": ""})
    assert [line.split(":")[0] for line in caught.value.lines] == ["ATTAIN_SIGN_IN_FILE"]
    assert read_settings({}).sign_in is None


def attain(data: Path, file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTAIN_")}
    chosen: dict[str, Any] = {"ATTAIN_DATA": str(data), "ATTAIN_LOCALE": "en"}
    chosen |= {"ATTAIN_SIGN_IN_FILE": str(file), "OIDC_SECRET": CANARY}
    return forked_attain.attain(*words, env={**kept, **chosen})


def test_the_first_administrator_is_made_on_the_server(file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert attain(data, file, "migrate").returncode == 0
    first = ("account", "create", "--login", "ada", "--role", "admin", "--found", "Hejia")
    made = attain(data, file, *first, "--provider", "company", "--subject", "object-1")
    assert made.returncode == 0, made.stderr
    assert "sign in at https://attain.example/auth/company/start" in made.stdout
    again = attain(data, file, *first)
    assert (again.returncode, "ada" in again.stderr) == (1, True)
    linked = attain(
        data, file, "account", "link", "--login", "ada", "--provider", "wecom", "--subject", "Ada"
    )
    assert linked.returncode == 0, linked.stderr
    wrong = attain(data, file, "account", "create", "--login", "bo", "--role", "KING")
    assert (wrong.returncode, "--role is one of" in wrong.stderr) == (2, True)
    assert CANARY not in "".join(each.stdout + each.stderr for each in (made, again, linked, wrong))
