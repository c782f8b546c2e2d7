"""What payroll is handed: an approved batch as a file, with its control totals."""

from __future__ import annotations

import base64
from typing import Annotated

import strawberry

from actions.export_payroll import PayrollFormat, export_payroll
from api.access import Audience, output, resolved, shown
from api.asking import Entity, Key, entity_of, key_field
from api.context import Info
from api.errors import Refusal
from api.paging import described
from api.scalars import PeriodName, closed_set
from api.values import Money, money
from domain.access import Deed, Resource

closed_set(
    PayrollFormat,
    "The kind of file.",
    {
        PayrollFormat.CSV: "Comma-separated values in UTF-8, for payroll programs.",
        PayrollFormat.XLSX: "A workbook with the control totals on a sheet of their own.",
    },
)


@strawberry.input(description="The approved pay of a period is handed to payroll.")
class PayrollExportInput:
    """Input of ``payrollExport``."""

    idempotency_key: Key = key_field()
    period: PeriodName = strawberry.field(description="The period.")
    format: PayrollFormat = strawberry.field(description="The kind of file.")
    legal_entity: Entity = strawberry.field(
        default=None, description="The legal entity; the viewer's only or first one if absent."
    )


@output(access=Resource.PAY, description="By what payroll sees that a file arrived whole.")
class PayrollTotals:
    """Control totals; they stand in the file as well."""

    rows: int = shown("How many rows of people.")
    sums: list[Money] = shown("What is paid together, one per currency.")
    sha256: str = shown("SHA-256 of the table as CSV, heading included and footer left out.")


@output(access=Resource.PAY, description="A file for payroll.")
class PayrollExportSuccess:
    """Exported."""

    file_name: str = shown("The name of the file.")
    media_type: str = shown("The media type of the file.")
    content: str = shown("The content in base64.")
    totals: PayrollTotals = shown("The control totals.")


PayrollExportResult = Annotated[
    PayrollExportSuccess | Refusal,
    strawberry.union("PayrollExportResult", description="Exported, or why not."),
]


@output(access=Audience.SIGNED_IN, description="What is handed to payroll.")
class PayrollMutation:
    """Part of the mutation root."""

    @resolved(
        "Hand the approved pay of a period to payroll as a file; every time leaves a line in the"
        " trail. The same key again makes the file anew.",
        access=Resource.PAY,
        deed=Deed.WRITE,
        graphql_type=PayrollExportResult,
    )
    async def payroll_export(
        self,
        info: Info,
        input: Annotated[PayrollExportInput, described("Which period, as what.")],  # noqa: A002
    ) -> PayrollExportSuccess:
        """Export."""
        context = info.context
        entity = entity_of(context.asker, input.legal_entity)
        made = await context.perform(
            lambda: export_payroll(
                context.runtime.actions,
                context.asker,
                entity,
                input.period,
                input.format,
                input.idempotency_key,
            )
        )
        return PayrollExportSuccess(
            file_name=made.name,
            media_type=made.media_type,
            content=base64.b64encode(made.content).decode(),
            totals=PayrollTotals(
                rows=made.totals.rows,
                sums=[
                    money(steps, currency, context) for currency, steps in made.totals.sums.items()
                ],
                sha256=made.totals.sha256,
            ),
        )
