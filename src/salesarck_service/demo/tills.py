"""The process of the tills: two simulated providers, each a server on a port of its own."""

import asyncio
import os
import socket

import msgspec
import uvicorn
from litestar import Litestar

from salesarck_service.container.demo import TillsPlan, till_servers

PLAN = "DEMO_TILLS"
SOCKETS = "DEMO_TILLS_SOCKETS"


def serve_tills() -> None:
    """Serve until told to stop. The ports are open already, and come as descriptors."""
    plan = msgspec.json.decode(os.environ[PLAN], type=TillsPlan)
    square, clover = (int(number) for number in os.environ[SOCKETS].split())
    asyncio.run(_serve(plan, square, clover))


async def _serve(plan: TillsPlan, *descriptors: int) -> None:
    apps = till_servers(plan)
    await asyncio.gather(*(_serve_one(app, at) for app, at in zip(apps, descriptors, strict=True)))


async def _serve_one(app: Litestar, descriptor: int) -> None:
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    await uvicorn.Server(config).serve([socket.socket(fileno=descriptor)])
