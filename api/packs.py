"""Industry packs: what is on offer, what is in them, and installing one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any

import strawberry

from actions.check_scope import rivals, unheld
from actions.install_pack import install_pack
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, Key, act, entity_of, key_field
from api.context import Context, Info
from api.definitions import ScopeInput
from api.errors import DataProblem, Refusal, data_problem
from api.pack_kpis import PackKpi, PackSource, kpi_from_domain
from api.pack_layers import PackInstallation, changes_of, demand_few, installation_by_id
from api.paging import described
from api.scalars import Document
from api.values import LocalText, local_text
from domain.access import Deed, Resource
from domain.document import canonical
from domain.metric import Metric, decode_metric
from domain.pack_data import Brought, brought_by
from domain.problem import Refused
from storage.definitions import Scope
from storage.engine import Database
from storage.pack_data import mappings_in_use
from storage.packs import newest_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a legal entity when packs are shown to somebody."""

    installed: frozenset[tuple[str, str]]
    brought: Brought


@output(access=Resource.PACK, description="An industry pack: metrics, scorecards, plan templates.")
class Pack:
    """A pack on offer."""

    id: strawberry.ID = shown("The permanent id.")
    version: str = shown("Its version.")
    hash: str = shown("SHA-256 of its content: what is installed is pinned by it.")
    name: LocalText = shown("The name.")
    explanation: LocalText = shown("What it is for.")
    industry: str = shown("The industry.")
    metrics: list[Document] = shown("Its metrics, at most some dozens.")
    scorecards: list[Document] = shown("Its scorecards, at most some dozens.")
    plans: list[Document] = shown("Its plan templates, at most some dozens.")
    kpis: list[PackKpi] = shown("Its metrics as a gallery shows them, at most some dozens.")
    sources: list[PackSource] = shown("Where its rules come from, at most a dozen.")
    examples: list[Document] = shown("Its worked examples, run at reading; at most some dozens.")
    installed: bool = shown("Whether this version is installed in the legal entity.")


@cache
def _metric(document: bytes) -> Metric | None:
    """Read a metric of a pack, once: packs do not change while the server runs."""
    return decode_metric(json.loads(document))[0]


def metrics_of(pack: Any) -> list[tuple[Any, Metric]]:
    """Return the documents of a pack's metrics with what they say."""
    read = ((each, _metric(canonical(each))) for each in pack.metrics)
    return [(document, metric) for document, metric in read if metric is not None]


def pack_from_domain(pack: Any, known: Known, context: Context) -> Pack:
    """Show a pack; the runtime holds packs of whatever plug-in brought them."""
    return Pack(
        id=strawberry.ID(pack.id),
        version=pack.version,
        hash=pack.hash,
        name=local_text(pack.name, context),
        explanation=local_text(pack.explanation, context),
        industry=pack.industry,
        metrics=[Document(dict(each)) for each in pack.metrics],
        scorecards=[Document(dict(each)) for each in pack.scorecards],
        plans=[Document(dict(each)) for each in pack.plans],
        kpis=[
            kpi_from_domain(
                document, metric, pack.synonyms.get(metric.key, {}), known.brought, context
            )
            for document, metric in metrics_of(pack)
        ],
        sources=[
            PackSource(
                title=local_text(each["title"], context),
                rationale=local_text(each["rationale"], context),
            )
            for each in pack.sources
        ],
        examples=[Document(dict(each)) for each in pack.examples],
        installed=(pack.id, pack.version) in known.installed,
    )


def known_of(
    database: Database, context: Context, entity_id: str, promised: Iterable[str] = ()
) -> Known:
    """Read what is installed and, as far as the asker may see it, what is connected."""
    mappings = mappings_in_use(database, context.asker, entity_id, known_at=context.now)
    layers = newest_layers(database, entity_id, known_at=ALL_KNOWN)
    return Known(
        installed=frozenset((name, each.pack_version) for name, each in layers.items()),
        brought=brought_by(mappings, promised),
    )


async def packs_of(context: Context, entity_id: str) -> list[Pack]:
    """Read what is on offer and what of it is installed."""
    offered = context.runtime.actions.packs

    def work(database: Database) -> list[Pack]:
        known = known_of(database, context, entity_id)
        return [pack_from_domain(offered[name], known, context) for name in sorted(offered)]

    return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Queries about industry packs.")
