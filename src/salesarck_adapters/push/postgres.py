"""Push by LISTEN and NOTIFY: whatever one process commits, all others hear.

One connection a process does both, and nobody waits for it: what is published meanwhile is sent
together. It needs a session, so the address may not be that of a transaction pooler.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from psycopg import AsyncConnection, Notify

from salesarck_adapters.balances import Row, Watchers, keep_at_it, written
from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.push import Balance

CHANNEL = "salesarck_balances"
LISTEN = f"LISTEN {CHANNEL}"
SEND = "SELECT pg_notify(%s, %s)"

BATCH_MAX = 50
"""A balance takes up to 145 bytes, and Postgres carries less than 8,000 at once."""

QUIET_SECONDS = 10.0
"""So long nothing is heard before the connection is asked whether it is still there."""

ANSWER_SECONDS = 2.0
LAST_SECONDS = 0.5
"""So long a process that ends waits until its last balances are sent."""


class PostgresPush:
    """Sends what its process publishes, and tells its watchers what all have sent."""

    def __init__(self, dsn: str, quiet_seconds: float, answer_seconds: float) -> None:
        self._dsn = dsn
        self._quiet_seconds = quiet_seconds
        self._answer_seconds = answer_seconds
        self._watchers = Watchers()
        self._unsent = Row()
        self._awake = asyncio.Event()
        self._is_over = False

    async def publish(self, balance: Balance) -> None:
        """Let it be sent with whatever else there is."""
        self._unsent.add([balance])
        self._awake.set()

    def watch(self, consumer: ConsumerId) -> AbstractAsyncContextManager[AsyncIterator[Balance]]:
        """Keep a row while somebody watches."""
        return self._watchers.watch(consumer)

    def end(self) -> None:
        """Let the talk end, once everything is sent."""
        self._is_over = True
        self._awake.set()

    async def talk(self) -> None:
        """Connect, send and hear, until it is over or the connection is."""
        async with asyncio.timeout(self._answer_seconds):
            connection = await AsyncConnection.connect(
                self._dsn, autocommit=True, prepare_threshold=None
            )
        async with connection:
            connection.add_notify_handler(self._hear)
            async with asyncio.timeout(self._answer_seconds):
                # Nothing is kept, so there is nothing to wait for a disk for.
                await connection.execute("SET synchronous_commit = off")
                await connection.execute(LISTEN)
            self._watchers.hearing.set()
            try:
                while not self._is_over:
                    await self._exchange(connection, is_quiet=not await self._is_woken(connection))
                await self._send(connection)
            finally:
                self._watchers.hearing.clear()

    async def _is_woken(self, connection: AsyncConnection) -> bool:
        """Wait until there is something to hear or to send; say whether there is."""
        loop, file = asyncio.get_running_loop(), connection.fileno()
        loop.add_reader(file, self._awake.set)
        try:
            await asyncio.wait_for(self._awake.wait(), self._quiet_seconds)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(file)
        self._awake.clear()
        return True

    async def _exchange(self, connection: AsyncConnection, *, is_quiet: bool) -> None:
        connection.pgconn.consume_input()
        while found := connection.pgconn.notifies():
            self._watchers.hear(found.extra)
        await self._send(connection)
        if is_quiet:
            async with asyncio.timeout(self._answer_seconds):
                await connection.execute("SELECT 1")

    async def _send(self, connection: AsyncConnection) -> None:
        while batch := self._unsent.take(BATCH_MAX):
            try:
                async with asyncio.timeout(self._answer_seconds):
                    await connection.execute(SEND, [CHANNEL, written(batch)])
            except BaseException:
                self._unsent.put_back(batch)
                raise

    def _hear(self, found: Notify) -> None:
        self._watchers.hear(found.payload)


@asynccontextmanager
async def open_postgres_push(
    dsn: str, *, quiet_seconds: float = QUIET_SECONDS, answer_seconds: float = ANSWER_SECONDS
) -> AsyncGenerator[PostgresPush]:
    """Open a process' push. Where the database isn't there yet, it goes on asking."""
    push = PostgresPush(dsn, quiet_seconds, answer_seconds)
    talking = asyncio.create_task(keep_at_it(push.talk))
    try:
        yield push
    finally:
        push.end()
        await asyncio.wait({talking}, timeout=LAST_SECONDS)
        talking.cancel()
        with suppress(asyncio.CancelledError):
            await talking
