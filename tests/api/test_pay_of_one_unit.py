"""Who may decide the pay of one unit only learns nothing of what is about all pay.

No role gives that right today. The table of rights is widened here, so that each refusal is proven
by itself, and not by there being nobody it is for.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from actions import backtest, pack_preview, parallel_range, parallel_run, prepare_pay
from actions.sign_in import make_account
from api import old_results
from domain import access
from domain.access import Deed, Range, Resource, Role
from storage import tables
from storage.engine import Writing
from storage.people import add_row
from tests.api.company import PEOPLE, YEAR, Served, calculated, served
from tests.api.test_pack_layers import INSTALL
from tests.support import shared
from tests.support.moving_in import moved_in
from tests.support.pack_versions import FIRST, SECOND

QUESTIONS = {
    "parallelRun": '{ parallelRun(period: "2026-09") { old { amount }'
    " differences { nodes { given old { amount } } } } }",
    "parallelRuns": '{ parallelRuns(fromPeriod: "2026-08", toPeriod: "2026-09") {'
    " people { nodes { given old { amount } } } } }",
    "oldResults": "{ oldResults { name rowsRead } }",
    "packPreview": '{ packPreview(pack: "shop", periods: "2026-09") { cards { people }'
    " pay { before { total { amount } } } } }",
    "packUpgradePreview": '{ packUpgradePreview(pack: "shop", fromPeriod: "2026-11") { toVersion'
    ' preview(periods: "2026-09") { cards { people } pay { before { total { amount } } } } } }',
}
TAKE = """mutation($input: OldResultsTakeInput!) { oldResultsTake(input: $input) {
  ... on OldResultsTakeSuccess { oldResults { name } } ... on Problem { code } } }"""
WHO = "north_pay"
_ASKING = (backtest, pack_preview, parallel_range, parallel_run, prepare_pay, old_results)


@pytest.fixture
def here(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """One company with an old sheet, a posted month and a pack of which there is a next version."""
    pay = {(Resource.PAY, deed): Range.SUBTREE for deed in Deed}
    wide = {(each, Deed.READ): Range.ENTITY for each in (Resource.CALCULATION, Resource.PACK)}
    monkeypatch.setattr(access, "BRANCH", MappingProxyType({**access.BRANCH, **pay, **wide}))
    with served(database_url, tmp_path) as made:
        packs = {"shop": FIRST}
        made.runtime = replace(made.runtime, packs=packs)
        made.server = replace(made.server, actions=made.runtime)
        made.app = shared.app(made.server)
        calculated(made)
        moved_in(made.company, "2026-09", dict.fromkeys(PEOPLE, 77_000_000))
        made.company.write(lambda writing: _branch(writing, made.ids["north"]))
        install = {"idempotencyKey": "one-unit-0001", "pack": "shop", "validFrom": "2026-10-01"}
        made.data("hr", INSTALL, input=install | {"scope": {"positions": ["pilot"]}})
        packs["shop"] = SECOND
        yield made


def _branch(writing: Writing, unit: str) -> str:
    """Grant HR of a unit by hand: the table knows it, and no action grants it."""
    account = make_account(writing, login=WHO, person_id=None, locale="en", valid_from=YEAR)
    add_row(
        writing,
        tables.role_grant,
        id="grant_north_pay",
        revision=1,
        valid_from=YEAR,
        valid_to=None,
        voided=False,
        made_by=writing.actor,
        reason="a branch",
        account_id=account,
        role=Role.HR.value,
        unit_id=unit,
    )
    return account


def _take(here: Served) -> dict[str, Any]:
    layout = {"person": "who", "namedBy": "NAME", "amounts": [{"component": "a", "column": "a"}]}
    sheet = {"idempotencyKey": "one-unit-0002", "period": "2026-09", "name": "mine"}
    sheet |= {"fileName": "a.csv", "content": base64.b64encode(b"who,a\nanna,1\n").decode()}
    return here.ask(WHO, TAKE, input=sheet | {"layout": layout})


def _seen(here: Served, who: str) -> set[str]:
    """Name the questions that are answered with anything of pay."""
    found = set()
    for name, text in QUESTIONS.items():
        answer = here.ask(who, text)
        (data,) = (answer.get("data") or {name: None}).values()
        if data and (name != "packUpgradePreview" or data["preview"]):
            found.add(name)
        elif name == "packUpgradePreview" and data:
            assert data == {"toVersion": "2.0.0", "preview": None}
            assert "amount" not in json.dumps(answer)
    return found


def test_what_is_about_all_pay_is_closed_to_who_decides_the_pay_of_one_unit(
    here: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _seen(here, "hr") == set(QUESTIONS)
    assert _seen(here, WHO) == set()
    assert "FORBIDDEN" in json.dumps(_take(here))
    # the right is there: that of their own unit is what they do have
    mine = '{ statement(period: "2026-09", person: "%s") { payout { amount } } }'
    assert here.data(WHO, mine % here.ids["anna"])["statement"]["payout"]["amount"]
    assert here.ask(WHO, mine % here.ids["fang"])["data"]["statement"] is None
    # Without the rule everything is told. On PostgreSQL the database still keeps the sheets.
    for module, rule in itertools.product(_ASKING, ("demand_entity", "demand_pay")):
        if hasattr(module, rule):
            monkeypatch.setattr(module, rule, lambda *_: None)
    is_net = here.runtime.engine.dialect.name == "postgresql"
    assert _seen(here, WHO) == set(QUESTIONS) - ({"oldResults"} if is_net else set())
