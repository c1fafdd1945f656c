"""What is known of people themselves, apart from the ledger: nothing points here."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, Uuid

from salesarck_adapters.store.postgres.schema.base import METADATA, key, needed

profile = Table(
    "profile",
    METADATA,
    needed("consumer_id", Uuid),
    Column("name", Text),
    Column("birth_month", Integer),
    Column("birth_day", Integer),
    Column("birth_year", Integer),
    Column("language", Text),
    key("consumer_id"),
    CheckConstraint("(birth_month IS NULL) = (birth_day IS NULL)", name="birthday"),
    CheckConstraint("birth_year IS NULL OR birth_month IS NOT NULL", name="birth_year"),
)