class PackQuery:
    """Part of the query root."""

    @resolved("The industry packs on offer, by id; at most some dozens.", access=Resource.PACK)
    async def packs(self, info: Info, legal_entity: Entity = None) -> list[Pack] | None:
        """Read all."""
        context = info.context
        return await packs_of(context, entity_of(context.asker, legal_entity))


@strawberry.input(description="Whom one scorecard or plan of a pack is for.")
class PackScopeInput:
    """A scope of one document."""

    document: strawberry.ID = strawberry.field(description="The key of the scorecard or plan.")
    scope: ScopeInput = strawberry.field(description="Whom it is for.")


def scopes_of(given: Sequence[PackScopeInput] | None) -> dict[str, Scope]:
    """Read whom single documents are for."""
    demand_few("scopes", given or ())
    return {str(each.document): each.scope.to_scope() for each in given or ()}


@strawberry.input(description="An industry pack is installed.")
class PackInstallInput:
    """Input of ``packInstall``."""

    idempotency_key: Key = key_field()
    pack: strawberry.ID = strawberry.field(description="The pack.")
    valid_from: date = strawberry.field(description="The first day of its metrics and scorecards.")
    scope: ScopeInput = strawberry.field(description="Whom its scorecards and plans are for.")
    scopes: list[PackScopeInput] | None = strawberry.field(
        default=None, description="Whom single ones are for, where that is somebody else."
    )
    overrides: Document | None = strawberry.field(
        default=None,
        description="The company's own layer from the first day on, as packOverride takes it.",
    )


@output(access=Resource.PACK, description="The pack is installed; its plans wait as drafts.")
class PackInstallSuccess:
    """Installed."""

    pack: Pack = shown("The pack.")
    installation: PackInstallation = shown("What is pinned, and the layer over it.")
    problems: list[DataProblem] = shown(
        "What to look at: positions of a scope that nobody holds, and other scorecards for the"
        " very same people; may be empty."
    )


PackInstallResult = Annotated[
    PackInstallSuccess | Refusal,
    strawberry.union("PackInstallResult", description="Installed, or why not."),
]


async def _scoreless(
    context: Context, entity_id: str, given: PackInstallInput
) -> list[DataProblem]:
    """Say which cards score nobody: nobody holds their positions, or others are for the same."""
    scopes = {f"scopes.{key}": each for key, each in scopes_of(given.scopes).items()}
    scopes["scope"] = given.scope.to_scope()
    found = await context.read(
        lambda database: (
            *unheld(database, entity_id, scopes, day=given.valid_from, known_at=ALL_KNOWN),
            *rivals(database, entity_id, given.pack, day=given.valid_from, known_at=ALL_KNOWN),
        )
    )
    return [data_problem(each, context) for each in found]


@output(access=Audience.SIGNED_IN, description="Changes of industry packs.")
class PackMutation:
    """Part of the mutation root."""

    @resolved(
        "Install a pack: metrics and scorecards at once, plans as drafts that HR publishes."
        " The same again changes nothing.",
        access=Resource.PACK,
        deed=Deed.WRITE,
        graphql_type=PackInstallResult,
    )
    async def pack_install(
        self,
        info: Info,
        input: Annotated[PackInstallInput, described("Which pack, for whom, from when.")],  # noqa: A002
    ) -> PackInstallSuccess:
        """Install."""
        context = info.context
        runtime = context.runtime.actions
        own = changes_of("overrides", input.overrides)
        scopes = scopes_of(input.scopes)
        await act(
            context,
            "packInstall",
            input,
            lambda writing: install_pack(
                runtime,
                writing,
                context.asker,
                input.pack,
                valid_from=input.valid_from,
                scope=input.scope.to_scope(),
                scopes=scopes,
                overrides=own,
            ),
        )
        entity = entity_of(context.asker, None)
        for pack in await packs_of(context, entity):
            if pack.id == input.pack:
                installation = await installation_by_id(context, entity, pack.id)
                return PackInstallSuccess(
                    pack=pack,
                    installation=installation,
                    problems=await _scoreless(context, entity, input),
                )
        raise Refused("pack_unknown", {"pack": input.pack})
