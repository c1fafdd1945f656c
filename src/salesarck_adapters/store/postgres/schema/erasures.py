"""Who was erased, what keeps them so, and the contacts that stand-ins stand for."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from salesarck_adapters.store.postgres.schema.base import (
    METADATA,
    Key,
    Moment,
    key,
    needed,
    words,
)
from salesarck_domain.people import EvidenceKind

contact = Table(
    "contact",
    METADATA,
    needed("tenant_id", Uuid),
    needed("kind", Key),
    needed("value", Key),
    needed("number", BigInteger, "nextval('contact_number')"),
    key("tenant_id", "kind", "value"),
    UniqueConstraint("tenant_id", "number"),
    words("kind", EvidenceKind),
)
"""Whose stand-ins `applied` holds. A row that is deleted is the person that is forgotten."""

erased_contact = Table(
    "erased_contact",
    METADATA,
    needed("mark", Key),
    needed("at", Moment),
    key("mark"),
)
erasure = Table(
    "erasure",
    METADATA,
    needed("id", Uuid),
    needed("people", ARRAY(Uuid)),
    needed("at", Moment),
    needed("actor", Text),
    needed("reason", Text),
    Column("finished_at", Moment),
    key("id"),
)
sign_in = Table(
    "sign_in",
    METADATA,
    needed("subject", Uuid),
    needed("consumer_id", Uuid),
    key("subject"),
    Index(None, "consumer_id"),
)
"""As whom the identity knows a person."""
