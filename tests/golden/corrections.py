"""Golden corrections: what was learned after a close, cause by cause, and what it changes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from domain.correction import Amounts, differences, held_back
from domain.ledger import Cause
from domain.program import LineKind
from domain.unit import from_steps
from messages.render import Catalogue, Locale
from tests.golden.answer import Answer, Row, name_in
from tests.golden.printed import calculated
from tests.golden.words import say, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One person: the payout before and after, and what each cause changed in between."""

    before: Fraction
    after: Fraction
    causes: Mapping[str, Fraction]

    @property
    def numbers(self) -> dict[str, Fraction | None]:
        """Name the numbers as a case does."""
        changed = sum(self.causes.values(), Fraction(0))
        return {**self.causes, "before": self.before, "after": self.after, "changed": changed}


def read(path: Path) -> Answer:
    """Read people with what was known at the close and what was learned since."""
    document = tomllib.loads(path.read_text("utf-8"))
    rows = document["people"]
    found = [_corrected(document, row) for row in rows]

    def page(catalogue: Catalogue, locale: Locale) -> str:
        pairs = zip(rows, found, strict=True)
        return "\n\n".join(_printed(row, each, catalogue, locale) for row, each in pairs) + "\n"

    return Answer(rows=rows, numbers=[each.numbers for each in found], page=page)


def _corrected(document: Mapping[str, Any], row: Row) -> Corrected:
    known = {part: dict(row.get(part, {})) for part in ("actual", "target")}
    plan = document["plan"]
    at = _amounts(document, plan, known)
    before = sum(at.values())
    causes: dict[str, Fraction] = {}
    for step in row["learned"]:
        for part in ("actual", "target"):
            known[part].update(step.get(part, {}))
        plan = document["plans"][step["plan"]] if "plan" in step else plan
        then = _amounts(document, plan, known)
        changed = differences(at, then)
        causes[step["cause"]] = Fraction(sum(changed.values()), 100)
        if step["cause"] == Cause.CREDIT_NOTES:
            held = sum(held_back(changed).values())
            if held:
                causes[Cause.CREDIT_NOTE_HELD.value] = Fraction(held, 100)
        at = then
    after = before + sum(causes.values()) * 100
    return Corrected(before=Fraction(before, 100), after=Fraction(after) / 100, causes=causes)


def _amounts(document: Mapping[str, Any], plan: Row, known: Mapping[str, Any]) -> Amounts:
    """Pay by what is known so far, component by component."""
    case = calculated("step", {"plan": plan, "people": [{"name": "who", **known}]})
    lines = case.statements[0].pay_lines
    return {
        ("who", line.key, "CNY"): line.value or 0 for line in lines if line.kind is LineKind.PAY
    }


def _printed(row: Row, found: Corrected, catalogue: Catalogue, locale: Locale) -> str:
    lines = [f"== {name_in(row, locale)}"]
    lines.append(f"{_fen(found.before)}  {say('closed', locale)}")
    for cause, amount in found.causes.items():
        told = catalogue.text(f"pay_cause_{cause.lower()}", {}, locale)
        lines.append(f"{_fen(amount)}  {told}")
    lines.append(f"{_fen(found.after)}  {say('now', locale)}")
    total = shown(found.after - found.before, "CNY", locale)
    lines.append(f"{'':>14}  {say('total', locale, value=total)}")
    return "\n".join(lines)


def _fen(amount: Fraction) -> str:
    return f"{from_steps(int(amount * 100), 'CNY'):>14,f}"
