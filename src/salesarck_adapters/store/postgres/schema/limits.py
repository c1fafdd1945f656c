"""How often what was done. A crash of the server empties it, which costs a limit once."""

from sqlalchemy import BigInteger, Integer, Table

from salesarck_adapters.store.postgres.schema.base import METADATA, Key, key, needed

allowance = Table(
    "allowance",
    METADATA,
    needed("name", Key),
    needed("ends", BigInteger),
    needed("granted", Integer),
    key("name"),
    prefixes=["UNLOGGED"],
)
