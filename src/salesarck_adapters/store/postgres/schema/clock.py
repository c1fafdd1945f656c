"""The time that a demonstration's processes share. Real installations leave it empty."""

from sqlalchemy import CheckConstraint, Integer, Table

from salesarck_adapters.store.postgres.schema.base import METADATA, Moment, key, needed

shared_clock = Table(
    "shared_clock",
    METADATA,
    needed("id", Integer),
    needed("at", Moment),
    key("id"),
    CheckConstraint("id = 1", name="one"),
)
