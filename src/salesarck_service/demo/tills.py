"""The process of the tills: two simulated providers, each a server on a port of its own."""

import asyncio
import logging
import os
import socket

import click
import msgspec
import uvicorn
from litestar import Litestar

from salesarck_service.container.tills import till_servers
from salesarck_service.demo.world import TillsPlan


@click.command()
def tills() -> None:
    """Serve until told to stop. The ports are open already, and come as descriptors."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    plan = msgspec.json.decode(os.environ["DEMO_TILLS"], type=TillsPlan)
    asyncio.run(_serve(plan, *map(int, os.environ["DEMO_TILLS_SOCKETS"].split())))


async def _serve(plan: TillsPlan, *descriptors: int) -> None:
    apps = till_servers(plan)
    await asyncio.gather(*(_serve_one(app, at) for app, at in zip(apps, descriptors, strict=True)))


async def _serve_one(app: Litestar, descriptor: int) -> None:
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    await uvicorn.Server(config).serve([socket.socket(fileno=descriptor)])
