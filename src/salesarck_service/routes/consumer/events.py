"""A consumer's balances as they change (server-sent events)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from litestar import Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import ServerSentEvent, ServerSentEventMessage

from salesarck_domain.errors import Forbidden, Missing, Unavailable, Untrusted
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import Permission
from salesarck_domain.ports.push import Balance, Push
from salesarck_domain.ports.store import Books
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.security.guards import Doorkeeper, asks

HEARTBEAT_SECONDS = 20.0
"""How often a stream speaks, for proxies hang up, asks whether it may go on, and reads the books.

Balances come by push. The reading is for one that was lost: its process died after the commit, or
the line between the processes was down.
"""

RETRY_MILLISECONDS = 3_000


@dataclass(frozen=True, slots=True)
class Watching:
    """What holds for all streams of a process: how often they speak, and that it is closing."""

    heartbeat_seconds: float = HEARTBEAT_SECONDS
    closing: asyncio.Event = field(default_factory=asyncio.Event)


@get(
    "/v1/consumer/events",
    opt=asks(Permission.OWN_WALLET),
    tags=("consumer",),
    summary="Balances as they change",
    media_type="text/event-stream",
    responses={
        **problems(401, 503),
        200: ResponseSpec(
            str,
            description="`balance` events",
            media_type="text/event-stream",
            generate_examples=False,
        ),
    },
)
async def events(
    request: Request[Any, Any, Any],
    caller: Given[Caller],
    books: Given[Books],
    push: Given[Push],
    doorkeeper: Given[Doorkeeper],
    watching: Given[Watching],
) -> ServerSentEvent:
    """Send every balance there is, then each that changes. An event's id is its wallet and seq.

    Whoever comes back begins with the balances as they are then, so nothing is missed, whatever
    `Last-Event-ID` says. The stream ends when its token does.
    """
    may_go_on = partial(doorkeeper.check, request, request.route_handler)
    stream = Stream(caller.person, books, push, may_go_on, watching)
    return ServerSentEvent(stream.balances(), retry_duration=RETRY_MILLISECONDS)


@dataclass(slots=True)
class Stream:
    """What one page watches."""

    person: ConsumerId
    books: Books
    push: Push
    may_go_on: Callable[[], Awaitable[None]]
    watching: Watching
    _sent: dict[TenantId, int] = field(default_factory=dict[TenantId, int])

    async def balances(self) -> AsyncGenerator[ServerSentEventMessage]:
        """Watch first and read then, so that nothing falls between."""
        loop = asyncio.get_running_loop()
        closing = asyncio.ensure_future(self.watching.closing.wait())
        async with self.push.watch(self.person) as heard:
            coming, beat_at = _next(heard), loop.time()
            try:
                while not closing.done():
                    found = [coming.result()] if coming.done() else []
                    if coming.done():
                        coming = _next(heard)
                    if loop.time() >= beat_at:
                        if not await self._is_welcome():
                            return
                        yield ServerSentEventMessage(data=None, comment="still here")
                        found += await self._standing()
                        beat_at = loop.time() + self.watching.heartbeat_seconds
                    for balance in filter(self._is_news, found):
                        yield _message(balance)
                    awaited: list[asyncio.Future[Any]] = [coming, closing]
                    await asyncio.wait(
                        awaited,
                        timeout=max(0, beat_at - loop.time()),
                        return_when=asyncio.FIRST_COMPLETED,
                    )
            finally:
                coming.cancel()
                closing.cancel()

    async def _is_welcome(self) -> bool:
        """Whether its token is still good. While nobody can say, nobody is turned away."""
        try:
            await self.may_go_on()
        except Unavailable:
            return True
        except (Untrusted, Forbidden, Missing):
            return False
        return True

    async def _standing(self) -> Sequence[Balance]:
        """Read the balances; while the books are away there are none, and later there are."""
        with suppress(Unavailable):
            return [
                Balance(account.tenant, self.person, account.balance, account.owed, account.seq)
                for account in await self.books.accounts_of(self.person)
            ]
        return []

    def _is_news(self, balance: Balance) -> bool:
        """Whether a balance is newer than what was sent of its wallet; remember it if so."""
        is_newer = balance.seq > self._sent.get(balance.tenant, 0)
        if is_newer:
            self._sent[balance.tenant] = balance.seq
        return is_newer


def _next(heard: AsyncIterator[Balance]) -> asyncio.Future[Balance]:
    return asyncio.ensure_future(anext(heard))


def _message(balance: Balance) -> ServerSentEventMessage:
    data = {
        "tenant": balance.tenant,
        "balance": balance.balance,
        "owed": balance.owed,
        "seq": balance.seq,
    }
    return ServerSentEventMessage(
        data=msgspec.json.encode(data),
        event="balance",
        id=f"{balance.tenant}:{balance.seq}",
    )
