"""Row security: a transaction sees the rows of one tenant, or of none."""

from pathlib import Path

from alembic import op

from salesarck_adapters.store.postgres.migrations.walls import (
    give_platform,
    raise_wall,
    show_platform,
)

revision = "0012"
down_revision = "0004"

OF_TENANTS = """
SELECT relation.relname
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = relation.oid
WHERE relation.relnamespace = CAST('public' AS regnamespace)
    AND relation.relkind IN ('r', 'p')
    AND attribute.attname = 'tenant_id'
    AND NOT attribute.attisdropped
ORDER BY relation.relname
"""


def upgrade() -> None:
    """Raise the wall around every table of tenants that there is, and say what is seen over it."""
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
    for table in connection.exec_driver_sql(OF_TENANTS).scalars().all():
        raise_wall(table)
    raise_wall("tenant", owner="id")
    for table in ("link", "member", "tenant"):
        give_platform(table)
    show_platform("lot", "tenant_id", "consumer_id", "remaining", "ends_at")
    show_platform("redemption_code", "tenant_id", "consumer_id", "state", "expires_at")
    show_platform("till_proof", "tenant_id", "value")
    show_platform("waiting", "tenant_id", "kind", "value")
    show_platform("wallet", "tenant_id", "consumer_id")
