"""The built-in connector ``wjx`` (问卷星): answers to surveys, each for whom its link was made.

What matters here and is easily got wrong:

- An answer is for whoever stands in its link (``sojumpparm``). One from a link without that is of
  nobody, and counts for nobody.
- Answers are marked as invalid later, deleted, and marked anew: the last days are read again, and
  what is no longer among the valid ones is taken back.
- Times are written as Beijing has them, without an offset. The number of an answer (``jid``) is
  longer than some programs count exactly: it is a text here.
- Where a score stands in an answer is the survey's own matter: the settings name the column. A
  score that is no number, or beyond its scale, is told and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.beijing import BEIJING, ZONE, milli_in, written
from connectors.contract import (
    API_VERSION,
    Backfill,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    Message,
    Rejected,
    Scalar,
    StreamInfo,
    join_key,
)
from connectors.day_reads import Chunk, Dated, DayStream, read_days, span_of
from connectors.emitting import Emitting
from connectors.failures import ConfigurationRefused
from connectors.json_rows import flat_row
from connectors.row_cells import Unreadable, rejected_row, text_in
from connectors.stream_sets import StreamSet
from connectors.stream_sources import StreamSource
from connectors.windows import Window
from connectors.wjx_api import LIMITS, Wjx
from connectors.wjx_settings import CONFIG_SCHEMA, Survey, WjxSettings, settings_of

WINDOW_DAYS = 7
# Who answered is nobody's matter here.
_LEFT_OUT = ("ip", "ip_address", "openid", "unionid", "nickname", "head_img", "user_name")
_TIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d{2}):(\d{2})")
_SHOWN = 20
INFO = StreamInfo(
    name="answers",
    entity="survey",
    key=("survey", "response_id"),
    deletes=Deletes.TOMBSTONE,
    zone=ZONE,
    personal_fields=("employee_no", "sojumpparm"),
    columns=(
        *("survey", "response_id", "answered_at", "day", "employee_no", "metric", "score"),
        *("scale_max", "channel", "sojumpparm"),
    ),
)


@dataclass(slots=True, kw_only=True)
class WjxRun:
    """One run."""

    api: Wjx
    settings: WjxSettings
    now: datetime
    emitting: Emitting = field(default_factory=Emitting)


class Answers:
    """The valid answers of the surveys of the settings, by days."""

    info = INFO

    def probe(self, run: WjxRun) -> None:
        """Ask each survey for an answer, and look whether the columns of the settings are there."""
        for survey in run.settings.surveys.values():
            for row in run.api.page(survey.vid, 0, 1, {}):
                columns = flat_row(row) if isinstance(row, Mapping) else {}
                for wanted in (survey.score, run.settings.time):
                    if wanted not in columns:
                        there = ", ".join(sorted(columns)[:_SHOWN]) or "-"
                        values = {"survey": str(survey.vid), "column": wanted, "columns": there}
                        raise ConfigurationRefused("wjx_column_missing", values)

    def read(self, run: WjxRun, cursor: Cursor, backfill: Backfill | None) -> Iterator[Message]:
        """Emit the answers of each window; then what of the days read again is gone."""
        settings, today = run.settings, run.now.astimezone(BEIJING).date()
        span = span_of(
            cursor,
            backfill,
            begin=settings.begin,
            again_days=settings.again,
            today=today,
            last=today,
        )
        stream = DayStream(
            name=INFO.name,
            place="wjx:answers",
            window_days=WINDOW_DAYS,
            again_days=settings.again,
            people=[str(vid) for vid in settings.surveys],
            ask=lambda window, some: _ask(run, window, some),
        )
        yield from read_days(stream, span, cursor, run.emitting, live=backfill is None)


STREAMS = StreamSet[WjxRun](Answers())


class WjxConnector(StreamSource[WjxRun]):
    """WJX as a source."""

    info = ConnectorInfo(
        id="wjx",
        title={"zh-CN": "问卷星", "en": "WJX surveys"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=STREAMS.infos,
        capabilities={"backfill": 1},
        allowed_hosts=("www.wjx.cn", "{address}"),
        limits=LIMITS,
    )
    streams = STREAMS

    def open(self, context: Context, named: Mapping[str, tuple[str, ...]]) -> WjxRun:
        """Read the settings; no callback names anything."""
        settings = settings_of(context.config)
        api = Wjx(context.web, settings.access, context.now)
        return WjxRun(api=api, settings=settings, now=context.now)

    def sign_in(self, context: Context, run: WjxRun) -> None:
        """Do nothing: each call brings its key along."""


def _ask(run: WjxRun, window: Window, some: Sequence[str]) -> Iterator[Chunk]:
    first, last = window.seconds(BEIJING)
    for vid in some:
        survey = run.settings.surveys[int(vid)]
        for rows in run.api.answers(survey.vid, first * 1_000, last * 1_000 + 999):
            yield [_told(run.settings, survey, row) for row in rows]


def _told(settings: WjxSettings, survey: Survey, row: Any) -> Dated | Rejected:
    try:
        return _dated(settings, survey, row)
    except Unreadable as unreadable:
        number = str(row.get("jid") or "") if isinstance(row, Mapping) else ""
        key = join_key([str(survey.vid), number]) if number else ""
        position, values = f"wjx:{survey.vid}/{number or '?'}", {"column": unreadable.column}
        return rejected_row(INFO.name, row, position, "source_row_unreadable", values, key)


def _dated(settings: WjxSettings, survey: Survey, row: Any) -> Dated:
    if not isinstance(row, Mapping):
        raise Unreadable("row")
    content = flat_row({name: value for name, value in row.items() if name not in _LEFT_OUT})
    number, at = text_in(row, "jid"), _moment(content, settings.time)
    person = content.get(settings.person)
    channel = content.get("source")
    content = {
        **dict.fromkeys(INFO.columns),
        **content,
        "survey": str(survey.vid),
        "response_id": number,
        "answered_at": written(at),
        "day": at.date().isoformat(),
        "employee_no": None if person is None else str(person).strip() or None,
        "metric": survey.metric,
        "score": _score(content, survey),
        "scale_max": survey.scale_max,
        "channel": None if channel is None else str(channel),
    }
    return Dated(key=join_key([str(survey.vid), number]), day=at.date(), content=content)


def _moment(content: Mapping[str, Scalar], column: str) -> datetime:
    """Read when an answer was given: as Beijing writes it, or in milliseconds."""
    told = content.get(column)
    if type(told) is int:
        return milli_in(content, column)
    parts = _TIME.fullmatch(str(told).strip())
    try:
        if parts is not None:
            year, month, day, hour, minute, second = map(int, parts.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=BEIJING)
    except ValueError:
        pass
    raise Unreadable(column)


def _score(content: Mapping[str, Scalar], survey: Survey) -> Decimal | None:
    """Read a score; a question that was passed over has none."""
    told = content.get(survey.score)
    if told is None or str(told).strip() in ("", "(空)", "(跳过)"):
        return None
    try:
        score = Decimal(str(told).strip())
    except InvalidOperation:
        raise Unreadable(survey.score) from None
    if isinstance(told, bool) or not score.is_finite() or not 0 <= score <= survey.scale_max:
        raise Unreadable(survey.score)
    return score
