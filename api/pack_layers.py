"""Installed packs: what is pinned, what a company changed, and bringing in another version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import strawberry

from actions.change_pack import Change, override_pack, upgrade_pack
from actions.pack_pins import pin_of
from api.access import Audience, output, resolved, shown
from api.asking import (
    ALL_KNOWN,
    REASON,
    Entity,
    Key,
    act,
    entity_of,
    key_field,
    version_field,
)
from api.context import Context, Info
from api.definitions import DefinitionScope, scope_from_domain
from api.errors import Refusal
from api.paging import described
from api.scalars import Document, PeriodName, closed_set
from domain.access import Deed, Resource
from domain.document import canonical
from domain.pack_layer import pack_leaves, path_text
from domain.pack_merge import GONE, Leaves, Take, value_at
from domain.problem import Refused
from storage.engine import Database
from storage.packs import PackDeed, StoredLayer, pack_contents, pack_layers

closed_set(
    Take,
    "Whose word holds where a company and a new version of a pack changed the same differently.",
    {
        Take.OWN: "The company's.",
        Take.PACK: "The pack's.",
    },
)
closed_set(
    PackDeed,
    "What made a revision of an installed pack.",
    {
        PackDeed.INSTALL: "It was installed.",
        PackDeed.OVERRIDE: "The company changed its own layer.",
        PackDeed.UPGRADE: "It was brought to another version.",
    },
)


@output(access=Resource.PACK, description="One place that a company changed in a pack.")
class PackOverrideLeaf:
    """A leaf of the layer."""

    path: str = shown("The place: names with slashes between them, as packOverride takes it.")
    pack: str | None = shown("What the pinned version says there, as JSON; null for nothing.")
    own: str | None = shown("What the company says, as JSON; null when it took it away.")
    revision: int = shown("The revision in which it was said.")
    known_at: datetime = shown("When it was said.")
    account: strawberry.ID | None = shown("The account that said it.")
    reason: str | None = shown("Why.")


@output(access=Resource.PACK, description="One revision of an installed pack.")
class PackRevision:
    """A step."""

    revision: int = shown("Its number.")
    deed: PackDeed = shown("What made it.")
    pack_version: str = shown("The version that was pinned.")
    pack_hash: str = shown("SHA-256 of the content of that version.")
    hash: str | None = shown("SHA-256 of what held by it; null where it was not kept yet.")
    valid_from: date = shown("The first day of what it changed.")
    known_at: datetime = shown("When it was made.")
    account: strawberry.ID | None = shown("The account that made it.")
    reason: str | None = shown("Why.")


@output(access=Resource.PACK, description="An installed pack, as it stands after its last step.")
class PackInstallation:
    """What a legal entity has of a pack."""

    pack: strawberry.ID = shown("The pack.")
    pack_version: str = shown("The pinned version.")
    pack_hash: str = shown("SHA-256 of the content of the pinned version.")
    offered: str | None = shown("The version on offer; null when the pack is no longer there.")
    hash: str | None = shown("SHA-256 of what holds: the pinned documents under the layer.")
    valid_from: date = shown("The first day of its last step.")
    scope: DefinitionScope = shown("Whom its scorecards and plans were installed for.")
    overrides: list[PackOverrideLeaf] = shown("What the company changed, at most 400 places.")
    revisions: list[PackRevision] = shown("Its steps, the last one last, at most the last 100.")
    version: int = shown("Grows with every step; send it back as expectedVersion.")


def as_json(value: object) -> str | None:
    """Write a value of a document; null for nothing at all."""
    return None if value is GONE else canonical(value).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What is read of installed packs at once."""

    layers: Mapping[str, Sequence[StoredLayer]]
    contents: Mapping[str, Mapping[str, Any]]


def installed_of(database: Database, entity_id: str, pack_id: str | None = None) -> Installed:
    """Read the installed packs of a legal entity: two statements, however many there are."""
    layers: dict[str, list[StoredLayer]] = {}
    for each in pack_layers(database, entity_id, known_at=ALL_KNOWN, pack_id=pack_id):
        layers.setdefault(each.pack_id, []).append(each)
    hashes = sorted({steps[-1].pack_hash for steps in layers.values()})
    return Installed(layers=layers, contents=pack_contents(database, entity_id, hashes))


