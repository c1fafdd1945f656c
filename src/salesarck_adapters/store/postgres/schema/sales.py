"""A tenant's sales."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    Uuid,
)

from salesarck_adapters.store.postgres.schema.base import (
    METADATA,
    Json,
    Key,
    Moment,
    key,
    needed,
    to,
)

sale = Table(
    "sale",
    METADATA,
    needed("tenant_id", Uuid),
    needed("provider", Key),
    needed("merchant", Key),
    needed("name", Key),
    needed("id", Uuid),
    Column("consumer_id", Uuid),
    needed("posted", Integer, "0"),
    needed("earned", BigInteger, "0"),
    needed("clawed", BigInteger, "0"),
    needed("worth", BigInteger, "0"),
    Column("happened_at", Moment),
    Column("moment", Moment),
    Column("award", Json),
    needed("waits_for", Json, "'[]'"),
    key("tenant_id", "provider", "merchant", "name"),
    UniqueConstraint("tenant_id", "id"),
    CheckConstraint("posted >= 0 AND earned >= 0 AND clawed BETWEEN 0 AND earned", name="sums"),
    Index(None, "tenant_id", "consumer_id", "moment"),
    Index(None, "tenant_id", "moment"),
)
"""`award` is null in a row that was made to be locked and never saved: there is no such sale.

`moment` is `happened_at` or, before that is judged, the moment of the first tender.
"""

tender = Table(
    "tender",
    METADATA,
    needed("tenant_id", Uuid),
    needed("provider", Key),
    needed("merchant", Key),
    needed("payment", Key),
    Column("sale_name", Key),
    Column("state", Json),
    key("tenant_id", "provider", "merchant", "payment"),
    to("tenant_id provider merchant sale_name", "sale", "tenant_id provider merchant name"),
    Index(None, "tenant_id", "provider", "merchant", "sale_name"),
)
refund = Table(
    "refund",
    METADATA,
    needed("tenant_id", Uuid),
    needed("provider", Key),
    needed("merchant", Key),
    needed("payment", Key),
    needed("reference", Key),
    needed("state", Json),
    key("tenant_id", "provider", "merchant", "payment", "reference"),
    to("tenant_id provider merchant payment", "tender"),
)
