"""Push by Redis' pub/sub: whatever one process commits, all others hear.

Nobody waits for Redis: what is published is put into a row, and a task sends what there is
together. Nothing is tried twice by the client, for the row keeps what was not sent.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from salesarck_adapters.balances import Row, Watchers, keep_at_it, written
from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.push import Balance

CHANNEL = "salesarck:balances"
BATCH_MAX = 200

QUIET_SECONDS = 10.0
"""So long nothing is heard before Redis is asked whether it is still there."""

ANSWER_SECONDS = 1.0
LAST_SECONDS = 0.5
"""So long a process that ends waits until its last balances are sent."""

AWAY = (RedisError, OSError)


class _Ear(Protocol):
    """What we use of a subscription, for the client names few types."""

    async def subscribe(self, channel: str) -> None: ...
    async def ping(self) -> object: ...
    async def get_message(self, *, timeout: float) -> Mapping[str, Any] | None: ...  # noqa: ASYNC109 - the client's own signature


class _Client(Protocol):
    """What we use of the client."""

    def pubsub(self) -> AbstractAsyncContextManager[_Ear]: ...
    async def publish(self, channel: str, text: str) -> object: ...
    async def aclose(self) -> None: ...


class RedisPush:
    """Sends what its process publishes, and tells its watchers what all have sent."""

    def __init__(self, client: _Client, quiet_seconds: float, answer_seconds: float) -> None:
        self._client = client
        self._quiet_seconds = quiet_seconds
        self._answer_seconds = answer_seconds
        self._watchers = Watchers()
        self._unsent = Row()

    async def publish(self, balance: Balance) -> None:
        """Let it be sent with whatever else there is."""
        self._unsent.add([balance])

    def watch(self, consumer: ConsumerId) -> AbstractAsyncContextManager[AsyncIterator[Balance]]:
        """Keep a row while somebody watches."""
        return self._watchers.watch(consumer)

    async def send(self) -> None:
        """Send whatever comes, once this process hears what it sends."""
        while True:
            await self._watchers.hearing.wait()
            await self._unsent.some()
            batch = self._unsent.take(BATCH_MAX)
            try:
                await self._client.publish(CHANNEL, written(batch))
            except BaseException:
                self._unsent.put_back(batch)
                raise

    async def send_the_rest(self) -> None:
        """Send what nobody has sent yet."""
        while batch := self._unsent.take(BATCH_MAX):
            await self._client.publish(CHANNEL, written(batch))

    async def listen(self) -> None:
        """Hear what all processes send, until the connection is gone."""
        async with self._client.pubsub() as ear:
            await ear.subscribe(CHANNEL)
            await self._heard(ear, self._answer_seconds)
            self._watchers.hearing.set()
            try:
                while True:
                    if not await self._heard(ear, self._quiet_seconds):
                        await self._ask(ear)
            finally:
                self._watchers.hearing.clear()

    async def _ask(self, ear: _Ear) -> None:
        """Make sure that it is there: any answer will do.

        Raises:
            TimeoutError: it isn't.
        """
        await ear.ping()
        if not await self._heard(ear, self._answer_seconds):
            raise TimeoutError

    async def _heard(self, ear: _Ear, seconds: float) -> bool:
        said = await ear.get_message(timeout=seconds)
        if said and said["type"] == "message":
            self._watchers.hear(said["data"])
        return said is not None


@asynccontextmanager
async def open_redis_push(
    url: str, *, quiet_seconds: float = QUIET_SECONDS, answer_seconds: float = ANSWER_SECONDS
) -> AsyncGenerator[RedisPush]:
    """Open a process' push. Where Redis isn't there yet, it goes on asking."""
    client: _Client = cast("Any", Redis).from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=answer_seconds,
        socket_timeout=answer_seconds,
    )
    push = RedisPush(client, quiet_seconds, answer_seconds)
    tasks = [asyncio.create_task(keep_at_it(do)) for do in (push.listen, push.send)]
    try:
        yield push
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(*AWAY):
            await asyncio.wait_for(push.send_the_rest(), LAST_SECONDS)
        with suppress(*AWAY):
            await client.aclose()
