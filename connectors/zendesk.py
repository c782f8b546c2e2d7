"""The built-in connector ``zendesk``: what customers say of service people, and what those solve.

Its parts: ``zendesk_api`` (calls and errors), ``zendesk_rows`` (who the agents are),
``zendesk_feedback`` (ratings and surveys). Here are tickets, which an export tells as they change,
and agents, who are read whole.

What matters here and is easily got wrong:

- An export goes on where the last one ended. It leaves out the last minute, so nothing is missed
  and nothing need be read twice; a ticket that changes while it is read comes once more.
- A deleted ticket comes as one whose status is ``deleted``. One that was solved and is opened again
  keeps the time at which it was solved: the status alone says that it counts.
- A ticket may have nobody, or somebody who was deleted since.
- Who is no agent any more keeps his name for what he did: agents are never taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import (
    API_VERSION,
    Backfill,
    CallLimit,
    Checkpoint,
    ConnectorInfo,
    Context,
    Cursor,
    Deletes,
    Message,
    Record,
    StreamInfo,
    Tombstone,
)
from connectors.emitting import with_checkpoints
from connectors.failures import ConfigurationRefused
from connectors.instants import iso, midnight, moment_of
from connectors.kept_tokens import Tokens
from connectors.stream_sets import StreamSet
from connectors.stream_sources import StreamSource
from connectors.zendesk_api import EXPORT_PATH, TOKEN_PATH, Exported, Zendesk
from connectors.zendesk_feedback import Ratings, Surveys
from connectors.zendesk_rows import ZendeskRun
from connectors.zendesk_settings import CONFIG_SCHEMA, settings_of

_DELETED = "deleted"
_METRICS = "metric_set"
_NOT_YET = timedelta(minutes=2)  # an export knows nothing of the last minute
TICKETS = StreamInfo(
    name="tickets",
    entity="ticket",
    key=("id",),
    deletes=Deletes.TOMBSTONE,
    personal_fields=("person", "subject"),
    columns=(
        *("id", "status", "type", "priority", "subject", "assignee_id", "group_id", "brand_id"),
        *("organization_id", "requester_id", "person", "via.channel", "tags", "created_at"),
        *("created_at.day", "updated_at", "generated_timestamp", "metric_set.solved_at"),
        *("metric_set.solved_at.day", "metric_set.reopens", "metric_set.replies"),
        *("metric_set.reply_time_in_minutes.calendar", "metric_set.reply_time_in_minutes.business"),
        "metric_set.full_resolution_time_in_minutes.calendar",
        "metric_set.full_resolution_time_in_minutes.business",
    ),
)
AGENTS = StreamInfo(
    name="agents",
    entity="person",
    key=("id",),
    personal_fields=("name", "email", "external_id"),
    columns=(
        *("id", "name", "email", "external_id", "role", "active", "suspended"),
        *("default_group_id", "created_at", "updated_at"),
    ),
)
# What customers wrote and who else was told: nobody's pay depends on it.
_LEFT_OUT_OF_TICKETS = (
    *("url", "description", "raw_subject", "fields", "recipient", "collaborator_ids"),
    *("follower_ids", "email_cc_ids", "satisfaction_rating", "via"),
)
_LEFT_OUT_OF_AGENTS = (
    *("url", "photo", "phone", "signature", "notes", "details", "alias", "last_login_at"),
)
_ROLES = ("agent", "admin")
_SECONDS_MOST = 32_503_680_000  # in the year 3000


class Tickets:
    """Tickets as they change, with their measured times."""

    info = TICKETS

    def probe(self, run: ZendeskRun) -> None:
        """Ask for one ticket that changed a moment ago."""
        self._page(run, run.now, "", 1)

    def read(self, run: ZendeskRun, cursor: Cursor, backfill: Backfill | None) -> Iterator[Message]:
        """Go on with the export; or emit what was solved in a range of business dates."""
        name = self.info.name
        if backfill is not None:
            yield from with_checkpoints(name, self._solved_in(run, backfill), cursor)
            yield Checkpoint(stream=name, cursor=cursor)
            return
        since = midnight(run.settings.begin, run.settings.zone)
        for after, messages in self._pages(run, since, str(cursor.get("after") or "")):
            yield from messages
            yield Checkpoint(stream=name, cursor={"after": after} if after else {})

    def _solved_in(self, run: ZendeskRun, days: Backfill) -> Iterator[Message]:
        """Walk over all that changed since the first day: what was solved then is among it."""
        start, end = days.start.isoformat(), days.end.isoformat()
        for _, messages in self._pages(run, midnight(days.start, run.settings.zone), ""):
            for message in messages:
                if isinstance(message, Record):
                    day = str(message.content["metric_set.solved_at.day"] or "")
                    if start <= day < end:
                        yield message

    def _pages(
        self, run: ZendeskRun, since: datetime, after: str
    ) -> Iterator[tuple[str, list[Message]]]:
        """Give the rows of each page and the mark behind it; what a page repeats comes once."""
        before: set[tuple[str, str]] = set()
        while True:
            page = self._page(run, since, after)
            told = list(self._told(run, page.rows))
            yield page.after, [each for each in told if _mark(each) not in before]
            if page.last:
                return
            before, after = {_mark(each) for each in told}, page.after

    def _page(self, run: ZendeskRun, since: datetime, after: str, size: int = 0) -> Exported:
        start = int(min(since, run.now - _NOT_YET).timestamp())
        return run.api.exported("tickets", start, after, {"include": "metric_sets"}, size)

    def _told(self, run: ZendeskRun, rows: Sequence[Any]) -> Iterator[Message]:
        run.look_up(row.get("assignee_id") for row in rows if isinstance(row, Mapping))
        for row in rows:
            number = row.get("id") if isinstance(row, Mapping) else None
            if type(number) is not int:
                yield run.rejected(self.info, row)
                continue
            key, changed = str(number), _changed(row)
            if row.get("status") == _DELETED:
                version = "" if changed is None else iso(changed)
                position = f"zendesk:{self.info.name}/{key}"
                yield run.emitting.tombstone(self.info.name, key, position, version)
                continue
            via = row.get("via")
            channel = via.get("channel") if isinstance(via, Mapping) else None
            more = {"via.channel": None if channel is None else str(channel)}
            yield run.record(self.info, key, row, more, changed, _LEFT_OUT_OF_TICKETS)


class Agents:
    """Who works in Zendesk: agents and administrators, no customers."""

    info = AGENTS

    def probe(self, run: ZendeskRun) -> None:
        """Ask for one agent."""
        run.api.first("users", "users", {"role": _ROLES[0]})

    def read(self, run: ZendeskRun, cursor: Cursor, backfill: Backfill | None) -> Iterator[Message]:
        """Emit everybody; there are no days to read again."""
        if backfill is not None:
            raise ConfigurationRefused("source_backfill_unsupported")
        name = self.info.name
        yield from with_checkpoints(name, self._everybody(run), cursor)
        yield Checkpoint(stream=name, cursor=cursor)

    def _everybody(self, run: ZendeskRun) -> Iterator[Message]:
        for role in _ROLES:
            for page in run.api.pages("users", "users", {"role": role}):
                for row in page:
                    number = row.get("id") if isinstance(row, Mapping) else None
                    if type(number) is not int:
                        yield run.rejected(self.info, row)
                        continue
                    changed = moment_of(row.get("updated_at"))
                    yield run.record(self.info, str(number), row, {}, changed, _LEFT_OUT_OF_AGENTS)


STREAMS = StreamSet[ZendeskRun](Ratings(), Surveys(), Tickets(), Agents())


class ZendeskConnector(StreamSource[ZendeskRun]):
    """Zendesk as a source; it keeps the tokens of this process, nothing else."""

    info = ConnectorInfo(
        id="zendesk",
        title={"zh-CN": "Zendesk", "en": "Zendesk"},
        api=API_VERSION,
        config_schema=CONFIG_SCHEMA,
        streams=STREAMS.infos,
        capabilities={"backfill": 1},
        allowed_hosts=("{address}",),
        limits=(
            CallLimit(calls=10, seconds=60, path=TOKEN_PATH),
            CallLimit(calls=9, seconds=60, path=EXPORT_PATH),
            CallLimit(calls=180, seconds=60),
        ),
    )
    streams = STREAMS

    def __init__(self) -> None:
        self._tokens = Tokens()

    def open(self, context: Context, named: Mapping[str, tuple[str, ...]]) -> ZendeskRun:
        """Read the settings; no callback names anything."""
        settings = settings_of(context.config)
        api = Zendesk(context.web, settings.access, self._tokens, context.now)
        return ZendeskRun(api=api, settings=settings, now=context.now)

    def sign_in(self, context: Context, run: ZendeskRun) -> None:
        """Ask for a token, if there is one to ask for."""
        run.api.sign_in()


def _changed(row: Mapping[str, Any]) -> datetime | None:
    """Return when a ticket changed, in any way; its own stamp leaves out what people do not see."""
    seconds = row.get("generated_timestamp")
    if type(seconds) is int and 0 < seconds < _SECONDS_MOST:
        return datetime.fromtimestamp(seconds, UTC)
    return moment_of(row.get("updated_at"))


def _mark(message: Message) -> tuple[str, str]:
    """Name what a row says at a time; one that was rejected is told as often as it comes."""
    if isinstance(message, Record | Tombstone):
        return message.key, message.version
    return "", str(id(message))
