"""Forgetting: a person goes from a tenant's rows, stand-ins stay, nobody else loses anything."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import Deed, ProveEvidence, PublishRules, TellNews
from salesarck_domain.ids import derived
from salesarck_domain.ledger.adjustment import AdjustmentState
from salesarck_domain.ledger.wallet import Cause, Wallet
from salesarck_domain.news import CustomerNews, SaleNews, TillCustomer
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.ports.inbox import LeaseLost
from salesarck_domain.ports.store import Finished
from salesarck_domain.sales.sale import KnownCustomer, Sale
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_EMAIL,
    ADAS_PHONE,
    BAKERY,
    GRACE,
    GRACES_PHONE,
    NOON,
    paid,
)
from salesarck_domain.testing.store.adjustments import adjustment, pending
from salesarck_domain.testing.store.bench import GRACE_TIME, TILL, Shop, StoreBench, applied
from salesarck_domain.veil import evidence_in, number_of

MINE, HERS = Evidence.till("square", "C1"), Evidence.till("square", "C2")
BOTH = TillCustomer("C2", ADAS_PHONE.value, ADAS_EMAIL.value)
DEEDS: Sequence[Deed] = (
    TellNews(
        provider="square",
        news=paid("P1", 5, customer=TillCustomer("C1", ADAS_PHONE.value, ADAS_EMAIL.value)),
        proofs=(Proof(ADAS_PHONE, ADA, NOON),),
    ),
    TellNews(
        provider="square",
        news=CustomerNews(
            merchant="M1", id="C1", phone=ADAS_PHONE.value, email=None, merged_from=("C2",)
        ),
    ),
    ProveEvidence(
        consumer=ADA,
        proofs=(Proof(ADAS_EMAIL, ADA, NOON),),
        rested_on=(Proof(GRACES_PHONE, GRACE, NOON), Proof(MINE, ADA, NOON)),
    ),
    PublishRules(rules=(), in_force_from=NOON, rested_on=(Proof(ADAS_PHONE, ADA, NOON),)),
)


class ForgettingContract(StoreBench):
    """What works promise of forgetting a person."""

    async def test_what_was_applied_comes_back_as_it_was(self) -> None:
        async with self.cafe() as cafe:
            await _apply(cafe)
            assert await _applied(cafe) == list(DEEDS)

    async def test_an_erased_contact_is_equal_to_itself_and_to_nothing_else(self) -> None:
        async with self.cafe() as cafe:
            await _apply(cafe)
            async with cafe.begin(alone=True) as work:
                await work.people.forget(ADA, [ADAS_PHONE, MINE])
            await _apply(cafe)
            before, after = (await _applied(cafe))[:4], (await _applied(cafe))[4:]
            assert after == list(DEEDS)
            left = {it for deed in before for it in evidence_in(deed)}
            assert {ADAS_EMAIL, GRACES_PHONE, HERS} < left
            assert {ADAS_PHONE, MINE}.isdisjoint(left)
            assert sum(number_of(it) is not None for it in left) == 2

    async def test_other_tenants_have_stand_ins_of_their_own(self) -> None:
        async with self.cafe() as cafe:
            for shop in (cafe, cafe.at(BAKERY)):
                await _apply(shop)
            async with cafe.begin(alone=True) as work:
                await work.people.forget(ADA, [ADAS_PHONE])
            assert await _applied(cafe) != list(DEEDS)
            assert await _applied(cafe.at(BAKERY)) == list(DEEDS)

    async def test_what_tills_say_of_somebody_is_found(self) -> None:
        async with self.cafe() as cafe:
            await cafe.tell(paid("P1", 5, customer=TillCustomer("C3", None, "x@y.test")), _adas)
            await cafe.tell(paid("P2", 5, customer=TillCustomer("C9")), lambda _: None)
            async with cafe.begin(alone=True) as work:
                await work.people.prove([Proof(Evidence.till("square", "C4"), ADA, NOON)])
                page = CustomerNews(merchant="M1", id="C5", phone=ADAS_PHONE.value)
                await work.people.tell_customer("square", page)
                merged = CustomerNews(merchant="M1", id="C6", merged_from=("C5",))
                await work.people.tell_customer("square", merged)
            async with cafe.begin(alone=True) as work:
                found = set(await work.people.said_of(ADA, [ADAS_PHONE]))
            tills = {Evidence.till("square", f"C{number}") for number in (3, 4, 5, 6)}
            assert found == {*tills, ADAS_PHONE, Evidence.email("x@y.test")}

    async def test_sales_of_theirs_lose_everything_and_others_only_what_is_theirs(self) -> None:
        async with self.cafe() as cafe:
            await cafe.tell(paid("P1", 5, customer=BOTH), _adas)
            await cafe.tell(paid("P2", 5, customer=BOTH), lambda _: None)
            await cafe.at(BAKERY).tell(paid("P1", 5, customer=BOTH), lambda _: None)
            async with cafe.begin(alone=True) as work:
                await work.people.forget(ADA, [ADAS_PHONE, ADAS_EMAIL])
            named = {it.key.name: _named(it) async for it in cafe.books.all_sales(cafe.tenant.id)}
            assert named == {"payment:P1": None, "payment:P2": TillCustomer("C2")}
            others = [_named(it) async for it in cafe.books.all_sales(BAKERY.id)]
            assert others == [BOTH]

    async def test_pages_of_customer_books_go_and_others_lose_what_is_not_theirs(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin(alone=True) as work:
                for page in (
                    CustomerNews(merchant="M1", id="C1", phone=ADAS_PHONE.value),
                    CustomerNews(merchant="M1", id="C2", email=ADAS_EMAIL.value),
                    CustomerNews(merchant="M1", id="C2", phone=ADAS_PHONE.value, email="g@h.test"),
                    CustomerNews(merchant="M1", id="C1", merged_from=("C2",)),
                ):
                    await work.people.tell_customer("square", page)
                await work.people.prove([Proof(MINE, ADA, NOON), Proof(HERS, GRACE, NOON)])
            async with cafe.begin(alone=True) as work:
                await work.people.forget(ADA, [ADAS_PHONE, MINE])
            async with cafe.begin() as work:
                book = await work.people.customers([("square", "C1"), ("square", "C2")])
                assert book == {("square", "C2"): KnownCustomer(ids=("C2",), email="g@h.test")}
                assert set(await work.people.proofs([MINE, HERS])) == {HERS}

    async def test_reasons_about_them_go_and_their_rows_stay(self) -> None:
        note = AuditNote(
            id=derived(NOON, "note"),
            actor="admin",
            action="adjust_wallet",
            target=f"consumer:{ADA}",
            reason="Ada of Main Street called",
            at=NOON,
            after={"balance": 3},
        )
        other = replace(note, id=derived(NOON, "other"), target=f"consumer:{GRACE}")
        made, asked = adjustment("one"), pending("two")
        decided = asked.decide(AdjustmentState.REJECTED, "person:2", NOON)
        waits, others = pending("three"), replace(adjustment("four"), consumer=GRACE)
        async with self.cafe() as cafe:
            async with cafe.begin(alone=True) as work:
                await work.note(note)
                await work.note(other)
                for each in (made, asked, waits, others):
                    await work.adjustments.add(each)
                await work.adjustments.decide(decided)
            async with cafe.begin(alone=True) as work:
                await work.people.forget(ADA, [])
            async with cafe.begin() as work:
                assert await work.noted(note.id) == replace(note, reason="")
                assert await work.noted(other.id) == other
                for each in (made, decided, waits):
                    left = await work.adjustments.lock(each.id)
                    assert left == replace(each, reason="")
                assert await work.adjustments.lock(others.id) == others

    async def test_marks_are_known_everywhere_until_they_are_lifted(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin(alone=True) as work:
                await work.people.keep_out(["m1", "m2"], NOON)
            async with cafe.at(BAKERY).begin() as work:
                assert set(await work.people.erased(["m1", "m2", "m3"])) == {"m1", "m2"}
                assert set(await work.people.erased([])) == set()
            await cafe.store.directory.lift(ADA, ["m1", "m3"])
            async with cafe.begin() as work:
                assert set(await work.people.erased(["m1", "m2"])) == {"m2"}

    async def test_a_work_that_fails_forgets_nothing(self) -> None:
        async with self.cafe() as cafe:
            await _apply(cafe)
            with suppress(LeaseLost):
                async with cafe.begin(alone=True) as work:
                    await work.people.forget(ADA, [ADAS_PHONE])
                    await work.people.keep_out(["m1"], NOON)
                    await work.finish([Finished(UUID(int=1), UUID(int=2), "applied")])
            assert await _applied(cafe) == list(DEEDS)
            async with cafe.begin() as work:
                assert set(await work.people.erased(["m1"])) == set()

    async def test_a_closed_wallet_forfeits_what_comes_in(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(5, "sale:x:1")
            await cafe.change(_close)
            assert (await cafe.account()).balance == 0
            await cafe.earn(7, "sale:x:2")
            assert (await cafe.account()).balance == 0
            await cafe.earn(3, "sale:y:1", who=GRACE)
            assert (await cafe.account(GRACE)).balance == 3


def _close(wallet: Wallet) -> None:
    wallet.close(Cause("act:gone", NOON), TILL, GRACE_TIME)


def _adas(sale: Sale) -> None:
    sale.consumer, sale.happened_at = ADA, sale.first_happened()
    sale.award = {"points": 0, "reason": "below_minimum"}


def _named(sale: Sale) -> TillCustomer | None:
    (tender,) = sale.tenders.values()
    return tender.state.customer if isinstance(tender.state, SaleNews) else None


async def _apply(cafe: Shop) -> None:
    async with cafe.begin(alone=True) as work:
        await work.apply([applied(f"deed {number}", deed) for number, deed in enumerate(DEEDS)])


async def _applied(cafe: Shop) -> list[Deed]:
    return [each.deed async for each in cafe.books.applied(cafe.tenant.id)]
