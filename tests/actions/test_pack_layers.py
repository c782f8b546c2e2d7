"""An installed pack is pinned, changed by layers and brought to other versions from a period on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from actions.calculate import Mode
from actions.change_pack import Change, override_pack, upgrade_pack
from actions.close_period import close_period
from actions.define_metric import define_metric
from actions.install_pack import install_pack
from actions.pack_pins import pin_of
from actions.publish_plan import draft_plan, publish_plan
from actions.publish_scorecard import publish_scorecard
from domain.access import Role
from domain.metric import decode_metric
from domain.pack_layer import held, path_of
from domain.pack_merge import Take
from domain.plan_document import encode_plan
from plugins.builtin import kpi_packs
from plugins.packs.pack import Pack
from plugins.packs.reading import packs_from
from storage.definitions import Scope, StoredPlan, metrics_by_key, plan_versions, scorecards
from storage.engine import Writing, reading
from storage.packs import StoredLayer, newest_layers, pack_contents, pack_layers
from tests.support.closing import NEXT, PERIOD, Branch
from tests.support.company import SYSTEM
from tests.support.pack_versions import (
    BONUS,
    CARD_KEY,
    FIRST,
    PLAN_KEY,
    SECOND,
    card,
    pack,
    plan,
    weight,
)
from tests.support.rules import changed
from tests.support.viewers import refused, viewer

AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)
FAR = date(2027, 1, 1)
ONE = Scope(positions=("pilot",))


class Shop:
    """The branch with the pack of the tests on offer."""

    def __init__(self, branch: Branch) -> None:
        self.branch = branch
        self.offer: dict[str, Pack] = {"shop": FIRST}

    @property
    def entity(self) -> str:
        return self.branch.company.entity_id

    @property
    def runtime(self) -> Any:
        return replace(self.branch.runtime, packs=self.offer)

    def install(self, day: date = AUGUST, scope: Scope = ONE, **more: Any) -> str:
        return self.branch.company.write(
            lambda w: install_pack(
                self.runtime, w, SYSTEM, "shop", valid_from=day, scope=scope, **more
            )
        )

    def override(
        self, given: Mapping[str, object], period: str = NEXT, seen: int = 1, **more: Any
    ) -> str:
        change = Change(pack_id="shop", period=period, expected_version=seen, reason="we sell so")
        return self.branch.company.write(
            lambda w: override_pack(self.runtime, w, SYSTEM, change, given=given, **more)
        )

    def upgrade(self, period: str = NEXT, seen: int = 1, **more: Any) -> str:
        change = Change(pack_id="shop", period=period, expected_version=seen)
        return self.branch.company.write(
            lambda w: upgrade_pack(self.runtime, w, SYSTEM, change, **more)
        )

    def layers(self) -> Mapping[str, StoredLayer]:
        with reading(self.branch.runtime.engine, SYSTEM) as connection:
            return newest_layers(connection, self.entity, known_at=self.branch.runtime.clock())

    def layer(self) -> StoredLayer:
        return self.layers()["shop"]

    def weights(self, day: date) -> dict[str, int]:
        """Read the weights of the card that holds on a day."""
        with reading(self.branch.runtime.engine, SYSTEM) as connection:
            found = scorecards(
                connection, self.entity, start=day, end=day.replace(day=2), known_at=_now(self)
            )
        (mine,) = (each for each in found if each.pack_id == "shop")
        return {
            each.metric.removeprefix("shop."): each.weight // 10_000
            for each in mine.scorecard.items
        }

    def drafts(self) -> list[StoredPlan]:
        with reading(self.branch.runtime.engine, SYSTEM) as connection:
            found = plan_versions(connection, self.entity, known_at=_now(self), state="DRAFT")
        return [each for each in found if each.plan.key == PLAN_KEY]

    def amounts(self) -> list[str]:
        """Read the bonus of each draft."""
        documents = [encode_plan(each.plan) for each in self.drafts()]
        return [each["components"][0]["amount"] for each in documents]  # type: ignore[index]


def _now(shop: Shop) -> Any:
    return shop.branch.runtime.clock()


@pytest.fixture
def shop(branch: Branch) -> Shop:
    return Shop(branch)


@pytest.fixture
def shop_on_both(branch_on_both: Branch) -> Shop:
    return Shop(branch_on_both)


def test_a_pack_is_pinned_with_what_it_said_and_changed_by_a_layer_from_a_period_on(
    shop_on_both: Shop,
) -> None:
    shop = shop_on_both
    first = shop.install()
    assert shop.install() == first  # the same again is nothing new
    assert shop.weights(AUGUST) == {"sales": 60, "retention": 40}
    shop.offer = {}  # the plug-in is gone: what was pinned is known all the same
    shop.override({weight("sales"): "70", weight("retention"): "30"})
    assert shop.weights(AUGUST) == {"sales": 60, "retention": 40}
    assert shop.weights(SEPTEMBER) == {"sales": 70, "retention": 30}
    layer = shop.layer()
    assert (layer.revision, layer.pack_version, layer.valid_from) == (2, "1.0.0", SEPTEMBER)
    assert set(layer.since.values()) == {2}
    assert layer.reason == "we sell so"
    shop.override({}, period="2026-10", seen=2, cleared=[weight("sales"), weight("retention")])
    assert shop.weights(date(2026, 10, 1)) == {"sales": 60, "retention": 40}
    with reading(shop.branch.runtime.engine, SYSTEM) as connection:
        steps = pack_layers(connection, shop.entity, known_at=_now(shop))
        (kept,) = pack_contents(connection, shop.entity, [FIRST.hash]).values()
    assert [each.revision for each in steps] == [1, 2, 3]
    assert steps[0].hash == steps[2].hash != steps[1].hash
    assert kept["version"] == "1.0.0"


def test_an_upgrade_takes_what_is_new_and_keeps_what_is_ones_own(shop_on_both: Shop) -> None:
    shop = shop_on_both
    shop.install()
    shop.override({BONUS: "5500.00"}, period=PERIOD)
    assert shop.amounts() == ["5500"]
    shop.offer = {"shop": pack("1.1.0", [card(calls="10", sales="50", retention="40")], [plan()])}
    shop.upgrade(seen=2)
    assert shop.weights(AUGUST) == {"sales": 60, "retention": 40}
    assert shop.weights(SEPTEMBER) == {"calls": 10, "sales": 50, "retention": 40}
    assert shop.amounts() == ["5500"]
    layer = shop.layer()
    assert (layer.pack_version, list(layer.overrides)) == ("1.1.0", [path_of(BONUS)])
    assert layer.since[path_of(BONUS)] == 2


def test_every_real_conflict_has_to_be_decided(shop: Shop) -> None:
    shop.install(overrides={BONUS: "5500.00"})
    shop.offer = {"shop": SECOND}
    with refused("pack_conflicts_open") as found:
        shop.upgrade()
    assert [each.path for each in found().problems] == [BONUS]
    assert shop.layer().revision == 1
    with refused("pack_conflict_absent"):
        shop.upgrade(decided={BONUS: Take.OWN, weight("sales"): Take.OWN})
    shop.upgrade(decided={BONUS: Take.PACK})
    assert shop.amounts() == ["5500", "6000"]
    assert not shop.layer().overrides


def test_the_same_amount_in_another_form_is_no_conflict(shop: Shop) -> None:
    shop.install(overrides={BONUS: "6000.0"})
    shop.offer = {"shop": SECOND}
    shop.upgrade()
    assert not shop.layer().overrides


def test_what_was_edited_in_the_draft_is_an_override_that_no_upgrade_loses(shop: Shop) -> None:
    shop.install()
    (draft,) = shop.drafts()
    shop.branch.company.write(
        lambda w: draft_plan(
            w, SYSTEM, plan("4321.00"), draft.scope, valid_from=AUGUST, version_id=draft.id
        )
    )
    shop.offer = {"shop": SECOND}
    with refused("pack_conflicts_open"):
        shop.upgrade()
    shop.upgrade(decided={BONUS: Take.OWN})
    assert shop.amounts() == ["4321"]
    assert shop.layer().overrides == {path_of(BONUS): "4321"}


def test_a_draft_of_the_time_before_stays_and_both_can_be_published(shop: Shop) -> None:
    shop.install()
    shop.offer = {"shop": SECOND}
    shop.upgrade()
    drafts = shop.drafts()
    assert [(each.valid_from, each.valid_to) for each in drafts] == [
        (AUGUST, SEPTEMBER),
        (SEPTEMBER, None),
    ]
    assert shop.amounts() == ["5000", "6000"]
    shop.override({BONUS: "7000.00"}, seen=2)  # from the same day on: the draft that is there
    assert shop.amounts() == ["5000", "7000"]

    def publish(writing: Writing) -> str:
        for each in reversed(drafts):
            publish_plan(writing, SYSTEM, each.id, override_reason="it is a test")
        return ""

    shop.branch.company.write(publish)
    assert shop.drafts() == []


def test_a_published_plan_goes_on_until_the_new_draft_is_published(shop: Shop) -> None:
    shop.install()
    (draft,) = shop.drafts()
    shop.branch.company.write(
        lambda w: publish_plan(w, SYSTEM, draft.id, override_reason="it is a test")
    )
    shop.offer = {"shop": SECOND}
    shop.upgrade()
    (new,) = shop.drafts()
    assert (new.id != draft.id, new.valid_from, shop.amounts()) == (True, SEPTEMBER, ["6000"])


def test_an_upgrade_is_undone_by_another_one(shop: Shop) -> None:
    shop.install()
    own = {weight("sales"): "70", weight("retention"): "30"}
    shop.override(own, period=PERIOD)
    before = shop.layer()
    shop.offer = {"shop": SECOND}
    take = dict.fromkeys((weight("sales"),), Take.OWN)
    with refused("pack_rules_invalid"):  # 70, 30 and the new 10: no conflict more, and yet 110
        shop.upgrade(seen=2, decided=take)
    shop.offer = {"shop": pack("2.0.0", [card(sales="50", retention="50")], [plan()])}
    shop.upgrade(seen=2, decided=dict.fromkeys(own, Take.OWN))
    # what it had said over this very version before is not asked for again
    shop.upgrade(seen=3, version="1.0.0")
    after = shop.layer()
    assert (after.pack_version, after.hash) == ("1.0.0", before.hash)
    assert shop.weights(SEPTEMBER) == {"sales": 70, "retention": 30}


def test_a_closed_period_is_not_changed_and_neither_is_one_before_a_planned_change(
    shop: Shop,
) -> None:
    shop.install(AUGUST)
    shop.branch.run(Mode.POSTED)
    close_period(shop.runtime, SYSTEM, shop.entity, PERIOD, accept_warnings=True)
    installed = shop.layer()
    with refused("period_closed"):
        shop.override({BONUS: "1.00"}, period=PERIOD)
    assert shop.layer() == installed
    shop.override({BONUS: "1.00"}, period="2026-11")
    planned = shop.layer()
    with refused("pack_change_planned"):
        shop.upgrade(period=NEXT, seen=2)
    with refused("version_conflict"):
        shop.override({BONUS: "2.00"}, period="2026-12", seen=1)
    assert shop.layer() == planned


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({weight("sales"): "80"}, "pack_rules_invalid"),  # 120 together
        ({weight("nothing"): "80"}, "pack_override_path"),
        ({"name/en": "Mine"}, "pack_override_path"),
        ({f"scorecards/key={CARD_KEY}/key": "shop.mine"}, "pack_override_fixed"),
        ({f"scorecards/key={CARD_KEY}/rounding/more": "1"}, "pack_override_path"),
        ({f"plans/key={PLAN_KEY}/cap": None}, "pack_override_absent"),
        ({f"scorecards/key={CARD_KEY}/name": {"en": "Mine", "zh-CN": None}}, "pack_override_path"),
        ({"metrics/key=shop.sales": None}, "pack_rules_invalid"),  # the card reads it
    ],
)
def test_a_change_that_cannot_be_is_refused_with_its_place(
    shop: Shop, given: dict[str, object], code: str
) -> None:
    shop.install()
    wanted = code if code == "pack_rules_invalid" else "pack_override_refused"
    with refused(wanted) as found:
        shop.override(given)
    assert found().problems
    if wanted != code:
        assert {each.code for each in found().problems} == {code}
    assert all(each.path for each in found().problems)
    assert shop.layer().revision == 1


def test_elements_are_added_and_taken_away_as_a_whole(shop: Shop) -> None:
    shop.install()
    items = f"scorecards/key={CARD_KEY}/items"
    new = card(calls="40")["items"][0]
    shop.override({f"{items}/metric=shop.retention": None, f"{items}/metric=shop.calls": new})
    assert shop.weights(SEPTEMBER) == {"sales": 60, "calls": 40}
    with refused("pack_override_refused"):  # under the name of another one
        shop.override({f"{items}/metric=shop.visits": new}, seen=2)
    shop.override({f"scorecards/key={CARD_KEY}": None}, period="2026-10", seen=2)
    with reading(shop.branch.runtime.engine, SYSTEM) as connection:
        found = scorecards(
            connection, shop.entity, start=date(2026, 10, 1), end=FAR, known_at=_now(shop)
        )
    assert "shop" not in {each.pack_id for each in found}


def test_what_came_with_a_pack_is_changed_in_its_layer_alone(shop: Shop) -> None:
    shop.install()
    mine = changed(card(sales="60", retention="40"), cap="120")
    with refused("pack_definition_owned"):
        shop.branch.company.write(
            lambda w: publish_scorecard(w, SYSTEM, mine, ONE, valid_from=SEPTEMBER)
        )
    # whom it is for is the company's own business
    other = Scope(positions=("pilot", "copilot"))
    shop.branch.company.write(
        lambda w: publish_scorecard(w, SYSTEM, FIRST.scorecards[0], other, valid_from=SEPTEMBER)
    )
    shop.override({weight("sales"): "70", weight("retention"): "30"}, period="2026-10")
    with reading(shop.branch.runtime.engine, SYSTEM) as connection:
        found = scorecards(
            connection, shop.entity, start=date(2026, 10, 1), end=FAR, known_at=_now(shop)
        )
    assert [each.scope for each in found if each.pack_id == "shop"] == [other]


def test_a_card_whose_people_change_later_says_what_the_layer_says_there_too(shop: Shop) -> None:
    shop.install()
    other = Scope(positions=("sales",))
    (document,) = FIRST.scorecards
    shop.branch.company.write(
        lambda w: publish_scorecard(w, SYSTEM, document, other, valid_from=FAR)
    )
    shop.override({weight("sales"): "70", weight("retention"): "30"})
    assert shop.weights(AUGUST) == {"sales": 60, "retention": 40}
    assert shop.weights(SEPTEMBER) == shop.weights(FAR) == {"sales": 70, "retention": 30}
    shop.override({f"scorecards/key={CARD_KEY}": None}, seen=2)
    with reading(shop.branch.runtime.engine, SYSTEM) as connection:
        found = scorecards(
            connection, shop.entity, start=SEPTEMBER, end=date(2028, 1, 1), known_at=_now(shop)
        )
    assert [each for each in found if each.pack_id == "shop"] == []


def test_a_key_that_the_company_took_itself_is_not_written_over(shop: Shop) -> None:
    own = changed(dict(FIRST.metrics[0]), empty="NO_DATA")
    shop.branch.company.write(lambda w: define_metric(w, SYSTEM, own, valid_from=AUGUST))
    with refused("pack_key_taken"):
        shop.install()
    with reading(shop.branch.runtime.engine, SYSTEM) as connection:
        found = metrics_by_key(connection, shop.entity, valid_at=SEPTEMBER, known_at=_now(shop))
    assert found[own["key"]] == decode_metric(own)[0]
    assert shop.layers() == {}


def test_two_cards_for_the_same_people_are_refused_before_nobody_is_scored(shop: Shop) -> None:
    second = changed(card(sales="100"), key="shop.other_card")
    shop.offer = {"shop": pack("1.0.0", [FIRST.scorecards[0], second])}
    with refused("pack_cards_overlap"):
        shop.install()
    with refused("pack_document_unknown"):
        shop.install(scopes={"shop.sales": Scope()})
    assert shop.layers() == {}
    shop.install(scopes={"shop.other_card": Scope(positions=("driver",))})


def test_only_who_may_install_packs_may_change_them(shop: Shop) -> None:
    shop.install()
    manager = viewer(Role.MANAGER, shop.entity, unit=shop.branch.teams[1])
    change = Change(pack_id="shop", period=NEXT, expected_version=1)
    with refused("forbidden"), shop.runtime.writing(shop.entity, manager) as writing:
        override_pack(shop.runtime, writing, manager, change, given={BONUS: "1.00"})
    with refused("forbidden"), shop.runtime.writing(shop.entity, manager) as writing:
        upgrade_pack(shop.runtime, writing, manager, change)


def test_another_version_is_brought_in_by_an_upgrade_and_an_unknown_one_is_not(
    shop: Shop,
) -> None:
    with refused("pack_not_installed"):
        shop.upgrade()
    shop.install()
    with refused("pack_installed_already"):
        shop.upgrade()
    with refused("pack_version_unknown"):
        shop.upgrade(version="0.9.0")
    shop.offer = {"shop": SECOND}
    with refused("pack_upgrade_instead"):
        shop.install()
    assert (shop.layer().pack_version, shop.layer().revision) == ("1.0.0", 1)


def test_a_pack_without_overrides_holds_exactly_as_it_is_written() -> None:
    for each in packs_from(kpi_packs())[0].values():
        rules = held(pin_of(each).leaves, {})
        assert (rules.metrics, rules.scorecards, rules.plans) == (
            each.metrics,
            each.scorecards,
            each.plans,
        )
