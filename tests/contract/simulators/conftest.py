"""A Square and a Clover of their own for every test, at noon, and a webhook that keeps all."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from salesarck_adapters.simulators.clover.app import create_clover
from salesarck_adapters.simulators.clover.world import CloverWorld
from salesarck_adapters.simulators.square.app import create_square
from salesarck_adapters.simulators.square.world import SquareWorld

HOOK = "https://hooks.example.test/v1/webhooks"


@dataclass(slots=True)
class Clock:
    """Stands still until it is moved."""

    now: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: int) -> None:
        self.now += timedelta(**time)


@dataclass(slots=True)
class Hook:
    """Answers with `statuses` in turn, then with 200, and keeps what it was sent."""

    statuses: list[int] = field(default_factory=list[int])
    seen: list[httpx.Request] = field(default_factory=list[httpx.Request])
    slept: list[float] = field(default_factory=list[float])

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return httpx.Response(self.statuses.pop(0) if self.statuses else 200)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pass_time(clock: Clock) -> Callable[..., None]:
    return clock.pass_


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
def square_world(clock: Clock) -> SquareWorld:
    world = SquareWorld(clock)
    world.add_seller("Café", merchant="CAFE", token="cafe-token", locations=("Main", "Harbour"))
    world.add_seller("Bakery", merchant="BAKERY", token="bakery-token")
    return world


@pytest.fixture
def clover_world(clock: Clock) -> CloverWorld:
    world = CloverWorld(clock, limits=None)
    world.add_shop("Café", merchant="CAFE", token="cafe-token", checkout=(f"{HOOK}/checkout", "s"))
    world.add_shop("Bakery", merchant="BAKERY", token="bakery-token")
    return world


@pytest.fixture
async def square(square_world: SquareWorld, hook: Hook) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_square(
        square_world,
        webhook_url=HOOK,
        signature_key="key",
        client=hook.client(),
        sleep=hook.sleep,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://square.test") as client:
        client.headers["authorization"] = "Bearer cafe-token"
        yield client


@pytest.fixture
async def clover(clover_world: CloverWorld, hook: Hook) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_clover(
        clover_world, webhook_url=HOOK, auth_code="code", client=hook.client(), sleep=hook.sleep
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://clover.test") as client:
        client.headers["authorization"] = "Bearer cafe-token"
        yield client
