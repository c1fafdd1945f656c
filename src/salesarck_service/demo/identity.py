"""The process of the identity: a server on a port of its own, which shows the codes it sends."""

import logging
import os
import socket
import sys

import click
import msgspec
import uvicorn

from salesarck_service.container.identity import identity_server
from salesarck_service.demo.world import IdentityPlan


@click.command()
def identity() -> None:
    """Serve until told to stop. The port is open already, and comes as a descriptor."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text file
    plan = msgspec.json.decode(os.environ["DEMO_IDENTITY"], type=IdentityPlan)
    listening = socket.socket(fileno=int(os.environ["DEMO_IDENTITY_SOCKET"]))
    config = uvicorn.Config(identity_server(plan), log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run([listening])
