"""Square as a server: its interface, and the till that feeds it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from litestar import Litestar

from salesarck_adapters.simulators.square.api import square_api
from salesarck_adapters.simulators.square.till import SquareTill
from salesarck_adapters.simulators.square.webhooks import square_courier
from salesarck_adapters.simulators.square.world import SquareWorld
from salesarck_adapters.till_control import PostOffice, till_control


def create_square(
    world: SquareWorld,
    *,
    webhook_url: str,
    signature_key: str,
    client: httpx.AsyncClient | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Litestar:
    """A Square that posts to `webhook_url`. `client` posts; a test's stays open."""
    courier = square_courier(
        world, webhook_url=webhook_url, signature_key=signature_key, sleep=sleep
    )
    office = PostOffice(courier, client or httpx.AsyncClient())

    @asynccontextmanager
    async def open_for_business(_: Litestar) -> AsyncGenerator[None]:
        yield
        await office.close()
        if client is None:
            await office.client.aclose()

    return Litestar(
        [square_api(world), till_control(SquareTill(world), office)],
        lifespan=[open_for_business],
        openapi_config=None,
    )
