"""Merges: what moved between two wallets is kept, and what ran out counts wherever it lies."""

from collections.abc import Callable
from dataclasses import replace

from salesarck_domain.ids import ActId, ConsumerId, derived
from salesarck_domain.ledger.wallet import By, Cause
from salesarck_domain.people import WalletMerge
from salesarck_domain.sales.sale import Sale
from salesarck_domain.testing.examples import ADA, BAKERY, DAY, GRACE, NOON, paid
from salesarck_domain.testing.store.bench import GRACE_TIME, TILL, StoreBench, sale_called

ACT = ActId(derived(NOON, "merge"))


class MergesContract(StoreBench):
    """What works and books promise of merges."""

    async def test_a_merge_is_kept_and_undone_at_its_tenant(self) -> None:
        merge = WalletMerge(
            id=ACT, absorbed=GRACE, survivor=ADA, seq=3, sales=(sale_called("one"),)
        )
        async with self.cafe() as cafe:
            async with cafe.begin(alone=True) as work:
                assert await work.people.merge(ACT) is None
                await work.people.keep_merge(merge)
            async with cafe.begin(alone=True) as work:
                assert await work.people.merge(ACT) == merge
                await work.people.keep_merge(replace(merge, is_undone=True))
            assert list(await cafe.books.merges(cafe.tenant.id)) == [replace(merge, is_undone=True)]
            assert list(await cafe.books.merges(BAKERY.id)) == []

    async def test_sales_are_found_by_who_holds_their_points(self) -> None:
        async with self.cafe() as cafe:
            for name, who, at in (("P1", ADA, NOON), ("P2", GRACE, NOON), ("P3", ADA, NOON - DAY)):
                await cafe.tell(paid(name, 5, at=at), _given_to(who))
            async with cafe.begin(alone=True) as work:
                found = await work.sales.held_by(ADA)
                assert [sale.key.name for sale in found] == ["payment:P3", "payment:P1"]
            async with cafe.at(BAKERY).begin(alone=True) as work:
                assert list(await work.sales.held_by(ADA)) == []

    async def test_what_ran_out_of_a_sale_before_it_was_handed_over_is_known_afterwards(
        self,
    ) -> None:
        sale, later = sale_called("S1"), By("till", NOON + 2 * DAY)
        async with self.cafe() as cafe:
            await cafe.earn(7, f"sale:{sale}:1", who=GRACE, sale=sale, ends_at=NOON + DAY)
            await cafe.earn(3, f"sale:{sale}:2", who=GRACE, sale=sale)
            async with cafe.begin(alone=True) as work:
                wallets = await work.wallets.lock([ADA, GRACE])
                wallets[GRACE].apply_due(later, GRACE_TIME)
                cause = Cause(f"act:{ACT}", later.at)
                moved = wallets[GRACE].hand_out(3, cause, later)
                seq = wallets[ADA].take_in(moved, cause, later)
                await work.wallets.append(wallets.values())
                await work.people.keep_merge(
                    WalletMerge(id=ACT, absorbed=GRACE, survivor=ADA, seq=seq, sales=(sale,))
                )
            async with cafe.begin() as work:
                wallet = (await work.wallets.lock([ADA], sales=[sale]))[ADA]
                assert wallet.not_run_out(sale, 10) == 3
                assert [(lot.sale, lot.remaining) for lot in wallet.lots.values()] == [(sale, 3)]
                wallet.claw_back(5, Cause(f"sale:{sale}:3", NOON, 1, sale), TILL)
                assert (wallet.balance, wallet.owed) == (0, 2)


def _given_to(who: ConsumerId) -> Callable[[Sale], None]:
    def give(sale: Sale) -> None:
        sale.consumer, sale.happened_at = who, sale.first_happened()
        sale.award = {"points": 0, "reason": "below_minimum"}

    return give
