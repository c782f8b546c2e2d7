"""What another version of a pack would change for a company, place by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import strawberry

from actions.pack_preview import USUAL_PERIODS
from actions.pack_trial import PackTrial
from actions.preview_upgrade import UpgradePreview, preview_upgrade
from api.access import Audience, output, resolved, shown
from api.asking import ALL_KNOWN, Entity, entity_of
from api.context import Context, Info
from api.errors import DataProblem, data_problem
from api.pack_layers import PackResolutionInput, as_json, decisions
from api.pack_preview import PackGoalInput, PackPreview, goals_of, previewed
from api.paging import described
from api.scalars import PeriodName
from domain.access import Resource
from domain.pack_layer import path_text
from domain.pack_merge import Leaves, Path, overlaid, value_at
from domain.period import period_named


@output(access=Resource.PACK, description="One place at which two versions of a pack differ.")
class PackDifference:
    """A place with what stands there on each side."""

    path: str = shown("The place: names with slashes between them.")
    before: str | None = shown("What the pinned version says, as JSON; null for nothing.")
    after: str | None = shown("What the other version says, as JSON; null for nothing.")
    own: str | None = shown("What the company says now, as JSON; null for nothing.")


def differences_at(
    paths: Sequence[Path], before: Leaves, after: Leaves, own: Leaves
) -> list[PackDifference]:
    """Show what two versions say at these places, and what the company's layer over the first."""
    mine = overlaid(before, own)
    return [
        PackDifference(
            path=path_text(path),
            before=as_json(value_at(before, path)),
            after=as_json(value_at(after, path)),
            own=as_json(value_at(mine, path)),
        )
        for path in paths
    ]


@output(access=Resource.PACK, description="An upgrade of an installed pack that was not made.")
class PackUpgrade:
    """The lists of a merge."""

    pack: strawberry.ID = shown("The pack.")
    from_version: str = shown("The pinned version.")
    to_version: str = shown("The version that would be pinned.")
    version: int = shown("The revision of the installation; send it back as expectedVersion.")
    taken: list[PackDifference] = shown(
        "What comes in: only the pack changed it; at most some thousands."
    )
    kept: list[PackDifference] = shown("What stays: only the company changed it; at most 400.")
    agreed: list[PackDifference] = shown("What both changed to the same; at most 400.")
    conflicts: list[PackDifference] = shown(
        "What both changed, and differently: each has to be decided; at most 400."
    )
    undecided: int = shown("How many conflicts nobody decided; until then the own word holds.")
    problems: list[DataProblem] = shown(
        "What would be wrong with the documents after it; may be empty."
    )
    trial: strawberry.Private[PackTrial]
    entity_id: strawberry.Private[str]

    @resolved(
        "What it would have scored and paid in posted periods, beside what was paid, with the"
        " decisions that were made; the own word holds at the others.",
        access=Resource.CALCULATION,
    )
    async def preview(
        self,
        info: Info,
        periods: Annotated[
            list[PeriodName] | None, described("Posted periods of one kind, 1 to 6.")
        ] = None,
        recent: Annotated[
            int, described("Without periods: how many of the last posted ones, 1 to 6.")
        ] = USUAL_PERIODS,
        goals: Annotated[
            list[PackGoalInput] | None, described("Goals for what nobody has a goal of.")
        ] = None,
    ) -> PackPreview | None:
        """Try it."""
        trial = replace(self.trial, goals=goals_of(goals or ()))
        return await previewed(info.context, self.entity_id, trial, periods or (), recent)


def upgrade_from_domain(
    found: UpgradePreview, trial: PackTrial, entity_id: str, context: Context
) -> PackUpgrade:
    """Show a merge."""

    def listed(paths: Sequence[Path]) -> list[PackDifference]:
        return differences_at(paths, found.pin.leaves, found.target.leaves, found.own)

    merged = found.merged
    return PackUpgrade(
        pack=strawberry.ID(found.layer.pack_id),
        from_version=found.layer.pack_version,
        to_version=found.target.pack.version,
        version=found.layer.revision,
        taken=listed(merged.taken),
        kept=listed(merged.kept),
        agreed=listed(merged.agreed),
        conflicts=listed(merged.conflicts),
        undecided=len(merged.open),
        problems=[data_problem(each, context) for each in found.problems],
        trial=trial,
        entity_id=entity_id,
    )


@output(access=Audience.SIGNED_IN, description="Queries about other versions of installed packs.")
class PackUpgradeQuery:
    """Part of the query root."""

    @resolved(
        "What an upgrade from a period on would take, keep, and leave to be decided; nothing is"
        " written.",
        access=Resource.PACK,
    )
    async def pack_upgrade_preview(
        self,
        info: Info,
        pack: Annotated[strawberry.ID, described("The pack.")],
        from_period: Annotated[PeriodName, described("The first period for which it would count.")],
        pack_version: Annotated[
            str | None, described("The version; the one on offer if absent.")
        ] = None,
        resolutions: Annotated[
            list[PackResolutionInput] | None, described("Decisions about conflicts, to try them.")
        ] = None,
        legal_entity: Entity = None,
    ) -> PackUpgrade | None:
        """Merge."""
        context = info.context
        entity_id = entity_of(context.asker, legal_entity)
        decided, period = decisions(resolutions or ()), period_named(from_period)
        packs = context.runtime.actions.packs
        found = await context.read(
            lambda database: preview_upgrade(
                database,
                packs,
                context.asker,
                entity_id,
                str(pack),
                version=pack_version,
                decided=decided,
                period=period,
                known_at=ALL_KNOWN,
            )
        )
        trial = PackTrial(pack_id=str(pack), version=pack_version, decided=decided)
        return upgrade_from_domain(found, trial, entity_id, context)
