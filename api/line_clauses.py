"""The clause of a plan's text behind a line of a statement: where the rule that paid is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import strawberry
from strawberry.dataloader import DataLoader

from api.access import output, shown
from api.context import Context
from api.plan_text import PlanClause, text_of
from domain.access import Resource
from domain.line_clauses import clause_of_line
from domain.program import Line
from domain.segments import place_of_line
from storage.definitions import StoredPlan
from storage.engine import Database


@output(access=Resource.PLAN, description="The clause that a line follows from.")
class LineClause:
    """A clause, and the version of the plan in whose text it stands."""

    id: strawberry.ID = shown("The permanent id within the plan, as in planVersion.text.")
    number: int = shown("Its place in the text, counted from one.")
    path: str = shown("The JSON path of the rule within the document.")
    text: str = shown("The sentence, in the language of the request.")
    plan_version: strawberry.ID = shown("The id of the version of the plan.")


@dataclass(slots=True, kw_only=True)
class SheetClauses:
    """The texts of the plans behind one sheet: made once, and only when somebody asks."""

    plan: StoredPlan
    cut: Mapping[int, StoredPlan] = field(default_factory=dict)  # by the place of the segment
    _texts: dict[str, dict[str, PlanClause]] = field(default_factory=dict)
    _loader: DataLoader[Line, LineClause | None] | None = None

    async def of(self, line: Line, context: Context) -> LineClause | None:
        """Return the clause of one line."""
        if self._loader is None:

            async def read(lines: list[Line]) -> list[LineClause | None]:
                return await context.read(lambda database: self._all(database, lines, context))

            self._loader = DataLoader(load_fn=read, cache=False)
        return await self._loader.load(line)

    def plan_of(self, line: Line) -> StoredPlan:
        """Return the plan whose rule a line is: that of its segment, else that of the whole."""
        place = place_of_line(line.name)
        return self.plan if place is None else self.cut.get(place, self.plan)

    def _all(
        self, database: Database, lines: Sequence[Line], context: Context
    ) -> list[LineClause | None]:
        return [self._one(database, line, context) for line in lines]

    def _one(self, database: Database, line: Line, context: Context) -> LineClause | None:
        plan = self.plan_of(line)
        if plan.id not in self._texts:
            text = text_of(plan, context.locale, database, context)
            self._texts[plan.id] = {str(each.id): each for each in text}
        clauses = self._texts[plan.id]
        found = clause_of_line(plan.plan, line, clauses)
        if found is None:
            return None
        said = clauses[found]
        return LineClause(
            id=said.id,
            number=said.number,
            path=said.path,
            text=said.text,
            plan_version=strawberry.ID(plan.id),
        )
