"""A room for the doorbell and the timetable, which make their tables themselves."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make a schema that is theirs alone."""
    op.execute("CREATE SCHEMA saq")
    op.execute("GRANT USAGE, CREATE ON SCHEMA saq TO salesarck_service")
