"""Any history, told to two stores: whatever one answers, keeps or refuses, so does the other."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.memory.revocations import MemoryRevocations
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.audit import AuditNote
from salesarck_domain.deed_codec import deed_as_data
from salesarck_domain.deeds import (
    DeductPoints,
    GrantPoints,
    MergeWallets,
    TellNews,
    UndoMerge,
)
from salesarck_domain.errors import SalesArckError
from salesarck_domain.ids import ActId, CodeId, ConsumerId, TenantId, derived
from salesarck_domain.ledger.wallet import By
from salesarck_domain.news import CustomerNews, RefundNews, SaleNews, TenderState, TillCustomer
from salesarck_domain.people import Evidence
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_EMAIL,
    ADAS_PHONE,
    BAKERY,
    CAFE,
    DAY,
    DOUBLE_POINTS,
    GRACE,
    GRACES_PHONE,
    MINUTE,
    NOON,
    POINT_PER_DOLLAR,
    POINTS_THAT_END,
    TEN_A_DAY,
    Rules,
    paid,
    refunded,
)
from salesarck_domain.testing.store import WholeStore
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.codes import CodeDesk
from salesarck_domain.use_cases.erasing import EraseConsumer
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.replay import Replay, do_again
from salesarck_domain.use_cases.rules import Publish, Retire
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_domain.use_cases.wallets import AdjustWallet, RunTimetable
from salesarck_service.container.identity import signing_in_here
from tests.postgres import OpenDatabase

PEPPERS = Peppers({1: bytes(32)})

IDENTITY = signing_in_here(lambda _contact, _code: None, lambda: NOON).identity
REVOCATIONS = MemoryRevocations()
STAND_INS = r"\+999\d{12}|erased-\d+|\d+@erased\.invalid"

tenants = st.sampled_from([CAFE.id, CAFE.id, BAKERY.id])  # mostly one, so that things meet
people = st.sampled_from([ADA, GRACE])
few = st.integers(1, 6)  # small, so that payments collide and balances come out even
ago = st.sampled_from([timedelta(0), MINUTE, 2 * MINUTE, DAY, 2 * DAY])
payments = st.sampled_from(["P1", "P2", "P3"])
orders = st.none() | st.sampled_from(["O1", "O2"])
customers = st.none() | st.builds(
    TillCustomer,
    id=st.none() | st.sampled_from(["C1", "C2"]),
    phone=st.none() | st.sampled_from([ADAS_PHONE.value, GRACES_PHONE.value, "555 0100"]),
    email=st.none() | st.just("Ada@Example.Test"),
)
evidence = st.sampled_from(
    [
        ADAS_PHONE,
        ADAS_EMAIL,
        GRACES_PHONE,
        Evidence.till("square", "C1"),
        Evidence.till("square", "C2"),
    ]
)
rule_sets = st.sampled_from([POINT_PER_DOLLAR, DOUBLE_POINTS, POINTS_THAT_END, TEN_A_DAY])
told_customers = st.builds(
    CustomerNews,
    merchant=st.just("M1"),
    id=st.sampled_from(["C1", "C2", "C3"]),
    phone=st.none() | st.just(ADAS_PHONE.value),
    merged_from=st.lists(st.sampled_from(["C1", "C2"]), max_size=2).map(tuple),
    deleted=st.booleans(),
)

Draw = Callable[[datetime], SaleNews | RefundNews | CustomerNews]
"""News, once it is known what time it is."""

sales_told = st.builds(
    lambda payment, dollars, order, customer, state, happened, changed: (
        lambda now: paid(
            payment,
            dollars,
            order=order,
            customer=customer,
            state=state,
            at=now - happened,
            changed_at=now - changed,
        )
    ),
    payments,
    few,
    orders,
    customers,
    st.sampled_from([*TenderState, TenderState.COMPLETED, TenderState.COMPLETED]),
    ago,
    ago,
)
refunds_told = st.builds(
    lambda refund, payment, dollars, happened: (
        lambda now: refunded(refund, payment, dollars, at=now - happened)
    ),
    st.sampled_from(["R1", "R2"]),
    payments,
    few,
    ago,
)
anything_told = st.one_of(
    sales_told, sales_told, refunds_told, told_customers.map(lambda news: lambda _: news)
)


@dataclass(frozen=True)
class Side:
    """One store, with everything that can be done with it."""

    store: WholeStore
    clock: Callable[[], datetime]
    push = MemoryPush()

    @property
    def desk(self) -> CodeDesk:
        return CodeDesk(self.store.begin, self.clock, PEPPERS, self.push)

    @property
    def record(self) -> RecordNews:
        return RecordNews(self.store.begin, self.clock, self.push, PEPPERS)

    @property
    def prove(self) -> Prove:
        return Prove(self.store.begin, self.store.directory, self.clock, self.push, PEPPERS)

    @property
    def adjust(self) -> AdjustWallet:
        return AdjustWallet(self.store.begin, self.clock, self.push)

    @property
    def publish(self) -> Publish:
        return Publish(self.store.begin, self.clock)

    @property
    def retire(self) -> Retire:
        return Retire(self.store.begin, self.clock)

    async def merge(self, tenant: TenantId, deed: MergeWallets | UndoMerge) -> None:
        by = By("person", self.clock(), "merge")
        async with self.store.begin(tenant, alone=True) as work:
            await do_again(work, deed, by)
            note = AuditNote(
                id=deed.id, actor="person", action="merge", target="", reason="", at=by.at
            )
            await work.note(note)

    async def erase(self, who: ConsumerId, act: ActId) -> object:
        erase = EraseConsumer(
            identity=IDENTITY,
            directory=self.store.directory,
            erasures=self.store.erasures,
            inbox=self.store.inbox,
            store=self.store,
            revocations=REVOCATIONS,
            clock=self.clock,
            real_clock=self.clock,
            push=self.push,
            peppers=PEPPERS,
        )
        return await erase(who, act, By("admin", self.clock(), "erasure"), "asked for it")

    @property
    def timetable(self) -> RunTimetable:
        return RunTimetable(self.store, self.clock, self.push)

    async def written(self, tenant: TenantId) -> Sequence[object]:
        """All that is written about a tenant, in an order that a store may not choose."""
        books = self.store.books
        consumers = await books.consumers(tenant)
        wallets = await books.wallet_books(tenant, consumers)
        deeds = [each async for each in books.applied(tenant)]
        return [
            consumers,
            [await books.account(tenant, consumer) for consumer in consumers],
            [(list(it.entries), list(it.hashes), list(it.takings)) for it in wallets],
            [sorted(it.lots, key=lambda lot: lot.id) for it in wallets],
            [sorted(it.codes, key=lambda code: code.id) for it in wallets],
            [sale async for sale in books.all_sales(tenant)],
            await books.sales_of(tenant, unclaimed=True),
            await books.rules(tenant),
            await books.merges(tenant),
            await books.rule_hashes(tenant),
            set(await books.acts(tenant)),
            [(each.at, each.actor, each.correlation) for each in deeds],
            _numbered([deed_as_data(each.deed) for each in deeds]),
        ]


class SameHistory(RuleBasedStateMachine):
    """Drives both sides by the same use cases, and wants the same of them after every step."""

    codes = Bundle("codes")
    merges = Bundle("merges")

    def __init__(self, open_database: OpenDatabase) -> None:
        super().__init__()
        self.now = NOON
        self.deeds = 0
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        database = self.stack.enter_context(open_database())
        self.sides = self.runner.run(self.open(database.dsn()))

    async def open(self, dsn: str) -> Sequence[Side]:
        stores = (MemoryStore(), await self.stack.enter_async_context(PostgresStore.open(dsn)))
        for store in stores:
            for tenant in (CAFE, BAKERY):
                await store.directory.add_tenant(tenant)
        return [Side(store, lambda: self.now) for store in stores]

    def both(self, do: Callable[[Side], Awaitable[object]]) -> object:
        """Do something on both sides; answer what both did."""
        one, other = self.runner.run(_outcomes(do, self.sides))
        assert one == other
        return one

    @rule(tenant=tenants, told=st.lists(anything_told, min_size=1, max_size=3))
    def tell(self, tenant: TenantId, told: Sequence[Draw]) -> None:
        deeds = [TellNews(provider="square", news=draw(self.now)) for draw in told]
        correlation = str(self.act())
        self.both(lambda side: side.record(tenant, deeds, correlation=correlation))

    @rule(tenant=tenants, who=people, proved=st.lists(evidence, min_size=1, max_size=2))
    def prove(self, tenant: TenantId, who: ConsumerId, proved: Sequence[Evidence]) -> None:
        self.both(lambda side: side.prove(who, proved, [tenant]))

    @rule(tenant=tenants, rules=rule_sets, since=st.none() | ago)
    def publish(self, tenant: TenantId, rules: Rules, since: timedelta | None) -> None:
        act, begins = self.act(), None if since is None else self.now - since
        self.both(lambda side: side.publish(tenant, rules, "owner", act, begins))

    @rule(tenant=tenants, force=st.booleans())
    def retire(self, tenant: TenantId, *, force: bool) -> None:
        act = self.act()
        self.both(lambda side: side.retire(tenant, "owner", act, force=force))

    @rule(tenant=tenants, who=people, points=few, kind=st.sampled_from([GrantPoints, DeductPoints]))
    def adjust(
        self,
        tenant: TenantId,
        who: ConsumerId,
        points: int,
        kind: type[GrantPoints] | type[DeductPoints],
    ) -> None:
        deed = kind(consumer=who, points=points, id=self.act())
        self.both(lambda side: side.adjust(tenant, deed, "because", "admin"))

    @rule(target=codes, tenant=tenants, who=people, points=few)
    def issue(self, tenant: TenantId, who: ConsumerId, points: int) -> object:
        code = CodeId(self.act())
        shown = self.both(lambda side: side.desk.issue(tenant, who, points, code))
        return (tenant, who, code) if not _is_refusal(shown) else multiple()

    @rule(code=codes, till=st.sampled_from(["T1", "T2"]))
    def redeem(self, code: tuple[TenantId, ConsumerId, CodeId], till: str) -> None:
        tenant, _, id_ = code
        text = PEPPERS.text(id_, 1)
        self.both(lambda side: side.desk.redeem(tenant, text, till, "cashier"))

    @rule(tenant=tenants)
    def mistype(self, tenant: TenantId) -> None:
        self.both(lambda side: side.desk.redeem(tenant, "2222-2222", "T1", "cashier"))

    @rule(code=codes, till=st.sampled_from(["T1", "T2"]))
    def undo(self, code: tuple[TenantId, ConsumerId, CodeId], till: str) -> None:
        tenant, _, id_ = code
        self.both(lambda side: side.desk.undo(tenant, id_, till, "cashier"))

    @rule(code=codes, who=people)
    def cancel(self, code: tuple[TenantId, ConsumerId, CodeId], who: ConsumerId) -> None:
        tenant, _, id_ = code
        self.both(lambda side: side.desk.cancel(tenant, who, id_))

    @rule(target=merges, tenant=tenants, who=st.permutations([ADA, GRACE]))
    def merge(self, tenant: TenantId, who: Sequence[ConsumerId]) -> object:
        deed = MergeWallets(absorbed=who[0], survivor=who[1], id=self.act())
        done = self.both(lambda side: side.merge(tenant, deed))
        return (tenant, deed.id) if not _is_refusal(done) else multiple()

    @rule(merge=merges)
    def undo_merge(self, merge: tuple[TenantId, ActId]) -> None:
        deed = UndoMerge(merge=merge[1], id=self.act())
        self.both(lambda side: side.merge(merge[0], deed))

    @rule(who=people)
    def erase(self, who: ConsumerId) -> None:
        act = self.act()
        self.both(lambda side: side.erase(who, act))

    @rule(wait=st.sampled_from([MINUTE, 15 * MINUTE, DAY, 7 * DAY]))
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait

    @rule()
    def do_what_is_due(self) -> None:
        self.both(lambda side: side.timetable())

    @rule()
    def claim_leftovers(self) -> None:
        self.both(lambda side: side.prove.claim_leftovers())

    @invariant()
    def the_wallets_are_the_same(self) -> None:
        for tenant in (CAFE.id, BAKERY.id):
            for who in (ADA, GRACE):
                self.both(
                    lambda side, tenant=tenant, who=who: side.store.books.account(tenant, who)
                )

    def teardown(self) -> None:
        """At the end everything written is the same, holds, and can be applied again."""
        try:
            for tenant in (CAFE.id, BAKERY.id):
                self.both(lambda side, tenant=tenant: side.written(tenant))
            self.both(lambda side: side.store.books.due(self.now, 9))
            self.runner.run(self.verify())
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    async def verify(self) -> None:
        for side in self.sides:
            again = MemoryStore()
            verify = VerifyBooks(side.store.books, side.store.directory)
            replay = Replay(side.store, side.store.directory, again, again.directory)
            assert list(map(str, [*await verify(), *await replay()])) == []

    def act(self) -> ActId:
        self.deeds += 1
        return ActId(derived(self.now, "act", self.deeds))


async def _outcomes(do: Callable[[Side], Awaitable[object]], sides: Sequence[Side]) -> list[object]:
    return [await _outcome(do, side) for side in sides]


async def _outcome(do: Callable[[Side], Awaitable[object]], side: Side) -> object:
    """An answer or a refusal, in a form that can be compared."""
    try:
        return await do(side)
    except SalesArckError as refusal:
        return ("refused", type(refusal), str(refusal))


def _numbered(deeds: Sequence[object]) -> str:
    """Say deeds so that stand-ins of erased people have the same numbers in all stores."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return numbers.setdefault(found.group(), f"<{len(numbers)}>")

    return re.sub(STAND_INS, number, json.dumps(deeds, sort_keys=True))


def _is_refusal(outcome: object) -> bool:
    return isinstance(outcome, tuple) and outcome[:1] == ("refused",)


@pytest.mark.parametrize("examples", [8, pytest.param(100, marks=pytest.mark.long)])
def test_memory_and_postgres_tell_the_same_history(
    open_database: OpenDatabase, examples: int
) -> None:
    run_state_machine_as_test(
        lambda: SameHistory(open_database),
        settings=settings(max_examples=examples, stateful_step_count=40, phases=[Phase.generate]),
    )
