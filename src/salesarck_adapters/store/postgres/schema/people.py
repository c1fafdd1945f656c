"""What is known of people themselves, apart from the ledger: nothing points here."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from salesarck_adapters.store.postgres.schema.base import METADATA, Moment, key, needed

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
account_merge = Table(
    "account_merge",
    METADATA,
    needed("id", Uuid),
    needed("absorbed_id", Uuid),
    needed("survivor_id", Uuid),
    needed("at", Moment),
    Column("undone_at", Moment),
    key("id"),
)
wallet_merge = Table(
    "wallet_merge",
    METADATA,
    needed("tenant_id", Uuid),
    needed("id", Uuid),
    needed("absorbed_id", Uuid),
    needed("survivor_id", Uuid),
    needed("seq", BigInteger),
    needed("sales", ARRAY(Uuid)),
    needed("is_undone", Boolean),
    key("tenant_id", "id"),
)
