"""Manners towards providers: not too fast, not too much at once, and not at all while they ail.

`PacedTransport` keeps to a provider's published rates. `GuardedFetcher` stops asking for a
merchant when asking mostly fails, and tries again after a while, with one question.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx

from salesarck_domain.ports.pos import (
    Fetched,
    Fetcher,
    LinkRefused,
    LinkResting,
    ProviderUnavailable,
    Question,
    UnreadableDelivery,
)

Tick = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Pace:
    """So many a second, evenly after the first few, and so many at once.

    In no second there are more than `per_second` and `burst` together.
    """

    per_second: float
    at_once: int
    burst: int
    tick: Tick = time.monotonic
    sleep: Sleep = asyncio.sleep
    _due: float = 0.0
    _under_way: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._under_way = asyncio.Semaphore(self.at_once)

    async def __aenter__(self) -> None:
        await self._under_way.acquire()
        try:
            await self._wait_for_turn()
        except BaseException:
            self._under_way.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._under_way.release()

    async def _wait_for_turn(self) -> None:
        now = self.tick()
        self._due = max(self._due, now) + 1 / self.per_second
        ahead = self._due - now - self.burst / self.per_second
        if ahead > 0:
            await self.sleep(ahead)


class PacedTransport(httpx.AsyncBaseTransport):
    """Lets requests through at the pace of their token and of the whole app."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport, of_app: Pace, of_token: Callable[[], Pace]
    ) -> None:
        self._transport = transport
        self._of_app = of_app
        self._of_token = defaultdict[str, Pace](of_token)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait for one's turn, and pass the request on."""
        token = request.headers.get("authorization", "")
        async with AsyncExitStack() as turns:
            await turns.enter_async_context(self._of_token[token])
            await turns.enter_async_context(self._of_app)
            return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close what lies below."""
        await self._transport.aclose()


def paced(transport: httpx.AsyncBaseTransport | None = None) -> PacedTransport:
    """Keep below Clover's figures (50 a second an app, 16 a token; 10 and 5 at once).

    The figures of an app hold for all our processes together; with more than one worker the
    provider's 429 does the rest.
    """
    below = transport or httpx.AsyncHTTPTransport(retries=1)
    return PacedTransport(below, Pace(45, 8, burst=5), lambda: Pace(14, 4, burst=2))


@dataclass(slots=True)
class Breaker:
    """Counts what became of the questions about one merchant in the last minute."""

    calls_min: int = 10
    share_failed: float = 0.5
    seconds: float = 60.0
    rest_first: float = 30.0
    rest_max: float = 900.0
    _ends: deque[tuple[float, bool]] = field(default_factory=deque[tuple[float, bool]])
    _rest: float = 0.0
    _open_until: float = 0.0
    _probing: bool = False

    def rests(self, now: float) -> float:
        """For how many seconds nobody may ask; 0 lets this one ask."""
        if now < self._open_until:
            return self._open_until - now
        if self._rest and self._probing:
            return self.rest_first
        self._probing = bool(self._rest)
        return 0.0

    def forget_probe(self) -> None:
        """Let another try: this one came to no end."""
        self._probing = False

    def note(self, now: float, *, failed: bool) -> None:
        """Take in how a question ended."""
        if self._probing:
            self._probing = False
            if failed:
                self._open(now)
            else:
                self._rest = 0.0
            return
        self._ends.append((now, failed))
        while self._ends[0][0] <= now - self.seconds:
            self._ends.popleft()
        failures = sum(is_failure for _, is_failure in self._ends)
        if len(self._ends) >= self.calls_min and failures >= self.share_failed * len(self._ends):
            self._open(now)

    def _open(self, now: float) -> None:
        self._rest = min(2 * self._rest or self.rest_first, self.rest_max)
        self._open_until = now + self._rest
        self._ends.clear()


@dataclass(frozen=True, slots=True)
class GuardedFetcher:
    """Asks through another fetcher, unless that has mostly failed for this merchant lately."""

    fetcher: Fetcher
    new_breaker: Callable[[], Breaker] = Breaker
    tick: Tick = time.monotonic
    breakers: dict[str, Breaker] = field(default_factory=dict[str, Breaker])

    @property
    def provider(self) -> str:
        """Whom it asks."""
        return self.fetcher.provider

    async def fetch(self, question: Question, country: str) -> Fetched:
        """Ask, if the merchant's breaker lets us.

        Raises:
            LinkRefused: the provider refuses our token.
            LinkResting: the breaker is open.
            ProviderUnavailable: the provider isn't answering, or says to wait.
            UnreadableDelivery: it answers in a shape we don't know.
        """
        breaker = self.breakers.setdefault(question.merchant, self.new_breaker())
        if seconds := breaker.rests(self.tick()):
            raise LinkResting(self.provider, question.merchant, seconds)
        try:
            fetched = await self.fetcher.fetch(question, country)
        except ProviderUnavailable:
            breaker.note(self.tick(), failed=True)
            raise
        except (LinkRefused, UnreadableDelivery):
            breaker.note(self.tick(), failed=False)
            raise
        except BaseException:
            breaker.forget_probe()
            raise
        breaker.note(self.tick(), failed=False)
        return fetched
