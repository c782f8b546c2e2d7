"""Rate tables as other systems keep them: sections from and to, both ends included.

Such a table can say two things about one amount, or nothing at all. It is read here to be checked
before it becomes the tiers of a plan, which can do neither: their ends touch by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.document import DocumentReader, decimal_text
from domain.exact import RATIO_ONE, Rounding, muldiv
from domain.finding import Case, Finding, FindingCode, FindingWeight
from domain.problem import Problem
from domain.scorecard import read_at_least
from domain.unit import CURRENCIES

SECTIONS_FORMAT = "attain.sections/1"
AMOUNT, SECTION = "amount", "section"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """From ``low`` to ``high``, both included (None: without end), the whole amount at a rate."""

    low: int
    high: int | None
    rate: int

    def holds(self, amount: int) -> bool:
        """Say whether an amount lies in the section."""
        return self.low <= amount and (self.high is None or amount <= self.high)

    def pays(self, amount: int) -> int:
        """Give the pay of an amount by this section's rate, half up."""
        return muldiv(amount, self.rate, RATIO_ONE, Rounding.HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """A table of sections, in the order of their lower ends."""

    currency: str
    sections: tuple[Section, ...]

    def pays(self, amount: int) -> tuple[int, ...]:
        """Give what every section that holds the amount pays: one number is right, others not."""
        return tuple(each.pays(amount) for each in self.sections if each.holds(amount))


def decode_sections(document: object) -> tuple[Sections | None, tuple[Problem, ...]]:
    """Read a table of sections; every problem is reported with its JSON path."""
    reader = DocumentReader(document)
    if not isinstance(document, Mapping):
        return None, tuple(reader.problems)
    reader.format(SECTIONS_FORMAT)
    currency = reader.unit("currency")
    if currency is not None and currency not in CURRENCIES:
        reader.note("unit_unknown", "currency", {"unit": currency})
    children = reader.children("sections")
    if not children and reader.has("sections"):
        reader.note("list_empty", "sections", {"field": "sections"})
    found = []
    for child in children:
        low, high = child.steps("from", currency), child.steps("to", currency, required=False)
        rate = read_at_least(child, "rate", "RATIO")
        child.finish()
        if low is not None and high is not None and high < low:
            child.note("tiers_not_rising", child.at("to"), {})
        if low is not None and rate is not None:
            found.append(Section(low=low, high=high, rate=rate))
    reader.finish()
    if reader.failed or currency is None:
        return None, tuple(reader.problems)
    found.sort(key=lambda each: each.low)
    return Sections(currency=currency, sections=tuple(found)), ()


def lint_sections(table: Sections) -> tuple[Finding, ...]:
    """Find amounts that two sections claim, amounts that none does, and where the table ends."""
    return (
        *_overlaps(table),
        *_gaps(table),
        *_ends(table),
    )


def _case(amount: int, section: int | None, payout: int) -> Case:
    return Case(inputs={AMOUNT: amount, SECTION: section}, payout=payout)


def _overlaps(table: Sections) -> Iterator[Finding]:
    for place, (one, other) in enumerate(pairwise(table.sections), 1):
        if one.high is not None and one.high < other.low:
            continue
        yield Finding(
            code=FindingCode.SECTIONS_OVERLAP,
            weight=FindingWeight.ERROR,
            values={
                "first": str(place),
                "second": str(place + 1),
                "at": (other.low, table.currency),
                "pays": (one.pays(other.low), table.currency),
                "other": (other.pays(other.low), table.currency),
            },
            witness=(
                _case(other.low, place, one.pays(other.low)),
                _case(other.low, place + 1, other.pays(other.low)),
            ),
        )


def _gaps(table: Sections) -> Iterator[Finding]:
    end: int | None = None
    for place, (one, other) in enumerate(pairwise(table.sections), 1):
        end = one.high if end is None or one.high is None else max(end, one.high)
        if end is None or end + 1 >= other.low:
            continue
        middle = (end + other.low) // 2
        yield Finding(
            code=FindingCode.SECTIONS_GAP,
            weight=FindingWeight.ERROR,
            values={
                "first": str(place),
                "second": str(place + 1),
                "at": (middle, table.currency),
                "pays": (one.pays(end), table.currency),
            },
            witness=(_case(end, place, one.pays(end)), _case(middle, None, 0)),
        )


def _ends(table: Sections) -> Iterator[Finding]:
    """Find that the table stops: who sells more than its end is paid nothing at all."""
    if any(each.high is None for each in table.sections):
        return
    place, last = max(enumerate(table.sections, 1), key=lambda each: each[1].high or 0)
    end = last.high or 0
    yield Finding(
        code=FindingCode.SECTIONS_END,
        weight=FindingWeight.ERROR,
        values={"at": (end, table.currency), "pays": (last.pays(end), table.currency)},
        witness=(_case(end, place, last.pays(end)), _case(end + 1, None, 0)),
    )


def sections_hold(finding: Finding, table: Sections) -> bool:
    """Check a finding's proof again: who is claimed by which section, and what it pays."""
    return all(_is_so(case, table) for case in finding.witness)


def _is_so(case: Case, table: Sections) -> bool:
    amount, place = case.inputs[AMOUNT], case.inputs[SECTION]
    assert amount is not None
    if place is None:
        return case.payout == 0 and not table.pays(amount)
    section = table.sections[place - 1]
    return section.holds(amount) and section.pays(amount) == case.payout


def as_tiers(table: Sections, metric: str) -> dict[str, object] | None:
    """Write a table without faults as the tiers of a plan; None while it has gaps or overlaps.

    An amount on an edge belongs to the upper section: 0 to 9,999.99 and 10,000 without end become
    ``upTo`` 10,000 and the boundary UPPER_TIER.
    """
    if lint_sections(table) or table.sections[0].low > 0:
        return None
    rows: Sequence[Section] = table.sections
    ends = [decimal_text(right.low, table.currency) for _, right in pairwise(rows)]
    tiers = [
        {"upTo": end, "rate": decimal_text(row.rate, "RATIO")}
        for row, end in zip(rows, ends, strict=False)
    ]
    return {
        "kind": "TIERED",
        "metric": metric,
        "measure": "ACTUAL",
        "mode": "WHOLE",
        "boundary": "UPPER_TIER",
        "negative": "ZERO",
        "tiers": [*tiers, {"rate": decimal_text(rows[-1].rate, "RATIO")}],
    }
