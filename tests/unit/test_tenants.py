"""A tenant's terms, standing and wallets change, and its history still comes out the same."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.audit import Act
from salesarck_domain.deeds import GrantPoints, TellNews
from salesarck_domain.ids import ActId, CodeId, TenantId, derived
from salesarck_domain.ledger.adjustment import AdjustmentDecided, OwnWallet
from salesarck_domain.ledger.entry import ToldDifferently
from salesarck_domain.ledger.wallet import WalletFrozen
from salesarck_domain.news import TillCustomer
from salesarck_domain.people import MAY, MAY_INVITE, STAFF, WHILE_PENDING, Member, Permission, Role
from salesarck_domain.ports.push import Balance
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.tenants import (
    Tenant,
    TenantState,
    TenantStateRefused,
    terms_as_data,
    with_terms,
)
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    BAKERY,
    CAFE,
    DAY,
    GRACE,
    MINUTE,
    NOON,
    PEPPERS,
    POINTS_THAT_END,
    paid,
    refunded,
)
from salesarck_domain.use_cases.adjustments import AdjustmentDesk
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.codes import CodeDesk
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.platform import PeopleDesk
from salesarck_domain.use_cases.replay import Replay
from salesarck_domain.use_cases.rules import Publish
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_domain.use_cases.tenants import TenantDesk, TermsInvalid
from salesarck_domain.use_cases.wallets import RunTimetable

ADA_AT_TILL = TillCustomer(phone="+15555550100")


@dataclass
class Life:
    """A café whose owner and admins change their minds."""

    store: MemoryStore = field(default_factory=MemoryStore)
    now: datetime = NOON
    acts: int = 0

    def clock(self) -> datetime:
        return self.now

    async def publish(self, balance: Balance) -> None:
        self.last = balance

    def act(self, who: str = "person:admin", why: str = "because") -> Act:
        self.acts += 1
        self.now += MINUTE
        return Act(id=ActId(derived(self.now, "act", self.acts)), actor=who, reason=why)

    @property
    def desk(self) -> TenantDesk:
        return TenantDesk(self.store, self.clock)

    @property
    def adjusting(self) -> AdjustmentDesk:
        return AdjustmentDesk(self.store.begin, self.store.directory, self.clock, self)

    async def freeze(self, *, frozen: bool) -> None:
        people = PeopleDesk(self.store, self.store.directory, self.clock)
        await people.freeze(CAFE.id, ADA, self.act(), frozen=frozen)

    async def issue(self, name: str, points: int) -> str:
        codes = CodeDesk(self.store.begin, self.clock, Peppers({1: bytes(32)}), self)
        return (await codes.issue(CAFE.id, ADA, points, CodeId(derived(self.now, name)))).text

    async def sell(self, payment: str, dollars: int) -> None:
        news = paid(payment, dollars, customer=ADA_AT_TILL, at=self.now)
        await self.tell(TellNews(provider="square", news=news))

    async def refund(self, payment: str, dollars: int) -> None:
        news = refunded(f"R-{payment}", payment, dollars, at=self.now)
        await self.tell(TellNews(provider="square", news=news))

    async def tell(self, deed: TellNews) -> None:
        await RecordNews(self.store.begin, self.clock, self, PEPPERS)(CAFE.id, [deed])

    async def give(self, points: int, who: str = "person:admin") -> ActId:
        act = self.act(who)
        deed = GrantPoints(consumer=ADA, points=points, id=act.id)
        await self.adjusting.adjust(CAFE.id, deed, act)
        return act.id

    async def balance(self) -> int:
        return (await self.store.books.account(CAFE.id, ADA)).balance


@pytest.fixture
async def life() -> Life:
    life = Life()
    await life.store.directory.add_tenant(CAFE)
    publish = Publish(life.store.begin, life.clock)
    await publish(CAFE.id, POINTS_THAT_END, "owner", derived(NOON, "rules"))
    prove = Prove(life.store.begin, life.store.directory, life.clock, life, PEPPERS)
    await prove(ADA, [ADAS_PHONE], [CAFE.id])
    return life


async def test_a_history_with_changed_terms_and_standings_comes_out_the_same(life: Life) -> None:
    await life.sell("P1", 50)
    await life.issue("one", 10)
    await life.desk.change_terms(CAFE.id, {"points_min": 1_000, "code_lifetime": 3_600}, life.act())
    await life.freeze(frozen=True)
    await life.sell("P2", 20)
    await life.refund("P1", 30)
    await life.freeze(frozen=False)
    asked = await life.give(20_000)
    await life.adjusting.approve(CAFE.id, asked, life.act("person:second"))
    await life.issue("two", 500)
    await life.desk.change_terms(CAFE.id, {"grace": 0, "time_zone": CAFE.time_zone}, life.act())
    await life.desk.suspend(CAFE.id, life.act())
    life.now += 2 * DAY
    await RunTimetable(life.store, life.clock, life)()
    assert await VerifyBooks(life.store.books, life.store.directory)() == []
    again = MemoryStore()
    assert await Replay(life.store, life.store.directory, again, again.directory)() == []
    replayed = await again.directory.tenant(CAFE.id)
    assert replayed == await life.store.directory.tenant(CAFE.id)
    entries = await again.books.history(CAFE.id, ADA, None, 99)
    assert len(entries) >= 8


async def test_a_frozen_wallet_still_earns_refunds_and_expires(life: Life) -> None:
    await life.sell("P1", 50)
    text = await life.issue("one", 10)
    await life.freeze(frozen=True)
    codes = CodeDesk(life.store.begin, life.clock, Peppers({1: bytes(32)}), life)
    with pytest.raises(WalletFrozen, match="still earns, refunds and expires"):
        await life.issue("two", 10)
    with pytest.raises(WalletFrozen):
        await codes.redeem(CAFE.id, text, "T1", "bob")
    with pytest.raises(WalletFrozen):
        await life.give(1)
    await life.sell("P2", 7)
    await life.refund("P1", 20)
    assert await life.balance() == 27
    life.now += 20 * MINUTE
    await RunTimetable(life.store, life.clock, life)()
    assert await life.balance() == 37
    life.now += 2 * DAY
    await RunTimetable(life.store, life.clock, life)()
    assert await life.balance() == 0


async def test_currency_and_zone_stay_once_something_was_sold(life: Life) -> None:
    moved = {"currency": "EUR", "time_zone": "Europe/Paris"}
    changed = await life.desk.change_terms(CAFE.id, moved, life.act())
    assert (changed.currency, changed.time_zone) == ("EUR", "Europe/Paris")
    await life.desk.change_terms(CAFE.id, {"currency": "USD"}, life.act())
    await life.sell("P1", 5)
    for fixed in ({"currency": "EUR"}, {"time_zone": "Europe/London"}):
        with pytest.raises(TermsInvalid, match="with sales"):
            await life.desk.change_terms(CAFE.id, fixed, life.act())
    same = await life.desk.change_terms(CAFE.id, {"currency": "USD", "grace": 5}, life.act())
    assert same.grace == timedelta(seconds=5)


async def test_an_act_that_comes_twice_is_done_once(life: Life) -> None:
    act = life.act()
    assert (await life.desk.suspend(CAFE.id, act)).state is TenantState.SUSPENDED
    with pytest.raises(TenantStateRefused):
        await life.desk.suspend(CAFE.id, act)
    asked, decision = await life.give(20_000), life.act("person:second")
    assert (await life.adjusting.approve(CAFE.id, asked, decision)).state == "approved"
    with pytest.raises(AdjustmentDecided):
        await life.adjusting.approve(CAFE.id, asked, decision)
    for points in (1, 20_000):
        deed = GrantPoints(consumer=ADA, points=points, id=asked)
        request = Act(id=asked, actor="person:admin", reason="because")
        with pytest.raises(ToldDifferently):
            await life.adjusting.adjust(CAFE.id, deed, request)
    assert await life.balance() == 20_000


async def test_a_notice_of_an_adjustment_names_ids_and_nothing_else(life: Life) -> None:
    act = await life.give(5)
    ((topic, told),) = life.store.books.room.shelf(CAFE.id).outbox.values()
    assert topic == "wallet_adjusted"
    assert told == {"consumer": str(ADA), "act": str(act), "kind": "grant"}


async def test_nobody_adjusts_their_own_wallet(life: Life) -> None:
    with pytest.raises(OwnWallet):
        await life.give(5, f"person:{ADA}")
    asked = await life.give(20_000)
    with pytest.raises(OwnWallet):
        await life.adjusting.approve(CAFE.id, asked, life.act(f"person:{ADA}"))


@pytest.mark.parametrize("state", TenantState)
def test_a_tenant_goes_only_where_its_table_leads(state: TenantState) -> None:
    leads = {
        TenantState.PENDING: {TenantState.ACTIVE, TenantState.SUSPENDED},
        TenantState.ACTIVE: {TenantState.SUSPENDED},
        TenantState.SUSPENDED: {TenantState.ACTIVE},
    }
    tenant = replace(CAFE, state=state)
    for wanted in TenantState:
        if wanted in leads[state]:
            assert tenant.follow(wanted).state is wanted
        else:
            with pytest.raises(TenantStateRefused):
                tenant.follow(wanted)


@pytest.mark.parametrize(("there", "here"), [(CAFE, BAKERY), (BAKERY, CAFE)])
def test_terms_come_back_as_they_were(there: Tenant, here: Tenant) -> None:
    assert with_terms(here, terms_as_data(there)) == replace(there, id=here.id)


@pytest.mark.parametrize(
    ("role", "tenant"), [(Role.ADMIN, CAFE.id), (Role.OWNER, None), (Role.CONSUMER, CAFE.id)]
)
def test_admins_work_for_the_platform_and_staff_for_a_tenant(
    role: Role, tenant: TenantId | None
) -> None:
    with pytest.raises(ValueError, match="admins work for the platform"):
        Member(GRACE, role, tenant)


def test_a_permission_is_somebodys_and_what_stands_nowhere_is_nobodys() -> None:
    assert {each for allowed in MAY.values() for each in allowed} == set(Permission)
    assert MAY[Role.CASHIER] < MAY[Role.MANAGER] < MAY[Role.OWNER]
    staff = {each for role in STAFF for each in MAY[role]}
    assert not staff & MAY[Role.ADMIN]
    assert not staff & MAY[Role.CONSUMER]
    assert Permission.TAKE_CODES not in WHILE_PENDING
    assert not WHILE_PENDING & MAY[Role.ADMIN]
    assert set(MAY_INVITE) == {Role.MANAGER, Role.OWNER}
