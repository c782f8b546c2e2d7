"""What an identity provider pushes costs by what changes and not by who is there besides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import storage.pushed
from storage.records import stored_record
from tests.support.provisioning import Provider, patch_op, placing_mapping, provided, user
from tests.support.sent import sent

FEW, MANY = 3, 24


@pytest.fixture
def provider(sqlite_url: str, tmp_path: Path) -> Iterator[Provider]:
    with provided(sqlite_url, tmp_path, placing_mapping()) as made:
        yield made


def test_a_group_of_many_takes_as_many_statements_as_one_of_few_and_one_who_goes_opens_his_own_rows(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [provider.post("Users", user(f"u{n}"))["id"] for n in range(MANY)]
    everybody = [{"value": each} for each in ids]
    provider.post("Groups", {"displayName": "First", "members": everybody[:1]})
    counted = []
    for size in (FEW, MANY):
        with sent(provider.company.runtime.engine) as statements:
            provider.post("Groups", {"displayName": f"Of {size}", "members": everybody[:size]})
        counted.append(len(statements))
    assert counted[0] == counted[1]
    opened: list[str] = []

    def noted(connection: Any, row: Any) -> Any:
        opened.append(row.key)
        return stored_record(connection, row)

    monkeypatch.setattr(storage.pushed, "stored_record", noted)
    off = {"op": "replace", "path": "active", "value": False}
    assert provider.ask("PATCH", f"Users/{ids[0]}", patch_op(off)).status_code == 200
    assert provider.ask("DELETE", f"Users/{ids[1]}").status_code == 204
    stays = [key for key in opened if "|" in key]
    assert stays, "nobody's stays were looked at"
    assert not [key for key in stays if ids[0] not in key and ids[1] not in key]
