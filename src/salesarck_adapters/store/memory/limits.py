"""Limits in memory, for one process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from salesarck_domain.ports.limits import Count, Left

FORGET_ABOVE = 10_000


def now() -> int:
    """Tell the time in microseconds, from a clock that nobody sets."""
    return time.monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """The moment at which each count is full again."""

    tick: Callable[[], int] = now
    ends: dict[str, int] = field(default_factory=dict[str, int])

    async def take(self, counts: Sequence[Count]) -> Sequence[Left]:
        """Count, each for itself."""
        if len(self.ends) > FORGET_ABOVE:
            await self.forget()
        at = self.tick()
        return [self._take(count, at) for count in counts]

    async def give_back(self, counts: Sequence[Count]) -> None:
        """Count so many less."""
        for count in counts:
            if count.name in self.ends:
                self.ends[count.name] -= count.many * count.limit.apart

    async def forget(self) -> int:
        """Forget the counts that are full again."""
        at = self.tick()
        full = [name for name, ends in self.ends.items() if ends <= at]
        for name in full:
            del self.ends[name]
        return len(full)

    def _take(self, count: Count, at: int) -> Left:
        limit, ends = count.limit, max(self.ends.get(count.name, at), at)
        granted = max(0, min(count.many, (limit.full - (ends - at)) // limit.apart))
        self.ends[count.name] = ends + granted * limit.apart
        return Left.of(limit, granted, self.ends[count.name] - at)
