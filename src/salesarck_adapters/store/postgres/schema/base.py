"""What all tables share: one collection, the words for columns, and how constraints are named."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

SERVICE_ROLE = "salesarck_service"
"""What the program may do while it runs. It has no right to change what is written once."""

METADATA = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

Key = Text(collation="C")
"""Text that is compared by its bytes, as Python compares it, on whatever machine."""

Moment = DateTime(timezone=True)
Json: JSONB[Any] = JSONB()

CONTACT_NUMBER = Sequence("contact_number", metadata=METADATA)
APPLIED_NUMBER = Sequence("applied_number", metadata=METADATA)
INBOX_NUMBER = Sequence("inbox_number", metadata=METADATA)
INBOX_TURN = Sequence("inbox_turn", metadata=METADATA)


def needed(
    name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]], default: str | None = None
) -> Column[Any]:
    """Make a column that always holds something."""
    return Column(
        name, kind, nullable=False, server_default=None if default is None else text(default)
    )


def key(*columns: str) -> PrimaryKeyConstraint:
    """Make the primary key."""
    return PrimaryKeyConstraint(*columns)


def words(column: str, allowed: Iterable[str]) -> CheckConstraint:
    """Allow only these words in a column."""
    listed = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def to(columns: str, table: str, others: str | None = None) -> ForeignKeyConstraint:
    """Make columns point to another table, to columns of the same names or to others."""
    theirs = (others or columns).split()
    return ForeignKeyConstraint(columns.split(), [f"{table}.{name}" for name in theirs])
