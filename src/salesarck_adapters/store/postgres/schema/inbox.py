"""The inbox: deliveries of all tenants."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from salesarck_adapters.store.postgres.schema.base import (
    METADATA,
    Json,
    Key,
    Moment,
    key,
    needed,
    words,
)
from salesarck_domain.ports.inbox import RowState

inbox = Table(
    "inbox",
    METADATA,
    needed("id", Uuid),
    needed("number", BigInteger, "nextval('inbox_number')"),
    needed("provider", Key),
    needed("merchant", Key),
    needed("key", Key),
    needed("body_hash", LargeBinary),
    needed("body", LargeBinary),
    needed("headers", Json),
    needed("correlation", Text),
    needed("received_at", Moment),
    needed("last_seen_at", Moment),
    needed("deliveries", Integer),
    needed("state", Text, "'waiting'"),
    needed("due_at", Moment),
    needed("attempts", Integer, "0"),
    Column("token", Uuid),
    Column("outcome", Text),
    Column("error", Text),
    needed("clock_ahead", Boolean, "false"),
    needed("answers", Json, "'[]'"),
    Column("done_at", Moment),
    key("id"),
    UniqueConstraint("provider", "merchant", "key", "body_hash", name="inbox_delivery_key"),
    words("state", RowState),
    CheckConstraint("(state = 'leased') = (token IS NOT NULL)", name="lease"),
    CheckConstraint("(state = 'done') = (outcome IS NOT NULL)", name="outcome"),
    Index(
        "inbox_open_idx",
        "provider",
        "merchant",
        "number",
        postgresql_where=text("state IN ('waiting', 'leased')"),
    ),
    Index("inbox_state_idx", "state", "number"),
    Index(
        "inbox_kept_idx",
        "done_at",
        postgresql_where=text(r"done_at IS NOT NULL AND body <> '\x'"),
    ),
)
"""`merchant` is empty where a body names none. `due_at` of a leased row is when its lease ends."""

inbox_lane = Table(
    "inbox_lane",
    METADATA,
    needed("provider", Key),
    needed("merchant", Key),
    needed("turn", BigInteger, "0"),
    key("provider", "merchant"),
)
"""Rows to be locked while a lane's next delivery is chosen. `turn` grows when it is served."""

inbox_sale = Table(
    "inbox_sale",
    METADATA,
    needed("tenant_id", Uuid),
    needed("sale_id", Uuid),
    needed("row_id", Uuid),
    key("tenant_id", "sale_id", "row_id"),
)
handshake = Table(
    "handshake",
    METADATA,
    Column("number", BigInteger, Identity(always=True), nullable=False),
    needed("provider", Key),
    needed("code", Text),
    needed("at", Moment),
    key("provider", "number"),
)