def installation_from_domain(
    steps: Sequence[StoredLayer], found: Installed, context: Context
) -> PackInstallation:
    """Show an installed pack."""
    last = steps[-1]
    offered = context.runtime.actions.packs.get(last.pack_id)
    leaves = _pinned_leaves(last, found, offered)
    return PackInstallation(
        pack=strawberry.ID(last.pack_id),
        pack_version=last.pack_version,
        pack_hash=last.pack_hash,
        offered=None if offered is None else offered.version,
        hash=last.hash,
        valid_from=last.valid_from,
        scope=scope_from_domain(last.scope),
        overrides=list(_overrides(last, steps, leaves)),
        revisions=[
            PackRevision(
                revision=each.revision,
                deed=each.deed,
                pack_version=each.pack_version,
                pack_hash=each.pack_hash,
                hash=each.hash,
                valid_from=each.valid_from,
                known_at=each.known_at,
                account=_account(each),
                reason=each.reason,
            )
            for each in steps[-100:]
        ],
        version=last.revision,
    )


def _pinned_leaves(layer: StoredLayer, found: Installed, offered: Any) -> Leaves:
    kept = found.contents.get(layer.pack_hash)
    if kept is not None:
        sections = (kept["metrics"], kept["scorecards"], kept["plans"])
        return pack_leaves(*sections)
    return pin_of(offered).leaves if offered and offered.hash == layer.pack_hash else {}


def _overrides(
    last: StoredLayer, steps: Sequence[StoredLayer], leaves: Leaves
) -> Iterable[PackOverrideLeaf]:
    by_revision = {each.revision: each for each in steps}
    for path, value in last.overrides.items():
        said = by_revision[last.since[path]]
        yield PackOverrideLeaf(
            path=path_text(path),
            pack=as_json(value_at(leaves, path)),
            own=as_json(value),
            revision=said.revision,
            known_at=said.known_at,
            account=_account(said),
            reason=said.reason,
        )


def _account(layer: StoredLayer) -> strawberry.ID | None:
    return None if layer.made_by is None else strawberry.ID(layer.made_by)


async def installation_by_id(context: Context, entity_id: str, pack_id: str) -> PackInstallation:
    """Read one installed pack after a deed."""

    def work(database: Database) -> PackInstallation:
        found = installed_of(database, entity_id, pack_id)
        if pack_id not in found.layers:
            raise Refused("pack_not_installed", {"pack": pack_id[:80]}, path="pack")
        return installation_from_domain(found.layers[pack_id], found, context)

    return await context.read(work)


@output(access=Audience.SIGNED_IN, description="Queries about installed packs.")
class PackLayerQuery:
    """Part of the query root."""

    @resolved(
        "The installed packs, by id: what is pinned, what the company changed, every step; at most"
        " some dozens.",
        access=Resource.PACK,
    )
    async def pack_installations(
        self, info: Info, legal_entity: Entity = None
    ) -> list[PackInstallation] | None:
        """Read all."""
        context = info.context
        entity_id = entity_of(context.asker, legal_entity)

        def work(database: Database) -> list[PackInstallation]:
            found = installed_of(database, entity_id)
            return [
                installation_from_domain(found.layers[name], found, context)
                for name in sorted(found.layers)
            ]

        return await context.read(work)


@strawberry.input(description="A company changes an installed pack.")
class PackOverrideInput:
    """Input of ``packOverride``."""

    idempotency_key: Key = key_field()
    expected_version: int = version_field()
    pack: strawberry.ID = strawberry.field(description="The pack.")
    from_period: PeriodName = strawberry.field(
        description="The first period for which it counts; periods before it do not move."
    )
    set: Document | None = strawberry.field(
        default=None,
        description="What is said at which path; null takes away what stands there.",
    )
    clear: list[str] = strawberry.field(
        default_factory=list,
        description="Paths that are given back to the pack, with all below them; at most 400.",
    )
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.input(description="Whose word holds at one conflict.")
class PackResolutionInput:
    """A decision."""

    path: str = strawberry.field(description="The path, as the preview names it.")
    take: Take = strawberry.field(description="Whose word holds.")


