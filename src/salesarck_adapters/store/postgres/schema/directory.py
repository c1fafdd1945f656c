"""Look-ups that come before a tenant is known, and what a tenant knows of people."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Interval,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from salesarck_adapters.store.postgres.schema.base import (
    METADATA,
    Json,
    Key,
    Moment,
    key,
    needed,
    to,
    words,
)
from salesarck_domain.people import STAFF, Role
from salesarck_domain.tenants import TenantState

tenant = Table(
    "tenant",
    METADATA,
    needed("id", Uuid),
    needed("name", Text),
    needed("currency", Text),
    needed("country", Text),
    needed("time_zone", Text),
    needed("code_lifetime", Interval),
    needed("claim_window", Interval),
    needed("grace", Interval),
    needed("terms", Json),
    needed("state", Text),
    needed("adjustment_limit", BigInteger, "10000"),
    key("id"),
    words("state", TenantState),
    CheckConstraint("adjustment_limit >= 0", name="adjustment_limit"),
)
link = Table(
    "link",
    METADATA,
    needed("provider", Key),
    needed("merchant", Key),
    needed("tenant_id", Uuid),
    needed("name", Text),
    needed("state", Text),
    needed("linked_at", Moment),
    key("provider", "merchant"),
    to("tenant_id", "tenant", "id"),
    Index(None, "tenant_id"),
)
proof = Table(
    "proof",
    METADATA,
    needed("kind", Key),
    needed("value", Key),
    needed("consumer_id", Uuid),
    needed("proved_at", Moment),
    Column("moved_from", Uuid),
    key("kind", "value"),
    words("kind", ("phone", "email")),
    Index(None, "consumer_id"),
)
member = Table(
    "member",
    METADATA,
    needed("person_id", Uuid),
    needed("role", Text),
    Column("tenant_id", Uuid),
    UniqueConstraint("person_id", "tenant_id", postgresql_nulls_not_distinct=True),
    to("tenant_id", "tenant", "id"),
    words("role", (*STAFF, Role.ADMIN)),
    CheckConstraint("(role = 'admin') = (tenant_id IS NULL)", name="place"),
    Index(None, "tenant_id"),
)
invitation = Table(
    "invitation",
    METADATA,
    needed("kind", Key),
    needed("value", Key),
    needed("tenant_id", Uuid),
    needed("id", Uuid),
    needed("role", Text),
    needed("invited_by", Text),
    needed("expires_at", Moment),
    key("kind", "value", "tenant_id"),
    to("tenant_id", "tenant", "id"),
    words("kind", ("phone", "email")),
    words("role", STAFF),
    Index(None, "tenant_id", "id"),
    Index(None, "expires_at"),
)
"""An open one. What was settled is forgotten: its audit row says how, and names no phone."""

suspension = Table(
    "suspension",
    METADATA,
    needed("person_id", Uuid),
    needed("at", Moment),
    key("person_id"),
)
waiting = Table(
    "waiting",
    METADATA,
    needed("kind", Key),
    needed("value", Key),
    needed("tenant_id", Uuid),
    needed("sale_id", Uuid),
    key("kind", "value", "tenant_id", "sale_id"),
    Index(None, "tenant_id", "sale_id"),
)
rule_version = Table(
    "rule_version",
    METADATA,
    needed("tenant_id", Uuid),
    needed("number", Integer),
    needed("rules", Json),
    needed("in_force_from", Moment),
    needed("published_at", Moment),
    needed("published_by", Text),
    needed("content_hash", Text),
    key("tenant_id", "number"),
    to("tenant_id", "tenant", "id"),
)
retirement = Table(
    "retirement",
    METADATA,
    needed("tenant_id", Uuid),
    needed("number", Integer),
    needed("at", Moment),
    needed("up_to", Integer),
    key("tenant_id", "number"),
    to("tenant_id", "tenant", "id"),
)
till_proof = Table(
    "till_proof",
    METADATA,
    needed("tenant_id", Uuid),
    needed("value", Key),
    needed("consumer_id", Uuid),
    needed("proved_at", Moment),
    key("tenant_id", "value"),
)
till_customer = Table(
    "till_customer",
    METADATA,
    needed("tenant_id", Uuid),
    needed("provider", Key),
    needed("id", Key),
    needed("main", Key),
    Column("phone", Text),
    Column("email", Text),
    needed("merged", ARRAY(Text)),
    key("tenant_id", "provider", "id"),
)
"""`main` is the id of the customer whom this one is now; `merged` are the others of a main one."""
