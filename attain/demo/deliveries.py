"""How the two deliveries differ, and the rows of every file as its system would export it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from attain.demo.activity import CheckIn, Course, Feedback, Payment
from attain.demo.cast import PLATFORMS, STAFF, UNITS, assignments, crm_links
from attain.demo.dirt import FEEDBACK_LINES, ORDER_LINES, DirtyRow, Outcome, Raw
from attain.demo.orders import CONFLICT_CENTS, CORRECTED_BY, WON, Order
from attain.demo.tables import Cell, Sheet, csv_file, csv_line, full_width, money, workbook_file

ORDER_HEADER = (
    "订单编号",
    "客户编号",
    "客户名称",
    "业务员",
    "销售平台",
    "产品",
    "订单金额",
    "阶段",
    "成交日期",
    "客户类型",
    "最后修改时间",
)
PAYMENT_HEADER = (
    "payment_no",
    "order_no",
    "customer_no",
    "salesperson",
    "amount",
    "currency",
    "paid_date",
)
LINK_HEADER = ("crm_name", "staff_number", "valid_from", "valid_to", "note")
CHECK_IN_HEADER = (
    "打卡编号",
    "企业微信账号",
    "姓名",
    "打卡类型",
    "打卡时间",
    "客户编号",
    "客户名称",
)
FEEDBACK_HEADER = ("问卷编号", "业务员账号", "客户名称", "评分", "是否投诉", "评价日期")
COURSE_HEADER = (
    "record_id",
    "staff_number",
    "course",
    "programme",
    "training_date",
    "exam_score",
    "completed",
)
_SECOND = datetime(2026, 10, 8, 17, 5, 0)  # noqa: DTZ001 - local time of the CRM
_GROUPED_UNTIL = 4  # the CRM wrote 12,345.60 until April and plain numbers afterwards
_FULL_WIDTH_AT = 20  # which row of July is written in full-width digits
_REPEATED_AT = 240
_TOLD = ("late", "corrected", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One file: what it holds, how many rows it has and what is odd in it."""

    delivery: int
    path: str
    content: bytes
    rows: int
    dirty: tuple[DirtyRow, ...] = ()


class _Lines:
    """Collects the lines of one CSV file and remembers where the odd ones stand."""

    def __init__(self, delivery: int, path: str, header: tuple[str, ...], encoding: str) -> None:
        self._delivery = delivery
        self._path = path
        self._encoding = encoding
        self._lines = [csv_line(header, encoding)]
        self._dirty: list[DirtyRow] = []

    def add(self, cells: tuple[str, ...]) -> None:
        self._lines.append(csv_line(cells, self._encoding))

    def add_raw(self, raw: Raw) -> None:
        self._lines.append(raw.line)
        self.note(raw.kind, raw.key, raw.outcome)

    def note(self, kind: str, key: str, outcome: Outcome) -> None:
        """Say that the line added last is odd."""
        self._dirty.append(
            DirtyRow(
                delivery=self._delivery,
                path=self._path,
                line=len(self._lines),
                kind=kind,
                key=key,
                outcome=outcome,
            )
        )

    def made(self, *, mark: bool = False) -> Made:
        return Made(
            delivery=self._delivery,
            path=self._path,
            content=csv_file(self._lines, mark=mark),
            rows=len(self._lines) - 1,
            dirty=tuple(self._dirty),
        )


def as_exported(order: Order, delivery: int) -> Order | None:
    """Return the order as the CRM showed it in ``delivery``; None when it was not yet there.

    Of an order with two rows in one file this is the last row.
    """
    if order.story == "late":
        return None if delivery == 1 else replace(order, modified=_SECOND)
    if order.story == "corrected":
        before = replace(order, cents=order.cents + CORRECTED_BY)
        return before if delivery == 1 else replace(order, modified=_SECOND)
    if order.story == "conflicting":
        shown = replace(order, cents=order.cents + CONFLICT_CENTS)
        return shown if delivery == 1 else replace(order, modified=_SECOND)
    if order.story == "cancelled":
        return replace(order, stage=WON) if delivery == 1 else replace(order, modified=_SECOND)
    return order


def _order_cells(order: Order, amount: str) -> tuple[str, ...]:
    return (
        order.number,
        order.customer.number,
        order.customer.name,
        order.crm_name,
        order.platform,
        order.product,
        amount,
        order.stage,
        order.day.isoformat(),
        "新客户" if order.newly_won else "老客户",
        order.modified.isoformat(sep=" "),
    )


