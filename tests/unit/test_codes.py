"""Codes: their life, their spelling, and what people do with them at the desk."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.deeds import DeductPoints, GrantPoints, IssueCode
from salesarck_domain.ids import ActId, CodeId, ConsumerId, derived
from salesarck_domain.ledger.entry import ToldDifferently
from salesarck_domain.ledger.wallet import By, InsufficientPoints
from salesarck_domain.ports.answers import Answer, Answered, Asked, CommandLost
from salesarck_domain.ports.push import Balance
from salesarck_domain.redemption.alphabet import show
from salesarck_domain.redemption.code import (
    CodeAlreadyRedeemed,
    CodeCancelled,
    CodeExpired,
    CodeUnknown,
    Peppers,
    RedemptionCode,
    UndoRefused,
)
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.testing.examples import ADA, CAFE, GRACE, MINUTE, NOON
from salesarck_domain.use_cases.codes import (
    WRONG_TRIES_MAX,
    CodeDesk,
    CodeTaken,
    TillLocked,
    issue,
)
from salesarck_domain.use_cases.wallets import AdjustmentInvalid, AdjustWallet, RunTimetable

ASKED = Asked("person:bob", "POST /redemptions", "key", "digest")
PEPPERS = Peppers({1: bytes(32), 2: bytes(range(32))})
WRONG = "2222-2222"


def code_in(state: CodeState = CodeState.ISSUED) -> RedemptionCode:
    return RedemptionCode(
        id=CodeId(derived(NOON, "code")),
        consumer=ADA,
        points=5,
        issued_at=NOON,
        expires_at=NOON + 15 * MINUTE,
        pepper=1,
        lookup="",
        state=state,
        settled_at=None if state is CodeState.ISSUED else NOON,
        till=None if state is CodeState.ISSUED else "T1",
    )


class TestLife:
    @pytest.mark.parametrize("state", [CodeState.REDEEMED, CodeState.EXPIRED, CodeState.CANCELLED])
    def test_an_issued_code_ends_once(self, state: CodeState) -> None:
        ended = code_in().follow(state, NOON + MINUTE, "T1")
        assert (ended.state, ended.settled_at, ended.till) == (state, NOON + MINUTE, "T1")

    @pytest.mark.parametrize(
        ("state", "refusal"),
        [
            (CodeState.REDEEMED, CodeAlreadyRedeemed),
            (CodeState.EXPIRED, CodeExpired),
            (CodeState.CANCELLED, CodeCancelled),
            (CodeState.UNDONE, CodeCancelled),
        ],
    )
    def test_what_ended_says_how(self, state: CodeState, refusal: type[Exception]) -> None:
        for following in (CodeState.REDEEMED, CodeState.EXPIRED, CodeState.CANCELLED):
            with pytest.raises(refusal, match="this code"):
                code_in(state).follow(following, NOON)

    def test_a_redemption_is_undone_by_its_till_within_two_minutes(self) -> None:
        redeemed = code_in(CodeState.REDEEMED)
        assert redeemed.undo(NOON + 2 * MINUTE, "T1").state is CodeState.UNDONE

    @pytest.mark.parametrize(
        ("state", "after", "till", "why"),
        [
            (CodeState.ISSUED, MINUTE, "T1", "nothing to undo"),
            (CodeState.UNDONE, MINUTE, "T1", "nothing to undo"),
            (CodeState.REDEEMED, MINUTE, "T2", "only the till"),
            (CodeState.REDEEMED, 2 * MINUTE + timedelta(seconds=1), "T1", "within two minutes"),
        ],
    )
    def test_nothing_else_is_undone(
        self, state: CodeState, after: timedelta, till: str, why: str
    ) -> None:
        with pytest.raises(UndoRefused, match=why):
            code_in(state).undo(NOON + after, till)


class TestPeppers:
    @pytest.mark.parametrize("secrets", [{}, {1: b""}, {1: bytes(31)}, {1: bytes(32), 2: b"x"}])
    def test_a_weak_pepper_is_none(self, secrets: dict[int, bytes]) -> None:
        with pytest.raises(ValueError, match="at least 32 bytes"):
            Peppers(secrets)

    def test_a_new_pepper_spells_otherwise_and_the_old_is_still_looked_for(self) -> None:
        code = code_in().id
        old, new = (PEPPERS.text(code, number) for number in (1, 2))
        assert old != new
        assert PEPPERS.lookup(old, 1) in PEPPERS.lookups(old)
        assert PEPPERS.lookups(old)[0] == PEPPERS.lookup(old, PEPPERS.newest)


@dataclass
class Shop:
    """A café with a desk, a clock that is turned by hand, and a list of balances pushed."""

    store: MemoryStore
    now: datetime = NOON
    pushed: list[Balance] = field(default_factory=list)

    async def publish(self, balance: Balance) -> None:
        self.pushed.append(balance)

    def clock(self) -> datetime:
        return self.now

    @property
    def desk(self) -> CodeDesk:
        return CodeDesk(self.store.begin, self.clock, PEPPERS, self)

    async def grant(self, points: int, name: str = "gift", reason: str = "welcome") -> Balance:
        deed = GrantPoints(consumer=ADA, points=points, id=ActId(derived(NOON, name)))
        adjust = AdjustWallet(self.store.begin, self.clock, self)
        return await adjust(CAFE.id, deed, reason, "admin")

    async def issue(self, points: int, name: str = "code", who: ConsumerId = ADA) -> str:
        code = CodeId(derived(NOON, name))
        return (await self.desk.issue(CAFE.id, who, points, code)).text

    async def redeem(
        self, text: str, till: str = "T1", cashier: str = "bob", act: str = ""
    ) -> RedemptionCode:
        named = ActId(derived(NOON, act)) if act else None
        return await self.desk.redeem(CAFE.id, text, till, cashier, act=named)

    async def undo(self, act: str) -> RedemptionCode:
        named = ActId(derived(NOON, act))
        return await self.desk.undo(CAFE.id, CODE, "T1", "bob", act=named)

    async def balance(self) -> int:
        return (await self.store.books.account(CAFE.id, ADA)).balance


@pytest.fixture
async def shop() -> Shop:
    shop = Shop(MemoryStore())
    await shop.store.directory.add_tenant(CAFE)
    await shop.grant(30)
    return shop


CODE = CodeId(derived(NOON, "code"))


class TestDesk:
    async def test_a_code_is_typed_in_any_manner_and_honoured_once(self, shop: Shop) -> None:
        text = await shop.issue(20)
        assert (await shop.redeem(show(text).lower())).state is CodeState.REDEEMED
        with pytest.raises(CodeAlreadyRedeemed):
            await shop.redeem(text)
        assert await shop.balance() == 10
        assert shop.pushed[-1].balance == 10

    async def test_an_id_is_issued_once(self, shop: Shop) -> None:
        await shop.issue(20)
        with pytest.raises(CodeTaken):
            await shop.issue(10)
        await shop.desk.cancel(CAFE.id, ADA, CODE)
        with pytest.raises(ToldDifferently):
            await shop.issue(10)
        assert await shop.balance() == 30

    async def test_a_wrong_code_is_answered_where_it_is_counted(self, shop: Shop) -> None:
        held, lost = (derived(NOON, name) for name in ("held", "lost"))
        await shop.store.answers.begin(ASKED, held, NOON, NOON)
        for token, ends in ((lost, CommandLost), (held, CodeUnknown), (held, CommandLost)):

            def receipt(done: object, token: UUID = token) -> Answered:
                return Answered(ASKED, token, Answer(404, str(done).encode()))

            with pytest.raises(ends):
                await shop.desk.redeem(CAFE.id, WRONG, "T1", "bob", receipt=receipt)
        async with shop.store.begin(CAFE.id) as work:
            assert await work.codes.wrong_tries("till:T1", NOON) == [NOON]
        kept = await shop.store.answers.begin(ASKED, lost, NOON, NOON)
        assert kept.answer == Answer(404, str(CodeUnknown()).encode())

    async def test_a_refused_deed_leaves_nothing_under_its_act(self, shop: Shop) -> None:
        text = await shop.issue(20)
        with pytest.raises(UndoRefused):
            await shop.undo(act="too soon")
        await shop.redeem(text)
        assert (await shop.undo(act="too soon")).state is CodeState.UNDONE

    async def test_the_same_till_takes_a_redemption_back(self, shop: Shop) -> None:
        await shop.redeem(await shop.issue(20))
        undone = await shop.desk.undo(CAFE.id, CODE, "T1", "bob")
        assert (undone.state, await shop.balance()) == (CodeState.UNDONE, 30)
        with pytest.raises(UndoRefused):
            await shop.desk.undo(CAFE.id, CODE, "T1", "bob")

    async def test_only_its_owner_cancels_a_code(self, shop: Shop) -> None:
        await shop.issue(20)
        with pytest.raises(CodeUnknown, match="no such code"):
            await shop.desk.cancel(CAFE.id, GRACE, CODE)
        await shop.desk.cancel(CAFE.id, ADA, CODE)
        assert await shop.balance() == 30

    async def test_a_code_nobody_issued_is_unknown(self, shop: Shop) -> None:
        for act in (
            lambda: shop.redeem(WRONG),
            lambda: shop.redeem("no code at all"),
            lambda: shop.desk.undo(CAFE.id, CODE, "T1", "bob"),
            lambda: shop.desk.cancel(CAFE.id, ADA, CODE),
        ):
            with pytest.raises(CodeUnknown):
                await act()

    @pytest.mark.parametrize(("till", "cashier"), [("T1", "{}"), ("{}", "bob")])
    async def test_wrong_tries_lock_a_till_and_a_cashier_for_a_while(
        self, shop: Shop, till: str, cashier: str
    ) -> None:
        text = await shop.issue(20)
        for number in range(WRONG_TRIES_MAX):
            with pytest.raises(CodeUnknown):
                await shop.redeem(WRONG, till.format(number), cashier.format(number))
        with pytest.raises(TillLocked, match="try again at 12:15:00"):
            await shop.redeem(text, till.format("last"), cashier.format("last"))
        assert (await shop.redeem(text, "T9", "eve")).till == "T9"

    async def test_a_till_opens_again_when_its_tries_are_old(self, shop: Shop) -> None:
        for _ in range(WRONG_TRIES_MAX):
            with pytest.raises(CodeUnknown):
                await shop.redeem(WRONG)
        text = await shop.issue(20)
        shop.now += 14 * MINUTE
        with pytest.raises(TillLocked):
            await shop.redeem(text)
        shop.now += MINUTE
        with pytest.raises(CodeExpired):
            await shop.redeem(text)

    async def test_a_text_that_is_out_is_not_issued_twice(self, shop: Shop) -> None:
        text = await shop.issue(5)
        deed = IssueCode(
            consumer=ADA,
            points=5,
            id=CodeId(derived(NOON, "reads the same")),
            pepper=2,
            lookup=PEPPERS.lookup(text, 2),
        )
        async with shop.store.begin(CAFE.id) as work:
            with pytest.raises(CodeTaken, match="ask again"):
                await issue(work, deed, By("person", NOON))
        await shop.desk.cancel(CAFE.id, ADA, CODE)
        async with shop.store.begin(CAFE.id) as work:
            assert (await issue(work, deed, By("person", NOON))).code.points == 5


class TestAdjustment:
    async def test_it_is_told_once(self, shop: Shop) -> None:
        with pytest.raises(ToldDifferently):
            await shop.grant(30)
        assert await shop.balance() == 30

    @pytest.mark.parametrize(("points", "reason"), [(0, "why"), (-5, "why"), (5, " ")])
    async def test_it_moves_something_and_says_why(
        self, shop: Shop, points: int, reason: str
    ) -> None:
        with pytest.raises(AdjustmentInvalid, match="says why"):
            await shop.grant(points, "another", reason)

    async def test_it_takes_no_more_than_there_is(self, shop: Shop) -> None:
        deed = DeductPoints(consumer=ADA, points=31, id=ActId(derived(NOON, "too much")))
        with pytest.raises(InsufficientPoints):
            await AdjustWallet(shop.store.begin, shop.clock, shop)(CAFE.id, deed, "why", "admin")


async def test_the_timetable_gives_back_what_nobody_used(shop: Shop) -> None:
    await shop.issue(20)
    run = RunTimetable(shop.store, shop.clock, shop, at_a_time=1)
    assert await run() == 0
    shop.now += 15 * MINUTE
    assert await run() == 1
    assert (await shop.balance(), shop.pushed[-1].balance) == (30, 30)
