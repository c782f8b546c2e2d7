"""Pay, what names people, and the configuration of sources are kept encrypted.

Each value is sealed for the row where it lies, in batches; the whole is one transaction, so a
migration that was interrupted did nothing and is run again. Both ways ask for the keys as soon as
there is a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import context, op

from storage.sealed import Form, Purpose, Sealed
from storage.sealing import opened_row, sealed_tuples
from storage.types import Document, Instant

revision = "sealed_columns"
down_revision = "known_organisation"
branch_labels = None
depends_on = None

_AT_ONCE = 2_000


class _Column(NamedTuple):
    name: str
    plain: Callable[[], Any]
    sealed: Sealed
    needed: bool = False


class _Table(NamedTuple):
    name: str
    key: tuple[str, ...]
    columns: tuple[_Column, ...]

    def shape(self, kinds: Callable[[_Column], Any], suffix: str = "") -> sa.Table:
        """Build the table as far as it is rewritten."""
        row = {each for column in self.columns for each in column.sealed.row}
        names = dict.fromkeys(["legal_entity_id", *self.key, *sorted(row)])
        cells = [sa.Column(f"{each.name}{suffix}", kinds(each)) for each in self.columns]
        indexes = [sa.Column(name, sa.LargeBinary) for name in self.indexes]
        plain = [sa.Column(name, sa.Integer if name in _NUMBERS else sa.String) for name in names]
        return sa.Table(self.name, sa.MetaData(), *plain, *cells, *indexes)

    @property
    def indexes(self) -> list[str]:
        """Name the columns by which sealed texts are found."""
        return [each.sealed.index for each in self.columns if each.sealed.index is not None]


_NUMBERS = frozenset({"seq", "shard", "revision"})


def _pay(name: str, *, needed: bool = False) -> _Column:
    return _Column(name, sa.BigInteger, Sealed(Purpose.PAY, Form.WHOLE, ("id",)), needed)


def _text(name: str, length: int, *row: str, needed: bool = False) -> _Column:
    kind = Sealed(Purpose.IDENTITY, Form.TEXT, row, f"{name}_index")
    return _Column(name, lambda: sa.String(length), kind, needed)


def _document(name: str, *, needed: bool = False) -> _Column:
    kind = Sealed(Purpose.IDENTITY, Form.DOCUMENT, ("id",))
    return _Column(name, lambda: Document, kind, needed)


_SNAPSHOT = Sealed(Purpose.PAY, Form.RAW, ("run_id", "shard"))
_CONFIG = Sealed(Purpose.SECRET, Form.DOCUMENT, ("id", "revision"))
_TABLES = (
    _Table("calculation_run", ("id",), (_pay("payout"),)),
    _Table("result", ("id",), (_pay("payout"),)),
    _Table("ledger_entry", ("id",), (_pay("amount", needed=True),)),
    _Table(
        "snapshot",
        ("run_id", "shard"),
        (_Column("parquet", sa.LargeBinary, _SNAPSHOT, needed=True),),
    ),
    _Table(
        "person",
        ("id", "revision"),
        (
            _text("source_key", 200, "id", "revision"),
            _text("staff_number", 60, "id", "revision"),
        ),
    ),
    _Table("identity", ("id",), (_text("value", 200, "id", needed=True),)),
    _Table(
        "identity_link",
        ("series_id", "revision"),
        (_text("source_key", 300, "series_id", "revision"),),
    ),
    _Table(
        "assignment",
        ("series_id", "revision"),
        (_text("source_key", 300, "series_id", "revision"),),
    ),
    _Table(
        "connection",
        ("id", "revision"),
        (_Column("config", lambda: Document, _CONFIG, needed=True),),
    ),
    _Table("record", ("id",), (_document("content"),)),
    _Table("quarantine", ("id",), (_document("payload"), _document("code_values", needed=True))),
)
_INDEXED = tuple(
    (table.name, name) for table in _TABLES if table.name != "identity" for name in table.indexes
)


def upgrade() -> None:
    """Go up."""
    _add_keys()
    op.drop_index("ix_person_source", "person")
    with op.batch_alter_table("identity") as batch:
        batch.drop_constraint("uq_identity_legal_entity_id_namespace_value", type_="unique")
    for table in _TABLES:
        for column in table.columns:
            op.add_column(table.name, sa.Column(f"{column.name}_new", sa.LargeBinary()))
        for index in table.indexes:
            op.add_column(table.name, sa.Column(index, sa.LargeBinary()))
        _fill(table, _sealed)
        _replace(table, lambda _: sa.LargeBinary())
    for name, index in _INDEXED:
        op.create_index(f"ix_{name}_{index}", name, ["legal_entity_id", index])
    with op.batch_alter_table("identity") as batch:
        batch.alter_column("value_index", existing_type=sa.LargeBinary(), nullable=False)
        batch.create_unique_constraint(
            "uq_identity_legal_entity_id_namespace_value_index",
            ["legal_entity_id", "namespace", "value_index"],
        )


def downgrade() -> None:
    """Go down."""
    for name, index in _INDEXED:
        op.drop_index(f"ix_{name}_{index}", name)
    with op.batch_alter_table("identity") as batch:
        batch.drop_constraint("uq_identity_legal_entity_id_namespace_value_index", type_="unique")
    for table in _TABLES:
        for column in table.columns:
            op.add_column(table.name, sa.Column(f"{column.name}_new", column.plain()))
        _fill(table, _opened)
        _replace(table, lambda column: column.plain(), drop=table.indexes)
    with op.batch_alter_table("identity") as batch:
        batch.create_unique_constraint(
            "uq_identity_legal_entity_id_namespace_value",
            ["legal_entity_id", "namespace", "value"],
        )
    op.create_index("ix_person_source", "person", ["legal_entity_id", "source_key"])
    op.drop_table("data_key")


def _add_keys() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("legal_entity_id", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("suite", sa.String(length=10), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("kek", sa.String(length=16), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("retired_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_data_key_legal_entity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_key")),
        sa.UniqueConstraint(
            "legal_entity_id",
            "purpose",
            "version",
            name=op.f("uq_data_key_legal_entity_id_purpose_version"),
        ),
    )
    op.create_index(
        "uq_data_key_active",
        "data_key",
        ["legal_entity_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("state = 'ACTIVE'"),
        postgresql_where=sa.text("state = 'ACTIVE'"),
    )


def _replace(table: _Table, kind: Callable[[_Column], Any], drop: list[str] | None = None) -> None:
    """Put the new columns in the places of the old ones."""
    with op.batch_alter_table(table.name) as batch:
        for name in [*(column.name for column in table.columns), *(drop or [])]:
            batch.drop_column(name)
    with op.batch_alter_table(table.name) as batch:
        for column in table.columns:
            batch.alter_column(
                f"{column.name}_new",
                new_column_name=column.name,
                existing_type=kind(column),
                nullable=not column.needed,
            )


_Rows = list[Any]
_Made = Iterator[dict[str, Any]]


def _fill(table: _Table, made: Callable[[_Table, sa.Connection, _Rows], _Made]) -> None:
    """Give every row its new values: entity by entity, in the order of the key."""
    connection = op.get_bind()
    is_sealing = made is _sealed
    before = table.shape(lambda column: column.plain() if is_sealing else column.sealed)
    after = table.shape(
        lambda column: sa.LargeBinary() if is_sealing else column.plain(), suffix="_new"
    )
    changed = [f"{column.name}_new" for column in table.columns]
    changed += table.indexes if is_sealing else []
    change = (
        sa.update(after)
        .where(*(after.c[key] == sa.bindparam(f"at_{key}") for key in table.key))
        .values({name: sa.bindparam(name) for name in changed})
    )
    for rows in _batches(connection, table, before):
        context.config.attributes.setdefault("rewritten", set()).add(table.name)
        connection.execute(change, list(made(table, connection, rows)))


def _batches(connection: sa.Connection, table: _Table, before: sa.Table) -> Iterator[_Rows]:
    key = [before.c[name] for name in table.key]
    entity = before.c.legal_entity_id
    names = [column for column in before.c if column.name not in table.indexes]
    for entity_id in connection.execute(sa.select(entity).distinct()).scalars().all():
        last: tuple[Any, ...] | None = None
        while True:
            query = sa.select(*names).where(entity == entity_id).order_by(*key).limit(_AT_ONCE)
            if last is not None:
                query = query.where(sa.tuple_(*key) > sa.tuple_(*last))
            rows = list(connection.execute(query))
            if not rows:
                break
            yield rows
            last = tuple(getattr(rows[-1], name) for name in table.key)


def _sealed(table: _Table, connection: sa.Connection, rows: _Rows) -> _Made:
    shape = table.shape(lambda column: column.sealed)
    names = [column.name for column in shape.c if column.name not in table.indexes]
    cells = ([getattr(row, name) for name in names] for row in rows)
    found, sealed = sealed_tuples(connection, shape, names, cells)
    renamed = {column.name: f"{column.name}_new" for column in table.columns}
    for row in sealed:
        values = dict(zip(found, row, strict=True))
        made = {renamed.get(name, name): values[name] for name in [*renamed, *table.indexes]}
        yield {**made, **{f"at_{key}": values[key] for key in table.key}}


def _opened(table: _Table, connection: sa.Connection, rows: _Rows) -> _Made:
    shape = table.shape(lambda column: column.sealed)
    for row in rows:
        plain = opened_row(connection, shape, row)
        made = {f"{column.name}_new": getattr(plain, column.name) for column in table.columns}
        yield {**made, **{f"at_{key}": getattr(row, key) for key in table.key}}
