"""The connectors that are installed: what each reads, what it must be told, whose it is."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import strawberry

from api.access import Audience, output, resolved, shown
from api.context import Context, Info
from api.scalars import Document, closed_set
from connectors.contract import CallLimit, Connector, Deletes, StreamInfo
from connectors.default_mappings import default_mapping
from domain.access import Resource
from messages.render import Locale
from plugins.conformance import Conformance, PlatinumLack
from plugins.live_note import DAYS, LiveNote, Nearness

_SHIPPED = "attain"

closed_set(
    Deletes,
    "How a stream tells that a row is gone.",
    {
        Deletes.NONE: "It does not: a row that vanished stays.",
        Deletes.TOMBSTONE: "The source says so.",
        Deletes.SWEEP: "What is there is compared with what is known.",
    },
)


@output(access=Resource.SOURCE, description="One kind of row that a source has.")
class SourceStream:
    """A stream as its connector declares it; a connection may have more of its own."""

    name: str = shown("Its name, as a mapping names it.")
    entity: str = shown("What a row is, such as an order.")
    key: list[str] = shown("The columns that identify a row for ever; at least one.")
    deletes: Deletes = shown("How it tells that a row is gone.")
    zone: str | None = shown("The zone in which it writes instants without an offset.")
    retention_days: int | None = shown("For how many days the source keeps rows; null: for ever.")
    personal_fields: list[str] = shown("The columns that hold personal information; may be empty.")
    columns: list[str] = shown("The columns that are known beforehand; may be empty.")


@output(access=Resource.SOURCE, description="How often a source may be asked.")
class SourceLimit:
    """A limit of calls, counted over a connection."""

    calls: int = shown("At most so many calls ...")
    seconds: float = shown("... in any so many seconds.")
    path: str | None = shown("Only addresses whose path contains this; null: every call.")


@output(access=Resource.SOURCE, description="Something that a connector can do besides reading.")
class ConnectorCapability:
    """A named version."""

    name: str = shown("Such as hook, keys, backfill.")
    version: int = shown("Its version.")


closed_set(
    Nearness,
    "Where a real source was that a plug-in was run against.",
    {
        Nearness.PUBLIC: "On the open internet.",
        Nearness.PRIVATE: "In a private network, that of whoever ran it.",
    },
)
closed_set(
    PlatinumLack,
    "What this installation itself finds missing for Platinum, whatever the grade says.",
    {
        PlatinumLack.CHANGED: "A file of the plug-in is another one than was graded.",
        PlatinumLack.NO_LIVE_RUN: "No run of this code against a real source is noted.",
        PlatinumLack.LIVE_RUN_OLD: f"The run was not in the last {DAYS} days.",
        PlatinumLack.UNSIGNED: "Nobody has signed the grade.",
        PlatinumLack.UNKNOWN_PUBLISHER: "ATTAIN_PUBLISHERS does not name the key of the signature.",
        PlatinumLack.FILES_BESIDE: "The distribution installs files that the signature is not for.",
    },
)


@output(access=Resource.SOURCE, description="A run of a plug-in against its real source.")
class ConnectorLiveRun:
    """What the vendor's note says of it; it names neither the source nor anybody in it."""

    ran_at: datetime = shown("The instant at which it ended.")
    days_old: int = shown("How many days ago that was; negative, if it is dated in the future.")
    counts: bool = shown(f"Whether it counts for Platinum today: not older than {DAYS} days.")
    source: Nearness = shown("Where the source was.")
    streams: list[str] = shown("The streams that were asked, by name; at least one.")
    records: int = shown("How many records they brought; at least one.")


@output(access=Resource.SOURCE, description="What the conformance kit found about a plug-in.")
class ConnectorConformance:
    """The grade that a vendor ships; it shows what was found, not who ran the kit."""

    tier: str = shown(
        "Bronze, Silver, Gold, Platinum or none; computed, never declared. Platinum only where and "
        "while platinumLacks is empty, else Gold."
    )
    graded_on: date = shown("The day on which the kit was run.")
    passed: int = shown("How many checks passed.")
    not_applicable: int = shown("How many checks cannot apply to the source.")
    open: int = shown("How many checks failed or were not proven.")
    unchanged: bool = shown(
        "Whether every file of the plug-in is as it was graded; false: the grade is of another one."
    )
    live_run: ConnectorLiveRun | None = shown(
        "The last run of this code against its real source; null when none is noted."
    )
    publisher: str | None = shown(
        "Whose signature it bears, as ATTAIN_PUBLISHERS calls them; null when it bears none or "
        "none of theirs."
    )
    signed_by: str | None = shown("The Ed25519 key of the signature, in hex; null without one.")
    platinum_lacks: list[PlatinumLack] = shown(
        "What this installation finds missing for Platinum, of what it looks at itself; may be "
        "empty."
    )


