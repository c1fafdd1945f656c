"""Square as a server: its interface, and the till that feeds it."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from litestar import Litestar

from salesarck_adapters.simulators.square.api import square_api
from salesarck_adapters.simulators.square.till import SquareTill
from salesarck_adapters.simulators.square.webhooks import square_courier
from salesarck_adapters.simulators.square.world import SquareWorld
from salesarck_adapters.till_control import open_shop


def create_square(
    world: SquareWorld,
    *,
    webhook_url: str,
    signature_key: str,
    client: httpx.AsyncClient | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Litestar:
    """A Square that posts to `webhook_url`. `client` posts; one that is given stays open."""
    courier = square_courier(
        world, webhook_url=webhook_url, signature_key=signature_key, sleep=sleep
    )
    return open_shop(square_api(world), SquareTill(world), courier, client)
