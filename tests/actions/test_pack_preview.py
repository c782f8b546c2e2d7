"""What a pack would have scored and paid equals what it does score and pay once it is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actions.backtest import ComparedPeople
from actions.calculate import Mode
from actions.deed import Runtime
from actions.install_pack import install_pack
from actions.pack_preview import PackPreview, preview_pack, preview_person
from actions.pack_trial import Goal, PackTrial
from actions.publish_plan import publish_plan
from actions.set_goals import set_goal
from domain.access import Role
from domain.goal import GoalLevel
from domain.pack_merge import Take
from plugins.packs.pack import Pack
from storage.definitions import Scope, plan_versions
from storage.engine import reading
from storage.results import results, run_by_id
from tests.support.closing import MEDIAN, NEXT, PERIOD, YEAR, Branch, selling_branch
from tests.support.company import SYSTEM
from tests.support.pack_versions import (
    BONUS,
    CALLS,
    CARD_KEY,
    PLAN_KEY,
    card,
    pack,
    plan,
    weight,
)
from tests.support.rules import changed
from tests.support.stamped import office_with
from tests.support.viewers import refused, viewer

BOTH = (PERIOD, NEXT)
SELLERS = ("anna", "bo", "chen", "dai", "eve")
LIKE_SALES = {
    "shop.sales": (Goal(like="sales"),),
    "shop.calls": (Goal(amount="2"),),
}
ABOVE = changed(MEDIAN, metric="shop.sales", rate="0.10")
OFFER = pack(
    "1.0.0",
    [card(sales="70", calls="30")],
    [plan(components=[*plan()["components"], ABOVE])],
)


def _posted(runtime: Runtime) -> Branch:
    """Build a branch whose two months were posted: once for all tests, which get copies of it."""
    branch = selling_branch(runtime)
    for name, cents in zip(SELLERS, (90_000, 150_000, 40_000, 210_000, 120_000), strict=True):
        for month in (8, 9):
            branch.sale(name, date(2026, month, 3), cents)
    for period in BOTH:
        branch.run(Mode.POSTED, period)
    # the source of calls is connected only now, after everything was posted
    for day, name in enumerate(("anna", "anna", "dai"), start=4):
        branch.company.fact(name, date(2026, 9, day), 1, kind="call", unit="COUNT")
    return branch


@pytest.fixture
def branch(sqlite_url: str, tmp_path: Path) -> Iterator[Branch]:
    with office_with(_posted, sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def branch_on_both(database_url: str, tmp_path: Path) -> Iterator[Branch]:
    with office_with(_posted, database_url, tmp_path) as made:
        yield made


class Tried:
    """A branch whose two months were posted, and a pack that may be tried on them."""

    def __init__(self, branch: Branch, offer: Pack = OFFER) -> None:
        self.branch = branch
        self.runtime = replace(branch.runtime, packs={"shop": offer})
        self.people = Scope(people=tuple(branch.ids[name] for name in SELLERS))
        self.scopes = {CARD_KEY: self.people, PLAN_KEY: self.people}

    @property
    def entity(self) -> str:
        return self.branch.company.entity_id

    def preview(self, periods: Sequence[str] = BOTH, **more: Any) -> PackPreview:
        given: dict[str, Any] = {"scopes": self.scopes, "goals": LIKE_SALES} | more
        trial = PackTrial(pack_id="shop", **given)
        return preview_pack(self.runtime, SYSTEM, self.entity, trial, periods)

    def install(self, publish: bool = True) -> None:
        def deed(writing: Any) -> str:
            made = install_pack(
                self.runtime, writing, SYSTEM, "shop", valid_from=YEAR, scope=self.people
            )
            drafts = plan_versions(
                writing.connection, self.entity, known_at=writing.known_at, state="DRAFT"
            )
            for draft in drafts if publish else ():
                publish_plan(writing, SYSTEM, draft.id, override_reason="it is a test")
            return made

        self.branch.company.write(deed)

    def goals(self) -> None:
        lines = [
            {"metric": "shop.sales", "unit": "CNY", "target": "1000.00"},
            {"metric": "shop.calls", "unit": "COUNT", "target": "2"},
        ]
        for name in SELLERS:
            for period in BOTH:
                document = {"period": period, "name": f"shop {period}", "lines": lines}
                self.branch.company.write(
                    partial(
                        set_goal,
                        actor=SYSTEM,
                        document=document,
                        level=GoalLevel.PERSON,
                        owner_id=self.branch.ids[name],
                        parent_id=None,
                        valid_from=YEAR,
                    )
                )

    def calculated(self, period: str) -> dict[str, tuple[int | None, int | None]]:
        """Calculate in full, and read the score and the payout of everybody."""
        run_id = self.branch.run(Mode.TRIAL, period, incremental=False)
        with reading(self.branch.runtime.engine, SYSTEM) as connection:
            run = run_by_id(connection, self.entity, run_id)
            assert run is not None
            found = results(connection, SYSTEM, run, day=run.valid_at)
            return {each.person_id: (each.score, each.payout) for each in found}


def after(found: PackPreview) -> dict[str, int]:
    tried = found.backtest.tried[0]
    assert isinstance(tried, ComparedPeople)
    return dict(zip(tried.people, tried.after.tolist(), strict=True))


def test_a_preview_gives_what_the_installed_pack_gives(branch_on_both: Branch) -> None:
    made = Tried(branch_on_both)
    found = made.preview()
    assert not found.backtest.problems
    people = [
        preview_person(
            made.runtime,
            SYSTEM,
            made.entity,
            PackTrial(pack_id="shop", scopes=made.scopes, goals=LIKE_SALES),
            NEXT,
            branch_on_both.ids[name],
        )
        for name in SELLERS
    ]
    before = {name: made.calculated(NEXT)[branch_on_both.ids[name]] for name in SELLERS}
    made.install()
    made.goals()
    sums: dict[str, int] = {}
    last: dict[str, tuple[int | None, int | None]] = {}
    for period in BOTH:
        last = made.calculated(period)
        for person, (_, payout) in last.items():
            sums[person] = sums.get(person, 0) + (payout or 0)
    assert after(found) == sums
    assert sum(sums.values()) != found.backtest.tried[0].whole.before.total
    for name, each in zip(SELLERS, people, strict=True):
        assert (each.score_after, each.after) == last[branch_on_both.ids[name]]
        assert (each.score_before, each.before) == before[name]
        assert each.lines[-1].value == each.after
        assert next(line for line in each.score_lines if line.name == "score").value


def test_a_preview_says_what_can_be_computed_and_what_is_missing(branch: Branch) -> None:
    made = Tried(branch)
    found = made.preview((NEXT,), goals={})
    sales, retention, calls = found.kpis
    assert (sales.metric.key, sales.facts, sales.people, sales.of) == ("shop.sales", 5, 5, 5)
    assert (retention.people, retention.absent) == (None, ())  # nothing that is tried reads it
    assert (calls.facts, calls.absent) == (3, ())
    (scores,) = found.cards
    assert (scores.people, scores.results, scores.scored, scores.scored_before) == (5, 5, 0, 5)
    assert {each.code for each in found.problems} == {"goal_missing"}
    given = made.preview((NEXT,)).cards[0]
    assert given.scored == 5
    demos = changed(dict(CALLS), key="shop.demos", formula={"kind": "COUNT", "fact": "demo"})
    more = pack("1.0.0", OFFER.scorecards, OFFER.plans, [*OFFER.metrics, demos])
    made.runtime = replace(made.runtime, packs={"shop": more})
    assert made.preview((NEXT,)).kpis[-1].absent == ("demo",)


def test_an_upgrade_is_tried_with_what_the_company_changed_and_decided(branch: Branch) -> None:
    made = Tried(branch)
    made.install()
    same = made.preview(scopes={}, goals={})
    assert same.backtest.periods == BOTH
    dear = pack("2.0.0", [card(sales="70", calls="30")], [plan("9000.00")])
    made.runtime = replace(made.runtime, packs={"shop": dear})
    found = made.preview(scopes={}, overrides={BONUS: "8000"})
    theirs = made.preview(scopes={})
    assert (found.version, theirs.version) == ("2.0.0", "2.0.0")
    assert set(after(theirs).values()) >= {0, 900_000 * 2}
    assert {who: each * 8 // 9 for who, each in after(theirs).items()} == after(found)
    old = made.preview(scopes={}, version="1.0.0")
    assert after(old) != after(theirs)
    alone = PackTrial(pack_id="shop", version="1.0.0", scopes={PLAN_KEY: made.people})
    who = (made.runtime, SYSTEM, made.entity, alone, NEXT, branch.ids["anna"])
    made.goals()
    branch.run(Mode.POSTED, NEXT)
    seen = preview_person(*who)
    assert seen.score_after == seen.score_before is not None  # a card that is not tried goes on
    with refused("pack_conflict_absent"):
        made.preview(scopes={}, decided={weight("sales"): Take.OWN})


def test_what_is_tried_wins_over_what_is_in_force_for_fewer(branch: Branch) -> None:
    made = Tried(branch)
    found = made.preview((NEXT,), scopes={CARD_KEY: Scope(), PLAN_KEY: Scope()})
    assert found.cards[0].people == len(branch.ids)


def test_a_kpi_that_counts_otherwise_is_not_taken_from_what_was_frozen(branch: Branch) -> None:
    made = Tried(branch)
    made.install()
    made.goals()
    branch.run(Mode.POSTED, NEXT)
    assert sum(after(made.preview((NEXT,), scopes={})).values()) > 0
    nothing = changed(dict(OFFER.metrics[0]), formula={"kind": "SUM", "fact": "x", "unit": "CNY"})
    other = pack("2.0.0", OFFER.scorecards, [plan()], [nothing, *OFFER.metrics[1:]])
    made.runtime = replace(made.runtime, packs={"shop": other})
    found = made.preview((NEXT,), scopes={})
    sellers = {branch.ids[name] for name in SELLERS}
    assert {amount for who, amount in after(found).items() if who in sellers} == {0}


def test_nothing_is_written_and_the_periods_do_not_move(branch: Branch) -> None:
    made = Tried(branch)
    run_id = branch.run(Mode.TRIAL, PERIOD)
    kept = branch.kept(run_id)
    first, second = made.preview(), made.preview()
    assert after(first) == after(second)
    assert branch.kept(run_id) == kept


def test_what_cannot_be_tried_is_refused_by_name(branch: Branch) -> None:
    made = Tried(branch)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("pack_document_unknown", {"scopes": {"shop.sales": Scope()}}),
        ("pack_rules_invalid", {"overrides": {weight("sales"): "80"}}),
        ("pack_override_refused", {"overrides": {"name": "x"}}),
        ("metric_not_in_pack", {"goals": {"sales": (Goal(amount="1"),)}}),
        ("metric_unknown", {"goals": {"shop.sales": (Goal(like="x"),)}}),
        ("unit_differs", {"goals": {"shop.calls": (Goal(like="sales"),)}}),
        ("number_not_exact", {"goals": {"shop.sales": (Goal(amount="1.234"),)}}),
        ("pack_version_unknown", {"version": "7.0.0"}),
        ("backtest_other_cadence", {"periods": ("2026-Q3",)}),
        ("backtest_not_posted", {"periods": ("2026-10",)}),
        ("number_out_of_range", {"periods": tuple(f"2026-0{month}" for month in range(1, 8))}),
    ]
    for code, more in wrong:
        with refused(code):
            made.preview(**more)


def test_the_last_periods_are_those_that_were_posted(branch: Branch) -> None:
    made = Tried(branch)
    assert made.preview(()).backtest.periods == BOTH


def test_a_pack_that_is_gone_is_tried_on_the_periods_by_which_it_pays(branch: Branch) -> None:
    quarterly = pack(
        "1.0.0", [card(sales="70", calls="30")], [plan(cadence="QUARTER")], metrics=OFFER.metrics
    )
    made = Tried(branch, quarterly)
    made.install(publish=False)
    made.runtime = replace(made.runtime, packs={})
    with refused("pack_preview_nothing") as found:
        made.preview((), version="1.0.0")
    assert found().values == {"cadence": "QUARTER"}


def test_whoever_may_not_see_all_pay_is_shown_no_preview(branch: Branch) -> None:
    made = Tried(branch)
    trial = PackTrial(pack_id="shop", scopes=made.scopes)
    for role in (Role.MANAGER, Role.ADMIN, Role.AUDITOR):
        who = viewer(role, made.entity, unit=branch.teams[1] if role is Role.MANAGER else None)
        with refused("forbidden"):
            preview_pack(made.runtime, who, made.entity, trial, BOTH)
        with refused("forbidden"):
            preview_person(made.runtime, who, made.entity, trial, NEXT, branch.ids["anna"])
