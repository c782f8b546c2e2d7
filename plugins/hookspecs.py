"""Every hook of Attain. Hooks ask for nouns: each returns a list of descriptions, and does no I/O.

A plug-in is a module (or an object) whose functions bear these names and ``@hookimpl``, found by
an entry point in the group ``attain``. All hooks are optional and synchronous, none has an
argument, and each is called once, at start.
"""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from connectors.contract import Connector
from connectors.outlets import Anchor, Channel
from plugins.nouns import DocumentNoun, HolidayCalendar, PackFile, Question, Sentences

PROJECT = "attain"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def connectors() -> Sequence[Connector]:
    """Hand over sources. All I/O lives on the objects; making them must not touch the network.

    Example::

        from attain_northwind_crm.connector import NorthwindCrmConnector


        @hookimpl
        def connectors():
            return [NorthwindCrmConnector()]
    """
    raise NotImplementedError


@hookspec
def channels() -> Sequence[Channel]:
    """Hand over ways to reach a person, such as a chat.

    Example::

        class AcmeChat:
            info = ChannelInfo(
                id="acme.chat",
                title={"zh-CN": "极致聊天", "en": "Acme chat"},
                api="1.0",
                config_schema={"type": "object"},
            )

            def send(self, context, message):
                sent = {"to": message.receiver, "text": message.body, "once": message.dedup}
                return context.web.post("https://chat.acme.example/send", json=sent).json()["id"]


        @hookimpl
        def channels():
            return [AcmeChat()]
    """
    raise NotImplementedError


@hookspec
def anchors() -> Sequence[Anchor]:
    """Hand over places outside that remember checkpoints of the trail, such as a time stamp.

    Example::

        class AcmeFile:
            info = AnchorInfo(
                id="acme.file",
                title={"zh-CN": "只追加文件", "en": "A file that only grows"},
                api="1.0",
                place="the path of the file",
            )

            def keep(self, place, line):
                with open(place, "a", encoding="utf-8") as file:
                    return str(file.write(line))

            def kept(self, place):
                yield from Path(place).read_text("utf-8").splitlines()


        @hookimpl
        def anchors():
            return [AcmeFile()]
    """
    raise NotImplementedError


@hookspec
def kpi_packs() -> Sequence[PackFile]:
    """Hand over industry packs: TOML files inside the distribution, read as data.

    Example::

        @hookimpl
        def kpi_packs():
            return [PackFile(id="acme", path=Path(__file__).with_name("acme.toml"))]
    """
    raise NotImplementedError


@hookspec
def metrics() -> Sequence[DocumentNoun]:
    """Hand over single metrics, as documents of the format ``attain.metric/1``.

    Example::

        @hookimpl
        def metrics():
            document = {
                "format": "attain.metric/1",
                "key": "acme.orders",
                "name": {"zh-CN": "订单金额", "en": "Orders"},
                "explanation": {"zh-CN": "本期订单的金额合计。", "en": "The sum of all orders."},
                "dimension": "RESULT",
                "direction": "HIGHER",
                "unit": "CNY",
                "empty": "ZERO",
                "refresh": "DAILY",
                "tags": [],
                "formula": {"kind": "SUM", "fact": "order", "unit": "CNY"},
            }
            return [DocumentNoun(key="acme.orders", document=document)]
    """
    raise NotImplementedError


@hookspec
def curves() -> Sequence[DocumentNoun]:
    """Hand over named curves, as the ``curve`` part of a scorecard document.

    Example::

        @hookimpl
        def curves():
            points = [{"at": "0.8", "gives": "0.6"}, {"at": "1", "gives": "1"}]
            document = {
                "form": "PIECEWISE",
                "axis": "ATTAINMENT",
                "zeroTarget": "REFUSE",
                "points": points,
            }
            return [DocumentNoun(key="acme.straight", document=document)]
    """
    raise NotImplementedError


@hookspec
def calendars() -> Sequence[HolidayCalendar]:
    """Hand over calendars of days off and worked weekends.

    Example::

        @hookimpl
        def calendars():
            return [
                HolidayCalendar(
                    key="acme.2026",
                    title={"zh-CN": "2026 年公司日历", "en": "The company's year 2026"},
                    days_off=(date(2026, 10, 1), date(2026, 10, 2)),
                    worked_days=(date(2026, 10, 10),),
                )
            ]
    """
    raise NotImplementedError


@hookspec
def messages() -> Sequence[Sentences]:
    """Hand over the sentences for the plug-in's own codes, in both languages.

    Example::

        @hookimpl
        def messages():
            return [
                Sentences(locale="en", sentences={"acme_quota": "The day's quota is used up."}),
                Sentences(locale="zh-CN", sentences={"acme_quota": "当天的调用次数已用完。"}),
            ]
    """
    raise NotImplementedError


@hookspec
def questions() -> Sequence[Question]:
    """Hand over questions in plain words that a metric answers.

    Example::

        @hookimpl
        def questions():
            phrases = {"zh-CN": ("订单多少",), "en": ("how much did we sell",)}
            return [Question(key="acme.sold", phrases=phrases, metric="acme.orders")]
    """
    raise NotImplementedError
