"""What people's commands were answered. They are kept for a day, whoever's they are."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, Table, Uuid

from salesarck_adapters.store.postgres.schema.base import METADATA, Key, Moment, key, needed

command = Table(
    "command",
    METADATA,
    needed("caller", Key),
    needed("route", Key),
    needed("key", Key),
    needed("body", Key),
    needed("token", Uuid),
    needed("first_seen", Moment),
    needed("held_until", Moment),
    needed("kept_until", Moment),
    needed("attempts", Integer),
    Column("status", Integer),
    Column("answer", LargeBinary),
    key("caller", "route", "key"),
    CheckConstraint("(status IS NULL) = (answer IS NULL)", name="answer"),
    Index("command_kept_idx", "kept_until"),
)
