"""A clock that all processes of a demonstration share."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make its table, which the service reads and never writes."""
    op.execute(
        "CREATE TABLE public.shared_clock ("
        " id integer NOT NULL,"
        " at timestamptz NOT NULL,"
        " CONSTRAINT shared_clock_pkey PRIMARY KEY (id),"
        " CONSTRAINT shared_clock_one CHECK (id = 1))"
    )
    op.execute("GRANT SELECT ON public.shared_clock TO salesarck_service")
