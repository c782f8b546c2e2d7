"""Who works at the demo company: people, teams, platforms, and what other systems call them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from attain.demo.stream import Stream

COMPANY_NAME = "和嘉家居"
PLATFORM_OPENED = date(2026, 2, 1)
LEAVER_GONE = date(2026, 8, 1)  # the last working day was 2026-07-31
JOINED = date(2026, 8, 1)
MOVED = date(2026, 8, 16)

# code, name, level, parent, founded
UNITS: tuple[tuple[str, str, str, str, str], ...] = (
    ("HJ", "和嘉家居", "COMPANY", "", "2012-03-01"),
    ("HJ-E", "华东大区", "REGION", "HJ", "2013-01-01"),
    ("HJ-S", "华南大区", "REGION", "HJ", "2014-01-01"),
    ("HJ-E1", "上海组", "TEAM", "HJ-E", "2013-01-01"),
    ("HJ-E2", "杭州组", "TEAM", "HJ-E", "2013-06-01"),
    ("HJ-E3", "南京组", "TEAM", "HJ-E", "2015-03-01"),
    ("HJ-S1", "广州组", "TEAM", "HJ-S", "2014-01-01"),
    ("HJ-S2", "深圳组", "TEAM", "HJ-S", "2014-07-01"),
    ("HJ-S3", "厦门组", "TEAM", "HJ-S", "2017-09-01"),
)
# code, name, opened
PLATFORMS: tuple[tuple[str, str, str], ...] = (
    ("HOME", "和嘉高定", "2014-05-01"),
    ("FAST", "和嘉优选", "2016-09-01"),
    ("CLOUD", "和嘉云店", "2026-02-01"),
)
PLATFORM_NAMES = {code: name for code, name, _ in PLATFORMS}

_SALESPEOPLE = """
李娜 LiNa HJ-E1 HOME|张伟 ZhangWei HJ-E1 HOME|王芳 WangFang HJ-E1 HOME|孙倩 SunQian HJ-E1 HOME
郑凯 ZhengKai HJ-E1 HOME|吴昊 WuHao HJ-E1 FAST|何佳 HeJia HJ-E1 HOME|林峰 LinFeng HJ-E1 CLOUD
刘洋 LiuYang HJ-E2 HOME|杨帆 YangFan HJ-E2 HOME|黄立 HuangLi HJ-E2 HOME|周敏 ZhouMin HJ-E2 FAST
徐静 XuJing HJ-E2 FAST|朱琳 ZhuLin HJ-E2 FAST|马骁 MaXiao HJ-E2 CLOUD|胡斌 HuBin HJ-E2 CLOUD
郭晨 GuoChen HJ-E2 CLOUD
陈静 ChenJing HJ-E3 HOME|高翔 GaoXiang HJ-E3 HOME|罗丹 LuoDan HJ-E3 FAST|梁宇 LiangYu HJ-E3 FAST
宋佳 SongJia HJ-E3 FAST|谢婷 XieTing HJ-E3 FAST|韩雪 HanXue HJ-E3 CLOUD|唐杰 TangJie HJ-E3 CLOUD
赵磊 ZhaoLei HJ-S1 FAST|周婷 ZhouTing HJ-S1 FAST|冯涛 FengTao HJ-S1 FAST|董洁 DongJie HJ-S1 FAST
萧然 XiaoRan HJ-S1 FAST|程诚 ChengCheng HJ-S1 FAST|曹莹 CaoYing HJ-S1 HOME|袁野 YuanYe HJ-S1 CLOUD
邓超群 DengChaoqun HJ-S1 CLOUD|许清秋 XuQingqiu HJ-S1 HOME
王芳 WangFang2 HJ-S2 HOME|傅瑶 FuYao HJ-S2 HOME|沈洋 ShenYang HJ-S2 HOME|曾志 ZengZhi HJ-S2 FAST
彭博文 PengBowen HJ-S2 FAST|吕梁 LvLiang HJ-S2 CLOUD|苏昕 SuXin HJ-S2 HOME|卢俊 LuJun HJ-S2 CLOUD
蒋欣怡 JiangXinyi HJ-S3 FAST|蔡铭宇 CaiMingyu HJ-S3 FAST|贾雯 JiaWen HJ-S3 FAST
丁嘉 DingJia HJ-S3 FAST|魏来 WeiLai HJ-S3 HOME|薛冰 XueBing HJ-S3 HOME|叶子 YeZi HJ-S3 CLOUD
闫硕 YanShuo HJ-S3 CLOUD
"""
# name, account, unit, position, role
_OTHERS: tuple[tuple[str, str, str, str, str], ...] = (
    ("顾明远", "GuMingyuan", "HJ", "销售总监", "LEAD"),
    ("何静", "HeJing", "HJ", "人力资源经理", "MEMBER"),
    ("方立群", "FangLiqun", "HJ", "内部审计", "MEMBER"),
    ("钱志强", "QianZhiqiang", "HJ-E", "大区经理", "LEAD"),
    ("莫小棠", "MoXiaotang", "HJ-S", "大区经理", "LEAD"),
    ("陆岩", "LuYan", "HJ-E1", "销售主管", "LEAD"),
    ("邵琪", "ShaoQi", "HJ-E2", "销售主管", "LEAD"),
    ("石磊", "ShiLei", "HJ-E3", "销售主管", "LEAD"),
    ("温慧", "WenHui", "HJ-S1", "销售主管", "LEAD"),
    ("康健", "KangJian", "HJ-S2", "销售主管", "LEAD"),
    ("庄严", "ZhuangYan", "HJ-S3", "销售主管", "LEAD"),
    ("江波", "JiangBo", "HJ", "系统管理员", "MEMBER"),
)
_HIRED_FOR_CLOUD = ("GuoChen", "TangJie", "LuJun", "YanShuo")
LEAVER, JOINER, MOVER = "ZhaoLei", "ZhouTing", "XuJing"

SHARED_SEAT = "渠道席位05"  # one CRM seat: the leaver's until July, the joiner's from August
UNLINKED_ALIAS = "小王"  # deliberately in no link: its facts wait for a person's decision
SECOND_ALIAS = "刘洋-大客户"
_CRM_NAMES = {
    "WangFang2": "王芳(深圳)",
    "DengChaoqun": "Kevin邓",
    LEAVER: SHARED_SEAT,
    JOINER: SHARED_SEAT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One person of the demo company; ``left`` is the first day after the last working day."""

    staff_number: str
    name: str
    account: str
    unit: str
    platform: str
    position: str
    role: str
    hired: date
    left: date | None
    crm_name: str

    @property
    def sells(self) -> bool:
        """Whether the person is a salesperson."""
        return self.platform != ""

    def works_at(self, day: date) -> bool:
        """Return whether the person is employed at ``day``."""
        return self.hired <= day and (self.left is None or day < self.left)

    def platform_at(self, day: date) -> str:
        """Return the code of the platform the person sells on at ``day``."""
        return "FAST" if self.platform == "CLOUD" and day < PLATFORM_OPENED else self.platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One row of the assignment sheet; ``until`` is the first day it no longer holds."""

    staff_number: str
    unit: str
    platform: str
    position: str
    role: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmLink:
    """Which person a CRM display name means, from a day to a day."""

    crm_name: str
    staff_number: str
    since: date
    until: date | None
    note: str


def _hire_date(account: str, stream: Stream) -> date:
    drawn = date(stream.between(2016, 2025), stream.between(1, 12), stream.between(1, 28))
    if account in _HIRED_FOR_CLOUD:
        return PLATFORM_OPENED
    return JOINED if account == JOINER else drawn


def _hire_all() -> tuple[Staff, ...]:
    stream = Stream("hiring")
    staff: list[Staff] = []
    lines = _SALESPEOPLE.replace("\n", "|").split("|")
    for number, text in enumerate((line for line in lines if line), start=101):
        name, account, unit, platform = text.split()
        staff.append(
            Staff(
                staff_number=f"{number:05d}",
                name=name,
                account=account,
                unit=unit,
                platform=platform,
                position="销售代表",
                role="MEMBER",
                hired=_hire_date(account, stream),
                left=LEAVER_GONE if account == LEAVER else None,
                crm_name=_CRM_NAMES.get(account, name),
            )
        )
    for number, (name, account, unit, position, role) in enumerate(_OTHERS, start=1):
        staff.append(
            Staff(
                staff_number=f"{number:05d}",
                name=name,
                account=account,
                unit=unit,
                platform="",
                position=position,
                role=role,
                hired=_hire_date(account, stream),
                left=None,
                crm_name="",
            )
        )
    return tuple(staff)


STAFF: tuple[Staff, ...] = _hire_all()
SALESPEOPLE: tuple[Staff, ...] = tuple(person for person in STAFF if person.sells)
BY_ACCOUNT: dict[str, Staff] = {person.account: person for person in STAFF}


def assignments() -> tuple[Work, ...]:
    """Return the rows of the assignment sheet: who worked where, from when to when."""
    rows: list[Work] = []
    for person in STAFF:
        spans = [(person.unit, person.platform, person.hired, person.left)]
        if person.platform == "CLOUD" and person.hired < PLATFORM_OPENED:
            spans = [
                (person.unit, "FAST", person.hired, PLATFORM_OPENED),
                (person.unit, "CLOUD", PLATFORM_OPENED, None),
            ]
        if person.account == MOVER:
            spans = [
                (person.unit, person.platform, person.hired, MOVED),
                ("HJ-E1", person.platform, MOVED, None),
            ]
        rows.extend(
            Work(
                staff_number=person.staff_number,
                unit=unit,
                platform=platform,
                position=person.position,
                role=person.role,
                since=since,
                until=until,
            )
            for unit, platform, since, until in spans
        )
    return tuple(rows)


def crm_links() -> tuple[CrmLink, ...]:
    """Return the dated links from CRM display names to staff numbers."""
    links = [
        CrmLink(
            crm_name=person.crm_name,
            staff_number=person.staff_number,
            since=max(person.hired, date(2025, 1, 1)),
            until=person.left,
            note="席位转交" if person.crm_name == SHARED_SEAT else "",
        )
        for person in SALESPEOPLE
    ]
    links.append(
        CrmLink(
            crm_name=SECOND_ALIAS,
            staff_number=BY_ACCOUNT["LiuYang"].staff_number,
            since=date(2026, 1, 1),
            until=None,
            note="第二账号",
        )
    )
    return tuple(links)
