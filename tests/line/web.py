"""Web processes that start quickly: forked from one that has read the program already."""

import asyncio
import multiprocessing
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

import uvicorn

from salesarck_service.app import create_app
from salesarck_service.container.service import open_parts
from salesarck_service.settings import Settings
from salesarck_service.telemetry.logs import configure_logs

SOON = 60.0
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["salesarck_service.container.service"])


@dataclass(frozen=True, slots=True)
class Web:
    """A web process, and where it is."""

    process: ForkServerProcess
    url: str

    async def kill(self) -> None:
        """SIGKILL: it closes nothing and tells nobody."""
        self.process.kill()
        await asyncio.to_thread(self.process.join, SOON)


@asynccontextmanager
async def web(settings: Settings) -> AsyncGenerator[Web]:
    """Run the web application by itself, and kill it in the end."""
    here, there = FORKED.Pipe()
    process = FORKED.Process(target=serve, args=(settings, there))
    process.start()
    there.close()
    try:
        assert await asyncio.to_thread(here.poll, SOON)
        running = Web(process, f"http://127.0.0.1:{here.recv()}")
        yield running
        await running.kill()
    finally:
        process.kill()
        process.join()
        process.close()
        here.close()


def serve(settings: Settings, told: Connection) -> None:
    configure_logs("error")
    asyncio.run(_serve(settings, told))


async def _serve(settings: Settings, told: Connection) -> None:
    async with open_parts(settings) as parts:
        listening = socket.create_server(("127.0.0.1", 0))
        app = create_app(parts)
        config = uvicorn.Config(app, log_config=None, access_log=False)  # type: ignore[arg-type] # Litestar's own words
        told.send(listening.getsockname()[1])
        await uvicorn.Server(config).serve([listening])
