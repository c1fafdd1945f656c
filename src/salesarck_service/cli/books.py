"""`salesarck books`: the books, recomputed from what is written."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import click

from salesarck_domain.errors import SalesArckError
from salesarck_domain.ledger.reconciliation import Discrepancy
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_service.container.books import OpenBooks, open_database, open_folder

WHERE = "say which books: --database URL, SALESARCK_DATABASE_URL, or --data DIR of a kept demo"


def source(database: str | None, data: Path | None) -> AbstractAsyncContextManager[OpenBooks]:
    """Choose the books that the options name.

    Raises:
        ClickException: they name none.
    """
    if data:
        return open_folder(data)
    if database:
        return open_database(database)
    raise click.ClickException(WHERE)


@click.group()
def books() -> None:
    """Books: verify them."""


@books.command()
@click.option("--database", envvar="SALESARCK_DATABASE_URL", help="The database's address.")
@click.option("--data", type=click.Path(path_type=Path), help="A data folder that a demo kept.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
def verify(database: str | None, data: Path | None, *, as_json: bool) -> None:
    """Recompute everything and name each discrepancy; exit 1 if there is any.

    Sequence, running sums, chain, lots, codes against entries, sales against entries, and every
    award judged again by the rule version it names. With --json it prints {"kind", "where",
    "what"} for each discrepancy, and {"discrepancies"} last.
    """
    try:
        found = asyncio.run(_verify(database, data))
    except SalesArckError as error:
        raise click.ClickException(str(error)) from error
    for each in found:
        said = {"kind": each.kind, "where": each.where, "what": each.what}
        click.echo(json.dumps(said) if as_json else str(each))
    count = {"discrepancies": len(found)}
    click.echo(json.dumps(count) if as_json else f"{len(found)} discrepancies")
    click.get_current_context().exit(1 if found else 0)


async def _verify(database: str | None, data: Path | None) -> Sequence[Discrepancy]:
    async with source(database, data) as opened:
        return await VerifyBooks(opened.store.books, opened.directory)()
