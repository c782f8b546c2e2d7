"""The composition root: settings become an engine, plug-ins, a clock, sentences and the app."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from actions.deed import OpenDatabases, OpenWeb, Runtime
from actions.source_secrets import SecretPlaces
from attain.keys import open_database
from attain.settings import Settings
from connectors.program_sources import ProgramConnector
from connectors.sign_in import SignIn
from domain.session import Lifetimes
from messages.vendor_sentences import vendor_sentences
from plugins.asking import PluginProblem
from plugins.conformance import conformances
from plugins.guests import Guests
from plugins.loading import load_plugins, read_choice
from plugins.packs.reading import packs_from
from storage.engine import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from starlette.applications import Starlette

    from connectors.contract import ConnectorInfo
    from connectors.databases import Databases
    from connectors.http import Http
    from connectors.web import Web


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """A runtime and what was wrong with the plug-ins on the way to it."""

    runtime: Runtime
    problems: tuple[PluginProblem, ...]


def system_clock() -> datetime:
    """Return the present instant: the one place that asks the machine."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one clock


def wire(settings: Settings, clock: Clock = system_clock) -> Wired:
    """Open the database and load the plug-ins; a broken plug-in is reported and left out."""
    engine = open_database(settings)
    plugins = load_plugins(read_choice(settings.plugins), guests=_guests(settings))
    packs, pack_problems = packs_from(plugins.nouns("kpi_packs").values())
    broken = tuple(
        PluginProblem(plugin=problem.path, code=problem.code, values=problem.values)
        for problem in pack_problems
    )
    owners = {name: offer.owner for name, offer in plugins.offers["connectors"].items()}
    runtime = Runtime(
        engine=engine,
        clock=clock,
        data_folder=settings.data,
        demo=settings.demo,
        lifetimes=Lifetimes(
            browser_idle=timedelta(hours=settings.session_idle),
            browser_longest=timedelta(days=settings.session_longest),
            mobile_idle=timedelta(days=settings.mobile_idle),
            mobile_longest=timedelta(days=settings.mobile_longest),
        ),
        connectors=_with_taps(plugins.nouns("connectors"), settings.taps),
        connector_owners=owners,
        conformance=conformances(owners, settings.publishers),
        packs=packs,
        sign_in=_sign_in(settings, clock),
        web=_way_out(settings, clock),
        databases=_way_to_databases(settings),
        secrets=SecretPlaces(variables=settings.secrets, folder=settings.secrets_folder),
        anchors=plugins.nouns("anchors"),
        vendor_sentences=vendor_sentences(
            (each.locale, each.sentences) for each in plugins.nouns("messages").values()
        ),
        pdf_font=settings.pdf_font,
        anchored_in=_known_anchors(settings, plugins.nouns("anchors")),
    )
    return Wired(runtime=runtime, problems=(*plugins.problems, *broken))


def _guests(settings: Settings) -> Guests:
    """Keep plug-ins of others out of our process, but for those that the operator trusts."""
    inside = read_choice(settings.plugins_inside)
    return Guests(inside=inside.allowed, kept=settings.data / "plugins.json")


def _with_taps(connectors: Mapping[str, Any], taps: Path | None) -> dict[str, Any]:
    """Tell our own bridges to programs of others where the operator keeps these."""
    return {
        name: type(each)(taps) if isinstance(each, ProgramConnector) else each
        for name, each in connectors.items()
    }


def _sign_in(settings: Settings, clock: Clock) -> SignIn:
    if settings.sign_in is None:
        return SignIn()
    from attain.sign_in_file import open_sign_in

    return open_sign_in(settings.sign_in, clock)


def _way_out(settings: Settings, clock: Clock) -> OpenWeb:
    """Return what opens the way out of a connection; the client is made when it is first needed."""

    @cache
    def client() -> Http:
        from connectors.web_host import open_http

        return open_http(settings.source_hosts)

    def open_web(
        info: ConnectorInfo, config: Mapping[str, Any], wait: Callable[[float], None]
    ) -> Web:
        from connectors.web_host import web_of

        return web_of(client(), info, config, clock, wait)

    return open_web


def _way_to_databases(settings: Settings) -> OpenDatabases:
    """Return what opens the way to a connection's databases; drivers load when they are needed."""

    def open_databases(info: ConnectorInfo, config: Mapping[str, Any]) -> Databases:
        from connectors.databases_host import databases_of

        return databases_of(info, config, settings.source_hosts, settings.sqlite_folder)

    return open_databases


def _known_anchors(settings: Settings, kinds: Mapping[str, object]) -> tuple[str, ...]:
    """Stop the start at a kind that nobody offers: a trail must not be anchored nowhere unseen."""
    for name in settings.anchors:
        if name.partition(":")[0] not in kinds:
            raise SystemExit(f"ATTAIN_ANCHORS: {name} is of no known kind: {', '.join(kinds)}")
    return settings.anchors


def build(settings: Settings, runtime: Runtime) -> Starlette:
    """Build the application with its worker, which lives as long as the application does."""
    from api.admission import Admission
    from api.app import build_app
    from api.attempts import attempts
    from api.budget import Budget
    from api.disclosure import Introspection
    from api.documents import DocumentListInvalid, read_rules
    from api.operating import Operating
    from api.schema import build_schema
    from api.server import Server
    from attain.sealer import Sealer
    from attain.worker import Worker
    from messages.render import Locale, load

    server = Server(actions=runtime, catalogue=load(), locale=Locale(settings.locale))
    try:
        documents = read_rules(settings.documents, settings.documents_file)
    except DocumentListInvalid as invalid:
        raise SystemExit(f"ATTAIN_DOCUMENTS_FILE: {invalid}") from invalid
    worker = Worker(runtime)
    sealer = Sealer(runtime, settings.seal_seconds)

    @asynccontextmanager
    async def alive(_app: Starlette) -> AsyncIterator[None]:
        worker.start()
        sealer.start()
        yield
        sealer.stop()
        worker.stop()
        runtime.engine.dispose()

    budget = Budget(
        size=settings.budget, per_second=settings.budget_per_second, seconds=time.monotonic
    )
    operating = Operating(
        budget=budget if settings.budget else None,
        attempts=attempts(settings.attempts, time.monotonic) if settings.attempts else None,
        deadline_seconds=settings.deadline,
        logs_requests=settings.log == "requests",
        shows_metrics_to_all=settings.metrics == "all",
    )
    return build_app(
        server,
        build_schema(compiled=settings.executor == "compiled"),
        lifespan=alive,
        documents=documents,
        operating=operating,
        admission=Admission(origins=frozenset(settings.origins), connections=settings.streams),
        introspection=Introspection(_introspection(settings)),
    )


def _introspection(settings: Settings) -> str:
    """The demo tells everybody what it can; who lists the documents tells nobody."""
    if settings.documents == "trusted":
        return "off"
    return "open" if settings.demo else settings.introspection
