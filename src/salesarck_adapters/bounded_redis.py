"""A Redis that nobody waits for: it answers at once, or it counts as away for a moment.

redis-py by itself tries again and again, for seconds. Whoever asks here has another answer ready.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

ANSWER_SECONDS = 0.04
"""With what comes around it, a request loses no more than 50 ms to a Redis that hangs."""

REST_SECONDS = 1.0
"""So long nobody asks it again, so that a request loses that once and not at each question."""

CONNECTIONS_MAX = 4

Client: TypeAlias = Any
"""redis-py's own types say of each answer that it may have to be awaited, or not."""

Word = str | int
T = TypeVar("T")


class RedisAway(Exception):
    """It isn't answering, or not now."""


class BoundedRedis:
    """Puts questions to one Redis, for everybody in this process."""

    def __init__(self, client: Client, answer_seconds: float) -> None:
        self._client = client
        self._answer_seconds = answer_seconds
        self._rests_until = 0.0

    async def run(self, script: str, keys: Sequence[str], words: Sequence[Word]) -> Any:  # noqa: ANN401 - whatever the script returns
        """Run a script, which is one step for everybody else.

        Raises:
            RedisAway: it failed, or takes too long, or did so just now.
        """
        return await self.ask(lambda it: it.eval(script, len(keys), *keys, *words))

    async def ask(self, question: Callable[[Client], Awaitable[T]]) -> T:
        """Put a question.

        Raises:
            RedisAway: it failed, or takes too long, or did so just now.
        """
        began = time.monotonic()
        if began < self._rests_until:
            raise RedisAway("it rests")
        try:
            return await self._in_time(question, began)
        except (RedisError, OSError, TimeoutError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            raise RedisAway(type(error).__name__) from error

    async def _in_time(self, question: Callable[[Client], Awaitable[T]], began: float) -> T:
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await question(self._client)
        except TimeoutError:
            # Where our own loop was late, that says nothing about Redis.
            if time.monotonic() - began < 1.5 * self._answer_seconds:
                raise
        async with asyncio.timeout(self._answer_seconds):
            return await question(self._client)


@asynccontextmanager
async def open_redis(
    url: str, *, answer_seconds: float = ANSWER_SECONDS
) -> AsyncGenerator[BoundedRedis]:
    """Open the Redis at an address. It connects when it is asked.

    Who finds all connections busy waits for one: they are that for less time than a new one takes.
    """
    untyped: Client = BlockingConnectionPool  # it leaves the words of `from_url` untyped
    pool = untyped.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=answer_seconds,
        protocol=2,
    )
    client = Redis.from_pool(pool)
    try:
        yield BoundedRedis(client, answer_seconds)
    finally:
        await client.aclose()
