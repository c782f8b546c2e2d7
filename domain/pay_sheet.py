"""A pay sheet: one person's settlement of a period, frozen with everything it depends on.

The document holds terms, policy, inputs and lines, so that anybody can work it out again; reading
one back does so, and a sheet whose lines do not come out the same is no sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from domain import settlement as lines_of
from domain.document import DocumentReader, document_hash
from domain.evaluate import explain
from domain.exact import INTS, Rounding
from domain.pay_policy import PayPolicy, decode_policy, encode_policy
from domain.problem import Problem, Severity
from domain.program import Line, LineKind, Program
from domain.settlement_terms import Settlement, read_settlement, write_settlement

SHEET_FORMAT = "attain.pay_sheet/1"
SETTLEMENT_VERSION = "1"  # changes whenever the same inputs and terms would give another line


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTerms:
    """By what a sheet is settled."""

    currency: str
    rounding: Rounding
    settlement: Settlement | None
    policy: PayPolicy

    @property
    def counts_months(self) -> bool:
        """Say whether something depends on how long the person has been there."""
        terms = self.settlement
        return terms is not None and (terms.draw is not None or terms.guarantee is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFacts:
    """From what a sheet is settled: amounts in minor units; None is not known."""

    earned: int
    adjustments: Mapping[str, int]  # by "<origin period>.<cause>"
    holdback_base: int = 0
    month: int | None = None  # since the person's start, 1 in the first
    draw_before: int = 0
    held_before: int = 0
    owed_before: int = 0  # to be taken back, carried forward so far
    due_now: int = 0  # held back before and released now
    wage: int | None = None
    minimum_wage: int | None = None

    @property
    def inputs(self) -> dict[str, int | None]:
        """Name them as the lines do."""
        return {
            lines_of.EARNED: self.earned,
            lines_of.BASE: self.holdback_base,
            lines_of.MONTH: self.month,
            lines_of.DRAW_BEFORE: self.draw_before,
            lines_of.HELD_BEFORE: self.held_before,
            lines_of.OWED_BEFORE: self.owed_before,
            lines_of.DUE_NOW: self.due_now,
            lines_of.WAGE: self.wage,
            lines_of.MINIMUM_WAGE: self.minimum_wage,
            **{f"{lines_of.ADJUSTED}.{cause}": net for cause, net in self.adjustments.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PaySheet:
    """A settled sheet; ``subject`` names whose, for which period, by which plan, paid when."""

    subject: Mapping[str, str]
    terms: SheetTerms
    causes: tuple[str, ...]
    inputs: Mapping[str, int | None]
    lines: tuple[Line, ...]

    def value(self, name: str) -> int:
        """Return the amount of a line; 0 for one that this sheet has not."""
        found = next((line.value for line in self.lines if line.name == name), 0)
        return found or 0

    @property
    def paid(self) -> int:
        """What is paid; never negative."""
        return self.value(lines_of.PAID)

    @property
    def amounts(self) -> tuple[Line, ...]:
        """The lines whose sum is paid."""
        return tuple(line for line in self.lines if line.kind is LineKind.PAY)

    @property
    def adjusted(self) -> int:
        """The sum of all adjustments, whatever their cause."""
        return _sum([self.value(f"adjustment.{cause}") for cause in self.causes])

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What somebody should know before this is paid."""
        found = []
        if self.value("clawback.asked") and self.terms.policy.needs_wage:
            needed = [("wage_missing", lines_of.WAGE)]
            if self.terms.policy.keeps_minimum_wage:
                needed.append(("minimum_wage_missing", lines_of.MINIMUM_WAGE))
            found = [code for code, name in needed if self.inputs.get(name) is None]
        if self.inputs.get(lines_of.MONTH) is None and self.terms.counts_months:
            found.append("start_missing")
        return tuple(_PROBLEMS[code] for code in found)

    @property
    def document(self) -> dict[str, object]:
        """The canonical document, numbers as texts of whole steps."""
        terms = self.terms
        return {
            "format": SHEET_FORMAT,
            "engine": SETTLEMENT_VERSION,
            "subject": dict(self.subject),
            "currency": terms.currency,
            "rounding": terms.rounding.value,
            "settlement": write_settlement(terms.settlement, terms.currency),
            "policy": encode_policy(terms.policy),
            "causes": list(self.causes),
            "inputs": {name: _digits(value) for name, value in sorted(self.inputs.items())},
            "lines": [[line.name, line.code, _digits(line.value)] for line in self.lines],
        }

    @property
    def hash(self) -> str:
        """The SHA-256 of the canonical document."""
        return document_hash(self.document)


