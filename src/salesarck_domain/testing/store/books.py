"""Books: what can be read without a work, in which order, and how far."""

from collections.abc import Callable
from datetime import datetime

from salesarck_domain.ids import ConsumerId, SaleId, TenantId, derived
from salesarck_domain.ledger.wallet import By, Cause
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.sales.sale import Sale
from salesarck_domain.testing.examples import (
    ADA,
    BAKERY,
    CAFE,
    DAY,
    GRACE,
    MINUTE,
    NOON,
    paid,
)
from salesarck_domain.testing.store.bench import (
    GRACE_TIME,
    TILL,
    Shop,
    StoreBench,
    code_called,
    gift,
    take_in,
)

NOBODY = ConsumerId(derived(NOON, "nobody"))
NOWHERE = TenantId(derived(NOON, "nowhere"))


class BooksContract(StoreBench):
    """What `Books` promises."""

    async def test_a_wallet_that_is_not_there_reads_as_empty(self) -> None:
        async with self.cafe() as cafe:
            for tenant in (CAFE.id, NOWHERE):
                account = await cafe.books.account(tenant, ADA)
                assert (account.balance, account.owed, account.seq) == (0, 0, 0)
                assert list(account.lots) == []
                assert list(await cafe.books.history(tenant, ADA, None, 9)) == []
                assert list(await cafe.books.consumers(tenant)) == []
                assert list(await cafe.books.sales_of(tenant)) == []
                assert await cafe.books.sale(tenant, SaleId(derived(NOON, "?"))) is None

    async def test_a_wallet_that_was_only_locked_is_none(self) -> None:
        async with self.cafe() as cafe:
            await cafe.change(lambda _: None)
            assert list(await cafe.books.accounts_of(ADA)) == []
            assert list(await cafe.books.consumers(CAFE.id)) == []

    async def test_an_account_lists_what_runs_out_soonest_first(self) -> None:
        async with self.cafe() as cafe:
            for number, days in enumerate((3, None, 1, 2)):
                ends_at = NOON + days * DAY if days else None
                await cafe.earn(5 + number, f"sale:{number}:1", ends_at=ends_at)
            await cafe.change(lambda it: it.deduct(7, Cause("act:1", NOON), TILL))
            account = await cafe.account()
            assert (account.balance, account.seq) == (19, 5)
            assert [lot.remaining for lot in account.lots] == [8, 5, 6]

    async def test_an_account_says_what_is_owed(self) -> None:
        async with self.cafe() as cafe:
            await cafe.change(lambda it: it.claw_back(5, Cause("sale:1:2", NOON), TILL))
            assert ((await cafe.account()).owed, (await cafe.account()).balance) == (5, 0)

    async def test_a_consumer_has_a_wallet_at_each_tenant(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(5, "sale:1:1")
            await cafe.at(BAKERY).earn(7, "sale:1:1")
            await cafe.earn(9, "sale:2:1", who=GRACE)
            accounts = await cafe.books.accounts_of(ADA)
            assert {account.tenant: account.balance for account in accounts} == {
                CAFE.id: 5,
                BAKERY.id: 7,
            }
            assert list(await cafe.books.consumers(CAFE.id)) == sorted([ADA, GRACE])
            assert list(await cafe.books.consumers(BAKERY.id)) == [ADA]

    async def test_a_history_is_read_from_the_newest_back(self) -> None:
        async with self.cafe() as cafe:
            for number in range(1, 6):
                await cafe.earn(number, f"sale:{number}:1")
                await cafe.at(BAKERY).earn(9, f"sale:{number}:1")
            pages = {
                (None, 2): [5, 4],
                (4, 2): [3, 2],
                (2, 2): [1],
                (1, 2): [],
                (None, 9): [5, 4, 3, 2, 1],
            }
            for (before, limit), seqs in pages.items():
                entries = await cafe.books.history(CAFE.id, ADA, before, limit)
                assert [entry.seq for entry in entries] == seqs
                assert [entry.points for entry in entries] == seqs

    async def test_sales_are_read_from_the_latest_id_back(self) -> None:
        async with self.cafe() as cafe:
            ids = await _three_sales(cafe)
            newest = sorted(ids.values(), reverse=True)
            assert await _ids(cafe) == newest
            assert await _ids(cafe, limit=2) == newest[:2]
            assert await _ids(cafe, before=newest[0]) == newest[1:]
            assert await _ids(cafe, before=newest[2]) == []
            assert await _ids(cafe, consumer=ADA) == [ids["hers"]]
            assert await _ids(cafe, consumer=ADA, before=ids["hers"]) == []
            assert await _ids(cafe.at(BAKERY)) == []
            assert await cafe.books.sale(BAKERY.id, ids["hers"]) is None

    async def test_unclaimed_sales_are_those_whose_award_says_so(self) -> None:
        async with self.cafe() as cafe:
            found: list[SaleId] = []
            for reason in ("unclaimed", "void", "claim_window_passed", None):
                id_ = await cafe.tell(paid(f"P{reason}", 5), _judged(reason))
                found += [id_] if reason in {"unclaimed", "claim_window_passed"} else []
            found.sort(reverse=True)
            assert await _ids(cafe, unclaimed=True) == found
            assert await _ids(cafe, unclaimed=True, before=found[0]) == found[1:]
            assert await _ids(cafe, unclaimed=True, limit=1) == found[:1]
            assert await _ids(cafe.at(BAKERY), unclaimed=True) == []

    async def test_a_sale_that_lost_its_tenders_is_not_listed(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin() as work:
                sale = await take_in(work, paid("P1", 5))
                sale.tenders.clear()
                await work.sales.save([sale])
            assert await _ids(cafe) == []
            assert [each.id async for each in cafe.books.all_sales(CAFE.id)] == [sale.id]

    async def test_every_sale_is_walked_over_once_by_its_key(self) -> None:
        async with self.cafe() as cafe:
            await _three_sales(cafe)
            await cafe.at(BAKERY).tell(paid("P1", 5))
            names = [sale.key.name async for sale in cafe.books.all_sales(CAFE.id)]
            assert names == ["order:B", "order:b", "payment:hers"]
            found = [sale async for sale in cafe.books.all_sales(BAKERY.id)]
            assert [list(sale.tenders) for sale in found] == [["P1"]]

    async def test_a_code_is_read_by_its_tenant(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(5, "sale:1:1")
            code = await cafe.issue("one", 5)
            assert await cafe.books.code(CAFE.id, code) == code_called("one", 5)
            assert await cafe.books.code(BAKERY.id, code) is None

    async def test_what_is_due_is_found_the_longest_due_first(self) -> None:
        async with self.cafe() as cafe:
            bakery = cafe.at(BAKERY)
            await cafe.earn(5, "sale:1:1", ends_at=NOON + 20 * MINUTE)
            await cafe.earn(5, "sale:2:1", ends_at=NOON + 18 * MINUTE)
            await bakery.earn(5, "sale:1:1", who=GRACE, ends_at=NOON + 17 * MINUTE)
            await bakery.earn(5, "sale:2:1", ends_at=NOON + 16 * MINUTE)
            await cafe.change(gift(5, "one"), GRACE)
            code = await cafe.issue("one", 5, who=GRACE)
            hers, there = (CAFE.id, GRACE), (BAKERY.id, ADA)
            order = [hers, there, (BAKERY.id, GRACE), (CAFE.id, ADA)]
            assert await _due(cafe, NOON + 14 * MINUTE) == []
            assert await _due(cafe, NOON + 15 * MINUTE) == [hers]
            assert await _due(cafe, NOON + 17 * MINUTE) == order[:3]
            assert await _due(cafe, NOON + DAY) == order
            assert await _due(cafe, NOON + DAY, limit=2) == order[:2]
            await cafe.settle(code, CodeState.REDEEMED, NOON)
            later = By("timetable", NOON + 16 * MINUTE)
            await bakery.change(lambda it: it.apply_due(later, GRACE_TIME))
            assert await _due(cafe, NOON + DAY) == order[2:]

    async def test_all_that_is_written_about_wallets_can_be_verified(self) -> None:
        async with self.cafe() as cafe:
            await cafe.at(BAKERY).earn(9, "sale:1:1")
            await cafe.earn(5, "sale:1:1", ends_at=NOON + MINUTE)
            await cafe.earn(7, "sale:2:1")
            one, two = await cafe.issue("one", 6), await cafe.issue("two", 2)
            await cafe.settle(one, CodeState.CANCELLED, NOON + 2 * MINUTE)
            hers, nobodys = await cafe.books.wallet_books(CAFE.id, [ADA, NOBODY])
            assert (hers.consumer, nobodys.consumer) == (ADA, NOBODY)
            assert not [*nobodys.entries, *nobodys.lots, *nobodys.takings, *nobodys.codes]
            assert [entry.seq for entry in hers.entries] == [1, 2, 3, 4, 5]
            assert [(taking.seq, taking.points) for taking in hers.takings] == [
                (1, 5),
                (2, 7),
                (3, 5),
                (3, 1),
                (4, 2),
                (5, 5),
                (5, 1),
            ]
            lots = {lot.id: lot.remaining for lot in hers.lots}
            assert (sorted(lots.values()), sum(lots.values())) == ([0, 5, 5], 10)
            assert {code.id: code.state for code in hers.codes} == {one: "cancelled", two: "issued"}


async def _three_sales(cafe: Shop) -> dict[str, SaleId]:
    def hers(sale: Sale) -> None:
        sale.consumer = ADA

    return {
        "b": await cafe.tell(paid("P1", 5, order="b")),
        "hers": await cafe.tell(paid("hers", 5), hers),
        "B": await cafe.tell(paid("P3", 5, order="B")),
    }


def _judged(reason: str | None) -> Callable[[Sale], None]:
    def judge(sale: Sale) -> None:
        sale.award = {"points": 0, "reason": reason}

    return judge


async def _ids(
    cafe: Shop,
    *,
    consumer: ConsumerId | None = None,
    unclaimed: bool = False,
    before: SaleId | None = None,
    limit: int = 50,
) -> list[SaleId]:
    found = await cafe.books.sales_of(
        cafe.tenant.id, consumer=consumer, unclaimed=unclaimed, before=before, limit=limit
    )
    return [sale.id for sale in found]


async def _due(cafe: Shop, now: datetime, limit: int = 50) -> list[tuple[TenantId, ConsumerId]]:
    return list(await cafe.books.due(now, limit))
