"""Whatever happens to a wallet, in whatever order: its books hold, and a child could count them."""

from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from salesarck_domain.ids import CodeId, SaleId, derived
from salesarck_domain.ledger.entry import EntryKind
from salesarck_domain.ledger.reconciliation import Written, check_wallet
from salesarck_domain.ledger.wallet import By, Cause, InsufficientPoints, Wallet
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.testing.examples import ADA, CAFE, DAY, MINUTE, NOON

GRACE_TIME = timedelta(days=1)
amounts = st.integers(1, 5)  # small, so that exact balances come up often
sales = st.sampled_from("AB").map(lambda name: SaleId(derived(NOON, name)))


class AnyHistory(RuleBasedStateMachine):
    """The model counts points held, owed and promised; it calls nothing of the wallet."""

    def __init__(self) -> None:
        super().__init__()
        self.wallet = Wallet(tenant=CAFE.id, consumer=ADA)
        self.now = NOON
        self.deeds = 0
        self.count = 0

    @property
    def by(self) -> By:
        return By("somebody", self.now)

    def cause(self, sale: SaleId | None = None) -> Cause:
        self.deeds += 1
        return Cause(f"act:{self.deeds}", self.now, sale=sale)

    @rule(points=amounts, sale=sales, days=st.sampled_from([None, -1, 0, 1, 2]))
    def earn(self, points: int, sale: SaleId, days: int | None) -> None:
        ends_at = None if days is None else self.now + days * DAY
        self.wallet.earn(points, self.cause(sale), self.by, ends_at, GRACE_TIME)
        self.count += points

    @rule(points=amounts)
    def give(self, points: int) -> None:
        self.wallet.give(EntryKind.BONUS, points, self.cause(), self.by)
        self.count += points

    @rule(points=amounts, sale=sales)
    def claw_back(self, points: int, sale: SaleId) -> None:
        self.wallet.claw_back(points, self.cause(sale), self.by)
        self.count -= points

    @rule(points=amounts)
    def deduct(self, points: int) -> None:
        if points > self.count:
            with pytest.raises(InsufficientPoints):
                self.wallet.deduct(points, self.cause(), self.by)
            return
        self.wallet.deduct(points, self.cause(), self.by)
        self.count -= points

    @rule(points=amounts)
    def issue(self, points: int) -> None:
        self.deeds += 1
        code = RedemptionCode(
            id=CodeId(derived(self.now, self.deeds)),
            consumer=ADA,
            points=points,
            issued_at=self.now,
            expires_at=self.now + 15 * MINUTE,
            pepper=1,
            lookup=str(self.deeds),
        )
        if points > self.count:
            with pytest.raises(InsufficientPoints):
                self.wallet.issue(code, self.by)
            return
        self.wallet.issue(code, self.by)
        self.count -= points

    @precondition(lambda self: self.open_codes())
    @rule(data=st.data(), state=st.sampled_from([CodeState.REDEEMED, CodeState.CANCELLED]))
    def settle(self, data: st.DataObject, state: CodeState) -> None:
        code = data.draw(st.sampled_from(self.open_codes()))
        settled = code.follow(state, self.now, "T1")
        if state is CodeState.REDEEMED:
            self.wallet.settle(settled)
        else:
            self.wallet.release(settled, self.now, self.by, GRACE_TIME)
            self.count += code.points

    @rule(wait=st.sampled_from([MINUTE, 15 * MINUTE, DAY, 3 * DAY]))
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait
        before = len(self.wallet.entries)
        self.wallet.apply_due(self.by, GRACE_TIME)
        for entry in self.wallet.entries[before:]:
            if entry.kind is EntryKind.EXPIRE:
                self.count -= entry.points
            elif entry.kind is EntryKind.RELEASE:
                self.count += entry.points

    def open_codes(self) -> list[RedemptionCode]:
        return [code for code in self.wallet.codes.values() if code.state is CodeState.ISSUED]

    @invariant()
    def what_is_held_less_what_is_owed_is_what_a_child_would_count(self) -> None:
        assert self.wallet.balance - self.wallet.owed == self.count
        assert min(self.wallet.balance, self.wallet.owed) == 0

    @invariant()
    def the_books_hold(self) -> None:
        page = Written(
            where="here",
            entries=self.wallet.entries,
            hashes=[entry.hash for entry in self.wallet.entries],
            lots=list(self.wallet.lots.values()),
            takings=self.wallet.takings,
            codes=list(self.wallet.codes.values()),
        )
        assert list(check_wallet(page)) == []


TestAnyHistory = AnyHistory.TestCase