_PROBLEMS = {
    "wage_missing": Problem(code="wage_missing", path="wage", severity=Severity.WARNING),
    "minimum_wage_missing": Problem(
        code="minimum_wage_missing", path="minimumWage", severity=Severity.WARNING
    ),
    "start_missing": Problem(code="start_missing", path="month", severity=Severity.WARNING),
}


def settle(subject: Mapping[str, str], terms: SheetTerms, facts: SheetFacts) -> PaySheet:
    """Settle one person's period."""
    return _settled(subject, terms, tuple(sorted(facts.adjustments)), facts.inputs)


def _settled(
    subject: Mapping[str, str],
    terms: SheetTerms,
    causes: tuple[str, ...],
    inputs: Mapping[str, int | None],
) -> PaySheet:
    program = _program(terms, str(subject.get("period", "")), causes)
    sheet = PaySheet(
        subject=dict(subject),
        terms=terms,
        causes=causes,
        inputs=dict(inputs),
        lines=explain(program, inputs),
    )
    if any(line.value is None for line in (*sheet.amounts, *_totals(sheet))):
        raise ValueError(f"a sheet of {subject.get('person')} is larger than any amount")
    return sheet


@lru_cache(maxsize=1_000)
def _program(terms: SheetTerms, period: str, causes: tuple[str, ...]) -> Program:
    """Compile once what thousands of sheets share."""
    return lines_of.compile_settlement(
        terms.settlement,
        terms.policy,
        currency=terms.currency,
        rounding=terms.rounding,
        period=period,
        causes=causes,
    )


def _totals(sheet: PaySheet) -> tuple[Line, ...]:
    return tuple(line for line in sheet.lines if line.kind is LineKind.TOTAL)


def read_sheet(document: Mapping[str, object]) -> PaySheet:
    """Work a frozen sheet out again; one that does not come out the same is a fault."""
    reader = DocumentReader(document)
    reader.format(SHEET_FORMAT)
    currency, rounding = reader.unit("currency"), reader.choice("rounding", Rounding)
    policy, problems = decode_policy(reader.raw("policy"))
    settlement = read_settlement(reader, currency, _named_in(document))
    subject, inputs = document.get("subject"), document.get("inputs")
    if reader.failed or problems or not (currency and rounding and policy):
        raise ValueError(f"a frozen pay sheet cannot be read: {reader.problems or problems}")
    if not isinstance(subject, Mapping) or not isinstance(inputs, Mapping):
        raise TypeError("a frozen pay sheet has no subject or no inputs")
    sheet = _settled(
        {str(name): str(value) for name, value in subject.items()},
        SheetTerms(currency=currency, rounding=rounding, settlement=settlement, policy=policy),
        reader.names("causes"),
        {str(name): None if value is None else int(value) for name, value in inputs.items()},
    )
    if sheet.document != document:
        raise ValueError(
            f"the pay sheet of {sheet.subject.get('person')} is not what its lines give"
        )
    return sheet


def _named_in(document: Mapping[str, object]) -> tuple[str, ...]:
    terms = document.get("settlement")
    holdback = terms.get("holdback") if isinstance(terms, Mapping) else None
    base = holdback.get("base") if isinstance(holdback, Mapping) else None
    return tuple(base) if isinstance(base, list) else ()


def _sum(values: list[int]) -> int:
    total = INTS.total(values)
    return int(total)


def _digits(value: int | None) -> str | None:
    return None if value is None else str(value)
