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

        @hookimpl
        def connectors():
            return [AcmeCrm()]
    """
    raise NotImplementedError


@hookspec
def channels() -> Sequence[Channel]:
    """Hand over ways to reach a person, such as a chat.

    Example::

        @hookimpl
        def channels():
            return [AcmeChat()]
    """
    raise NotImplementedError


@hookspec
def anchors() -> Sequence[Anchor]:
    """Hand over places outside that remember checkpoints of the trail, such as a time stamp.

    Example::

        @hookimpl
        def anchors():
            return [AcmeTimeStamp()]
    """
    raise NotImplementedError


@hookspec
def kpi_packs() -> Sequence[PackFile]:
    """Hand over industry packs: TOML files inside the distribution, read as data.

    Example::

        @hookimpl
        def kpi_packs():
            return [PackFile(id="retail", path=Path(__file__).with_name("retail.toml"))]
    """
    raise NotImplementedError


@hookspec
def metrics() -> Sequence[DocumentNoun]:
    """Hand over single metrics, as documents of the format ``attain.metric/1``.

    Example::

        @hookimpl
        def metrics():
            return [DocumentNoun(key="acme.nps", document={"format": "attain.metric/1", ...})]
    """
    raise NotImplementedError


@hookspec
def curves() -> Sequence[DocumentNoun]:
    """Hand over named curves, as the ``curve`` part of a scorecard document.

    Example::

        @hookimpl
        def curves():
            return [DocumentNoun(key="acme.s_curve", document={"form": "PIECEWISE", ...})]
    """
    raise NotImplementedError


@hookspec
def calendars() -> Sequence[HolidayCalendar]:
    """Hand over calendars of days off and worked weekends.

    Example::

        @hookimpl
        def calendars():
            return [HolidayCalendar(key="cn.2026", title={...}, days_off=(...), worked_days=(...))]
    """
    raise NotImplementedError


@hookspec
def messages() -> Sequence[Sentences]:
    """Hand over the sentences for the plug-in's own codes, in both languages.

    Example::

        @hookimpl
        def messages():
            return [Sentences(locale="en", sentences={"acme_quota": "The day's quota is used."})]
    """
    raise NotImplementedError


@hookspec
def questions() -> Sequence[Question]:
    """Hand over questions in plain words that a metric answers.

    Example::

        @hookimpl
        def questions():
            return [Question(key="acme.nps", phrases={"en": ("our NPS",)}, metric="acme.nps")]
    """
    raise NotImplementedError
