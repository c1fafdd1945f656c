"""Wallets: what was decided under the lock is what the next one finds."""

from dataclasses import replace
from datetime import timedelta

from salesarck_domain.ledger.entry import FIRST, EntryKind, ToldDifferently
from salesarck_domain.ledger.lots import Lot, Taking
from salesarck_domain.ledger.wallet import By, Cause, InsufficientPoints, Wallet
from salesarck_domain.points import POINTS_MAX
from salesarck_domain.redemption.code import CodeAlreadyRedeemed
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.testing.examples import ADA, BAKERY, CAFE, DAY, GRACE, MINUTE, NOON
from salesarck_domain.testing.expect import expect
from salesarck_domain.testing.store.bench import (
    GRACE_TIME,
    TILL,
    Shop,
    StoreBench,
    all_of,
    code_called,
    gift,
    pause,
    sale_called,
)

CODE = code_called("one", 5).id
EXACTLY = NOON + timedelta(microseconds=123_457)


class WalletsContract(StoreBench):
    """What `Wallets` promises."""

    async def test_a_wallet_that_is_not_there_begins_empty(self) -> None:
        async with self.cafe() as cafe, cafe.begin() as work:
            wallets = await work.wallets.lock([GRACE, ADA, GRACE])
            assert wallets == {each: Wallet(tenant=CAFE.id, consumer=each) for each in (ADA, GRACE)}
            assert wallets[ADA].head == FIRST

    async def test_a_wallet_holds_what_its_entries_add_up_to(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(100, "sale:1:1")
            await cafe.earn(20, "sale:2:1")
            await cafe.change(lambda it: it.deduct(30, Cause("act:1", NOON), TILL))
            await cafe.change(lambda it: it.claw_back(95, Cause("sale:1:2", NOON), TILL))
            async with cafe.begin() as work:
                wallet = (await work.wallets.lock([ADA]))[ADA]
            assert (wallet.seq, wallet.balance, wallet.owed, wallet.entries) == (4, 0, 5, [])

    async def test_an_entry_is_kept_as_it_was_decided(self) -> None:
        async with self.cafe() as cafe:
            by = By("admin:7", EXACTLY + DAY, "request-é")
            cause = Cause("sale:ü:1", EXACTLY, 12, sale_called("one"))
            async with cafe.begin() as work:
                wallet = (await work.wallets.lock([ADA]))[ADA]
                wallet.earn(5, cause, by, None, GRACE_TIME)
                wallet.claw_back(9, replace(cause, reference="sale:ü:2", rule_version=None), by)
                wallet.give(EntryKind.BONUS, 3, Cause("act:1", EXACTLY), by)
                await work.wallets.append([wallet])
            entries = wallet.entries
            assert [entry.kind.value for entry in entries] == ["earn", "clawback", "bonus", "repay"]
            assert await cafe.books.history(CAFE.id, ADA, None, 9) == entries[::-1]
            (books,) = await cafe.books.wallet_books(CAFE.id, [ADA])
            assert list(books.entries) == entries
            assert list(books.hashes) == [entry.hash for entry in entries]
            async with cafe.begin() as work:
                assert (await work.wallets.lock([ADA]))[ADA].head == entries[-1].hash

    async def test_lots_come_back_while_they_hold_points(self) -> None:
        async with self.cafe() as cafe:
            sale = sale_called("one")
            await cafe.earn(5, "sale:1:1", sale=sale, ends_at=EXACTLY + DAY)
            await cafe.earn(7, "sale:2:1", ends_at=None)
            first, second = await self._lots(cafe)
            assert (first.points, first.remaining, first.run_out) == (5, 5, 0)
            assert (first.sale, first.ends_at, first.opened_by) == (sale, EXACTLY + DAY, 1)
            assert (second.points, second.sale, second.ends_at) == (7, None, None)
            await cafe.change(lambda it: it.deduct(6, Cause("act:1", NOON), TILL))
            assert [(lot.id, lot.remaining) for lot in await self._lots(cafe)] == [(second.id, 6)]

    async def test_the_largest_amounts_fit(self) -> None:
        async with self.cafe() as cafe:
            for number in range(3):
                await cafe.earn(POINTS_MAX, f"sale:{number}:1")
            assert (await cafe.account()).balance == 3 * POINTS_MAX

    async def test_several_wallets_are_written_together(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin() as work:
                wallets = await work.wallets.lock([ADA, GRACE])
                for number, wallet in enumerate(wallets.values()):
                    for turn in range(3):
                        gift(1 + number, f"{number}:{turn}")(wallet)
                await work.wallets.append(wallets.values())
            assert {(await cafe.account(it)).balance for it in (ADA, GRACE)} == {3, 6}

    async def test_an_open_code_comes_back_with_what_it_took_in_order(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(5, "sale:1:1", ends_at=NOON + 3 * DAY)
            await cafe.earn(5, "sale:2:1", ends_at=NOON + DAY)
            await cafe.earn(5, "sale:3:1", ends_at=NOON + 2 * DAY)
            oldest, soonest, middle = await self._lots(cafe)
            code = await cafe.issue("one", 12)
            async with cafe.begin() as work:
                wallet = (await work.wallets.lock([ADA]))[ADA]
            assert wallet.codes == {code: code_called("one", 12)}
            assert list(wallet.taken_for[code]) == [
                Taking(4, soonest.id, 5),
                Taking(4, middle.id, 5),
                Taking(4, oldest.id, 2),
            ]
            remaining = {lot.id: lot.remaining for lot in wallet.lots.values()}
            assert remaining == {oldest.id: 3, soonest.id: 0, middle.id: 0}

    async def test_a_settled_code_comes_back_when_asked_for(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(5, "sale:1:1")
            code = await cafe.issue("one", 5)
            await cafe.settle(code, CodeState.REDEEMED, EXACTLY, "T7")
            async with cafe.begin() as work:
                assert (await work.wallets.lock([ADA]))[ADA].codes == {}
            async with cafe.begin() as work:
                wallets = await work.wallets.lock([ADA, GRACE], codes=[code])
            assert wallets[GRACE].codes == {}
            found = wallets[ADA].codes[code]
            assert (found.state, found.settled_at, found.till) == ("redeemed", EXACTLY, "T7")
            assert [taking.points for taking in wallets[ADA].taken_for[code]] == [5]
            assert [lot.remaining for lot in wallets[ADA].lots.values()] == [0]

    async def test_a_release_gives_back_under_the_same_reference(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(5, "sale:1:1", ends_at=NOON + DAY)
            code = await cafe.issue("one", 5)
            await cafe.settle(code, CodeState.CANCELLED, NOON + MINUTE)
            account = await cafe.account()
            assert [(lot.opened_by, lot.remaining) for lot in account.lots] == [(1, 5)]
            history = await cafe.books.history(CAFE.id, ADA, None, 2)
            assert [(entry.kind, entry.reference) for entry in history] == [
                ("release", f"code:{code}"),
                ("redeem", f"code:{code}"),
            ]
            with expect(Exception):
                await cafe.settle(code, CodeState.CANCELLED, NOON + MINUTE)

    async def test_points_of_a_sale_that_ran_out_are_counted(self) -> None:
        async with self.cafe() as cafe:
            one, two = sale_called("one"), sale_called("two")
            await cafe.earn(5, "sale:1:1", sale=one, ends_at=NOON + MINUTE)
            await cafe.earn(4, "sale:1:2", sale=one, ends_at=NOON + MINUTE)
            await cafe.earn(7, "sale:2:1", sale=two, ends_at=NOON + DAY)
            later = By("timetable", NOON + MINUTE)
            await cafe.change(lambda it: it.apply_due(later, GRACE_TIME))
            async with cafe.begin() as work:
                wallet = (await work.wallets.lock([ADA], sales=[one, two]))[ADA]
            assert wallet.balance == 7
            assert [wallet.run_out.get(sale, 0) for sale in (one, two)] == [9, 0]

    async def test_a_reference_moves_points_once(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(5, "sale:1:1")
            for who in (ADA, GRACE):
                with expect(ToldDifferently):
                    await cafe.earn(5, "sale:1:1", who=who)
            await cafe.change(lambda it: it.claw_back(1, Cause("sale:1:1", NOON), TILL))
            await cafe.at(BAKERY).earn(9, "sale:1:1")
            assert (await cafe.account()).balance == 4
            assert (await cafe.account(GRACE)).seq == 0
            assert (await cafe.at(BAKERY).account()).balance == 9

    async def test_where_one_entry_is_refused_none_is_written(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(5, "sale:1:1")
            with expect(ToldDifferently):
                async with cafe.begin() as work:
                    wallets = await work.wallets.lock([ADA, GRACE])
                    gift(7, "one")(wallets[ADA])
                    wallets[GRACE].earn(9, Cause("sale:1:1", NOON), TILL, None, GRACE_TIME)
                    await work.wallets.append(wallets.values())
            assert (await cafe.account()).balance == 5
            assert (await cafe.account(GRACE)).seq == 0

    async def test_one_reference_told_from_all_sides_moves_points_once(self) -> None:
        async with self.cafe() as cafe:
            sides = [cafe.earn(5, "sale:1:1", who=who) for who in (ADA, GRACE) * 8]
            ends = await all_of(*sides)
            assert sorted(map(_name, ends)) == ["NoneType"] + [ToldDifferently.__name__] * 15
            assert sum([(await cafe.account(who)).balance for who in (ADA, GRACE)]) == 5

    async def test_an_entry_that_does_not_follow_is_refused(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin() as work:
                stale = (await work.wallets.lock([ADA]))[ADA]
            await cafe.earn(5, "sale:1:1")
            gift(7, "one")(stale)
            with expect(Exception):
                async with cafe.begin() as work:
                    await work.wallets.lock([ADA])
                    await work.wallets.append([stale])
            assert [lot.remaining for lot in (await cafe.account()).lots] == [5]

    async def test_of_sixteen_racing_for_the_same_points_those_win_for_whom_there_are_some(
        self,
    ) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(60, "sale:1:1")
            await cafe.earn(40, "sale:2:1")
            ends = await all_of(*(cafe.issue(f"code {number}", 10) for number in range(16)))
            assert sorted(map(_name, ends)) == [InsufficientPoints.__name__] * 6 + ["UUID"] * 10
            account = await cafe.account()
            assert (account.balance, account.seq, list(account.lots)) == (0, 12, [])

    async def test_of_all_who_redeem_one_code_one_wins(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(60, "sale:1:1")
            code = await cafe.issue("one", 10)

            async def redeem() -> None:
                async with cafe.begin() as work:
                    wallet = (await work.wallets.lock([ADA], codes=[code]))[ADA]
                    await pause()
                    wallet.settle(wallet.codes[code].follow(CodeState.REDEEMED, NOON, "T1"))
                    await work.wallets.append([wallet])

            ends = await all_of(*(redeem() for _ in range(8)))
            assert sorted(map(_name, ends)) == [CodeAlreadyRedeemed.__name__] * 7 + ["NoneType"]

    async def test_tenants_do_not_see_each_others_wallets(self) -> None:
        async with self.cafe() as cafe:
            bakery = cafe.at(BAKERY)
            sale = sale_called("one")
            for shop, points in ((cafe, 100), (bakery, 7)):
                await shop.earn(points, "sale:1:1", sale=sale, ends_at=NOON + MINUTE)
                await shop.issue("one", 5)
            async with bakery.begin() as work:
                wallet = (await work.wallets.lock([ADA], codes=[CODE]))[ADA]
                assert (wallet.tenant, wallet.balance, len(wallet.lots)) == (BAKERY.id, 2, 1)
                assert [taking.points for taking in wallet.taken_for[CODE]] == [5]
            with expect(InsufficientPoints):
                await bakery.issue("two", 3)
            later = By("timetable", NOON + MINUTE)
            await cafe.change(lambda it: it.apply_due(later, GRACE_TIME))
            async with bakery.begin() as work:
                wallet = (await work.wallets.lock([ADA], sales=[sale]))[ADA]
                assert wallet.run_out.get(sale, 0) == 0

    async def test_a_work_may_lock_nobody(self) -> None:
        async with self.cafe() as cafe, cafe.begin() as work:
            assert await work.wallets.lock([]) == {}
            await work.wallets.append([])

    async def _lots(self, cafe: Shop) -> list[Lot]:
        async with cafe.begin() as work:
            wallet = (await work.wallets.lock([ADA]))[ADA]
        return sorted(wallet.lots.values(), key=lambda lot: lot.opened_by)


def _name(end: object) -> str:
    return type(end).__name__
