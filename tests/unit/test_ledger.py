"""The ledger: entries that can't be wrong, a wallet that decides, and books that are checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import pytest

from salesarck_domain.ids import CodeId, SaleId, derived
from salesarck_domain.ledger.entry import FIRST, EntryKind, LedgerEntry, ToldDifferently
from salesarck_domain.ledger.lots import Taking, soonest_first
from salesarck_domain.ledger.reconciliation import Written, check_wallet
from salesarck_domain.ledger.wallet import By, Cause, InsufficientPoints, Wallet, WalletFrozen
from salesarck_domain.points import POINTS_MAX
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.testing.examples import ADA, CAFE, DAY, GRACE, MINUTE, NOON

GRACE_TIME = timedelta(days=7)
TILL = By("till", NOON)
SALE = SaleId(derived(NOON, "a sale"))
ENTRY: dict[str, Any] = {
    "tenant": CAFE.id,
    "consumer": ADA,
    "seq": 1,
    "kind": EntryKind.EARN,
    "points": 5,
    "owed_change": 0,
    "balance_after": 5,
    "owed_after": 0,
    "reference": "sale:1:1",
    "rule_version": 1,
    "actor": "till",
    "happened_at": NOON,
    "recorded_at": NOON,
    "previous_hash": FIRST,
}


def wallet_of(*points: int) -> Wallet:
    wallet = Wallet(tenant=CAFE.id, consumer=ADA)
    for number, count in enumerate(points, start=1):
        cause = Cause(f"sale:{number}:1", NOON, 1, SALE)
        wallet.earn(count, cause, TILL, NOON + number * DAY, GRACE_TIME)
    return wallet


def code_of(points: int, name: str = "code", minutes: int = 15) -> RedemptionCode:
    return RedemptionCode(
        id=CodeId(derived(NOON, name)),
        consumer=ADA,
        points=points,
        issued_at=NOON,
        expires_at=NOON + minutes * MINUTE,
        pepper=1,
        lookup=name,
    )


def said(wallet: Wallet) -> list[tuple[str, int]]:
    return [(entry.kind.value, entry.points) for entry in wallet.entries]


class TestEntry:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"points": 0},
            {"points": -1},
            {"points": POINTS_MAX + 1},
            {"balance_after": -1},
            {"owed_after": -1},
            {"owed_change": 1},
            {"kind": EntryKind.CLAWBACK, "points": 0},
            {"kind": EntryKind.CLAWBACK, "owed_change": -1},
            {"kind": EntryKind.REPAY, "owed_change": -4},
            {"kind": EntryKind.REPAY, "owed_change": 5},
        ],
    )
    def test_an_entry_that_makes_no_sense_is_none(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            LedgerEntry(**ENTRY | wrong)

    @pytest.mark.parametrize(
        "right",
        [
            {"kind": EntryKind.CLAWBACK, "points": 0, "owed_change": 5, "owed_after": 5},
            {"kind": EntryKind.REPAY, "owed_change": -5},
        ],
    )
    def test_what_is_owed_grows_by_a_clawback_and_falls_by_a_repay(
        self, right: dict[str, Any]
    ) -> None:
        entry = LedgerEntry(**ENTRY | right)
        assert entry.delta == -entry.points

    def test_as_recorded_takes_what_no_entry_would_be(self) -> None:
        entry = LedgerEntry.as_recorded(**ENTRY | {"balance_after": -3}, correlation="")
        assert entry.balance_after == -3

    def test_every_field_but_correlation_is_under_the_hash(self) -> None:
        entry = LedgerEntry(**ENTRY)
        other: dict[type, Any] = {str: "x", int: 7, type(NOON): NOON + DAY, type(CAFE.id): SALE}
        for field in fields(LedgerEntry):
            value = other.get(type(getattr(entry, field.name)), EntryKind.GRANT)
            changed = LedgerEntry.as_recorded(**ENTRY | {"correlation": "", field.name: value})
            assert (changed.hash == entry.hash) is (field.name == "correlation")

    def test_a_reference_told_otherwise_says_which(self) -> None:
        assert str(ToldDifferently("act:1")) == "act:1 is recorded with another content"


class TestWallet:
    def test_the_entries_follow_one_another(self) -> None:
        wallet = wallet_of(5, 7)
        first, second = wallet.entries
        assert (first.seq, second.seq, second.balance_after) == (1, 2, 12)
        assert (first.previous_hash, second.previous_hash) == (FIRST, first.hash)

    def test_nobody_takes_more_than_there_is(self) -> None:
        wallet = wallet_of(5)
        with pytest.raises(InsufficientPoints, match="3 pts short of 8 pts"):
            wallet.deduct(8, Cause("act:1", NOON), TILL)
        with pytest.raises(InsufficientPoints):
            wallet.issue(code_of(6), TILL)
        assert (wallet.balance, len(wallet.entries), wallet.codes) == (5, 1, {})

    def test_a_settled_code_keeps_its_points(self) -> None:
        wallet = wallet_of(5)
        wallet.issue(code_of(5), TILL)
        wallet.settle(code_of(5).follow(CodeState.REDEEMED, NOON, "T1"))
        wallet.apply_due(By("timetable", NOON + 20 * MINUTE), GRACE_TIME)
        assert said(wallet) == [("earn", 5), ("redeem", 5)]

    def test_everything_due_is_applied_in_the_order_of_its_moment(self) -> None:
        wallet = wallet_of(5, 7)
        wallet.issue(code_of(6), TILL)
        wallet.apply_due(By("late", NOON + 30 * DAY), GRACE_TIME)
        assert said(wallet)[2:] == [("redeem", 6), ("release", 6), ("expire", 5), ("expire", 7)]
        assert {entry.actor for entry in wallet.entries[3:]} == {"timetable"}
        assert [entry.happened_at for entry in wallet.entries[3:]] == [
            NOON + 15 * MINUTE,
            NOON + DAY,
            NOON + 2 * DAY,
        ]
        assert wallet.not_run_out(SALE, 12) == 0

    def test_a_gift_ran_out_of_no_sale(self) -> None:
        wallet = Wallet(tenant=CAFE.id, consumer=ADA)
        wallet.earn(5, Cause("sale:1:1", NOON), TILL, NOON + DAY, GRACE_TIME)
        wallet.apply_due(By("timetable", NOON + DAY), GRACE_TIME)
        assert (wallet.balance, wallet.run_out) == (0, {})

    def test_lots_that_don_t_cover_the_balance_are_noticed(self) -> None:
        wallet = wallet_of(5)
        next(iter(wallet.lots.values())).remaining = 4
        with pytest.raises(ValueError, match="1 short of its balance"):
            wallet.deduct(5, Cause("act:1", NOON), TILL)

    def test_an_own_lot_comes_first_and_the_endless_last(self) -> None:
        wallet = wallet_of(5, 7)
        wallet.give(EntryKind.GRANT, 9, Cause("act:1", NOON), TILL)
        endless = list(wallet.lots.values())[-1]
        assert soonest_first(wallet.lots.values())[-1] is endless
        other = SaleId(derived(NOON, "another"))
        endless.sale = other
        assert soonest_first(wallet.lots.values(), other)[0] is endless


def test_nothing_leaves_a_frozen_wallet_for_another_and_nothing_comes_from_one() -> None:
    giver, taker = wallet_of(5), Wallet(tenant=CAFE.id, consumer=GRACE, frozen=True)
    cause = Cause("act:merge", NOON)
    handed = giver.hand_out(2, cause, TILL)
    with pytest.raises(WalletFrozen):
        taker.take_in(handed, cause, TILL)
    assert (taker.entries, taker.balance) == ([], 0)
    giver.frozen = True
    with pytest.raises(WalletFrozen, match="merges"):
        giver.hand_out(1, cause, TILL)
    assert giver.balance == 3


@dataclass(frozen=True)
class Page:
    """A wallet's books, and one wrong stroke in them."""

    of: Wallet

    def written(self) -> Written:
        return Written(
            where="here",
            entries=self.of.entries,
            hashes=[entry.hash for entry in self.of.entries],
            lots=[replace(lot) for lot in self.of.lots.values()],
            takings=self.of.takings,
            codes=list(self.of.codes.values()),
        )


