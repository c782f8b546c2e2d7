"""Alembic's entry: runs the migrations on the connection that ``storage.migrate`` hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alembic import context
from sqlalchemy import JSON

from storage.tables import metadata
from storage.types import Instant

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext


def _render(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(item, Instant):
        autogen.imports.add("from storage.types import Instant")
        return "Instant()"
    if kind == "type" and isinstance(item, JSON):
        autogen.imports.add("from storage.types import Document")
        return "Document"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
