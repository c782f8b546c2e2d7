"""What our own connectors ask of their simulators is recorded, tells nothing, and replays."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from actions.source_secrets import secrets_in
from connectors.kit.recording import Wish, record
from connectors.kit.scanning import Allowed
from connectors.secret_forms import tells
from connectors.testing import NOW, Case

# What a vendor of each would say at the command line, where anything has to be said.
SAID: Mapping[str, Mapping[str, Any]] = {
    "dingtalk": {},
    "feishu": {},
    "fxiaoke": {"ignores": ("thirdTraceId",)},
    "hubspot": {},
    "moodle": {},
    "neocrm": {
        "allowed": (
            Allowed(field="apiKey", pattern=r"[A-Za-z_]\w{0,40}", why="names of columns, here"),
        )
    },
    "odoo": {},
    "rest": {},
    "salesforce": {},
    "scim": {},
    "shopify": {},
    "tryton_contract": {},
    "wecom_contract": {},
    "xapi": {},
    "youzan": {},
    "zendesk": {"hides": ("after_cursor", "cursor", "page[after]")},
}


@pytest.mark.long
@pytest.mark.parametrize("name", SAID)
def test_a_connector_of_ours_is_recorded_and_replayed(name: str, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        f"recorded_{name}", Path(__file__).with_name(f"test_{name}.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shared = getattr(module, "SHARED", None)
    with shared.serving() if shared else nullcontext():
        case: Case = getattr(module, name.replace("_contract", "") + "_case")(tmp_path)
        texts = record(_wish(case, **SAID[name]), lambda: case.web)
    assert len(texts) == 2 + len(case.streams)
    whole = "\n".join(texts.values())
    assert not tells(whole, [each for each in case.secrets if len(each) > 5])
    assert "127.0.0.1" not in whole


def _wish(case: Case, **said: Any) -> Wish:
    declared = secrets_in(case.config, case.connector.info.config_schema)
    names = {value: name for name, value in declared}
    return Wish(
        connector=case.connector,
        config=case.config,
        secrets=tuple((name, value) for value, name in names.items()),
        now=NOW,
        streams=case.streams,
        **said,
    )
