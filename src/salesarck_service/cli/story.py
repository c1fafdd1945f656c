"""`salesarck story`: stories, played on a store."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import click

from salesarck_domain.errors import SalesArckError
from salesarck_domain.testing.stories import run_story
from salesarck_service.cli.verdicts import json_files, printable, tell_verdicts
from salesarck_service.container.stories import OpenEmpty, in_memory, on_postgres


@click.command()
@click.option("--store", type=click.Choice(["memory", "postgres"]), default="memory")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
def story(files: Sequence[Path], store: str, *, as_json: bool) -> None:
    """Play every story FILE, and every *.json below a FILE that is a folder.

    Each has an empty store to itself; those in Postgres are databases of a server of our own.
    Prints a line for each that fails, and `N passed, M failed` last. With --json it prints
    {"story", "passed", "differences"} for each story instead, and the same last line. The exit
    code is 1 if one failed, or if a FILE is no story and holds none.
    """
    try:
        with _stores(store) as open_empty:
            found = {file: [file] if file.is_file() else json_files(file) for file in files}
            tell_verdicts("story", found, partial(_play, open_empty), as_json=as_json)
    except SalesArckError as error:
        raise click.ClickException(printable(str(error))) from error


def _stores(store: str) -> AbstractContextManager[OpenEmpty]:
    return nullcontext(in_memory) if store == "memory" else on_postgres()


def _play(open_empty: OpenEmpty, told: object) -> Sequence[str]:
    async def play() -> Sequence[str]:
        async with open_empty() as opened:
            return await run_story(told, opened.store, opened.directory)

    return asyncio.run(play())
