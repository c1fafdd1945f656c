"""How often what may be done."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table, without a log: nothing is lost with it but counts."""
    op.execute("""
CREATE UNLOGGED TABLE public.allowance (
    name text COLLATE "C" NOT NULL,
    ends bigint NOT NULL,
    granted integer NOT NULL,
    CONSTRAINT allowance_pkey PRIMARY KEY (name)
) WITH (fillfactor = 50)
""")  # a row is written anew each time, and finds room for that on its own page
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON public.allowance TO salesarck_platform")
