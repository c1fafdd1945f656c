"""What the contracts of the store are held to: a fresh one, two tenants in it, few words to use it.

Both tenants use the same references and the same payments, so that whoever forgets the tenant is
found out.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from salesarck_domain.deeds import Applied, Deed, GrantPoints
from salesarck_domain.ids import ActId, CodeId, ConsumerId, SaleId, derived
from salesarck_domain.ledger.entry import EntryKind
from salesarck_domain.ledger.wallet import By, Cause, Wallet
from salesarck_domain.news import SaleNews
from salesarck_domain.ports.answers import Answers
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.erasures import Erasures
from salesarck_domain.ports.inbox import Arrival, Inbox
from salesarck_domain.ports.profiles import Profiles
from salesarck_domain.ports.store import Account, Books, Store, Wanted, Work
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import GIVES_BACK, CodeState
from salesarck_domain.sales.sale import PaymentKey, Sale, SaleKey
from salesarck_domain.tenants import Tenant
from salesarck_domain.testing.examples import ADA, BAKERY, CAFE, MINUTE, NOON

GRACE_TIME = timedelta(days=7)
TILL = By("till", NOON, "delivery-1")


class WholeStore(Store, Protocol):
    """A store with the ports that share its transactions."""

    @property
    def inbox(self) -> Inbox:
        """Deliveries."""
        ...

    @property
    def directory(self) -> Directory:
        """Tenants, links, people."""
        ...

    @property
    def answers(self) -> Answers:
        """What commands were answered."""
        ...

    @property
    def erasures(self) -> Erasures:
        """Who was erased."""
        ...

    @property
    def profiles(self) -> Profiles:
        """What people say about themselves."""
        ...


@dataclass(frozen=True, slots=True)
class Shop:
    """One tenant of a store, with the verbs that tests need."""

    store: WholeStore
    tenant: Tenant

    @property
    def books(self) -> Books:
        return self.store.books

    def begin(self, *, alone: bool = False) -> AbstractAsyncContextManager[Work]:
        return self.store.begin(self.tenant.id, alone=alone)

    def at(self, tenant: Tenant) -> "Shop":
        return replace(self, tenant=tenant)

    async def account(self, who: ConsumerId = ADA) -> Account:
        return await self.books.account(self.tenant.id, who)

    async def change(self, decide: Callable[[Wallet], None], who: ConsumerId = ADA) -> None:
        """Lock a wallet, let it decide, and write what it decided."""
        async with self.begin() as work:
            await change(work, decide, who)

    async def earn(
        self,
        points: int,
        reference: str,
        *,
        who: ConsumerId = ADA,
        sale: SaleId | None = None,
        ends_at: datetime | None = None,
    ) -> None:
        cause = Cause(reference, NOON, 1, sale)
        await self.change(lambda it: it.earn(points, cause, TILL, ends_at, GRACE_TIME), who)

    async def issue(
        self, name: str, points: int, *, who: ConsumerId = ADA, lookup: str = ""
    ) -> CodeId:
        code = code_called(name, points, who=who, lookup=lookup)
        await self.change(lambda wallet: wallet.issue(code, TILL), who)
        return code.id

    async def settle(self, code: CodeId, state: CodeState, at: datetime, till: str = "T1") -> None:
        """Let a code take a step in its life."""
        async with self.begin() as work:
            found = await work.codes.get(code)
            assert found
            wallet = (await work.wallets.lock([found.consumer], codes=[code]))[found.consumer]
            settled = wallet.codes[code].follow(state, at, till)
            if state in GIVES_BACK:
                wallet.release(settled, at, By("till", at), GRACE_TIME)
            else:
                wallet.settle(settled)
            await work.wallets.append([wallet])

    async def tell(self, news: SaleNews, decide: Callable[[Sale], None] = lambda _: None) -> SaleId:
        """Lock what a payment is about, take it in, and write it; a pause in between."""
        async with self.begin() as work:
            sale = await take_in(work, news)
            decide(sale)
            await work.sales.save([sale])
        return sale.id


async def change(work: Work, decide: Callable[[Wallet], None], who: ConsumerId = ADA) -> None:
    wallet = (await work.wallets.lock([who]))[who]
    await pause()
    decide(wallet)
    await work.wallets.append([wallet])


async def take_in(work: Work, news: SaleNews) -> Sale:
    payment = payment_of(news)
    key = SaleKey.of(payment, news.order)
    locked = await work.sales.lock([Wanted(payment, key)], NOON)
    await pause()
    tender, sale = locked.tenders[payment], locked.sales[key]
    tender.tell(news)
    tender.sale = key
    sale.tenders[payment.payment] = tender
    return sale


async def pause() -> None:
    """The gap between lock and write in which a store without locks comes apart."""
    await asyncio.sleep(0.005)


async def all_of(*tasks: Awaitable[object]) -> Sequence[object]:
    """Let them race; answer what each came to, errors too."""
    return await asyncio.gather(*tasks, return_exceptions=True)


def payment_of(news: SaleNews, provider: str = "square") -> PaymentKey:
    return PaymentKey(provider, news.merchant, news.reference)


def code_called(
    name: str, points: int, *, who: ConsumerId = ADA, lookup: str = "", at: datetime = NOON
) -> RedemptionCode:
    return RedemptionCode(
        id=CodeId(derived(at, "code", name)),
        consumer=who,
        points=points,
        issued_at=at,
        expires_at=at + 15 * MINUTE,
        pepper=1,
        lookup=lookup or f"looks like {name}",
    )


def sale_called(name: str) -> SaleId:
    return SaleId(derived(NOON, "sale", name))


def gift(points: int, name: str) -> Callable[[Wallet], None]:
    """A decision: give points."""
    return lambda wallet: wallet.give(EntryKind.GRANT, points, Cause(f"act:{name}", NOON), TILL)


def another_gift(points: int) -> Callable[[Wallet], None]:
    """A decision: give points, under a name that this wallet has not heard."""
    return lambda wallet: gift(points, f"{wallet.consumer}:{wallet.seq}")(wallet)


def applied(name: str, deed: Deed | None = None) -> Applied:
    act = ActId(derived(NOON, "act", name))
    return Applied(
        deed=deed or GrantPoints(consumer=ADA, points=1, id=act),
        at=NOON + MINUTE,
        actor="admin",
        correlation=name,
    )


def arrival(
    key: str,
    *,
    merchant: str | None = "M1",
    body: bytes = b"{}",
    at: datetime = NOON,
    provider: str = "square",
) -> Arrival:
    return Arrival(
        provider=provider,
        merchant=merchant,
        key=key,
        body=body,
        headers={"x-signature": "s1"},
        received_at=at,
        correlation=f"delivery {key}",
    )


class StoreBench:
    """Subclass a contract, say how to open an empty store, and inherit its tests."""

    def new_store(self) -> AbstractAsyncContextManager[WholeStore]:
        """Open an empty store; called once a test."""
        raise NotImplementedError

    @asynccontextmanager
    async def cafe(self) -> AsyncGenerator[Shop]:
        """The Café, in a store that has the Bakery too."""
        async with self.new_store() as store:
            for tenant in (CAFE, BAKERY):
                await store.directory.add_tenant(tenant)
            yield Shop(store, CAFE)
