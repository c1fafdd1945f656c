"""People: profiles, and accounts that became one."""

from pathlib import Path

from alembic import op

from salesarck_adapters.store.postgres.migrations.walls import raise_wall

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make their tables: what is no tenant's is the platform's alone."""
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
    raise_wall("wallet_merge")
