"""A consumer's balances as they change (server-sent events)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
from litestar import get
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import ServerSentEvent, ServerSentEventMessage

from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import Permission
from salesarck_domain.ports.push import Balance, Push
from salesarck_domain.ports.store import Books
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.security.guards import asks

HEARTBEAT_SECONDS = 20.0
"""How often a quiet stream speaks, for proxies hang up, and looks into the books.

Balances come by push. The look is for one that was lost: its process died after the commit, or
the line between the processes was down.
"""

RETRY_MILLISECONDS = 3_000


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
async def events(caller: Given[Caller], books: Given[Books], push: Given[Push]) -> ServerSentEvent:
    """Send every balance there is, then each that changes. An event's id is its wallet and seq."""
    return ServerSentEvent(balances(caller.person, books, push), retry_duration=RETRY_MILLISECONDS)


async def balances(
    person: ConsumerId, books: Books, push: Push, heartbeat: float = HEARTBEAT_SECONDS
) -> AsyncGenerator[ServerSentEventMessage]:
    """Watch first and read then, so that nothing falls between."""
    sent: dict[TenantId, int] = {}
    async with push.watch(person) as heard:
        for balance in await _standing(books, person):
            if _is_news(sent, balance):
                yield _message(balance)
        coming = _next(heard)
        try:
            while True:
                await asyncio.wait({coming}, timeout=heartbeat)
                if coming.done():
                    found, coming = [coming.result()], _next(heard)
                else:
                    yield ServerSentEventMessage(data=None, comment="still here")
                    found = await _standing(books, person)
                for balance in found:
                    if _is_news(sent, balance):
                        yield _message(balance)
        finally:
            coming.cancel()


def _next(heard: AsyncIterator[Balance]) -> asyncio.Future[Balance]:
    return asyncio.ensure_future(anext(heard))


async def _standing(books: Books, person: ConsumerId) -> list[Balance]:
    return [
        Balance(account.tenant, person, account.balance, account.owed, account.seq)
        for account in await books.accounts_of(person)
    ]


def _is_news(sent: dict[TenantId, int], balance: Balance) -> bool:
    """Whether a balance is newer than what was sent of its wallet; remember it if so."""
    is_newer = balance.seq > sent.get(balance.tenant, 0)
    if is_newer:
        sent[balance.tenant] = balance.seq
    return is_newer


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
