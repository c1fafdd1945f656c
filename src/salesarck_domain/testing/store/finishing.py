"""Finishing: an inbox row and its effects cannot part."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from salesarck_domain.ids import SaleId
from salesarck_domain.ports.directory import Link
from salesarck_domain.ports.inbox import Inbox, InboxRow, LeaseLost, RowState
from salesarck_domain.ports.store import Finished
from salesarck_domain.testing.examples import CAFE, DAY, MINUTE, NOON
from salesarck_domain.testing.expect import expect
from salesarck_domain.testing.store.bench import (
    Shop,
    StoreBench,
    all_of,
    another_gift,
    applied,
    arrival,
    change,
    gift,
    sale_called,
)

LEASE = MINUTE


class FinishingContract(StoreBench):
    """What `Work.finish` and `Work.claimed` promise."""

    async def test_a_row_is_done_together_with_its_effects(self) -> None:
        async with self.cafe() as cafe:
            row = await _leased(cafe, "one")
            await _finish(cafe, row, "applied")
            (done,) = await cafe.store.inbox.rows("done")
            assert (done.id, done.outcome, done.token) == (row.id, "applied", None)
            assert (await cafe.account()).balance == 5
            assert await cafe.store.inbox.unfinished(NOON + 5 * MINUTE) == 0

    async def test_rows_whose_till_runs_ahead_are_counted(self) -> None:
        async with self.cafe() as cafe:
            for key, ahead in (("one", True), ("two", False)):
                row = await _leased(cafe, key)
                assert row.token
                async with cafe.begin() as work:
                    await work.finish([Finished(row.id, row.token, "applied", clock_ahead=ahead)])
            assert (await cafe.store.inbox.counts()).clock_ahead == 1

    async def test_a_work_that_fails_leaves_its_row_leased(self) -> None:
        async with self.cafe() as cafe:
            row = await _leased(cafe, "one")
            with expect(ZeroDivisionError):
                async with cafe.begin() as work:
                    await work.finish([_finished(row, "applied")])
                    _ = 1 / 0
            (still,) = await cafe.store.inbox.rows("leased")
            assert (still.id, still.token) == (row.id, row.token)
            await _finish(cafe, row, "applied")

    async def test_who_lost_the_lease_leaves_nothing_behind(self) -> None:
        async with self.cafe() as cafe:
            row = await _leased(cafe, "one")
            (again,) = await cafe.store.inbox.claim(1, NOON + LEASE, LEASE)
            got_on = False
            with expect(LeaseLost):
                async with cafe.begin() as work:
                    await change(work, another_gift(5))
                    await work.finish([_finished(row, "applied")])
                    got_on = True
            assert not got_on
            assert (await cafe.account()).seq == 0
            await _finish(cafe, again, "applied")
            with expect(LeaseLost):
                await _finish(cafe, again, "applied")
            assert (await cafe.account()).seq == 1

    async def test_rows_are_not_taken_over_by_one_and_finished_by_another(self) -> None:
        async with self.cafe() as cafe:
            rows = [await _leased(cafe, "held", "M1", DAY), await _leased(cafe, "ended", "M2")]
            inbox = cafe.store.inbox
            claims: list[asyncio.Task[Sequence[InboxRow]]] = []

            async def work_on() -> None:
                async with cafe.begin() as work:
                    await change(work, gift(5, "one"))
                    await work.finish([_finished(row, "applied") for row in rows])
                    claims.append(asyncio.create_task(_claim(inbox)))
                    await asyncio.sleep(0.05)

            (end,) = await all_of(work_on())
            taken = await claims[0]
            assert isinstance(end, LeaseLost) == bool(taken)
            assert (await cafe.account()).seq == 1 - len(taken)
            assert len(await inbox.rows("done")) == 2 - 2 * len(taken)

    async def test_one_lost_lease_of_several_is_one_too_many(self) -> None:
        async with self.cafe() as cafe:
            held, lost = await _leased(cafe, "held", "M1", DAY), await _leased(cafe, "lost", "M2")
            assert _keys(await _claim(cafe.store.inbox)) == ["lost"]
            with expect(LeaseLost):
                async with cafe.begin() as work:
                    await change(work, gift(5, "one"))
                    await work.finish([_finished(held, "applied"), _finished(lost, "applied")])
            assert (await cafe.account()).seq == 0
            assert len(await cafe.store.inbox.rows("leased")) == 2

    async def test_one_delivery_worked_on_from_all_sides_has_one_effect(self) -> None:
        async with self.cafe() as cafe:
            row = await _leased(cafe, "one")

            async def work_on(number: int) -> None:
                async with cafe.begin() as work:
                    await change(work, gift(5, f"try {number}"))
                    await work.finish([_finished(row, "applied")])

            ends = await all_of(*(work_on(number) for number in range(8)))
            assert sorted(type(end).__name__ for end in ends) == ["LeaseLost"] * 7 + ["NoneType"]
            assert (await cafe.account()).balance == 5

    async def test_a_claimed_sale_changes_the_outcome_of_what_told_of_it(self) -> None:
        async with self.cafe() as cafe:
            sales = {
                "one": [sale_called("one")],
                "two": [sale_called("two"), sale_called("one")],
                "three": [sale_called("three")],
                "void": [sale_called("one")],
            }
            for name, told in sales.items():
                outcome = "test_sale" if name == "void" else "unclaimed"
                await _finish(cafe, await _leased(cafe, name), outcome, told)
            async with cafe.begin() as work:
                await work.claimed([sale_called("one"), sale_called("unheard of")])
            outcomes = {row.key: row.outcome for row in await cafe.store.inbox.rows("done")}
            assert outcomes == {
                "one": "applied",
                "two": "applied",
                "three": "unclaimed",
                "void": "test_sale",
            }

    async def test_a_work_that_fails_claims_nothing(self) -> None:
        async with self.cafe() as cafe:
            await _finish(cafe, await _leased(cafe, "one"), "unclaimed", [sale_called("one")])
            with expect(ZeroDivisionError):
                async with cafe.begin() as work:
                    await work.claimed([sale_called("one")])
                    _ = 1 / 0
            assert [row.outcome for row in await cafe.store.inbox.rows("done")] == ["unclaimed"]

    async def test_a_row_keeps_what_happened_beside_its_work(self) -> None:
        async with self.cafe() as cafe:
            row = await _leased(cafe, "one")
            async with cafe.begin() as work:
                await work.finish([_finished(row, "applied")])
                again = asyncio.create_task(_store_again(cafe.store.inbox, "one"))
                await asyncio.sleep(0.05)
            await again
            (done,) = await cafe.store.inbox.rows("done")
            assert (done.state, done.deliveries) == (RowState.DONE, 2)


async def _leased(cafe: Shop, key: str, merchant: str = "M1", lease: timedelta = LEASE) -> InboxRow:
    link = Link(tenant=CAFE.id, provider="square", merchant=merchant, linked_at=NOON)
    await cafe.store.directory.add_link(link)
    await cafe.store.inbox.store([arrival(key, merchant=merchant)])
    (row,) = await cafe.store.inbox.claim(1, NOON, lease)
    assert row.key == key
    return row


async def _claim(inbox: Inbox) -> Sequence[InboxRow]:
    return await inbox.claim(9, NOON + LEASE, LEASE)


async def _store_again(inbox: Inbox, key: str) -> None:
    assert list(await inbox.store([arrival(key)])) == [False]


def _keys(rows: Sequence[InboxRow]) -> list[str]:
    return [row.key for row in rows]


async def _finish(cafe: Shop, row: InboxRow, outcome: str, sales: Sequence[SaleId] = ()) -> None:
    async with cafe.begin() as work:
        await change(work, another_gift(5))
        await work.apply([applied(row.key)])
        await work.finish([_finished(row, outcome, sales)])


def _finished(row: InboxRow, outcome: str, sales: Sequence[SaleId] = ()) -> Finished:
    assert row.token
    return Finished(row.id, row.token, outcome, tuple(sales))
