"""Installed packs over GraphQL: overrides with author and reason, and upgrades with conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugins.packs.pack import Pack
from tests.api.company import PACK as PILOT
from tests.api.company import Served, served
from tests.support import shared
from tests.support.pack_versions import BONUS, CARD_KEY, FIRST, PLAN_KEY, SECOND, weight

INSTALL = """mutation($input: PackInstallInput!) { packInstall(input: $input) {
  ... on PackInstallSuccess { installation { packVersion version } problems { path code message } }
  ... on Problem { code path } } }"""
OVERRIDE = """mutation($input: PackOverrideInput!) { packOverride(input: $input) {
  ... on PackOverrideSuccess { installation { version hash overrides { path pack own reason } } }
  ... on InvalidProblem { code message problems { code path message } }
  ... on Problem { code message } } }"""
UPGRADE = """mutation($input: PackUpgradeInput!) { packUpgrade(input: $input) {
  ... on PackUpgradeSuccess { installation { version packVersion offered overrides { path } } }
  ... on InvalidProblem { code problems { code path message } } ... on Problem { code } } }"""
PREVIEW = """query($resolutions: [PackResolutionInput!]) {
  packUpgradePreview(pack: "shop", fromPeriod: "2026-11", resolutions: $resolutions) {
    fromVersion toVersion version undecided problems { code message }
    taken { path before after own } kept { path } agreed { path }
    conflicts { path before after own } } }"""
INSTALLED = """{ packInstallations { pack packVersion offered version validFrom scope { positions }
  overrides { path pack own revision reason account }
  revisions { revision deed packVersion reason } } }"""

COMPARE = """query($other: ID, $version: String) {
  packComparison(pack: "shop", other: $other, packVersion: $version) {
    one { pack packVersion kpis scorecards plans facts } other { pack packVersion kpis }
    shared { one { key } other { key feeding { feed } } } onlyOne { key } onlyOther { key }
    differences { path before after own } } }"""


class Shop:
    """The company with the pack of the tests on offer."""

    def __init__(self, made: Served) -> None:
        self.made = made
        self._packs: dict[str, Pack] = {}
        self._keys = 0
        made.runtime = replace(made.runtime, packs=self._packs)
        made.server = replace(made.server, actions=made.runtime)
        made.app = shared.app(made.server)
        self.offer(FIRST)

    def offer(self, pack: Pack) -> None:
        self._packs["shop"] = pack

    def add(self, name: str, pack: Pack) -> None:
        self._packs[name] = pack

    def do(self, query: str, who: str = "hr", **given: Any) -> Any:
        self._keys += 1
        whole = {"idempotencyKey": f"pack-key-{self._keys}", "pack": "shop", **given}
        (answer,) = self.made.data(who, query, input=whole).values()
        return answer

    def install(self, **given: Any) -> Any:
        scope = {"positions": ["pilot"]}
        return self.do(INSTALL, **({"validFrom": "2026-10-01", "scope": scope} | given))


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    with served(sqlite_url, tmp_path) as made:
        yield Shop(made)


def test_an_override_is_shown_with_what_the_pack_says_and_why(shop: Shop) -> None:
    assert shop.install()["installation"] == {"packVersion": "1.0.0", "version": 1}
    given: dict[str, Any] = {
        "fromPeriod": "2026-11",
        "expectedVersion": 1,
        "reason": "we sell to few",
    }
    done = shop.do(OVERRIDE, set={BONUS: "5500"}, **given)["installation"]
    said = {"path": BONUS, "pack": '"5000"', "own": '"5500"', "reason": "we sell to few"}
    assert (done["version"], done["overrides"]) == (2, [said])
    (found,) = shop.made.data("hr", INSTALLED)["packInstallations"]
    assert found["overrides"][0] == said | {
        "revision": 2,
        "account": found["overrides"][0]["account"],
    }
    assert [each["deed"] for each in found["revisions"]] == ["INSTALL", "OVERRIDE"]
    assert found["validFrom"] == "2026-11-01"
    assert shop.made.codes("anna", INSTALLED) == ["FORBIDDEN"]


def test_a_position_that_nobody_holds_is_named_with_those_that_are_held(shop: Shop) -> None:
    scopes = [{"document": PLAN_KEY, "scope": {"positions": ["sales", "Saels"]}}]
    told = shop.install(scopes=scopes)["problems"]
    assert [(each["path"], each["code"]) for each in told] == [
        ("scope", "SCOPE_POSITION_UNHELD"),
        (f"scopes.{PLAN_KEY}", "SCOPE_POSITION_UNHELD"),
    ]
    assert told[1]["message"].startswith("Nobody holds the position Saels from 2026-10-01 on")
    assert "Positions held: " in told[1]["message"]
    assert "sales" in told[1]["message"].partition("Positions held: ")[2]


def test_a_card_for_people_who_have_another_one_already_is_named(shop: Shop) -> None:
    told = shop.install(scope={"positions": ["sales"]})["problems"]
    assert [(each["path"], each["code"]) for each in told] == [
        (f"scopes.{CARD_KEY}", "SCOPE_CARD_RIVALS")
    ]
    both = "From 2026-10-01 on shop.sales_card and sales_card are scorecards for the same people"
    assert told[0]["message"].startswith(both)


def test_a_wrong_override_says_where_and_what_in_the_language_of_the_request(shop: Shop) -> None:
    shop.install()
    given: dict[str, Any] = {"fromPeriod": "2026-11", "expectedVersion": 1}
    wrong = shop.do(OVERRIDE, set={weight("sales"): "80"}, **given)
    assert wrong["code"] == "PACK_RULES_INVALID"
    assert wrong["problems"][0]["path"].startswith("scorecards[shop.sales_card].")
    whole = {"idempotencyKey": "pack-key-zh", "pack": "shop", "set": {"name": "x"}} | given
    answer = shop.made.data("hr", OVERRIDE, "zh-CN", input=whole)["packOverride"]
    assert answer["problems"][0]["message"].startswith("name 处不能修改")
    assert shop.do(OVERRIDE, who="meng", set={BONUS: "1"}, **given)["code"] == "FORBIDDEN"


def test_an_upgrade_is_looked_at_decided_made_and_undone(shop: Shop) -> None:
    shop.install(overrides={BONUS: "5500"})
    shop.offer(SECOND)
    seen = shop.made.data("hr", PREVIEW)["packUpgradePreview"]
    assert (seen["fromVersion"], seen["toVersion"], seen["undecided"]) == ("1.0.0", "2.0.0", 1)
    assert seen["conflicts"] == [
        {"path": BONUS, "before": '"5000"', "after": '"6000"', "own": '"5500"'}
    ]
    assert weight("sales") in [each["path"] for each in seen["taken"]]
    assert seen["problems"] == []
    given: dict[str, Any] = {"fromPeriod": "2026-11", "expectedVersion": 1}
    open_ = shop.do(UPGRADE, **given)
    assert (open_["code"], open_["problems"][0]["path"]) == ("PACK_CONFLICTS_OPEN", BONUS)
    take = [{"path": BONUS, "take": "OWN"}]
    assert shop.made.data("hr", PREVIEW, resolutions=take)["packUpgradePreview"]["undecided"] == 0
    done = shop.do(UPGRADE, resolutions=take, **given)["installation"]
    assert done == {
        "version": 2,
        "packVersion": "2.0.0",
        "offered": "2.0.0",
        "overrides": [{"path": BONUS}],
    }
    given |= {"expectedVersion": 2, "packVersion": "1.0.0"}
    back = shop.do(UPGRADE, **given)["installation"]
    assert (back["packVersion"], back["overrides"]) == ("1.0.0", [{"path": BONUS}])
    assert shop.made.codes("anna", PREVIEW) == ["FORBIDDEN"]


def test_two_packs_are_compared_by_what_they_count_and_two_versions_place_by_place(
    shop: Shop,
) -> None:
    shop.install(overrides={BONUS: "5500"})
    shop.offer(SECOND)
    shop.add("pilot", PILOT)
    found = shop.made.data("hr", COMPARE, other="pilot")["packComparison"]
    assert found["one"] == {
        "pack": "shop",
        "packVersion": "1.0.0",
        "kpis": 3,
        "scorecards": 1,
        "plans": 1,
        "facts": ["call", "order"],
    }
    assert [(each["one"]["key"], each["other"]["key"]) for each in found["shared"]] == [
        ("shop.sales", "pilot.sales")
    ]
    assert [each["key"] for each in found["onlyOne"]] == ["shop.retention", "shop.calls"]
    assert (found["onlyOther"], found["differences"]) == ([], [])
    newest = shop.made.data("hr", COMPARE)["packComparison"]
    assert newest["other"]["packVersion"] == "2.0.0"
    bonus = next(each for each in newest["differences"] if each["path"] == BONUS)
    assert bonus == {"path": BONUS, "before": '"5000"', "after": '"6000"', "own": '"5500"'}
    assert shop.made.codes("hr", COMPARE, version="9.9.9") == ["PACK_VERSION_UNKNOWN"]
    assert shop.made.codes("anna", COMPARE) == ["FORBIDDEN"]
