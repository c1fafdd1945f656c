"""One asks for all: who asks the same at once, or again at once, gets the one answer."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from salesarck_domain.ports.clock import Clock

T = TypeVar("T")


class Flights(Generic[T]):
    """Questions under way, and answers for a moment after. Refusals are kept for nobody."""

    def __init__(self, kept: timedelta, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock
        self._under_way: dict[bytes, asyncio.Task[T]] = {}
        self._landed: dict[bytes, tuple[T, datetime]] = {}

    async def ask(self, what: bytes, question: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Ask, unless somebody has. Who gives up waiting takes nobody's answer away."""
        now = self._clock()
        self._landed = {name: known for name, known in self._landed.items() if now < known[1]}
        if what in self._landed:
            return self._landed[what][0]
        if what not in self._under_way:
            self._under_way[what] = asyncio.create_task(self._fly(what, question))
        return await asyncio.shield(self._under_way[what])

    def forget(self) -> None:
        """Let no answer of before be given again."""
        self._landed.clear()

    async def _fly(self, what: bytes, question: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            answer = await question()
            self._landed[what] = (answer, self._clock() + self._kept)
            return answer
        finally:
            del self._under_way[what]
