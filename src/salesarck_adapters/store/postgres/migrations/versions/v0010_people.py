"""People: profiles, and accounts that became one."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0004"


def upgrade() -> None:
    """Make their tables."""
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
