"""An upgrade of a pack conflicts only where both sides changed the same leaf differently."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.pack_merge import (
    GONE,
    Leaves,
    document_of,
    leaves_of,
    merge,
    overlaid,
    overrides_of,
)
from plugins.builtin import kpi_packs
from plugins.packs.reading import packs_from

PATHS = st.sampled_from([("a",), ("b",), ("b", "id=x", "amount"), ("c", "key=y"), ("d",)])
TREES = st.dictionaries(PATHS, st.sampled_from(["1", "2", 1, True, ["1"]]), max_size=5)
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
    merged = merge(base, theirs, overrides_of(base, mine))
    lists = (*merged.taken, *merged.kept, *merged.agreed, *merged.conflicts)
    changed = set(overrides_of(base, theirs)) | set(overrides_of(base, mine))
    assert len(lists) == len(set(lists))
    assert set(lists) == changed
    assert overlaid(theirs, merged.overrides) == merged.leaves
    for path in merged.conflicts:
        assert repr(theirs.get(path, GONE)) != repr(mine.get(path, GONE))
        assert merged.leaves.get(path, GONE) == mine.get(path, GONE)
    for path in (*merged.taken, *merged.agreed):
        assert merged.leaves.get(path, GONE) == theirs.get(path, GONE)


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
