"""`salesarck replay`: everything that was applied, applied again, and compared."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from salesarck_domain.errors import SalesArckError
from salesarck_domain.use_cases.replay import Difference, Replay
from salesarck_service.cli.books import source
from salesarck_service.container.books import open_empty


@click.command()
@click.option("--into", required=True, metavar="memory|URL", help="An empty store.")
@click.option("--database", envvar="SALESARCK_DATABASE_URL", help="The database's address.")
@click.option("--data", type=click.Path(path_type=Path), help="A data folder that a demo kept.")
def replay(into: str, database: str | None, data: Path | None) -> None:
    """Apply everything that was applied to an empty store, and compare the ledgers.

    Prints a line for each wallet that comes out otherwise, and exits with 1 if one does.
    """
    try:
        found = asyncio.run(_replay(into, database, data))
    except (SalesArckError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for each in found:
        click.echo(str(each))
    click.echo("equal" if not found else f"{len(found)} wallets differ")
    click.get_current_context().exit(1 if found else 0)


async def _replay(into: str, database: str | None, data: Path | None) -> Sequence[Difference]:
    async with source(database, data) as there, open_empty(into) as here:
        return await Replay(there.store, there.directory, here.store, here.directory)()
