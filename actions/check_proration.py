"""What publishing demands of a proration block beyond the document itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.metric import FormulaKind, Metric
from domain.pay_lines import compile_pay
from domain.plan import Plan
from domain.problem import Problem
from domain.program import NeedKind
from domain.proration import Proration, Split

_ADDING_UP = frozenset({FormulaKind.SUM, FormulaKind.COUNT})


def weighing_problems(
    proration: Proration | None, metrics: Mapping[str, Metric]
) -> Iterator[Problem]:
    """Refuse to weigh segments by a metric that does not add up over them."""
    if proration is None or proration.by is None:
        return
    metric = metrics.get(proration.by)
    if metric is not None and metric.formula.kind not in _ADDING_UP:
        values = {"metric": metric.key}
        yield Problem(code="proration_by_differs", path="proration.by", values=values)


def whole_problems(plan: Plan) -> Iterator[Problem]:
    """Refuse to cut what looks at other days than those of a segment, and to share by days.

    What was earned earlier is booked under the component's own name, and a segment's is not. A
    pool is cut among all whose plan it is by one program: nobody's may differ.
    """
    if plan.proration is None and plan.ramp is None:
        return
    cuts = plan.proration is not None and plan.proration.cuts
    by_days = plan.proration is not None and plan.proration.split is Split.DAYS
    for need in compile_pay(plan).needs:
        if need.kind is NeedKind.POOL or (cuts and (by_days or need.kind is NeedKind.EARNED)):
            values = {"component": need.name.rpartition(".")[0] or need.name}
            yield Problem(code="proration_needs_whole", path="proration.split", values=values)
            return
