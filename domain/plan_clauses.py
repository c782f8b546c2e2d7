"""The whole text of a plan as clauses, made from its rules and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.clause import Clause, Said, Texts, Word
from domain.clause_fields import (
    Rule,
    UnsaidError,
    clauses_of,
    exact,
    metric_name,
    names_of,
    said,
    snake,
)
from domain.clause_kinds import OPENINGS
from domain.component import Kind
from domain.plan import Plan
from domain.plan_document import encode_plan
from domain.unit import CURRENCIES

_WHOLE = frozenset(
    {
        "format", "key", "name", "cadence", "currency", "rounding", "units", "components",
        "cap", "floor",
    }
)  # fmt: skip
_LAST = ("missing", "cap", "floor")  # what every component has is said after what is its own


def plan_clauses(plan: Plan) -> tuple[Clause, ...]:
    """Say every rule of a plan: what it is, its components in order, its limits, its payment."""
    document = encode_plan(plan)
    return tuple(_clauses(plan, document))


def component_clause(component: str) -> str:
    """Give the permanent id of the clause that opens a component."""
    return f"component:{component}"


def _clauses(plan: Plan, document: Mapping[str, Any]) -> Iterator[Clause]:
    whole = _rule("plan", "", {}, plan)
    name: dict[str, Said] = {
        "name": Texts(by_language=plan.name),
        "key": plan.key,
        "currency": plan.currency,
    }
    yield Clause(id="plan", path="key", code="clause_plan", values=name)
    yield whole.clause("cadence", f"clause_cadence_{plan.cadence.value.lower()}", {})
    yield whole.clause("rounding", f"clause_plan_rounding_{plan.rounding.value.lower()}", {})
    for key, unit in plan.units.items():
        counted: Said = unit if unit in CURRENCIES else Word(code=f"clause_unit_{unit.lower()}")
        values: dict[str, Said] = {"metric": metric_name(key), "unit": counted}
        yield whole.clause(f"units:{key}", "clause_unit", values, f"units.{key}")
    for place, fields in enumerate(document["components"]):
        yield from _component(plan, place, fields)
    for limit in ("cap", "floor"):
        if limit in document:
            values = {limit: exact(document[limit], plan.currency)}
            yield whole.clause(limit, f"clause_plan_{limit}", values)
    for block in document:
        if block not in _WHOLE and block not in _BLOCKS:
            raise UnsaidError(block)
    for block, clauses in _BLOCKS.items():
        if block in document:
            yield from clauses(_rule(block, block, document[block], plan))


def _rule(identity: str, path: str, fields: Mapping[str, Any], plan: Plan) -> Rule:
    return Rule(
        id=identity, path=path, fields=fields, currency=plan.currency, units=plan.units, own={}
    )


def _component(plan: Plan, place: int, fields: Mapping[str, Any]) -> Iterator[Clause]:
    kind = Kind(fields["kind"])
    opening = OPENINGS[kind]
    code = f"clause_{kind.value.lower()}"
    ordered = {name: value for name, value in fields.items() if name not in _LAST}
    ordered.update({name: fields[name] for name in _LAST if name in fields})
    rule = Rule(
        id=component_clause(fields["id"]),
        path=f"components[{place}]",
        fields=ordered,
        currency=plan.currency,
        units=plan.units,
        own={name: f"{code}_{snake(name)}" for name in opening.own},
    )
    chosen = "".join(f"_{fields[name].lower()}" for name in opening.by)
    values = {**said(rule), "name": Texts(by_language=fields["name"])}
    yield Clause(id=rule.id, path=rule.path, code=f"{code}{chosen}", values=values)
    yield from clauses_of(rule, ("id", "kind", "name", *opening.says))


def _settlement(rule: Rule) -> Iterator[Clause]:
    """Say when it is paid, and what is advanced, guaranteed and held back."""
    for block, fields in rule.fields.items():
        inner = rule.inside(block, fields)
        values = said(inner)
        code = f"clause_settlement_{block}"
        if block == "draw":
            shape = "recoverable" if fields["recoverable"] else "given"
            yield rule.clause(block, f"{code}_{shape}", values)
            if "recovery" in fields:
                recovery = said(inner.inside("recovery", fields["recovery"]))
                yield inner.clause("recovery", "clause_settlement_recovery", recovery)
        elif block == "holdback":
            release = fields["release"]
            values["base"] = names_of(fields["base"])
            yield rule.clause(block, code, values)
            ends = said(inner.inside("release", release))
            yield inner.clause("release", f"clause_release_{release['kind'].lower()}", ends)
        elif block in {"timing", "guarantee"}:
            yield rule.clause(block, code, values)
        else:
            raise UnsaidError(inner.path)


def _proration(rule: Rule) -> Iterator[Clause]:
    """Say what is taken by days, and what a change inside a period does."""
    own = {name: f"clause_proration_{snake(name)}" for name in rule.fields}
    yield from clauses_of(
        Rule(
            id=rule.id,
            path=rule.path,
            fields=rule.fields,
            currency=rule.currency,
            units=rule.units,
            own=own,
        )
    )


def _ramp(rule: Rule) -> Iterator[Clause]:
    """Say which part of the target holds for newcomers, month by month."""
    values = said(rule)
    start = str(rule.fields["start"]).lower()
    yield rule.clause("shares", "clause_ramp", values)
    yield rule.clause("start", f"clause_ramp_{start}", values)


_BLOCKS = {"proration": _proration, "ramp": _ramp, "settlement": _settlement}
