"""Clover as a server: its interface, and the till that feeds it."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from litestar import Litestar

from salesarck_adapters.simulators.clover.api import clover_api
from salesarck_adapters.simulators.clover.till import CloverTill
from salesarck_adapters.simulators.clover.webhooks import clover_courier
from salesarck_adapters.simulators.clover.world import CloverWorld
from salesarck_adapters.till_control import open_shop


def create_clover(
    world: CloverWorld,
    *,
    webhook_url: str,
    auth_code: str,
    client: httpx.AsyncClient | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Litestar:
    """A Clover that posts to `webhook_url`. `client` posts; one that is given stays open."""
    courier = clover_courier(world, webhook_url=webhook_url, auth_code=auth_code, sleep=sleep)
    return open_shop(clover_api(world), CloverTill(world), courier, client)