def busy_wallet() -> Wallet:
    wallet = wallet_of(5, 7)
    wallet.issue(code_of(6), TILL)
    wallet.release(
        code_of(6).follow(CodeState.CANCELLED, NOON + MINUTE), NOON + MINUTE, TILL, GRACE_TIME
    )
    wallet.issue(code_of(3, "kept"), TILL)
    wallet.settle(code_of(3, "kept").follow(CodeState.REDEEMED, NOON, "T1"))
    wallet.apply_due(By("timetable", NOON + DAY), GRACE_TIME)
    wallet.claw_back(9, Cause("sale:2:2", NOON, 1, SALE), TILL)
    return wallet


def entry_with(page: Written, place: int, **wrong: object) -> list[LedgerEntry]:
    entries = list(page.entries)
    given = {field.name: getattr(entries[place], field.name) for field in fields(LedgerEntry)}
    entries[place] = LedgerEntry.as_recorded(**given | wrong)
    return entries


def lots_with(page: Written, **wrong: object) -> list[Any]:
    return [replace(page.lots[0], **wrong), *page.lots[1:]]


def codes_in(page: Written, state: CodeState) -> list[RedemptionCode]:
    return [replace(code, state=state) for code in page.codes]


STROKES: Sequence[tuple[str, Callable[[Written], dict[str, Any]]]] = [
    ("sequence", lambda it: {"entries": it.entries[1:], "hashes": it.hashes[1:]}),
    ("sequence", lambda it: {"entries": entry_with(it, 1, seq=1)}),
    ("balance", lambda it: {"entries": entry_with(it, 1, balance_after=99)}),
    ("owed", lambda it: {"entries": entry_with(it, -1, owed_after=1)}),
    ("below_zero", lambda it: {"entries": entry_with(it, -1, balance_after=-1)}),
    ("owed_and_held", lambda it: {"entries": entry_with(it, -1, balance_after=1)}),
    ("hash", lambda it: {"entries": entry_with(it, 2, actor="nobody")}),
    ("chain", lambda it: {"hashes": [*it.hashes[:1], "forged", *it.hashes[2:]]}),
    ("lots", lambda it: {"takings": it.takings[1:]}),
    ("lots", lambda it: {"takings": [*it.takings, Taking(1, it.lots[0].id, 1)]}),
    ("lots", lambda it: {"lots": lots_with(it, remaining=1)}),
    ("lots", lambda it: {"lots": lots_with(it, run_out=1)}),
    ("lots", lambda it: {"lots": it.lots[1:]}),
    ("codes", lambda it: {"codes": it.codes[1:]}),
    ("codes", lambda it: {"codes": [*it.codes, code_of(1, "never issued")]}),
    ("codes", lambda it: {"codes": codes_in(it, CodeState.EXPIRED)}),
    ("codes", lambda it: {"codes": codes_in(it, CodeState.ISSUED)}),
]


class TestReconciliation:
    def test_books_that_were_kept_are_right(self) -> None:
        assert list(check_wallet(Page(busy_wallet()).written())) == []
        assert list(check_wallet(Page(Wallet(tenant=CAFE.id, consumer=ADA)).written())) == []

    @pytest.mark.parametrize("number", range(len(STROKES)))
    def test_each_wrong_stroke_is_named(self, number: int) -> None:
        kind, stroke = STROKES[number]
        page = Page(busy_wallet()).written()
        found = list(check_wallet(replace(page, **stroke(page))))
        assert kind in {each.kind for each in found}
        assert str(found[0]).startswith(f"{found[0].kind}: here: ")
