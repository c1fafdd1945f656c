"""`salesarck serve`: answer tills and people over HTTP."""

import asyncio
import os
import signal
import sys

import click

from salesarck_domain.errors import SalesArckError
from salesarck_service.app import create_app
from salesarck_service.container.service import open_parts
from salesarck_service.server import server_of
from salesarck_service.settings import Settings, read_settings
from salesarck_service.telemetry.exposition import expose
from salesarck_service.telemetry.logs import configure_logs


@click.command()
def serve() -> None:
    """Answer tills and people over HTTP, until SIGTERM or Ctrl-C.

    In development without Supabase, an embedded identity shows its one-time codes right here.
    """
    try:
        settings = read_settings(os.environ)
        configure_logs(settings.log_level)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text file
        asyncio.run(_serve(settings))
    except SalesArckError as error:
        raise click.ClickException(str(error)) from error


async def _serve(settings: Settings) -> None:
    async with (
        open_parts(settings) as parts,
        expose(settings, parts.metrics.registry, parts.inbox, parts.clock),
    ):
        server = server_of(
            create_app(parts),
            host=settings.host,
            port=settings.port,
            drain_seconds=round(settings.drain_seconds),
        )
        loop = asyncio.get_running_loop()

        def end(number: int) -> None:
            parts.watching.closing.set()  # who watches is told at once, and asks another process
            server.handle_exit(number, None)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end, number)
        await server.serve()