def orders_file(orders: tuple[Order, ...], month: date, delivery: int) -> Made:
    """Write one month of the CRM as it stood at ``delivery``."""
    lines = _Lines(delivery, f"crm/orders-{month:%Y-%m}.csv", ORDER_HEADER, "utf-8")
    extra = list(ORDER_LINES.get(month.month, ()))
    mine = [order for order in orders if order.day.replace(day=1) == month]
    for position, order in enumerate(mine):
        while extra and extra[0].before <= position:
            lines.add_raw(extra.pop(0))
        shown = as_exported(order, delivery)
        if shown is not None:
            _add_order(lines, shown, position, month.month, delivery)
    for raw in extra:
        lines.add_raw(raw)
    return lines.made(mark=True)


def _add_order(lines: _Lines, order: Order, position: int, month: int, delivery: int) -> None:
    amount = money(order.cents, grouped=month <= _GROUPED_UNTIL)
    if (month, position) == (7, _FULL_WIDTH_AT):
        lines.add(_order_cells(order, full_width(amount)))
        lines.note("full-width digits", order.number, Outcome.NORMALISED)
    elif order.story == "unpriced" and delivery == 1:
        lines.add(_order_cells(order, ""))
        lines.note("missing amount", order.number, Outcome.REPAIRED)
    elif order.story == "conflicting" and delivery == 1:
        lines.add(_order_cells(order, money(order.cents - CONFLICT_CENTS)))
        lines.add(_order_cells(order, amount))
        lines.note("duplicate key, other content", order.number, Outcome.REPAIRED)
    elif (month, position) == (7, _REPEATED_AT):
        lines.add(_order_cells(order, amount))
        lines.add(_order_cells(order, amount))
        lines.note("duplicate row", order.number, Outcome.IGNORED)
    else:
        lines.add(_order_cells(order, amount))
        if order.account == "":
            lines.note("unlinked alias", order.number, Outcome.WAITS)
        elif order.stage == WON and order.cents < 0:
            lines.note("negative refund", order.number, Outcome.COUNTED)
        elif order.story in _TOLD and delivery == 2:
            lines.note(f"{order.story} order", order.number, Outcome.COUNTED)


def payments_file(payments: tuple[Payment, ...], month: date, delivery: int) -> Made:
    """Write one month of the finance system's payments as they stood at ``delivery``."""
    path = f"crm/payments-{month:%Y-%m}.csv"
    lines = _Lines(delivery, path, PAYMENT_HEADER, "utf-8")
    for paid in payments:
        if paid.day.replace(day=1) != month or (paid.late and delivery == 1):
            continue
        lines.add(
            (
                paid.number,
                paid.order.number,
                paid.order.customer.number,
                paid.order.crm_name,
                money(paid.cents),
                "CNY",
                paid.day.isoformat(),
            )
        )
        if paid.order.account == "":
            lines.note("unlinked alias", paid.number, Outcome.WAITS)
        elif paid.cents < 0:
            lines.note("negative refund", paid.number, Outcome.COUNTED)
        elif paid.late:
            lines.note("late payment", paid.number, Outcome.COUNTED)
    return lines.made()


def links_file() -> Made:
    """Write the explicit, dated links from CRM display names to staff numbers."""
    lines = _Lines(1, "crm/crm_users.csv", LINK_HEADER, "utf-8")
    for link in crm_links():
        until = link.until.isoformat() if link.until else ""
        lines.add((link.crm_name, link.staff_number, link.since.isoformat(), until, link.note))
    return lines.made()


def feedback_file(rows: tuple[Feedback, ...], month: date, delivery: int) -> Made:
    """Write one month of the survey system, which exports GB18030."""
    path = f"feedback/客户评价-{month:%Y-%m}.csv"
    lines = _Lines(delivery, path, FEEDBACK_HEADER, "gb18030")
    extra = list(FEEDBACK_LINES) if month.month == 9 else []
    mine = [row for row in rows if row.day.replace(day=1) == month]
    for position, row in enumerate(mine):
        while extra and extra[0].before <= position:
            lines.add_raw(extra.pop(0))
        score = f"{row.tenths // 10}.{row.tenths % 10}"
        complaint = "是" if row.complaint else "否"
        day = f"{row.day:%Y/%m/%d}"
        lines.add((row.number, row.person.account, row.customer.name, score, complaint, day))
    return lines.made()


