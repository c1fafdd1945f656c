"""What ended before its time. The head counts revocations in the order of their commits."""

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, Table, Uuid

from salesarck_adapters.store.postgres.schema.base import (
    METADATA,
    Key,
    Moment,
    key,
    needed,
    words,
)
from salesarck_domain.ports.revocations import Ended

revocation = Table(
    "revocation",
    METADATA,
    needed("kind", Key),
    needed("id", Uuid),
    needed("before", Moment),
    needed("kept_until", Moment),
    needed("number", BigInteger),
    key("kind", "id"),
    words("kind", Ended),
    Index(None, "number"),
    Index(None, "kept_until"),
)
revocation_head = Table(
    "revocation_head",
    METADATA,
    needed("id", Integer),
    needed("number", BigInteger),
    needed("leased_until", Moment),
    key("id"),
    CheckConstraint("id = 1", name="one"),
)
