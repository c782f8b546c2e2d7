"""An upgrade of a pack conflicts only where both sides changed the same leaf differently."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.pack_merge import (
    GONE,
    Leaves,
    Path,
    Take,
    document_of,
    leaves_of,
    merge,
    overlaid,
    overrides_of,
    value_at,
)
from plugins.builtin import kpi_packs
from plugins.packs.reading import packs_from

LEAF = st.sampled_from(["1", "2", 1, True, ["1"]])
ELEMENTS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("xyz")}, optional={"amount": LEAF, "rate": LEAF, "in": st.just({})}
    ),
    max_size=3,
    unique_by=lambda each: str(each["id"]),
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "a": LEAF,
        "b": ELEMENTS,
        "c": LEAF | st.dictionaries(st.sampled_from("pq"), LEAF, max_size=2),
    },
)
TREES = DOCUMENTS.map(lambda document: dict(leaves_of(document)) if document else {})
few = settings(max_examples=60, deadline=None)


@few
@given(TREES, TREES)
def test_the_layer_is_what_makes_mine_of_the_pack_and_nothing_more(
    base: Leaves, mine: Leaves
) -> None:
    layer = overrides_of(base, mine)
    assert overlaid(base, layer) == mine
    assert all(base.get(path, GONE) is not value for path, value in layer.items())
    assert overrides_of(base, base) == {}


@few
@given(TREES, TREES, TREES)
def test_every_leaf_that_somebody_changed_is_in_one_list(
    base: Leaves, theirs: Leaves, mine: Leaves
) -> None:
    mine = overlaid(base, overrides_of(base, mine))  # what a company adds comes after the pack's
    merged = merge(base, theirs, overrides_of(base, mine))
    lists = (*merged.taken, *merged.kept, *merged.agreed)
    changed = set(overrides_of(base, theirs)) | set(overrides_of(base, mine))
    assert len(lists) == len(set(lists))
    assert not any(inside(path, merged.conflicts) for path in lists)
    assert {path for path in changed if not inside(path, merged.conflicts)} == set(lists)
    assert overlaid(theirs, merged.overrides) == merged.leaves
    for path in merged.conflicts:  # real ones only: all three say something else
        said = {_written(value_at(each, path)) for each in (base, theirs, mine)}
        assert len(said) == 3
        assert _written(value_at(merged.leaves, path)) == _written(value_at(mine, path))
    for path in (*merged.taken, *merged.agreed):
        assert merged.leaves.get(path, GONE) == theirs.get(path, GONE)
    for path in merged.kept:
        assert merged.leaves.get(path, GONE) == mine.get(path, GONE)


def _written(value: object) -> str:
    """Write a value whose keys may stand in another order and mean the same."""
    return json.dumps(value, sort_keys=True, default=repr)


def inside(path: Path, conflicts: tuple[Path, ...]) -> bool:
    """Say whether a path is at or below one of others."""
    return any(path[: len(each)] == each for each in conflicts)


@few
@given(TREES, TREES, TREES)
def test_no_override_is_lost_and_what_nobody_changed_follows_the_pack(
    base: Leaves, theirs: Leaves, mine: Leaves
) -> None:
    layer = overrides_of(base, mine)
    merged = merge(base, theirs, layer)
    assert all(merged.leaves.get(path, GONE) == value for path, value in layer.items())
    for path in {*base, *theirs} - set(layer):
        if not inside(path, merged.conflicts):
            assert merged.leaves.get(path, GONE) == theirs.get(path, GONE)


@few
@given(TREES, TREES, TREES)
def test_what_is_decided_holds_and_is_no_longer_open(
    base: Leaves, theirs: Leaves, mine: Leaves
) -> None:
    layer = overrides_of(base, mine)
    undecided = merge(base, theirs, layer)
    pack = merge(base, theirs, layer, dict.fromkeys(undecided.conflicts, Take.PACK))
    assert (pack.open, pack.conflicts) == ((), undecided.conflicts)
    for path in pack.conflicts:
        assert repr(value_at(pack.leaves, path)) == repr(value_at(theirs, path))
    own = merge(base, theirs, layer, dict.fromkeys(undecided.conflicts, Take.OWN))
    assert own.leaves == undecided.leaves
    assert own.open == ()


@few
@given(TREES, TREES, TREES)
def test_an_upgrade_is_undone_by_another_one(base: Leaves, theirs: Leaves, mine: Leaves) -> None:
    """Back to the version before, the company stands where it stood, but for what it decided."""
    layer = overrides_of(base, mine)
    there = merge(base, theirs, layer)
    back = merge(theirs, base, there.overrides)
    for path, value in layer.items():
        if not inside(path, (*there.conflicts, *back.conflicts, *there.agreed)):
            assert back.leaves.get(path, GONE) == value


@few
@given(TREES, TREES)
def test_the_same_change_on_both_sides_is_no_conflict(base: Leaves, other: Leaves) -> None:
    merged = merge(base, other, overrides_of(base, other))
    assert (merged.conflicts, merged.overrides, merged.leaves) == ((), {}, other)
    assert set(merged.agreed) == set(overrides_of(base, other))


def test_an_element_that_one_side_changed_and_the_other_took_away_is_one_conflict() -> None:
    base = weights(("sales", "50"), ("visits", "50"))
    without = weights(("sales", "100"))
    changed = weights(("sales", "50"), ("visits", "60"))
    place = ("items", "metric=visits")
    for theirs, mine in ((changed, without), (without, changed)):
        layer = overrides_of(leaves_of(base), leaves_of(mine))
        merged = merge(leaves_of(base), leaves_of(theirs), layer)
        assert merged.conflicts == (place,)
        for take, side in ((Take.PACK, theirs), (Take.OWN, mine)):
            held = merge(leaves_of(base), leaves_of(theirs), layer, {place: take})
            assert value_at(held.leaves, place) == value_at(leaves_of(side), place)


@few
@given(TREES, TREES)
def test_without_changes_of_the_company_the_new_pack_holds(base: Leaves, theirs: Leaves) -> None:
    merged = merge(base, theirs, {})
    assert (merged.leaves, merged.overrides, merged.conflicts) == (theirs, {}, ())


@few
@given(TREES, TREES)
def test_without_a_new_version_the_company_keeps_what_it_said(base: Leaves, mine: Leaves) -> None:
    layer = overrides_of(base, mine)
    merged = merge(base, base, layer)
    assert (merged.leaves, merged.overrides, merged.conflicts) == (mine, layer, ())


def test_every_document_of_a_shipped_pack_comes_together_again() -> None:
    packs, _ = packs_from(kpi_packs())
    for pack in packs.values():
        for document in (*pack.metrics, *pack.scorecards, *pack.plans):
            assert document_of(leaves_of(document)) == document


def weights(*items: tuple[str, str]) -> dict[str, Any]:
    return {"items": [{"metric": metric, "weight": weight} for metric, weight in items]}


def test_weights_that_move_and_change_conflict_only_where_both_changed_them() -> None:
    base = weights(("sales", "50"), ("retention", "30"), ("visits", "20"))
    theirs = weights(("retention", "40"), ("visits", "20"), ("sales", "40"))
    mine = deepcopy(base)
    mine["items"][0]["weight"] = "45"
    mine["items"][2]["weight"] = "25"
    layer = overrides_of(leaves_of(base), leaves_of(mine))
    merged = merge(leaves_of(base), leaves_of(theirs), layer)
    assert merged.conflicts == (("items", "metric=sales", "weight"),)
    assert merged.kept == (("items", "metric=visits", "weight"),)
    assert merged.taken == (("items", "metric=retention", "weight"),)
    # No conflict more, and yet 110: a merge is still held against all rules of a scorecard.
    assert document_of(merged.leaves) == weights(
        ("retention", "40"), ("visits", "25"), ("sales", "45")
    )


def test_a_kpi_that_the_company_took_out_stays_out_and_one_it_added_stays_in() -> None:
    base = weights(("sales", "50"), ("visits", "50"))
    mine = weights(("sales", "50"), ("calls", "50"))
    theirs = weights(("sales", "60"), ("visits", "50"))
    layer = overrides_of(leaves_of(base), leaves_of(mine))
    assert GONE in layer.values()
    merged = merge(leaves_of(base), leaves_of(theirs), layer)
    assert merged.conflicts == ()
    assert document_of(merged.leaves) == weights(("sales", "60"), ("calls", "50"))


def test_a_number_is_not_the_text_of_it_and_one_is_not_true() -> None:
    merged = merge({("a",): 1}, {("a",): True}, {("a",): "1"})
    assert merged.conflicts == (("a",),)
