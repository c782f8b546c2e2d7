"""Two packs are compared by what their KPIs count, whatever these are called."""

from __future__ import annotations

from typing import Any

from domain.metric import Metric, decode_metric
from domain.pack_compare import compare
from tests.support.rules import SALES, VISITS, changed, texts


def metric(document: dict[str, Any], **more: Any) -> Metric:
    """Read a metric with other fields."""
    found, problems = decode_metric(changed(document, **more))
    assert found is not None, problems
    return found


def keys(metrics: tuple[Metric, ...]) -> list[str]:
    """Name them."""
    return [each.key for each in metrics]


def test_kpis_that_count_the_same_are_pairs_whatever_they_are_called() -> None:
    first = [metric(SALES, key="a.sales"), metric(VISITS, key="a.visits")]
    second = [metric(SALES, key="b.orders", name=texts("Orders")), metric(SALES, key="b.again")]
    found = compare(first, second)
    assert [(one.key, other.key) for one, other in found.shared] == [("a.sales", "b.orders")]
    assert (keys(found.only_first), keys(found.only_second)) == (["a.visits"], ["b.again"])


def test_what_counts_otherwise_is_no_pair_although_the_key_is_the_same() -> None:
    found = compare([metric(SALES)], [metric(SALES, empty="NO_DATA")])
    assert (found.shared, keys(found.only_first), keys(found.only_second)) == (
        (),
        ["sales"],
        ["sales"],
    )


def test_of_two_that_count_the_same_the_one_with_the_key_is_the_pair() -> None:
    first = [metric(SALES, key="x"), metric(SALES, key="y")]
    found = compare(first, [metric(SALES, key="y"), metric(SALES, key="z")])
    assert [(one.key, other.key) for one, other in found.shared] == [("x", "z"), ("y", "y")]


def test_comparing_the_other_way_round_changes_the_sides_alone() -> None:
    first = [metric(SALES, key="a"), metric(VISITS, key="b")]
    second = [metric(SALES, key="c")]
    there, back = compare(first, second), compare(second, first)
    assert [(other, one) for one, other in there.shared] == list(back.shared)
    assert there.only_first == back.only_second
