"""How often Clover lets itself be asked: so many a second and so many at once, twice over.

Once for each token, once for the app. Whoever asks again before `retry-after` waits longer.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil

from litestar.datastructures import Headers
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec.json import encode

from salesarck_adapters.simulation import Window
from salesarck_adapters.simulators.clover.faults import FaultBody

APP = "the app"


@dataclass(slots=True, kw_only=True)
class CloverLimits:
    """The published figures. `tick` counts real seconds; `linger` is how long an answer takes."""

    token_per_second: int = 16
    token_at_once: int = 5
    app_per_second: int = 50
    app_at_once: int = 10
    penalty: float = 1.0
    tick: Callable[[], float] = time.monotonic
    linger: Callable[[], Awaitable[None]] | None = None
    under_way: Counter[str] = field(default_factory=Counter[str])
    blocked_until: dict[str, float] = field(default_factory=dict[str, float])
    of_token: Window = field(init=False)
    of_app: Window = field(init=False)

    def __post_init__(self) -> None:
        self.of_token = Window(self.token_per_second, 1.0, self.tick)
        self.of_app = Window(self.app_per_second, 1.0, self.tick)

    def overstepped(self, token: str) -> tuple[str, int] | None:
        """The header that names the limit a call would break, and its figure."""
        if self.under_way[token] >= self.token_at_once:
            return "X-RateLimit-tokenConcurrentLimit", self.token_at_once
        if self.under_way[APP] >= self.app_at_once:
            return "X-RateLimit-crossTokenConcurrentLimit", self.app_at_once
        if self.tick() < self.blocked_until.get(token, 0.0) or not self.of_token.admits(token):
            return "X-RateLimit-tokenLimit", self.token_per_second
        if not self.of_app.admits(APP):
            return "X-RateLimit-crossTokenLimit", self.app_per_second
        return None

    def block(self, token: str) -> int:
        """Make a token wait, longer if it waits already. Answers in whole seconds."""
        now = self.tick()
        since = max(now, self.blocked_until.get(token, 0.0))
        self.blocked_until[token] = since + self.penalty
        return ceil(self.blocked_until[token] - now)


def limit_calls(limits: CloverLimits) -> Callable[[ASGIApp], ASGIApp]:
    """The limits as a middleware. Litestar copies what it is given, but no function."""
    return lambda app: LimitCalls(app, limits)


@dataclass(frozen=True, slots=True)
class LimitCalls:
    """Turns calls away that break a limit, and counts the others until they are answered."""

    app: ASGIApp
    limits: CloverLimits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limits = self.limits
        token = Headers.from_scope(scope).get("authorization", "")
        broken = limits.overstepped(token)
        if broken is not None:
            await _turn_away(send, *broken, limits.block(token))
            return
        limits.under_way.update((token, APP))
        try:
            if limits.linger is not None:
                await limits.linger()
            await self.app(scope, receive, send)
        finally:
            limits.under_way.subtract((token, APP))


async def _turn_away(send: Send, header: str, limit: int, seconds: int) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (header.lower().encode(), str(limit).encode()),
        (b"retry-after", str(seconds).encode()),
    ]
    body = encode(FaultBody("429 Too Many Requests"))
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
