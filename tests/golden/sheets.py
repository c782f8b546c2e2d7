"""Golden pay sheets: what is earned month after month, and what of it is paid."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from domain.exact import Rounding
from domain.pay_sheet import PaySheet, SheetFacts, SheetTerms, read_sheet, settle
from domain.plan import decode_plan
from domain.program import Line, LineKind
from domain.unit import from_steps
from messages.pay import say_pay_line
from messages.render import Catalogue, Locale
from plugins.policies.reading import policy_called
from tests.golden.answer import Answer, Row, name_in
from tests.support.paying import PLAN


def read(path: Path) -> Answer:
    """Read and settle the months of a case, each from the balances of the one before."""
    document = tomllib.loads(path.read_text("utf-8"))
    settled = list(_settled(document))
    for _, sheet in settled:
        assert read_sheet(sheet.document).hash == sheet.hash
    return Answer(
        rows=[{"name": month["period"], **month} for month, _ in settled],
        numbers=[_Amounts(sheet) for _, sheet in settled],
        page=lambda catalogue, locale: (
            "\n\n".join(_printed(month, sheet, catalogue, locale) for month, sheet in settled)
            + "\n"
        ),
    )


class _Amounts(dict[str, Fraction | None]):
    """The amounts of a sheet; a line that a sheet has not is nothing."""

    def __init__(self, sheet: PaySheet) -> None:
        super().__init__(
            (line.name, None if line.value is None else Fraction(line.value, 100))
            for line in sheet.lines
        )

    def __missing__(self, name: str) -> Fraction:
        return Fraction(0)


def _cents(text: str | None) -> int | None:
    return None if text is None else int(Fraction(text) * 100)


def _some(text: str | None) -> int:
    return _cents(text) or 0


def _settled(document: Mapping[str, Any]) -> Iterator[tuple[Row, PaySheet]]:
    whole = {**PLAN, "settlement": document["settlement"]} if "settlement" in document else PLAN
    plan, problems = decode_plan(whole)
    policy = policy_called(document["policy"])
    assert plan is not None, problems
    assert policy is not None
    terms = SheetTerms(
        currency="CNY", rounding=Rounding.HALF_UP, settlement=plan.settlement, policy=policy
    )
    waiting: dict[int, int] = {}
    draw = held = owed = 0
    for number, month in enumerate(document["months"]):
        facts = SheetFacts(
            earned=_some(month.get("earned")),
            holdback_base=_some(month.get("base", month.get("earned"))),
            adjustments={name: _some(text) for name, text in month.get("changes", {}).items()},
            month=month.get("month"),
            draw_before=draw,
            held_before=held,
            owed_before=owed,
            due_now=_some(month["released"]) if "released" in month else waiting.pop(number, 0),
            wage=_cents(month.get("wage")),
            minimum_wage=_cents(month.get("minimum_wage")),
        )
        sheet = settle({"person": "ann", "period": month["period"]}, terms, facts)
        if plan.settlement is not None and plan.settlement.holdback is not None:
            due = number + (plan.settlement.holdback.periods or 0)
            waiting[due] = -sheet.value("holdback.withheld")
        draw, held = sheet.value("draw.balance"), sheet.value("holdback.balance")
        owed = sheet.value("carried.balance")
        yield month, sheet


def _printed(month: Row, sheet: PaySheet, catalogue: Catalogue, locale: Locale) -> str:
    shown = [
        f"{_amount(line.value):>12}  {say_pay_line(catalogue, line, locale)}"
        for line in sheet.lines
        if line.value or line.kind is LineKind.TOTAL or _is_unknown(sheet, line)
    ]
    said = [
        f"           !  {catalogue.text(each.code, each.values, locale)}" for each in sheet.problems
    ]
    title = name_in(month, locale) if "name" in month else month["period"]
    return "\n".join([f"== {title}", *shown, *said])


def _is_unknown(sheet: PaySheet, line: Line) -> bool:
    # an unknown limit of what may be taken back matters where something is to be
    return line.value is None and sheet.value("clawback.asked") != 0


def _amount(value: int | None) -> str:
    return "–" if value is None else f"{from_steps(value, 'CNY'):,f}"
