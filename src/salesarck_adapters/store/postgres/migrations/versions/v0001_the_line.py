"""The line: everything between a delivery and a point."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, then what guards them."""
    connection = op.get_bind().execution_options(no_parameters=True)
    for name in ("v0001_tables.sql", "v0001_guards.sql"):
        connection.exec_driver_sql(Path(__file__).with_name(name).read_text())
