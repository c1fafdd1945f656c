"""Teams that grow by invitation, and adjustments that take a second admin."""

from pathlib import Path

from alembic import op

from salesarck_adapters.store.postgres.migrations.walls import give_platform, raise_wall

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Change the tables, and say what the service may do with them."""
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
    raise_wall("adjustment")
    raise_wall("invitation")
    give_platform("invitation")
    op.execute("GRANT DELETE ON public.invitation TO salesarck_platform")
