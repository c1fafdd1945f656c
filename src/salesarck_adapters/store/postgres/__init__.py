from salesarck_adapters.store.postgres.migrate import migrate
from salesarck_adapters.store.postgres.store import PostgresStore

__all__ = ["PostgresStore", "migrate"]
