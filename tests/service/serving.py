"""The application behind a socket, as tills and people reach it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from litestar.types import ASGIApp

from salesarck_service.server import server_of

SOON = 10.0
GRACE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs."""

    server: uvicorn.Server
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[Serving]:
    """Serve until the end of the block, and be gone soon after."""
    # With its protocol named asyncio sends at once, and doesn't wait 40 ms for more.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    server = server_of(app, drain_seconds=GRACE_SECONDS)
    running = asyncio.ensure_future(server.serve([listening]))
    try:
        yield Serving(server, listening.getsockname()[1])
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, SOON)