def courses_file(rows: tuple[Course, ...], since: date, until: date, delivery: int) -> Made:
    """Write the training system's records from ``since`` to before ``until``."""
    name = "training/training-2026-10.csv" if delivery == 2 else "training/training-2026.csv"
    lines = _Lines(delivery, name, COURSE_HEADER, "utf-8")
    for row in rows:
        if since <= row.day < until:
            lines.add(
                (
                    row.number,
                    row.person.staff_number,
                    row.title,
                    row.programme,
                    row.day.isoformat(),
                    str(row.score),
                    "yes" if row.completed else "no",
                )
            )
    return lines.made()


def check_ins_file(rows: tuple[CheckIn, ...], month: date, delivery: int) -> Made:
    """Write one month of the attendance system as a workbook with times as local text."""
    path = f"attendance/外勤打卡-{month:%Y-%m}.xlsx"
    cells: list[tuple[Cell, ...]] = [
        (
            row.number,
            row.person.account,
            row.person.name,
            row.type,
            row.moment.isoformat(sep=" "),
            row.customer.number if row.customer else "",
            row.customer.name if row.customer else "",
        )
        for row in rows
        if (row.moment.year, row.moment.month) == (month.year, month.month)
    ]
    dirty: list[DirtyRow] = []
    odd = _odd_check_ins() if month.month == 9 else ()
    for index, (kind, outcome, row) in enumerate(odd, start=1):
        cells.insert(index * 100, row)
        # Row 1 is the heading, and each odd row goes in behind the one before.
        place = index * 100 + 2
        dirty.append(
            DirtyRow(
                delivery=delivery,
                path=path,
                line=place,
                kind=kind,
                key=str(row[0]),
                outcome=outcome,
            )
        )
    sheet = Sheet(name="打卡明细", header=CHECK_IN_HEADER, rows=tuple(cells))
    return Made(
        delivery=delivery,
        path=path,
        content=workbook_file([sheet]),
        rows=len(cells),
        dirty=tuple(dirty),
    )


def _odd_check_ins() -> tuple[tuple[str, Outcome, tuple[Cell, ...]], ...]:
    customer = ("C99999", "上海样板家居有限公司")
    visit = "外出打卡"
    spoilt = 202609081415309001  # 18 digits typed as a number: the spreadsheet loses the last ones
    return (
        (
            "long number in a spreadsheet",
            Outcome.REJECTED,
            (spoilt, "LiNa", "李娜", visit, "2026-09-08 14:15:30", *customer),
        ),
        (
            "impossible time",
            Outcome.REJECTED,
            ("202609319999999002", "LiNa", "李娜", visit, "2026-09-31 10:00:00", *customer),
        ),
        (
            "unknown salesperson",
            Outcome.WAITS,
            ("202609101030009003", "ext_zhang", "张三", visit, "2026-09-10 10:30:00", *customer),
        ),
    )


def staff_file() -> Made:
    """Write the HR workbook: people, units, platforms and dated assignments."""
    people = tuple(
        (p.staff_number, p.name, p.account, p.hired, p.left or "", p.position) for p in STAFF
    )
    units = tuple(
        (code, name, level, parent, date.fromisoformat(founded), "")
        for code, name, level, parent, founded in UNITS
    )
    platforms = tuple((code, name, date.fromisoformat(day)) for code, name, day in PLATFORMS)
    work = tuple(
        (w.staff_number, w.unit, w.platform, w.position, w.role, w.since, w.until or "")
        for w in assignments()
    )
    sheets = (
        Sheet(
            name="员工",
            header=("工号", "姓名", "企业微信账号", "入职日期", "离职日期(不含)", "岗位"),
            rows=people,
        ),
        Sheet(
            name="组织",
            header=("组织编码", "组织名称", "组织类型", "上级编码", "生效日期", "失效日期(不含)"),
            rows=units,
        ),
        Sheet(name="平台", header=("平台编码", "平台名称", "开业日期"), rows=platforms),
        Sheet(
            name="任职",
            header=(
                "工号",
                "组织编码",
                "平台编码",
                "岗位",
                "角色",
                "生效日期",
                "失效日期(不含)",
            ),
            rows=work,
        ),
    )
    content = workbook_file(sheets)
    rows = sum(len(sheet.rows) for sheet in sheets)
    return Made(delivery=1, path="hr/员工花名册.xlsx", content=content, rows=rows)
