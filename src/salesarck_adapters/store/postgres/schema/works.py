"""What a tenant's works leave behind."""

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text, Uuid

from salesarck_adapters.store.postgres.schema.base import METADATA, Json, Key, Moment, key, needed

applied = Table(
    "applied",
    METADATA,
    needed("tenant_id", Uuid),
    needed("number", BigInteger, "nextval('applied_number')"),
    needed("deed", Json),
    needed("at", Moment),
    needed("actor", Text),
    needed("correlation", Text),
    key("tenant_id", "number"),
)
audit = Table(
    "audit",
    METADATA,
    needed("tenant_id", Uuid),
    needed("id", Uuid),
    needed("actor", Text),
    needed("action", Text),
    needed("target", Key),
    needed("reason", Text),
    needed("at", Moment),
    needed("before", Json),
    needed("after", Json),
    needed("correlation", Text),
    needed("on_behalf_of", Text, "''"),
    key("tenant_id", "id"),
    Index(None, "tenant_id", "target"),
)
platform_audit = Table(
    "platform_audit",
    METADATA,
    needed("id", Uuid),
    needed("actor", Text),
    needed("action", Text),
    needed("target", Key),
    needed("reason", Text),
    needed("at", Moment),
    needed("before", Json),
    needed("after", Json),
    needed("correlation", Text),
    needed("on_behalf_of", Text),
    key("id"),
    Index(None, "target"),
)
"""What admins did that is about no tenant."""

outbox = Table(
    "outbox",
    METADATA,
    needed("tenant_id", Uuid),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    needed("topic", Text),
    needed("content", Json),
    key("tenant_id", "number"),
)