@output(access=Resource.SOURCE, description="A connector that is installed.")
class InstalledConnector:
    """What HR needs to connect a source of this kind."""

    id: strawberry.ID = shown("Its permanent id, as connectionCreate takes it.")
    title: str = shown("Its name, in the language of the request.")
    distribution: str = shown("The distribution that brought it; attain: it is ours.")
    settings_schema: Document = shown(
        "The settings, as a JSON Schema; what is marked secret may be given by reference."
    )
    streams: list[SourceStream] = shown("The streams it declares; may be empty.")
    capabilities: list[ConnectorCapability] = shown("What else it can do; may be empty.")
    limits: list[SourceLimit] = shown("How often it asks its source; may be empty.")
    default_mapping: Document | None = shown("The mapping to begin with; null when it has none.")
    conformance: ConnectorConformance | None = shown(
        "What the kit found about it; null when its vendor ships none, and for ours."
    )


def connector_from_domain(
    connector: Connector,
    owner: str,
    locale: Locale,
    graded: Conformance | None = None,
    today: date = date.max,
) -> InstalledConnector:
    """Show a connector, and beside it what of the grade that its vendor ships holds today."""
    info = connector.info
    mapping = default_mapping(info, shipped=owner == _SHIPPED)
    return InstalledConnector(
        id=strawberry.ID(info.id),
        title=info.title.get(locale.value) or info.title.get(Locale.EN.value) or info.id,
        distribution=owner,
        settings_schema=Document(info.config_schema),
        streams=[_stream(each) for each in info.streams],
        capabilities=[
            ConnectorCapability(name=name, version=version)
            for name, version in sorted(info.capabilities.items())
        ],
        limits=[_limit(each) for each in info.limits],
        default_mapping=None if mapping is None else Document(mapping),
        conformance=None if graded is None else _conformance(graded, today),
    )


def _conformance(graded: Conformance, today: date) -> ConnectorConformance:
    counts = Counter(graded.checks.values())
    passed, free = counts["passed"], counts["not applicable"]
    return ConnectorConformance(
        tier=graded.tier_on(today),
        graded_on=graded.graded,
        passed=passed,
        not_applicable=free,
        open=len(graded.checks) - passed - free,
        unchanged=graded.sound,
        live_run=None if graded.live is None else _live_run(graded.live, today),
        publisher=None if graded.origin is None else graded.origin.publisher,
        signed_by=None if graded.origin is None else graded.origin.key,
        platinum_lacks=graded.lacks(today),
    )


def _live_run(note: LiveNote, today: date) -> ConnectorLiveRun:
    return ConnectorLiveRun(
        ran_at=note.ran,
        days_old=note.days_old(today),
        counts=note.is_fresh(today),
        source=note.source,
        streams=sorted(note.streams),
        records=note.records,
    )


def _stream(stream: StreamInfo) -> SourceStream:
    return SourceStream(
        name=stream.name,
        entity=stream.entity,
        key=list(stream.key),
        deletes=stream.deletes,
        zone=stream.zone or None,
        retention_days=stream.retention_days,
        personal_fields=list(stream.personal_fields),
        columns=list(stream.columns),
    )


def _limit(limit: CallLimit) -> SourceLimit:
    return SourceLimit(calls=limit.calls, seconds=limit.seconds, path=limit.path or None)


def installed(context: Context) -> list[InstalledConnector]:
    """List what is installed, by id."""
    actions = context.runtime.actions
    return [
        connector_from_domain(
            connector,
            actions.connector_owners.get(name, _SHIPPED),
            context.locale,
            actions.conformance.get(name),
            context.today,
        )
        for name, connector in sorted(actions.connectors.items())
    ]


@output(access=Audience.SIGNED_IN, description="Queries about connectors.")
class ConnectorQuery:
    """Part of the query root."""

    @resolved(
        "The connectors that are installed, by id; at most some dozens.", access=Resource.SOURCE
    )
    async def installed_connectors(self, info: Info) -> list[InstalledConnector] | None:
        """Read all; nothing of it is anybody's data."""
        return installed(info.context)
