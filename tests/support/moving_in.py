"""An old payroll in a company of the tests: everybody's sales betray whose they are."""

from __future__ import annotations

from collections.abc import Mapping

from actions.old_sheet import AmountColumn, NamedBy, OldLayout
from actions.take_old_results import OldSheet, take_old_results
from tests.support.company import SYSTEM, Company

_LAYOUT = OldLayout(
    person="who",
    named_by=NamedBy.NAME,
    base="sold",
    amounts=(AmountColumn(component="base_bonus", column="paid"),),
)


def moved_in(company: Company, period: str, cents: Mapping[str, int]) -> str:
    """Take a sheet with what each sold and some pay."""
    rows = [
        f"{name},{sold // 100}.{sold % 100:02d},{sold % 9973}.17" for name, sold in cents.items()
    ]
    text = "\n".join(["who,sold,paid", *rows])
    sheet = OldSheet(
        period=period, name="old", file_name="old.csv", content=text.encode(), layout=_LAYOUT
    )
    return company.write(lambda writing: take_old_results(writing, SYSTEM, sheet))
