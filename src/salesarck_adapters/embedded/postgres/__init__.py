"""A Postgres of our own, from a wheel or from what the system has: no port, a launcher."""

from salesarck_adapters.embedded.postgres.server import NOT_DURABLE, Postgres

__all__ = ["NOT_DURABLE", "Postgres"]