@strawberry.input(description="An installed pack is brought to another version.")
class PackUpgradeInput:
    """Input of ``packUpgrade``."""

    idempotency_key: Key = key_field()
    expected_version: int = version_field()
    pack: strawberry.ID = strawberry.field(description="The pack.")
    from_period: PeriodName = strawberry.field(
        description="The first period for which it counts; periods before it do not move."
    )
    pack_version: str | None = strawberry.field(
        default=None,
        description="The version: the one on offer if absent, or one that was pinned before.",
    )
    resolutions: list[PackResolutionInput] = strawberry.field(
        default_factory=list, description="A decision for every conflict; at most 400."
    )
    reason: str | None = strawberry.field(default=None, description=REASON)


@output(access=Resource.PACK, description="The pack is changed from the period on.")
class PackOverrideSuccess:
    """Changed."""

    installation: PackInstallation = shown("The pack as it stands now.")


@output(access=Resource.PACK, description="The pack is brought to the version from the period on.")
class PackUpgradeSuccess:
    """Upgraded."""

    installation: PackInstallation = shown("The pack as it stands now.")


PackOverrideResult = Annotated[
    PackOverrideSuccess | Refusal,
    strawberry.union("PackOverrideResult", description="Changed, or why not."),
]
PackUpgradeResult = Annotated[
    PackUpgradeSuccess | Refusal,
    strawberry.union("PackUpgradeResult", description="Upgraded, or why not."),
]
MOST = 400


def decisions(resolutions: Sequence[PackResolutionInput]) -> dict[str, Take]:
    """Read decisions about conflicts."""
    demand_few("resolutions", resolutions)
    return {each.path: each.take for each in resolutions}


def changes_of(field: str, given: object) -> dict[str, object]:
    """Read what is said at which path."""
    found = {str(path): value for path, value in given.items()} if isinstance(given, dict) else {}
    demand_few(field, list(found))
    return found


def demand_few(field: str, given: Sequence[object]) -> None:
    """Refuse lists that nobody writes by hand."""
    if len(given) > MOST:
        values = {"field": field, "low": "0", "high": str(MOST)}
        raise Refused("number_out_of_range", values, path=field)


@output(access=Audience.SIGNED_IN, description="Changes of installed packs.")
class PackLayerMutation:
    """Part of the mutation root."""

    @resolved(
        "Lay changes of the company's own over an installed pack, or take some back, from a period"
        " on. Plans that say something else by it are drafted; HR publishes them.",
        access=Resource.PACK,
        deed=Deed.WRITE,
        graphql_type=PackOverrideResult,
    )
    async def pack_override(
        self,
        info: Info,
        input: Annotated[PackOverrideInput, described("What, from when on.")],  # noqa: A002
    ) -> PackOverrideSuccess:
        """Change."""
        context, changes = info.context, changes_of("set", input.set)
        demand_few("clear", input.clear)
        change = _change(input)
        runtime = context.runtime.actions
        await act(
            context,
            "packOverride",
            input,
            lambda writing: override_pack(
                runtime, writing, context.asker, change, given=changes, cleared=input.clear
            ),
        )
        entity = entity_of(context.asker, None)
        return PackOverrideSuccess(
            installation=await installation_by_id(context, entity, input.pack)
        )

    @resolved(
        "Bring an installed pack to another version from a period on. What the company changed"
        " stays; each place that both changed differently has to be decided. It is undone by"
        " another upgrade, back to the version before.",
        access=Resource.PACK,
        deed=Deed.WRITE,
        graphql_type=PackUpgradeResult,
    )
    async def pack_upgrade(
        self,
        info: Info,
        input: Annotated[PackUpgradeInput, described("To what, from when on.")],  # noqa: A002
    ) -> PackUpgradeSuccess:
        """Upgrade."""
        context = info.context
        change, decided = _change(input), decisions(input.resolutions)
        runtime = context.runtime.actions
        await act(
            context,
            "packUpgrade",
            input,
            lambda writing: upgrade_pack(
                runtime,
                writing,
                context.asker,
                change,
                version=input.pack_version,
                decided=decided,
            ),
        )
        entity = entity_of(context.asker, None)
        return PackUpgradeSuccess(
            installation=await installation_by_id(context, entity, input.pack)
        )


def _change(given: PackOverrideInput | PackUpgradeInput) -> Change:
    return Change(
        pack_id=given.pack,
        period=given.from_period,
        expected_version=given.expected_version,
        reason=given.reason,
    )
