"""Balances on their way to those who watch: rows of them, and how they look between processes."""

import asyncio
import json
import logging
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic
from uuid import UUID

from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.ports.push import Balance

HELD_MAX = 1_000
"""Balances that wait for one who is slow; beyond, only the newest of each wallet do."""

HEARING_SECONDS = 1.0
"""So long a watcher waits until the process hears others; then the next look must do."""

PAUSE_MIN, PAUSE_MAX = 0.1, 5.0

_log = logging.getLogger(__name__)


class Row:
    """Balances that wait for somebody. However slow he is, they hold up nobody."""

    def __init__(self) -> None:
        self._held = deque[Balance]()
        self._some = asyncio.Event()

    def add(self, balances: Iterable[Balance]) -> None:
        """Put them at the end."""
        self._held.extend(balances)
        self._settle()

    def put_back(self, balances: Sequence[Balance]) -> None:
        """Put what was taken where it was."""
        self._held.extendleft(reversed(balances))
        self._settle()

    async def some(self) -> None:
        """Wait until there are some."""
        await self._some.wait()

    def take(self, limit: int) -> Sequence[Balance]:
        """Take as many as there are, up to a limit, oldest first."""
        taken = [self._held.popleft() for _ in range(min(limit, len(self._held)))]
        self._settle()
        return taken

    def _settle(self) -> None:
        if len(self._held) > HELD_MAX:
            self._held = deque(_newest(self._held)[-HELD_MAX:])
        if self._held:
            self._some.set()
        else:
            self._some.clear()


def _newest(balances: Iterable[Balance]) -> Sequence[Balance]:
    """Keep the newest of each wallet: whoever knows it has no use for the others."""
    found: dict[tuple[TenantId, ConsumerId], Balance] = {}
    for balance in balances:
        wallet = balance.tenant, balance.consumer
        if wallet not in found or found[wallet].seq <= balance.seq:
            found.pop(wallet, None)  # it moves to the end
            found[wallet] = balance
    return list(found.values())


class Watchers:
    """Who watches in this process. `hearing` says whether it hears what others publish."""

    def __init__(self) -> None:
        self.hearing = asyncio.Event()
        self._rows: defaultdict[ConsumerId, set[Row]] = defaultdict(set)

    def tell(self, balances: Iterable[Balance]) -> None:
        """Put each at the end of its watchers' rows."""
        for balance in balances:
            for row in self._rows.get(balance.consumer, ()):
                row.add([balance])

    def hear(self, text: bytes | str) -> None:
        """Tell what a process has written; whoever else writes there is not understood."""
        if not self._rows:
            return
        try:
            self.tell(read(text))
        except (ValueError, TypeError):
            _log.warning("somebody says what is no balance; it is ignored")

    @asynccontextmanager
    async def watch(self, consumer: ConsumerId) -> AsyncGenerator[AsyncIterator[Balance]]:
        """Keep a row while somebody watches."""
        row = Row()
        self._rows[consumer].add(row)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.hearing.wait(), HEARING_SECONDS)
            yield _taken_from(row)
        finally:
            self._rows[consumer].discard(row)
            if not self._rows[consumer]:
                del self._rows[consumer]


async def _taken_from(row: Row) -> AsyncIterator[Balance]:
    while True:
        await row.some()
        for balance in row.take(1):
            yield balance


def written(balances: Iterable[Balance]) -> str:
    """Write balances for another process: ids and numbers, and nothing else."""
    return json.dumps(
        [
            [str(each.tenant), str(each.consumer), each.balance, each.owed, each.seq]
            for each in balances
        ],
        separators=(",", ":"),
    )


def read(text: bytes | str) -> Sequence[Balance]:
    """Read what another process wrote.

    Raises:
        ValueError: it is something else.
        TypeError: the same.
    """
    return [
        Balance(
            TenantId(UUID(str(tenant))),
            ConsumerId(UUID(str(consumer))),
            int(balance),
            int(owed),
            int(seq),
        )
        for tenant, consumer, balance, owed, seq in json.loads(text)
    ]


async def keep_at_it(talk: Callable[[], Awaitable[None]]) -> None:
    """Talk until all is said, and begin again, ever more slowly, while nobody is there."""
    pause = PAUSE_MIN
    while True:
        began = monotonic()
        try:
            await talk()
        except Exception as error:  # noqa: BLE001 - whatever it is, it may be over in a moment
            _log.warning("balances are not passed on now: %s", type(error).__name__)
        else:
            return
        if monotonic() > began + PAUSE_MAX:
            pause = PAUSE_MIN
        await asyncio.sleep(pause)
        pause = min(2 * pause, PAUSE_MAX)
