"""Secrets of connections: found wherever the schema says so, put in by reference, never told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from actions.connect_source import change_connection, create_connection
from actions.source_context import context_of
from actions.source_secrets import SecretPlaces, put_in, redactor, refuse_short_secrets, secrets_in
from attain.settings import SettingsInvalid, read_settings
from connectors.contract import Message, Notice, ReadRequest, Rejected
from connectors.failures import Forbidden
from domain.problem import Refused
from storage import tables
from tests.support.scripted import SECRET, Scripted, mark
from tests.support.syncing import HOST, NOW, Company

ODD = 'pa"ss/wörd+&='
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "token": {"$ref": "#/$defs/secret"},
        "access": {
            "anyOf": [
                {"properties": {"password": {"type": "string", "secret": True}}},
                {"properties": {"apps": {"items": {"$ref": "#/$defs/app"}}}},
            ]
        },
        "loop": {"$ref": "#/$defs/loop"},
        "headers": {"additionalProperties": {"secret": True}},
    },
    "$defs": {
        "secret": {"type": "string", "secret": True},
        "app": {"properties": {"key": {"$ref": "#/$defs/secret"}, "name": {}}},
        "loop": {
            "anyOf": [{"$ref": "#/$defs/loop"}],
            "properties": {"next": {"$ref": "#/$defs/loop"}, "pin": {"secret": True}},
        },
    },
}
CONFIG: dict[str, Any] = {
    "address": "https://crm.example",
    "token": "token-one",
    "access": {"password": "password-two", "apps": [{"key": "key-three", "name": "shown"}]},
    "loop": {"next": {"next": {"pin": 44_44_44}}},
    "headers": {"x-key": "header-five"},
}


def test_secrets_are_found_at_every_depth_of_the_schema() -> None:
    assert dict(secrets_in(CONFIG, SCHEMA)) == {
        "token": "token-one",
        "access.password": "password-two",
        "access.apps[0].key": "key-three",
        "loop.next.next.pin": "444444",
        "headers.x-key": "header-five",
    }


@pytest.mark.parametrize("secret", ["opensesame-42", ODD, "口令口令口令口令"])
def test_no_form_of_a_secret_is_told(secret: str) -> None:
    redact = redactor({"token": secret}, SCHEMA)
    pairs = [f"{user}:{secret}".encode() for user in ("a", "ab", "abc", "dave")]
    forms = [
        secret,
        json.dumps({"t": secret}),
        json.dumps({"t": secret}, ensure_ascii=False),
        repr({"t": secret}),
        f"https://x.example/?t={quote(secret, safe='')}&u=1",
        f"t={quote_plus(secret)}",
        quote(secret, safe="").lower(),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
        *(base64.b64encode(pair).decode() for pair in pairs),
        *(base64.b64encode(pair + b"/more").decode() for pair in pairs),
    ]
    for form in forms:
        told = redact(f"before {form} after")
        assert told.startswith("before ")
        assert told.endswith(" after")
        assert "•••" in told, form
        assert secret not in told


@pytest.mark.parametrize("secret", ["opensesame-42", ODD, "口令口令口令口令"])
def test_what_is_left_of_a_secret_where_a_text_was_cut_is_not_told(secret: str) -> None:
    redact = redactor({"token": secret}, SCHEMA)
    pair = base64.b64encode(f"dave:{secret}".encode()).decode()
    for whole in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], pair.rstrip("=")[7:-1]):
        for left in range(6, len(whole)):
            assert redact(f"it said {whole[:left]}") == "it said •••", whole[:left]
    assert redact("it said opens") == "it said opens"


def test_the_longest_secret_goes_first_and_leaves_nothing_of_itself() -> None:
    redact = redactor({"token": "sesame", "headers": {"a": "sesame-and-more"}}, SCHEMA)
    assert redact("it was sesame-and-more, then sesame") == "it was •••, then •••"


def test_a_short_secret_of_old_is_blanked_only_where_it_stands_alone() -> None:
    redact = redactor({"token": "e"}, SCHEMA)
    assert redact("the key e: seven") == "the key •••: seven"


def test_a_new_connection_with_a_short_secret_is_refused_with_the_setting_named() -> None:
    with pytest.raises(Refused) as refused:
        refuse_short_secrets({"access": {"apps": [{"key": "12345"}]}}, SCHEMA)
    assert refused.value.code == "secret_too_short"
    assert refused.value.values["field"] == "access.apps[0].key"


def test_a_secret_by_reference_is_put_in_for_the_run_and_never_stored(
    database_url: str, tmp_path: Path
) -> None:
    from dataclasses import replace

    company = Company(database_url, tmp_path, {"scripted": Scripted()})
    reference = {"token": {"$env": "ATTAIN_SECRET_CRM"}}
    crm = company.connect(reference, connector="scripted")
    [row] = company.all(tables.connection)
    assert row.config == reference
    with pytest.raises(Refused) as refused:
        company.sync(crm)
    assert refused.value.code == "secret_missing"
    assert company.all(tables.sync_run) == []
    places = SecretPlaces(variables={"ATTAIN_SECRET_CRM": SECRET})
    company.runtime = replace(company.runtime, secrets=places)
    context = context_of(company.runtime, Scripted(), reference, NOW)
    assert context.config == {"token": SECRET}
    assert context.redact(f"wrong: {SECRET}") == "wrong: •••"
    assert company.sync(crm).code == "source_empty"
    assert SECRET not in repr(company.runtime)
    company.runtime.engine.dispose()


def test_a_code_that_holds_a_secret_tells_none(sqlite_url: str, tmp_path: Path) -> None:
    scripted = Scripted()
    company = Company(sqlite_url, tmp_path, {"scripted": scripted})
    crm = company.connect({"token": SECRET}, connector="scripted")

    def script(_request: ReadRequest, _time: int) -> Iterator[Message]:
        code = f"odd {SECRET}"
        yield Rejected(stream="orders", position="row:1", reason=code)
        yield Notice(stream="orders", position="row:1", code=code)
        yield mark(1)
        raise Forbidden(code, {})

    scripted.script = script
    synced = company.sync(crm)
    told = [synced, *company.all(tables.sync_run), *company.all(tables.quarantine)]
    assert len(told) == 3
    assert SECRET not in repr(told)
    company.runtime.engine.dispose()


def test_a_reference_is_blanked_even_where_the_schema_knows_of_no_secret() -> None:
    places = SecretPlaces(variables={"ATTAIN_SECRET_A": "hidden-value"})
    config, secrets = put_in({"any": [{"place": {"$env": "ATTAIN_SECRET_A"}}]}, places)
    assert config == {"any": [{"place": "hidden-value"}]}
    assert redactor(config, {}, secrets)("hidden-value") == "•••"


@pytest.mark.parametrize(
    "reference",
    [
        {"$env": "PATH"},
        {"$env": "ATTAIN_DATABASE_URL"},
        {"$env": "ATTAIN_SECRET_MISSING"},
        {"$file": "../outside"},
        {"$file": "link"},
        {"$file": "missing"},
        {"$file": "."},
        {"$file": "nul\0"},
    ],
)
def test_a_reference_leads_only_to_what_was_made_for_it(
    reference: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "outside").write_text("not for connections")
    (folder / "link").symlink_to(tmp_path / "outside")
    everything = {"PATH": "/usr/bin", "ATTAIN_DATABASE_URL": "sqlite:///secret.db"}
    places = SecretPlaces(variables=everything, folder=folder)
    with pytest.raises(Refused) as refused:
        put_in({"token": reference}, places)
    assert refused.value.code == "secret_missing"
    assert "not for connections" not in str(refused.value)


def test_a_file_is_read_without_the_end_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("opensesame\n")
    config, secrets = put_in({"token": {"$file": "token"}}, SecretPlaces(folder=tmp_path))
    assert (config, secrets) == ({"token": "opensesame"}, ("opensesame",))


def test_a_malformed_reference_is_refused_when_it_is_set(sqlite_url: str, tmp_path: Path) -> None:
    company = Company(sqlite_url, tmp_path, {"scripted": Scripted()})
    crm = company.connect({"token": SECRET}, connector="scripted")
    wrong = {"token": {"$env": "ATTAIN_SECRET_A", "else": 1}}
    with company.runtime.writing(company.entity_id, HOST) as writing:
        with pytest.raises(Refused, match="secret_reference_invalid"):
            create_connection(
                company.runtime, writing, HOST, name="B", connector="scripted", config=wrong
            )
        with pytest.raises(Refused, match="secret_too_short"):
            change_connection(company.runtime, writing, HOST, crm, config={"token": "abc"})
    company.runtime.engine.dispose()


def test_the_settings_take_secrets_from_their_own_names_and_an_own_folder(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    settings = read_settings(
        {
            "ATTAIN_DATA": str(tmp_path / "data"),
            "ATTAIN_SECRETS": str(tmp_path / "secrets"),
            "ATTAIN_SECRET_CRM": SECRET,
            "HOME": "/root",
        }
    )
    assert settings.secrets == {"ATTAIN_SECRET_CRM": SECRET}
    assert SECRET not in repr(settings)
    with pytest.raises(SettingsInvalid, match="outside of ATTAIN_DATA"):
        read_settings({"ATTAIN_DATA": str(tmp_path), "ATTAIN_SECRETS": str(tmp_path / "secrets")})
