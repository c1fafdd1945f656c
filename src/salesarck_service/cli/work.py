"""`salesarck work`: work off what tills sent, and run the timetable."""

import asyncio
import logging
import os
import signal

import click
import structlog

from salesarck_domain.errors import SalesArckError
from salesarck_service.container.line import open_worker
from salesarck_service.settings import Settings, read_settings
from salesarck_service.telemetry.exposition import expose
from salesarck_service.telemetry.logs import configure_logs

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@click.command()
def work() -> None:
    """Work off what tills sent, and run the timetable, until SIGTERM or Ctrl-C.

    What is in hand then is finished within SALESARCK_DRAIN_SECONDS. Any number of workers may run.
    """
    try:
        settings = read_settings(os.environ)
        configure_logs(settings.log_level)
        logging.getLogger("saq").setLevel(logging.ERROR)  # a line for every ring helps nobody
        asyncio.run(_work(settings))
    except SalesArckError as refused:
        raise click.ClickException(str(refused)) from refused


async def _work(settings: Settings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with (
        open_worker(settings) as worker,
        expose(settings, worker.metrics.registry, worker.work.inbox, worker.work.clock),
    ):
        _log.info("working")
        await worker.run(stop)
    _log.info("stopped")
