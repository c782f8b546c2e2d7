"""The rows that are not as they should be, and what must become of each.

None of them belongs to the true state: whether a row is refused or waits, the aggregates of the
case stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What must become of a row that is not plain."""

    REJECTED = "rejected"  # kept beside the run with its place and the reason
    WAITS = "waits"  # a fact without a person, in the queue of unknown identities
    NORMALISED = "normalised"  # legal, and counted after its writing is cleaned
    COUNTED = "counted"  # legal as it is
    IGNORED = "ignored"  # says nothing new, or is not of the kind that counts
    REPAIRED = "repaired"  # wrong in delivery 1, right in delivery 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DirtyRow:
    """Where a row of a kind stands; ``line`` is the line of the file or row of the sheet."""

    delivery: int
    path: str
    line: int
    kind: str
    key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A line to be put into a file as it is, before the row at ``before`` (from 0)."""

    before: int
    kind: str
    key: str
    outcome: Outcome
    line: bytes


def _order(
    before: int,
    kind: str,
    number: str,
    outcome: Outcome = Outcome.REJECTED,
    *,
    seller: str = "李娜",
    amount: str = "58600.00",
    stage: str = "已成交",
    day: str = "2026-07-15",
) -> Raw:
    line = (
        f"{number},C99999,上海样板家居有限公司,{seller},和嘉高定,全屋定制,{amount},{stage},"
        f"{day},老客户,2026-09-03 10:20:30\r\n"
    )
    return Raw(before=before, kind=kind, key=number, outcome=outcome, line=line.encode())


_SHORT = "SO2026079106,C99999,上海样板家居有限公司,李娜,和嘉高定\r\n".encode()
_BROKEN_NAME = "杭州破码家居".encode("gb18030")
_BROKEN = (
    b"SO2026089205,C99999,"
    + _BROKEN_NAME
    + ",李娜,和嘉高定,木门,31500.00,已成交,2026-08-12,老客户,2026-08-12 11:00:00\r\n".encode()
)
_QUOTE = (
    'SO2026089206,C99999,"上海"样板家居,李娜,和嘉高定,木门,9900.00,已成交,2026-08-13,老客户,'
    "2026-08-13 11:00:00\r\n"
).encode()

# Lines of the orders files: month -> lines. August goes out again with delivery 2 as it was.
ORDER_LINES: dict[int, tuple[Raw, ...]] = {
    7: (
        _order(40, "text in amount", "SO2026079101", amount="约八万"),
        _order(90, "unknown stage", "SO2026079103", stage="待审批", day="2026-07-08"),
        _order(140, "empty key", "", day="2026-07-10"),
        Raw(
            before=190,
            kind="ragged row",
            key="SO2026079106",
            outcome=Outcome.REJECTED,
            line=_SHORT,
        ),
        _order(
            300,
            "unknown salesperson",
            "SO2026079107",
            Outcome.WAITS,
            seller="测试账号",
            amount="1.00",
            day="2026-07-16",
        ),
    ),
    8: (
        _order(30, "impossible date", "SO2026089201", day="2026-02-30"),
        _order(80, "future date", "SO2026089202", day="2062-08-15"),
        _order(130, "too many decimals", "SO2026089203", amount="12345.678", day="2026-08-06"),
        _order(180, "ragged row", "SO2026089204", amount="12,345.60", day="2026-08-10"),
        Raw(
            before=230,
            kind="wrong encoding",
            key="SO2026089205",
            outcome=Outcome.REJECTED,
            line=_BROKEN,
        ),
        Raw(
            before=280,
            kind="misplaced quote",
            key="SO2026089206",
            outcome=Outcome.REJECTED,
            line=_QUOTE,
        ),
    ),
    9: (
        Raw(
            before=10_000,
            kind="summary row",
            key="合计",
            outcome=Outcome.IGNORED,
            line="合计,,,,,,60123456.00,,,,\r\n".encode(),
        ),
    ),
}
# Lines of the feedback file of September, which is in GB18030.
FEEDBACK_LINES: tuple[Raw, ...] = (
    Raw(
        before=20,
        kind="wrong encoding",
        key="FB20260990001",
        outcome=Outcome.REJECTED,
        line=b"FB20260990001,LiNa,\xff\xff\xff,4.5," + "否,2026/09/06\r\n".encode("gb18030"),
    ),
    Raw(
        before=40,
        kind="text in number",
        key="FB20260990002",
        outcome=Outcome.REJECTED,
        line="FB20260990002,LiNa,上海样板家居有限公司,满意,否,2026/09/12\r\n".encode("gb18030"),
    ),
)
