"""Standing: whose terms change, which wallets are frozen, what one admin moves and two decide."""

from dataclasses import replace
from datetime import timedelta

from salesarck_domain.days import Span
from salesarck_domain.ids import ActId, derived
from salesarck_domain.ledger.adjustment import REQUEST_LIFETIME, Adjustment, AdjustmentState
from salesarck_domain.tenants import TenantState, with_terms
from salesarck_domain.testing.examples import ADA, BAKERY, CAFE, DAY, GRACE, MINUTE, NOON
from salesarck_domain.testing.expect import expect
from salesarck_domain.testing.store.bench import StoreBench, all_of, gift

ALWAYS = Span(None, None)


class StandingContract(StoreBench):
    """What `Work.change_tenant`, `Wallets.freeze` and `Adjustments` promise."""

    async def test_terms_change_in_a_work_that_is_alone(self) -> None:
        changed = replace(
            with_terms(CAFE, {"name": "Café au Lait", "grace": 60}), state=TenantState.SUSPENDED
        )
        async with self.cafe() as cafe:
            async with cafe.begin(alone=True) as work:
                await work.change_tenant(changed)
                assert work.tenant == changed
            assert await cafe.store.directory.tenant(CAFE.id) == changed
            assert await cafe.store.directory.tenant(BAKERY.id) == BAKERY
            async with cafe.begin() as work:
                with expect(ValueError):
                    await work.change_tenant(CAFE)
            assert await cafe.store.directory.tenant(CAFE.id) == changed

    async def test_terms_of_a_work_that_fails_stay_as_they_were(self) -> None:
        async with self.cafe() as cafe:
            with expect(ZeroDivisionError):
                async with cafe.begin(alone=True) as work:
                    await work.change_tenant(replace(CAFE, name="Café au Lait"))
                    raise ZeroDivisionError
            assert await cafe.store.directory.tenant(CAFE.id) == CAFE

    async def test_a_frozen_wallet_is_loaded_as_one(self) -> None:
        async with self.cafe() as cafe:
            await cafe.change(gift(5, "one"))
            for frozen in (True, False, True):
                async with cafe.begin() as work:
                    await work.wallets.lock([ADA])
                    await work.wallets.freeze(ADA, frozen=frozen)
                async with cafe.begin() as work:
                    wallets = await work.wallets.lock([ADA, GRACE])
                    assert (wallets[ADA].frozen, wallets[GRACE].frozen) == (frozen, False)
                assert (await cafe.account()).frozen == frozen
            assert not (await cafe.account(GRACE)).frozen
            assert not (await cafe.at(BAKERY).account()).frozen
            assert (await cafe.account()).balance == 5

    async def test_freezing_an_empty_wallet_makes_no_books_of_it(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin() as work:
                await work.wallets.lock([ADA])
                await work.wallets.freeze(ADA, frozen=True)
            assert (await cafe.account()).frozen
            assert list(await cafe.books.consumers(CAFE.id)) == []

    async def test_a_frozen_wallet_is_among_a_consumers_though_it_is_empty(self) -> None:
        async with self.cafe() as cafe:
            for frozen in (True, False):
                async with cafe.begin() as work:
                    await work.wallets.lock([ADA])
                    await work.wallets.freeze(ADA, frozen=frozen)
                found = await cafe.books.accounts_of(ADA)
                assert [(it.tenant, it.frozen) for it in found] == [(CAFE.id, True)][: int(frozen)]

    async def test_what_one_admin_moves_is_counted_by_consumer_and_day(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin() as work:
                assert await work.adjustments.made(ADA, ALWAYS) == 0
                for minutes, name in enumerate(("a", "b", "c")):
                    made = adjustment(name, points=10)
                    await work.adjustments.add(replace(made, requested_at=NOON + minutes * MINUTE))
                await work.adjustments.add(replace(adjustment("g"), consumer=GRACE))
                await work.adjustments.add(pending("p"))
            async with cafe.begin() as work:
                find = work.adjustments.made
                assert await find(ADA, ALWAYS) == 30
                assert await find(ADA, Span(NOON, NOON + MINUTE)) == 10
                assert await find(ADA, Span(NOON + MINUTE, NOON + DAY)) == 20
                assert await find(GRACE, ALWAYS) == 5
            async with cafe.at(BAKERY).begin() as work:
                assert await work.adjustments.made(ADA, ALWAYS) == 0

    async def test_a_request_is_decided_once_and_by_somebody_else(self) -> None:
        async with self.cafe() as cafe:
            asked = pending("one")
            async with cafe.begin() as work:
                await work.adjustments.add(asked)
            own = replace(
                asked, state=AdjustmentState.APPROVED, decided_by="person:1", decided_at=NOON
            )
            theirs = replace(own, decided_by=f"person:{ADA}")
            late = replace(own, decided_by="person:2", decided_at=asked.expires_at)
            for wrong in (own, theirs, late):
                with expect(ValueError):
                    async with cafe.begin() as work:
                        await work.adjustments.lock(asked.id)
                        await work.adjustments.decide(wrong)
            decided = asked.decide(AdjustmentState.REJECTED, "person:2", NOON + MINUTE)
            async with cafe.begin() as work:
                assert await work.adjustments.lock(asked.id) == asked
                await work.adjustments.decide(decided)
            async with cafe.begin() as work:
                assert await work.adjustments.lock(asked.id) == decided
                assert await work.adjustments.lock(ActId(derived(NOON, "?"))) is None
            with expect(ValueError):
                async with cafe.begin() as work:
                    await work.adjustments.decide(
                        asked.decide(AdjustmentState.APPROVED, "person:3", NOON)
                    )
            async with cafe.at(BAKERY).begin() as work:
                assert await work.adjustments.lock(asked.id) is None

    async def test_of_many_who_decide_at_once_one_does(self) -> None:
        async with self.cafe() as cafe:
            asked = pending("one")
            async with cafe.begin() as work:
                await work.adjustments.add(asked)

            async def decide(by: str) -> str:
                async with cafe.begin() as work:
                    there = await work.adjustments.lock(asked.id)
                    if there is None or there.state is not AdjustmentState.PENDING:
                        return "late"
                    await work.adjustments.decide(
                        there.decide(AdjustmentState.APPROVED, by, NOON + MINUTE)
                    )
                return "decided"

            ends = await all_of(*(decide(f"person:{number}") for number in range(2, 10)))
            assert sorted(map(str, ends)) == ["decided"] + ["late"] * 7

    async def test_adjustments_are_read_latest_first(self) -> None:
        async with self.cafe() as cafe:
            first, second = adjustment("a", at=0), pending("b", at=1)
            async with cafe.begin() as work:
                for each in (first, second):
                    await work.adjustments.add(each)
            find = cafe.books.adjustments
            assert list(await find(CAFE.id)) == [second, first]
            assert list(await find(CAFE.id, limit=1)) == [second]
            assert list(await find(CAFE.id, before=second.id)) == [first]
            assert list(await find(CAFE.id, state=AdjustmentState.PENDING)) == [second]
            assert list(await find(BAKERY.id)) == []


def adjustment(name: str, *, points: int = 5, at: int = 0) -> Adjustment:
    """One that an admin made alone."""
    moment = NOON + timedelta(minutes=at)
    return Adjustment(
        id=ActId(derived(moment, "adjustment", name)),
        consumer=ADA,
        kind="grant",
        points=points,
        reason="a spilt coffee",
        state=AdjustmentState.MADE,
        requested_by="person:1",
        requested_at=moment,
    )


def pending(name: str, *, at: int = 0) -> Adjustment:
    """One that waits for a second admin."""
    made = adjustment(name, at=at)
    ends = made.requested_at + REQUEST_LIFETIME
    return replace(made, state=AdjustmentState.PENDING, expires_at=ends)
