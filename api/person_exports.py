"""Everything about a person, for the person themself or HR."""

from __future__ import annotations

from typing import Annotated

import strawberry

from actions.export_person import export_person
from api.access import Audience, output, resolved, shown
from api.asking import Key, key_field
from api.context import Info
from api.errors import Refusal
from api.paging import described
from domain.access import Resource


@strawberry.input(description="Everything about a person is asked for.")
class PersonExportInput:
    """Input of ``personExport``."""

    idempotency_key: Key = key_field()
    person: strawberry.ID = strawberry.field(description="The id of the person.")


@output(access=Resource.PERSON, description="Everything about the person.")
class PersonExportSuccess:
    """Exported."""

    document: str = shown("A JSON document: a section per table, with every row about the person.")
    tables: int = shown("How many tables have rows about the person.")
    rows: int = shown("How many rows there are in all.")


PersonExportResult = Annotated[
    PersonExportSuccess | Refusal,
    strawberry.union("PersonExportResult", description="Exported, or why not."),
]


@output(access=Audience.SIGNED_IN, description="Copies of what is stored about people.")
class PersonExportMutation:
    """Part of the mutation root."""

    @resolved(
        "Write everything that is stored about a person as one document: for the person themself,"
        " or for HR of the legal entity. The trail says who asked. The same key again makes the"
        " document anew.",
        access=Resource.PERSON,
        graphql_type=PersonExportResult,
    )
    async def person_export(
        self,
        info: Info,
        input: Annotated[PersonExportInput, described("Whose rows.")],  # noqa: A002
    ) -> PersonExportSuccess:
        """Export."""
        context = info.context
        made = await context.perform(
            lambda: export_person(
                context.runtime.actions, context.asker, input.person, input.idempotency_key
            )
        )
        return PersonExportSuccess(
            document=made.document,
            tables=sum(1 for count in made.counts.values() if count),
            rows=made.rows,
        )
