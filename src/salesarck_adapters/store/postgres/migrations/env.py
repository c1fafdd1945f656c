"""Alembic's way in: it runs this file, with the connection that `migrate` has opened."""

from alembic import context

from salesarck_adapters.store.postgres.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
