"""Group commit: deliveries that come together share one insert and one commit."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

from salesarck_domain.errors import Unavailable
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.ports.inbox import Arrival
from salesarck_domain.ports.queue import Doorbell
from salesarck_domain.use_cases.deliveries import Store


@dataclass(eq=False)
class TooBusy(Unavailable):
    """More deliveries wait to be stored than we can promise to store in time."""

    code: ClassVar[str] = "too_busy"

    def __str__(self) -> str:
        return "too many deliveries at once; send it again in a moment"


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrivals: Sequence[Arrival]
    stored: asyncio.Future[Sequence[bool]]

    def answer(self, stored: Sequence[bool]) -> None:
        if not self.stored.done():  # its request may be gone
            self.stored.set_result(stored)

    def refuse(self, error: Exception) -> None:
        if not self.stored.done():
            self.stored.set_exception(error)


@dataclass(slots=True)
class Ingest:
    """Stores what several requests bring in one commit, and rings the doorbell afterwards.

    Whoever comes first waits `linger_seconds` for others, up to `group_max` of them. A request
    that goes away takes nobody's commit with it. With `waiting_max` waiting, the next is refused,
    and after `patience_seconds` the sender hears that nothing is certain.
    """

    store: Store
    bell: Doorbell
    linger_seconds: float = 0.002
    group_max: int = 200
    waiting_max: int = 2_000
    patience_seconds: float = 8.0
    _waiting: deque[_Waiting] = field(default_factory=deque[_Waiting])
    _committing: asyncio.Task[None] | None = None

    async def __call__(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        """Store one request's arrivals, together with whatever else has come.

        Raises:
            StoreUnavailable: it is not certain that they are stored.
            TooBusy: too many wait already.
        """
        if len(self._waiting) >= self.waiting_max:
            raise TooBusy
        waiting = _Waiting(arrivals, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_all())
        try:
            return await asyncio.wait_for(waiting.stored, self.patience_seconds)
        except TimeoutError:
            raise StoreUnavailable("it takes too long to store a delivery") from None

    async def close(self) -> None:
        """Wait until everything that came is stored, or refused."""
        while self._committing and not self._committing.done():
            await asyncio.wait([self._committing])

    async def _commit_all(self) -> None:
        while self._waiting:
            if len(self._waiting) < self.group_max:
                await asyncio.sleep(self.linger_seconds)
            group = list(islice(self._waiting, self.group_max))
            for _ in group:
                self._waiting.popleft()
            await self._commit(group)

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        arrivals = [arrival for waiting in group for arrival in waiting.arrivals]
        try:
            stored = iter(await self.store(arrivals))
        except Unavailable as error:
            for waiting in group:
                waiting.refuse(error)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, one by one
            await self._commit_singly(group, error)
        else:
            for waiting in group:
                waiting.answer(list(islice(stored, len(waiting.arrivals))))
            await self.bell.ring()

    async def _commit_singly(self, group: Sequence[_Waiting], error: Exception) -> None:
        """Find the one that can't be stored, so that it takes no other with it."""
        if len(group) == 1:
            group[0].refuse(error)
            return
        for waiting in group:
            await self._commit([waiting])
