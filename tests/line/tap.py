"""A wire to Postgres that holds what is said, so that who speaks can be killed right there."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

COMMIT = b"COMMIT\x00"
READY = b"Z\x00\x00\x00\x05"
"""ReadyForQuery: the end of the server's answer (protocol 3, message formats)."""

CHUNK = 65_536


@dataclass
class Tap:
    """Counts the commits that are said after a word, and holds one: before it, or its answer."""

    server: int
    since: bytes
    step: int = 0
    is_after: bool = False
    port: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    commits: int | None = None

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection there and back, until either side hangs up."""
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server)
        held = asyncio.Event()
        ways = [
            asyncio.ensure_future(self._there(reader, to_server, held)),
            asyncio.ensure_future(self._back(from_server, writer, held)),
            asyncio.ensure_future(self.over.wait()),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (to_server, writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _there(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, held: asyncio.Event
    ) -> None:
        while said := await reader.read(CHUNK):
            if self._is_the_one(said):
                held.set()
                if not self.is_after:
                    self.reached.set()
                    continue
            if self.is_after or not held.is_set():
                writer.write(said)
                await writer.drain()

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, held: asyncio.Event
    ) -> None:
        while said := await reader.read(CHUNK):
            if held.is_set():
                if READY in said:
                    self.reached.set()
                continue
            writer.write(said)
            await writer.drain()

    def _is_the_one(self, said: bytes) -> bool:
        if self.commits is None and self.since in said:
            self.commits = 0
        if self.commits is None or COMMIT not in said:
            return False
        self.commits += 1
        return self.commits == self.step


@asynccontextmanager
async def tapped(tap: Tap) -> AsyncGenerator[Tap]:
    """Stand before a server, until the end of the block."""
    carried = set[asyncio.Task[None]]()

    def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried.add(asyncio.ensure_future(tap.carry(reader, writer)))

    async with await asyncio.start_server(carry, "127.0.0.1", 0) as listening:
        tap.port = listening.sockets[0].getsockname()[1]
        try:
            yield tap
        finally:
            tap.over.set()
            await asyncio.gather(*carried)
