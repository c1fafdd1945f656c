"""Which point goes where: the model knows each by itself, with its end, its sale and its code."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)

from salesarck_domain.errors import Refused
from salesarck_domain.ids import CodeId, SaleId, derived
from salesarck_domain.ledger.entry import FIRST, EntryKind
from salesarck_domain.ledger.wallet import By, Cause, InsufficientPoints, Wallet
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.testing.examples import ADA, CAFE, MINUTE, NOON

LIFETIME, GRACE_TIME = 3 * MINUTE, 2 * MINUTE
COMES_IN = {"earn", "bonus", "grant", "release"}
HERE, GONE, RAN_OUT = "here", "gone", "ran out"

points = st.integers(1, 5)  # small, so that exact balances come up often
ends = st.none() | st.integers(0, 4).map(lambda minutes: minutes * MINUTE)
sales = st.sampled_from([SaleId(derived(NOON, "sale", name)) for name in "ab"])


@dataclass
class Coin:
    """One point. A child can count them: they lie here, in a code, or they are no more."""

    lot: tuple[int, int]
    ends_at: datetime | None
    sale: SaleId | None
    place: str | CodeId = HERE

    def rank(self, own: SaleId | None) -> tuple[object, ...]:
        ends_at = self.ends_at or datetime.max.replace(tzinfo=NOON.tzinfo)
        return (own is None or self.sale != own, ends_at, self.lot)


class AnyHistory(RuleBasedStateMachine):
    """Whatever happens, in whatever order: every point is where a child would have put it."""

    codes = Bundle("codes")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.wallet = Wallet(tenant=CAFE.id, consumer=ADA)
        self.coins: list[Coin] = []
        self.owed = 0
        self.out: dict[CodeId, datetime] = {}
        self.deeds = self.births = 0

    @property
    def by(self) -> By:
        return By("test", self.now)

    @rule(count=points, ends_in=ends, sale=sales)
    def earn(self, count: int, ends_in: timedelta | None, sale: SaleId) -> None:
        ends_at = None if ends_in is None else self.now + ends_in
        self.wallet.earn(count, self.cause(sale), self.by, ends_at, GRACE_TIME)
        late = ends_at is not None and ends_at <= self.now
        self.bring(count, self.now + GRACE_TIME if late else ends_at, sale)

    @rule(count=points)
    def give(self, count: int) -> None:
        self.wallet.give(EntryKind.GRANT, count, self.cause(), self.by)
        self.bring(count, None, None)

    @rule(count=points, sale=sales)
    def claw_back(self, count: int, sale: SaleId) -> None:
        self.wallet.claw_back(count, self.cause(sale), self.by)
        taken = min(count, len(self.here))
        self.take(taken, GONE, own=sale)
        self.owed += count - taken

    @rule(count=points)
    def deduct(self, count: int) -> None:
        if count > len(self.here):
            with pytest.raises(InsufficientPoints):
                self.wallet.deduct(count, self.cause(), self.by)
            return
        self.wallet.deduct(count, self.cause(), self.by)
        self.take(count, GONE)

    @rule(target=codes, count=points)
    def issue(self, count: int) -> object:
        code = RedemptionCode(
            id=CodeId(derived(self.now, "code", self.cause().reference)),
            consumer=ADA,
            points=count,
            issued_at=self.now,
            expires_at=self.now + LIFETIME,
            pepper=1,
            lookup="",
        )
        if count > len(self.here):
            with pytest.raises(InsufficientPoints):
                self.wallet.issue(code, self.by)
            return multiple()
        self.wallet.issue(code, self.by)
        self.take(count, code.id)
        self.out[code.id] = code.expires_at
        return code.id

    @rule(code=codes)
    def redeem(self, code: CodeId) -> None:
        if code not in self.out:
            with pytest.raises(Refused):
                self.wallet.codes[code].follow(CodeState.REDEEMED, self.now, "T1")
            return
        self.wallet.settle(self.wallet.codes[code].follow(CodeState.REDEEMED, self.now, "T1"))
        del self.out[code]

    @rule(code=codes)
    def undo(self, code: CodeId) -> None:
        found = self.wallet.codes[code]
        settled = found.settled_at or NOON
        if found.state is not CodeState.REDEEMED or self.now - settled > 2 * MINUTE:
            with pytest.raises(Refused):
                found.undo(self.now, "T1")
            return
        self.wallet.release(found.undo(self.now, "T1"), self.now, self.by, GRACE_TIME)
        self.give_back(code, self.now)

    @rule(code=codes)
    def cancel(self, code: CodeId) -> None:
        if code not in self.out:
            with pytest.raises(Refused):
                self.wallet.codes[code].follow(CodeState.CANCELLED, self.now)
            return
        cancelled = self.wallet.codes[code].follow(CodeState.CANCELLED, self.now)
        self.wallet.release(cancelled, self.now, self.by, GRACE_TIME)
        self.give_back(code, self.now)

    @rule(minutes=st.integers(1, 3))
    def time_passes(self, minutes: int) -> None:
        """Minute by minute, points before codes; the wallet is told at the end alone."""
        begun, self.now = self.now, self.now + minutes * MINUTE
        before = len(self.wallet.entries)
        self.wallet.apply_due(self.by, GRACE_TIME)
        due = [it for it in self.wallet.entries[before:] if it.kind is not EntryKind.REPAY]
        assert due == sorted(due, key=lambda it: (it.happened_at, it.kind is EntryKind.RELEASE))
        for minute in range(1, minutes + 1):
            moment = begun + minute * MINUTE
            for coin in self.here:
                if coin.ends_at and coin.ends_at <= moment:
                    coin.place = RAN_OUT
            for code in [code for code, end in self.out.items() if end <= moment]:
                self.give_back(code, moment)

    @invariant()
    def the_balance_is_what_a_child_would_count(self) -> None:
        assert self.wallet.balance == len(self.here) >= 0
        assert self.wallet.owed == self.owed >= 0
        assert not (self.wallet.balance and self.wallet.owed)

    @invariant()
    def the_open_lots_are_the_balance(self) -> None:
        remaining = Counter[tuple[datetime | None, SaleId | None]]()
        for lot in self.wallet.lots.values():
            assert lot.remaining >= 0
            remaining[lot.ends_at, lot.sale] += lot.remaining
        assert remaining.total() == self.wallet.balance
        assert +remaining == Counter((coin.ends_at, coin.sale) for coin in self.here)

    @invariant()
    def what_ran_out_of_a_sale_is_known(self) -> None:
        ran_out = Counter(coin.sale for coin in self.coins if coin.place == RAN_OUT if coin.sale)
        assert self.wallet.run_out == ran_out
        of_lots = Counter[SaleId]()
        for lot in self.wallet.lots.values():
            of_lots.update({lot.sale: lot.run_out} if lot.sale else {})
        assert +of_lots == ran_out

    @invariant()
    def the_entries_are_a_chain_without_a_gap(self) -> None:
        balance, owed, previous = 0, 0, FIRST
        for number, entry in enumerate(self.wallet.entries, start=1):
            balance += entry.points if entry.kind.value in COMES_IN else -entry.points
            owed += entry.owed_change
            assert (entry.seq, entry.previous_hash) == (number, previous)
            assert (entry.balance_after, entry.owed_after) == (balance, owed)
            previous = entry.hash

    @invariant()
    def points_come_back_from_a_code_once(self) -> None:
        kinds = Counter((entry.reference, entry.kind.value) for entry in self.wallet.entries)
        for (reference, kind), times in kinds.items():
            assert times == 1
            assert kind != "release" or (reference, "redeem") in kinds

    @property
    def here(self) -> list[Coin]:
        return [coin for coin in self.coins if coin.place == HERE]

    def cause(self, sale: SaleId | None = None) -> Cause:
        self.deeds += 1
        return Cause(f"deed:{self.deeds}", self.now, 1, sale)

    def bring(self, count: int, ends_at: datetime | None, sale: SaleId | None) -> None:
        self.births += 1
        self.coins += [Coin((self.births, 0), ends_at, sale) for _ in range(count)]
        self.repay()

    def give_back(self, code: CodeId, moment: datetime) -> None:
        """Coins of lots that ran out meanwhile form new lots, which end a grace later."""
        self.out.pop(code, None)
        self.births += 1
        back = [coin for coin in self.coins if coin.place == code]
        back.sort(key=lambda coin: coin.rank(None))
        over = [coin for coin in back if coin.ends_at and coin.ends_at <= moment]
        order = list(dict.fromkeys(coin.lot for coin in over))
        for coin in over:
            coin.lot, coin.ends_at = (self.births, order.index(coin.lot)), moment + GRACE_TIME
        for coin in back:
            coin.place = HERE
        self.repay()

    def repay(self) -> None:
        paid = min(self.owed, len(self.here))
        self.take(paid, GONE)
        self.owed -= paid

    def take(self, count: int, place: str | CodeId, own: SaleId | None = None) -> None:
        for coin in sorted(self.here, key=lambda coin: coin.rank(own))[:count]:
            coin.place = place


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=200, stateful_step_count=50)
