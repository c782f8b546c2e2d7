"""The text of a plan version: one clause per rule, made from the rules on every read."""

from __future__ import annotations

from dataclasses import dataclass

import strawberry
from strawberry.dataloader import DataLoader

from api.access import output, shown
from api.context import Context
from api.scalars import closed_set
from domain.access import Resource
from domain.plan_clauses import plan_clauses
from messages.clauses import say_clause, wording
from messages.render import Locale
from storage.definitions import StoredPlan, metric_labels
from storage.engine import Database

closed_set(
    Locale,
    "A language in which a text is written.",
    {Locale.ZH_CN: "Simplified Chinese.", Locale.EN: "English."},
)


@output(access=Resource.PLAN, description="One sentence of a plan's text, and the rule it says.")
class PlanClause:
    """A clause; nobody wrote it by hand, so it cannot disagree with its rule."""

    id: strawberry.ID = shown(
        "Permanent within the plan: it stays when components change their places."
    )
    number: int = shown("Its place in the text, counted from one.")
    path: str = shown("The JSON path of the rule within the document.")
    component: str | None = shown("The key of the component; null for what is about the plan.")
    text: str = shown("The sentence.")


@dataclass(slots=True)
class VersionTexts:
    """The texts of one version, read once for all the places of an answer that show it."""

    version: StoredPlan
    _loader: DataLoader[Locale, list[PlanClause]] | None = None

    async def of(self, locale: Locale, context: Context) -> list[PlanClause]:
        """Say the plan in a language."""
        if self._loader is None:

            async def read(locales: list[Locale]) -> list[list[PlanClause]]:
                return await context.read(
                    lambda database: [
                        text_of(self.version, each, database, context) for each in locales
                    ]
                )

            self._loader = DataLoader(load_fn=read)
        return await self._loader.load(locale)


def text_of(
    row: StoredPlan, locale: Locale, database: Database, context: Context
) -> list[PlanClause]:
    """Say a plan; metrics are called what they were called when the version was last changed."""
    labels = metric_labels(database, row.entity_id, valid_at=row.valid_from, known_at=row.known_at)
    words = wording(context.runtime.catalogue, row.plan, labels, locale)
    return [
        PlanClause(
            id=strawberry.ID(clause.id),
            number=number,
            path=clause.path,
            component=clause.component,
            text=say_clause(clause, words),
        )
        for number, clause in enumerate(plan_clauses(row.plan), start=1)
    ]
