"""The store in memory: works of one tenant take turns, each on a draft."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from salesarck_adapters.store.memory.answers import MemoryAnswers
from salesarck_adapters.store.memory.books import MemoryBooks
from salesarck_adapters.store.memory.directory import MemoryDirectory
from salesarck_adapters.store.memory.erasures import MemoryErasures
from salesarck_adapters.store.memory.inbox import MemoryInbox, Rows
from salesarck_adapters.store.memory.limits import MemoryLimits
from salesarck_adapters.store.memory.profiles import MemoryProfiles
from salesarck_adapters.store.memory.revocations import MemoryRevocations
from salesarck_adapters.store.memory.shelf import Room
from salesarck_adapters.store.memory.work import MemoryWork
from salesarck_domain.ids import TenantId
from salesarck_domain.ports.store import BeginWork


class MemoryStore:
    """Everything that is kept, over one room. Every work is alone with its tenant."""

    def __init__(self) -> None:
        self._room = Room()
        self._rows = Rows()
        self._turns: defaultdict[TenantId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.begin: BeginWork = self._begin
        self.books = MemoryBooks(self._room)
        self.answers = MemoryAnswers()
        self.directory = MemoryDirectory(self._room, self.answers)
        self.inbox = MemoryInbox(self._rows, self.directory)
        self.profiles = MemoryProfiles(self._room, self.answers)
        self.erasures = MemoryErasures(self._room, self.answers, self.directory)
        self.revocations = MemoryRevocations()
        self.limits = MemoryLimits()

    @asynccontextmanager
    async def _begin(self, tenant: TenantId, *, alone: bool = False) -> AsyncGenerator[MemoryWork]:
        """Wait for the tenant's turn, and keep the draft if the work ends well.

        Raises:
            TenantMissing: there is no such tenant.
        """
        async with self._turns[tenant]:
            terms = await self.directory.tenant(tenant)
            work = MemoryWork.begin(terms, self._room, self._rows, self.answers, alone=alone)
            yield work
            work.keep(self._room)
