"""A pack is kept as it was pinned, with a revision for every layer that is laid over it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant

revision = "pack_layers"
down_revision = "source_host"
branch_labels = None
depends_on = None

_ID = sa.String(length=40)
_EVERYBODY: dict[str, list[str]] = {"units": [], "platforms": [], "positions": []}
_KEPT = (
    "id",
    "legal_entity_id",
    "pack_id",
    "pack_version",
    "pack_hash",
    "valid_from",
    "known_at",
    "made_by",
)


def _columns() -> list[sa.ColumnClause[object]]:
    """Name the columns of both forms."""
    more = ("revision", "deed", "overrides", "scope", "scopes")
    return [sa.column(name) for name in (*_KEPT, *more)]


def _entity(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["legal_entity_id"], ["legal_entity.id"], name=op.f(f"fk_{table}_legal_entity_id")
    )


def upgrade() -> None:
    """Go up: what was installed is the first revision; two versions of a pack are two."""
    op.create_table(
        "pack_content",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("pack_id", sa.String(length=120), nullable=False),
        sa.Column("pack_version", sa.String(length=40), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        _entity("pack_content"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_content")),
        sa.UniqueConstraint(
            "legal_entity_id", "hash", name=op.f("uq_pack_content_legal_entity_id_hash")
        ),
    )
    op.create_table(
        "pack_layer",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("pack_id", sa.String(length=120), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=False),
        sa.Column("pack_version", sa.String(length=40), nullable=False),
        sa.Column("pack_hash", sa.String(length=64), nullable=False),
        sa.Column("overrides", Document, nullable=False),
        sa.Column("scope", Document, nullable=False),
        sa.Column("scopes", Document, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        _entity("pack_layer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_layer")),
        sa.UniqueConstraint(
            "legal_entity_id",
            "pack_id",
            "revision",
            name=op.f("uq_pack_layer_legal_entity_id_pack_id_revision"),
        ),
    )
    old, new = sa.table("pack_installation", *_columns()), sa.table("pack_layer", *_columns())
    number = sa.func.row_number().over(
        partition_by=(old.c.legal_entity_id, old.c.pack_id), order_by=(old.c.known_at, old.c.id)
    )
    nothing = sa.literal({}, Document)
    added = [number, sa.literal("INSTALL"), nothing, sa.literal(_EVERYBODY, Document), nothing]
    names = [*_KEPT, "revision", "deed", "overrides", "scope", "scopes"]
    op.execute(new.insert().from_select(names, sa.select(*(old.c[name] for name in _KEPT), *added)))
    op.drop_table("pack_installation")


def downgrade() -> None:
    """Go down: what was installed is left, the layers over it are lost."""
    op.create_table(
        "pack_installation",
        sa.Column("id", _ID, nullable=False),
        sa.Column("legal_entity_id", _ID, nullable=False),
        sa.Column("pack_id", sa.String(length=120), nullable=False),
        sa.Column("pack_version", sa.String(length=40), nullable=False),
        sa.Column("pack_hash", sa.String(length=64), nullable=False),
        sa.Column("overrides", Document, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        _entity("pack_installation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_installation")),
    )
    old, new = sa.table("pack_layer", *_columns()), sa.table("pack_installation", *_columns())
    kept = sa.select(*(old.c[name] for name in _KEPT), sa.literal({}, Document))
    kept = kept.where(old.c.deed != "OVERRIDE")
    op.execute(new.insert().from_select([*_KEPT, "overrides"], kept))
    op.drop_table("pack_layer")
    op.drop_table("pack_content")
