"""Works: all of it or nothing, seen by nobody before, each of one tenant."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from salesarck_domain.audit import AuditNote
from salesarck_domain.days import Span
from salesarck_domain.ids import TenantId, derived
from salesarck_domain.news import CustomerNews
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.ports.directory import TenantMissing
from salesarck_domain.ports.store import Wanted, Work
from salesarck_domain.rules.version import RuleBook, RuleVersion, read_rules
from salesarck_domain.tenants import TenantState
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    BAKERY,
    CAFE,
    GRACE,
    NOON,
    POINT_PER_DOLLAR,
    paid,
    refunded,
)
from salesarck_domain.testing.expect import expect
from salesarck_domain.testing.store.bench import (
    TILL,
    Shop,
    StoreBench,
    all_of,
    another_gift,
    applied,
    change,
    code_called,
    gift,
    payment_of,
    take_in,
)

NOTE = AuditNote(
    id=derived(NOON, "note"), actor="admin", action="look", target="ada", reason="why", at=NOON
)
TILL_CUSTOMER = Evidence.till("square", "C1")
VERSION = RuleVersion(
    number=1,
    rules=read_rules(POINT_PER_DOLLAR),
    in_force_from=NOON,
    published_at=NOON,
    published_by="owner",
)


class WorksContract(StoreBench):
    """What `BeginWork` promises."""

    async def test_a_failed_work_leaves_nothing_behind(self) -> None:
        async with self.cafe() as cafe:
            with expect(ZeroDivisionError):
                async with cafe.begin(alone=True) as work:
                    await _write_everything(work)
                    _ = 1 / 0
            await self._check_empty(cafe)

    async def test_a_work_that_ends_well_is_kept_whole(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin(alone=True) as work:
                await _write_everything(work)
            assert await cafe.books.rules(CAFE.id) == RuleBook((VERSION,))
            assert await cafe.books.notes(CAFE.id, target="ada") == [NOTE]
            assert len(await cafe.books.sales_of(CAFE.id)) == 1
            assert [each.correlation async for each in cafe.books.applied(CAFE.id)] == ["one"]
            assert await cafe.store.directory.whose(ADAS_PHONE) == ADA
            async with cafe.begin() as work:
                assert (await work.wallets.lock([ADA]))[ADA].balance == 7
                assert await work.codes.get(code_called("one", 3).id)
                assert await work.noted(NOTE.id) == NOTE
                assert await work.codes.wrong_tries("till:T1", NOON) == [NOON]

    async def test_nobody_sees_a_work_before_it_ends(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin(alone=True) as work:
                await _write_everything(work)
                assert (await cafe.account()).seq == 0
                assert await cafe.books.sales_of(CAFE.id) == []
                assert await cafe.books.rules(CAFE.id) == RuleBook()
                assert await cafe.store.directory.whose(ADAS_PHONE) is None
            assert (await cafe.account()).balance == 7

    async def test_a_work_sees_what_it_wrote_itself(self) -> None:
        async with self.cafe() as cafe, cafe.begin(alone=True) as work:
            await _write_everything(work)
            assert work.rules == RuleBook((VERSION,))
            assert await work.codes.get(code_called("one", 3).id)
            assert await work.codes.wrong_tries("till:T1", NOON) == [NOON]
            assert set(await work.people.proofs([ADAS_PHONE, TILL_CUSTOMER])) == {
                ADAS_PHONE,
                TILL_CUSTOMER,
            }
            assert await work.people.customers([("square", "C1")])
            assert [each.id for each in await work.sales.happened_in(Span(None, None))]
            assert len(await work.sales.worths(ADA, Span(None, None))) == 1
            assert await work.noted(NOTE.id) == NOTE

    async def test_a_work_knows_its_tenant_as_the_terms_stand(self) -> None:
        async with self.cafe() as cafe:
            renamed = replace(
                CAFE, name="Café au Lait", currency="KWD", state=TenantState.SUSPENDED
            )
            await cafe.store.directory.add_tenant(renamed)
            async with cafe.begin() as work, cafe.at(BAKERY).begin() as other:
                assert (work.tenant, other.tenant) == (renamed, BAKERY)

    async def test_there_is_no_work_for_a_tenant_that_is_not_there(self) -> None:
        async with self.cafe() as cafe:
            for alone in (True, False):
                with expect(TenantMissing):
                    async with cafe.store.begin(TenantId(derived(NOON, "?")), alone=alone):
                        pass

    async def test_works_of_two_tenants_go_on_at_once(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin(alone=True) as here, cafe.at(BAKERY).begin(alone=True) as there:
                await change(here, gift(5, "one"))
                await change(there, gift(7, "one"))
            assert (await cafe.account()).balance == 5
            assert (await cafe.at(BAKERY).account()).balance == 7

    async def test_a_work_that_is_alone_waits_for_others_and_keeps_others_waiting(self) -> None:
        async with self.cafe() as cafe:
            done: list[str] = []

            async def later(name: str, *, alone: bool) -> None:
                async with cafe.begin(alone=alone):
                    done.append(name)

            for alone in (True, False):
                async with AsyncExitStack() as stack:
                    await stack.enter_async_context(cafe.begin(alone=not alone))
                    waiting = asyncio.create_task(later("later", alone=alone))
                    await asyncio.sleep(0.1)
                    done.append("first")
                await waiting
                assert done == ["first", "later"]
                done.clear()

    async def test_what_was_read_can_be_changed_without_changing_what_is_kept(self) -> None:
        async with self.cafe() as cafe:
            id_ = await cafe.tell(paid("P1", 5))
            await cafe.earn(5, "sale:1:1")
            async with cafe.begin() as work:
                sale = await take_in(work, paid("P1", 6, changed_at=NOON.replace(hour=13)))
                sale.earned, sale.award["points"] = 99, 99
                (await work.wallets.lock([ADA]))[ADA].lots.popitem()[1].remaining = 1
            read = await cafe.books.sale(CAFE.id, id_)
            assert read
            assert (read.earned, read.award, read.states()) == (0, {}, [paid("P1", 5)])
            read.tenders.clear()
            again = await cafe.books.sale(CAFE.id, id_)
            assert again
            assert again.tenders
            assert [lot.remaining for lot in (await cafe.account()).lots] == [5]

    async def test_what_was_written_can_be_changed_without_changing_what_is_kept(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin() as work:
                sale = await take_in(work, paid("P1", 5))
                sale.award = {"steps": [{"after": 5}]}
                await work.sales.save([sale])
                sale.award["steps"] = []
                sale.tenders["P1"].refund(refunded("R1", "P1", 5))
                wallet = (await work.wallets.lock([ADA]))[ADA]
                gift(5, "one")(wallet)
                await work.wallets.append([wallet])
                wallet.lots.popitem()[1].remaining = 1
            read = await cafe.books.sale(CAFE.id, sale.id)
            assert read
            assert read.award == {"steps": [{"after": 5}]}
            assert not read.tenders["P1"].refunds
            assert [lot.remaining for lot in (await cafe.account()).lots] == [5]

    async def _check_empty(self, cafe: Shop) -> None:
        books = cafe.books
        assert (await cafe.account()).seq == 0
        assert await books.consumers(CAFE.id) == []
        assert await books.sales_of(CAFE.id) == []
        assert await books.code(CAFE.id, code_called("one", 3).id) is None
        assert await books.rules(CAFE.id) == RuleBook()
        assert await books.notes(CAFE.id, target="ada") == []
        assert [each async for each in books.applied(CAFE.id)] == []
        assert await cafe.store.directory.whose(ADAS_PHONE) is None
        async with cafe.begin() as work:
            payment = payment_of(paid("P1", 5))
            locked = await work.sales.lock([Wanted(payment)], NOON)
            assert locked.tenders[payment].state is None
            assert await work.people.proofs([ADAS_PHONE, TILL_CUSTOMER]) == {}
            assert await work.people.customers([("square", "C1")]) == {}
            assert await work.codes.wrong_tries("till:T1", NOON) == []
            assert await work.codes.get(code_called("one", 3).id) is None


class SideBySideContract(StoreBench):
    """For stores in which works of one tenant run at once. It is a capability, not a promise."""

    async def test_works_that_share_nothing_do_not_wait_for_each_other(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin() as one, cafe.begin() as other:
                await change(one, gift(5, "one"), ADA)
                await change(other, gift(7, "other"), GRACE)
                await take_in(one, paid("P1", 5))
                await take_in(other, paid("P2", 7))
                await one.apply([applied("one")])
                await other.apply([applied("other")])
            assert (await cafe.account(ADA)).balance == 5
            assert (await cafe.account(GRACE)).balance == 7

    async def test_works_that_meet_in_opposite_order_both_end(self) -> None:
        async with self.cafe() as cafe:

            async def both(*who: str) -> None:
                async with cafe.begin() as work:
                    wallets = await work.wallets.lock([{"A": ADA, "G": GRACE}[it] for it in who])
                    await asyncio.sleep(0.002)
                    for wallet in wallets.values():
                        another_gift(1)(wallet)
                    await work.wallets.append(wallets.values())

            ends = await all_of(*(both(*order) for order in ("AG", "GA") * 8))
            assert ends == [None] * 16
            assert (await cafe.account(ADA)).balance == (await cafe.account(GRACE)).balance == 16


async def _write_everything(work: Work) -> None:
    sale = await take_in(work, paid("P1", 5))
    sale.consumer, sale.happened_at, sale.worth = ADA, NOON, 5
    await work.sales.save([sale])
    wallet = (await work.wallets.lock([ADA]))[ADA]
    gift(10, "one")(wallet)
    wallet.issue(code_called("one", 3), TILL)
    await work.wallets.append([wallet])
    await work.people.prove([Proof(ADAS_PHONE, ADA, NOON), Proof(TILL_CUSTOMER, ADA, NOON)])
    await work.people.tell_customer("square", CustomerNews(merchant="M1", id="C1"))
    await work.codes.note_wrong_try(["till:T1"], NOON)
    await work.publish(VERSION)
    await work.note(NOTE)
    await work.apply([applied("one")])
    await work.announce("welcome", {"consumer": str(ADA)})
