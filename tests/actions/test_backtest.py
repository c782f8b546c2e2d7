"""What another plan would have paid equals what a calculation with that plan published pays."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from actions.backtest import Backtest, ComparedPeople, Draft, backtest
from actions.calculate import Mode
from actions.try_plan import Trial, try_plan
from domain.absolute_variant import absolute_variant
from domain.access import Acting, Deed, Resource, Role, may_all
from domain.ids import AccountId, PersonId
from domain.plan import Plan, decode_plan
from domain.plan_document import encode_plan
from storage.definitions import Scope
from storage.engine import reading
from storage.results import results, run_by_id
from tests.support.closing import BRANCH_PLAN, MEDIAN, NEXT, PERIOD, Branch, changes, sales_of
from tests.support.company import SYSTEM
from tests.support.rules import PLAN, changed, texts
from tests.support.viewers import refused, viewer

BOTH = (PERIOD, NEXT)
FOR_CALLS: dict[str, Any] = {
    "id": "for_calls",
    "kind": "BONUS_WHEN_MET",
    "name": texts("For calls"),
    "missing": "ZERO",
    "metric": "calls",
    "comparison": "AT_LEAST",
    "amount": "20.00",
}


def _plan(document: dict[str, Any]) -> Plan:
    plan, problems = decode_plan(document)
    assert plan is not None, problems
    return plan


def _draft(document: dict[str, Any], scope: Scope | None = None) -> Draft:
    return Draft(name="draft", plan=_plan(document), hash="d1", scope=scope)


def _tried(
    branch: Branch, document: dict[str, Any], periods: Sequence[str] = BOTH, **more: Any
) -> Backtest:
    with branch.runtime.writing(branch.company.entity_id, SYSTEM) as writing:
        return backtest(writing, SYSTEM, [_draft(document, **more)], periods)


def _paid(branch: Branch, periods: Sequence[str] = BOTH, mode: Mode = Mode.TRIAL) -> dict[str, int]:
    """Calculate the periods in full and add up what everybody earns."""
    sums: dict[str, int] = {}
    for period in periods:
        run_id = branch.run(mode, period, incremental=False)
        with reading(branch.runtime.engine, SYSTEM) as connection:
            run = run_by_id(connection, branch.company.entity_id, run_id)
            assert run is not None
            for each in results(connection, SYSTEM, run, day=run.valid_at):
                sums[each.person_id] = sums.get(each.person_id, 0) + (each.payout or 0)
    return sums


def _posted(branch: Branch) -> dict[str, int]:
    return _paid(branch, mode=Mode.POSTED)


def _changed(**terms: Any) -> dict[str, Any]:
    first, *rest = BRANCH_PLAN["components"]
    return changed(BRANCH_PLAN, components=[first | terms, *rest])


def _after(found: Backtest, place: int = 0) -> dict[str, int]:
    tried = found.tried[place]
    assert isinstance(tried, ComparedPeople)
    return dict(zip(tried.people, tried.after.tolist(), strict=True))


def _before(found: Backtest) -> dict[str, int]:
    tried = found.tried[0]
    assert isinstance(tried, ComparedPeople)
    return dict(zip(tried.people, tried.before.tolist(), strict=True))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_plan_in_force_gives_what_was_posted_to_the_cent(branch: Branch, seed: int) -> None:
    rng = random.Random(seed)
    for event in [*sales_of(rng, 12), *changes(rng, 3)]:
        event(branch)
    posted = _posted(branch)
    for event in changes(rng, 4):  # learned after the run: none of its business
        event(branch)
    found = _tried(branch, BRANCH_PLAN)
    assert not found.problems
    assert _before(found) == _after(found) == posted
    assert (found.tried[0].whole.win, found.tried[0].whole.lose) == (0, 0)


def test_another_plan_gives_what_a_calculation_with_it_gives(branch_on_both: Branch) -> None:
    branch = branch_on_both
    before = _posted(branch)
    # another amount, a median of the platform, a metric that no plan read before, one part less
    other = {**MEDIAN, "rate": "0.05", "peerGroup": "COMPANY"}
    parts = [PLAN["components"][0] | {"amount": "700.00"}, FOR_CALLS, other]
    document = changed(BRANCH_PLAN, components=parts, units={**PLAN["units"], "calls": "COUNT"})
    found = _tried(branch, document)
    branch.plan(document)
    after = _paid(branch)
    assert _before(found) == before
    assert _after(found) == after
    assert before != after
    whole = found.tried[0].whole
    assert whole.after.total - whole.before.total == whole.gained - whole.lost
    assert whole.people == len(after)
    assert set(found.tried[0].gathered) == set(BOTH)  # calls were not frozen of sellers


def test_what_the_draft_earned_before_counts_and_not_what_was_paid(branch: Branch) -> None:
    year = {
        "id": "year_tiers",
        "kind": "TIERED",
        "name": texts("Tiers of the year"),
        "missing": "ZERO",
        "metric": "sales",
        "measure": "ACTUAL",
        "mode": "MARGINAL",
        "boundary": "UPPER_TIER",
        "negative": "ZERO",
        "tiers": [{"upTo": "1500", "rate": "0.01"}, {"rate": "0.10"}],
        "span": "YEAR",
        "spanStart": "SPAN",
    }
    document = changed(BRANCH_PLAN, components=[year])
    for name in ("anna", "chen"):
        branch.sale(name, date(2026, 9, 3), 120_000)
    _posted(branch)
    found = _tried(branch, document)
    branch.plan(document)
    assert _after(found) == _paid(branch, mode=Mode.POSTED)
    assert sum(_after(found).values()) > 0


def test_a_scope_leaves_everybody_else_with_his_own_plan(branch: Branch) -> None:
    posted = _posted(branch)
    document = _changed(amount="1.00")
    found = _tried(branch, changed(document, key="callers"), scope=Scope(positions=("caller",)))
    changed_people = {who for who, amount in _after(found).items() if amount != posted[who]}
    assert changed_people <= {branch.ids["fan"]}


def test_the_absolute_counterpart_of_a_median_stands_beside_it(branch: Branch) -> None:
    _posted(branch)
    found = _tried(branch, BRANCH_PLAN, (NEXT,))
    assert [each.name for each in found.tried] == ["draft", "draft.absolute"]
    assert _before(found) == _after(found)


def test_the_absolute_counterpart_costs_what_publishing_it_costs(branch: Branch) -> None:
    for name, cents in (("anna", 90_000), ("chen", 150_000), ("bo", 40_000), ("dai", 210_000)):
        branch.sale(name, date(2026, 9, 3), cents)
    posted = _posted(branch)
    found = _tried(branch, BRANCH_PLAN)
    branch.plan(encode_plan(absolute_variant(_plan(BRANCH_PLAN), {})))
    after = _paid(branch, mode=Mode.POSTED)
    assert _after(found, 1) == after
    assert after != posted == _after(found)
    relative, absolute = (each.whole.after for each in found.tried)
    assert absolute.total == sum(after.values()) != relative.total
    # in September everybody of a team may be above the median of August, or nobody
    assert absolute.without == sum(amount == 0 for amount in after.values())


def test_what_is_not_known_is_named_and_never_zero(branch: Branch) -> None:
    _posted(branch)
    blocked = changed(
        BRANCH_PLAN,
        components=[FOR_CALLS | {"metric": "retention", "missing": "BLOCK"}],
        units=PLAN["units"],
    )
    found = _tried(branch, blocked)
    tried = found.tried[0]
    assert tried.not_comparable == len(branch.ids)
    assert set(tried.unknown) == set(branch.ids.values())
    assert tried.whole.people == 0


def test_groups_add_up_to_the_whole(branch: Branch) -> None:
    _posted(branch)
    tried = _tried(branch, _changed(amount="9000.00")).tried[0]
    assert sum(side.people for _, side in tried.teams) == tried.whole.people
    assert sum(side.after.total for _, side in tried.teams) == tried.whole.after.total
    assert sum(side.people for _, side in tried.tenures) == tried.whole.people


def test_a_period_that_was_not_posted_is_refused(branch: Branch) -> None:
    branch.run(Mode.TRIAL)
    with refused("backtest_not_posted"):
        _tried(branch, BRANCH_PLAN, (PERIOD,))


def test_whoever_may_not_see_all_pay_is_refused(branch: Branch) -> None:
    _posted(branch)
    entity = branch.company.entity_id
    manager = viewer(Role.MANAGER, entity, unit=branch.teams[1])
    with branch.runtime.writing(entity, SYSTEM) as writing, refused("forbidden"):
        backtest(writing, manager, [_draft(BRANCH_PLAN)], (PERIOD,))


def test_a_deputy_for_calculations_who_does_not_see_all_pay_is_refused(branch: Branch) -> None:
    _posted(branch)
    entity = branch.company.entity_id
    trial = Trial(document=BRANCH_PLAN, periods=(PERIOD,))
    reads = frozenset({(Resource.CALCULATION, Deed.READ), (Resource.PLAN, Deed.READ)})
    pays = frozenset({(Resource.PAY, Deed.READ), (Resource.PAY, Deed.WRITE)})
    hr = viewer(Role.HR, entity)
    assert try_plan(branch.runtime, hr, entity, trial).runs
    for rights in (reads, reads | pays):  # with the second all pay but that of one person
        deputy = replace(
            hr,
            acting=Acting(
                account_id=AccountId("acc_boss"),
                person_id=PersonId(branch.ids["anna"]),
                delegation_id="del_test",
                rights=rights,
            ),
        )
        assert may_all(deputy, Resource.CALCULATION, Deed.READ, entity)
        with refused("forbidden"):
            try_plan(branch.runtime, deputy, entity, trial)


def test_trying_is_a_read_that_waits_for_no_writer_and_changes_nothing(
    branch_on_both: Branch,
) -> None:
    branch = branch_on_both
    posted = _posted(branch)
    entity = branch.company.entity_id
    document = changed(
        BRANCH_PLAN,
        components=[FOR_CALLS, {**MEDIAN, "peerGroup": "COMPANY"}],
        units={**PLAN["units"], "calls": "COUNT"},
    )
    expected = _tried(branch, document)
    with branch.runtime.writing(entity, SYSTEM):  # somebody else's turn is held meanwhile
        found = try_plan(
            branch.runtime, viewer(Role.HR, entity), entity, Trial(document=document, periods=BOTH)
        )
    assert _before(found) == posted
    assert _after(found) == _after(expected)
    assert found.tried[0].gathered == expected.tried[0].gathered
