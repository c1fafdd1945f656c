"""The second wall, for every migration that makes a table of tenants. See `schema.walls`."""

from alembic import op


def raise_wall(table: str, owner: str = "tenant_id") -> None:
    """Show and take only rows of the tenant that the transaction is set to, whoever asks."""
    # After a transaction the setting is empty, not unset: that is nobody too.
    whose = "CAST(nullif(current_setting('salesarck.tenant', true), '') AS uuid)"
    own = f"{owner} = {whose}"
    op.execute(f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON public.{table} USING ({own}) WITH CHECK ({own})")


def show_platform(table: str, *columns: str) -> None:
    """Let the platform's role read these columns of all rows."""
    listed = ", ".join(columns)
    op.execute(
        f"CREATE POLICY platform ON public.{table} FOR SELECT TO salesarck_platform USING (true)"
    )
    op.execute(f"GRANT SELECT ({listed}) ON public.{table} TO salesarck_platform")


def give_platform(table: str) -> None:
    """Let the platform's role read and write all rows."""
    op.execute(
        f"CREATE POLICY platform ON public.{table} TO salesarck_platform"
        " USING (true) WITH CHECK (true)"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON public.{table} TO salesarck_platform")
