"""Statements over many rows at once: the rows travel as one document, whatever their number.

So every statement has one text and one plan, and a batch of one is no special case.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    TableValuedAlias,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

Rows = Sequence[Mapping[str, object]]


def among(column: ColumnElement[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """Whether a column holds one of these values."""
    listed = bindparam(None, list(values), type_=ARRAY(column.type), unique=True)
    return column == any_(cast(listed, ARRAY(column.type)))


def told(table: Table, names: Iterable[str], rows: Rows | None = None) -> TableValuedAlias:
    """Rows of a table's shape that come with the statement; as the parameter `rows` if not here."""
    document = bindparam("rows", rows, type_=JSON, unique=rows is not None, required=rows is None)
    empty: ColumnElement[Any] = literal_column(f"NULL::public.{table.name}")
    columns = [table.c[name] for name in names]
    return func.json_populate_recordset(empty, cast(document, JSON)).table_valued(
        *(column.name for column in columns), name="told"
    )


def keyed(table: Table, names: Sequence[str], rows: Rows) -> ColumnElement[bool]:
    """Whether a row's key, the columns of these names, is that of one of these rows."""
    source = told(table, names, rows)
    key = tuple_(*(table.c[name] for name in names))
    return key.in_(select(*(source.c[name] for name in names)))


def latest_notes(
    table: Table, target: str | None, before: UUID | None, limit: int
) -> Select[*tuple[Any, ...]]:
    """Choose audit rows, latest id first; those about a target, from a place on."""
    found = select(table).order_by(table.c.id.desc()).limit(limit)
    if target is not None:
        found = found.where(table.c.target == target)
    return found if before is None else found.where(table.c.id < before)


async def add(connection: AsyncConnection, table: Table, rows: Rows) -> None:
    """Insert rows of equal keys, none of which may be there."""
    if rows:
        await connection.execute(_insert(table, tuple(rows[0])), {"rows": rows})


async def add_missing(connection: AsyncConnection, table: Table, rows: Rows) -> None:
    """Insert the rows that are not there, and wait for whoever inserts one of them just now."""
    if rows:
        statement = _insert(table, tuple(rows[0])).on_conflict_do_nothing()
        await connection.execute(statement, {"rows": rows})


async def write(connection: AsyncConnection, table: Table, rows: Rows) -> None:
    """Insert rows, or write them over those of the same primary key."""
    if rows:
        await connection.execute(_upsert(table, tuple(rows[0])), {"rows": rows})


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    source = told(table, names)
    columns = select(*(source.c[name] for name in names))
    return insert(table).from_select(names, columns)


@cache
def _upsert(table: Table, names: tuple[str, ...]) -> Insert:
    statement = _insert(table, names)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=changed)
