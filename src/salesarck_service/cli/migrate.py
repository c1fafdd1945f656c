"""`salesarck migrate`: make the database's tables, or bring them up to date."""

import click

from salesarck_domain.errors import SalesArckError
from salesarck_service.container.books import make_tables


@click.command()
@click.option(
    "--database", envvar="SALESARCK_DATABASE_URL", required=True, help="The database's address."
)
def migrate(database: str) -> None:
    """Make the tables of a database, or bring them up to date; again does nothing.

    It connects as the tables' owner. The service itself uses a role with fewer rights.
    """
    try:
        make_tables(database)
    except SalesArckError as error:
        raise click.ClickException(str(error)) from error
    click.echo("the tables are up to date")
