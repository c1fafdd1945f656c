"""People: whose evidence is whose, and which till customers are one."""

import asyncio

from salesarck_domain.ids import ConsumerId
from salesarck_domain.news import CustomerNews
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.sales.sale import KnownCustomer
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_EMAIL,
    ADAS_PHONE,
    BAKERY,
    GRACE,
    GRACES_PHONE,
    MINUTE,
    NOON,
)
from salesarck_domain.testing.store.bench import Shop, StoreBench, all_of

TILL = Evidence.till("square", "C1")
PHONE, EMAIL = ADAS_PHONE.value, ADAS_EMAIL.value


class PeopleContract(StoreBench):
    """What `People` promises."""

    async def test_what_somebody_proved_is_theirs(self) -> None:
        async with self.cafe() as cafe:
            proofs = [Proof(it, ADA, NOON) for it in (ADAS_PHONE, ADAS_EMAIL, TILL)]
            await _prove(cafe, *proofs)
            async with cafe.begin() as work:
                asked = [TILL, GRACES_PHONE, ADAS_EMAIL, ADAS_PHONE]
                assert await work.people.proofs(asked) == {it.evidence: it for it in proofs}
                assert await work.people.proofs([]) == {}

    async def test_the_first_proof_stands(self) -> None:
        async with self.cafe() as cafe:
            first = [Proof(it, ADA, NOON) for it in (ADAS_PHONE, TILL)]
            await _prove(cafe, *first)
            await _prove(cafe, *(Proof(it.evidence, GRACE, NOON - MINUTE) for it in first))
            await cafe.store.directory.prove([Proof(ADAS_PHONE, GRACE, NOON - MINUTE)])
            async with cafe.begin() as work:
                found = await work.people.proofs([ADAS_PHONE, TILL])
            assert found == {proof.evidence: proof for proof in first}

    async def test_phones_are_proved_to_the_platform_and_till_customers_to_a_tenant(self) -> None:
        async with self.cafe() as cafe:
            await _prove(cafe, *(Proof(it, ADA, NOON) for it in (ADAS_PHONE, ADAS_EMAIL, TILL)))
            async with cafe.at(BAKERY).begin() as work:
                found = await work.people.proofs([ADAS_PHONE, ADAS_EMAIL, TILL])
                assert set(found) == {ADAS_PHONE, ADAS_EMAIL}
            assert await cafe.store.directory.whose(ADAS_PHONE) == ADA
            await _prove(cafe.at(BAKERY), Proof(TILL, GRACE, NOON))
            assert await _owner(cafe, TILL) == ADA
            assert await _owner(cafe.at(BAKERY), TILL) == GRACE

    async def test_what_was_proved_to_the_directory_is_known_to_works(self) -> None:
        async with self.cafe() as cafe:
            await cafe.store.directory.prove([Proof(ADAS_EMAIL, ADA, NOON)])
            assert await _owner(cafe, ADAS_EMAIL) == ADA

    async def test_of_two_who_prove_the_same_at_once_the_first_has_it(self) -> None:
        async with self.cafe() as cafe:

            async def prove(shop: Shop, who: ConsumerId, seconds: float) -> None:
                async with shop.begin() as work:
                    await asyncio.sleep(seconds)
                    await work.people.prove([Proof(ADAS_PHONE, who, NOON)])
                    await asyncio.sleep(2 * seconds)

            shops = (cafe, cafe.at(BAKERY))
            ends = await all_of(*map(prove, shops, (ADA, GRACE), (0.04, 0.1)))
            assert ends == [None, None]
            assert [await _owner(shop, ADAS_PHONE) for shop in shops] == [ADA, ADA]

    async def test_a_till_customer_is_known_as_last_told(self) -> None:
        async with self.cafe() as cafe:
            assert await _known(cafe, "C1") is None
            await _tell(cafe, "C1", PHONE, EMAIL)
            assert await _known(cafe, "C1") == KnownCustomer(ids=("C1",), phone=PHONE, email=EMAIL)
            await _tell(cafe, "C1", None, EMAIL)
            assert await _known(cafe, "C1") == KnownCustomer(ids=("C1",), email=EMAIL)

    async def test_merged_ids_become_ids_of_the_customer_they_were_merged_into(self) -> None:
        async with self.cafe() as cafe:
            await _tell(cafe, "C1", PHONE)
            await _tell(cafe, "C3", None, EMAIL, merged_from=("C1", "C2"))
            for id_ in ("C1", "C2", "C3"):
                known = await _known(cafe, id_)
                assert known == KnownCustomer(ids=("C3", "C1", "C2"), email=EMAIL)

    async def test_what_was_merged_before_comes_along(self) -> None:
        async with self.cafe() as cafe:
            await _tell(cafe, "C2", merged_from=("C1",))
            await _tell(cafe, "C4", merged_from=("C3",))
            await _tell(cafe, "C5", PHONE, merged_from=("C4", "C2"))
            for id_ in ("C1", "C3", "C5"):
                known = await _known(cafe, id_)
                assert known == KnownCustomer(ids=("C5", "C1", "C2", "C3", "C4"), phone=PHONE)

    async def test_a_merge_into_a_merged_customer_ends_where_that_one_is_now(self) -> None:
        async with self.cafe() as cafe:
            await _tell(cafe, "C3", PHONE, merged_from=("C2",))
            await _tell(cafe, "C2", merged_from=("C1",))
            known = await _known(cafe, "C1")
            assert known == KnownCustomer(ids=("C3", "C1", "C2"), phone=PHONE)

    async def test_a_merge_the_other_way_round_turns_it_round(self) -> None:
        async with self.cafe() as cafe:
            await _tell(cafe, "C2", PHONE, merged_from=("C1",))
            await _tell(cafe, "C1", None, EMAIL, merged_from=("C2",))
            for id_ in ("C1", "C2"):
                known = await _known(cafe, id_)
                assert known == KnownCustomer(ids=("C1", "C2"), email=EMAIL)

    async def test_late_news_of_a_merged_customer_changes_nothing(self) -> None:
        async with self.cafe() as cafe:
            await _tell(cafe, "C2", PHONE, merged_from=("C1",))
            await _tell(cafe, "C1", None, EMAIL)
            await _tell(cafe, "C1", deleted=True)
            for id_ in ("C1", "C2"):
                assert await _known(cafe, id_) == KnownCustomer(ids=("C2", "C1"), phone=PHONE)

    async def test_a_deleted_customer_keeps_its_ids_alone(self) -> None:
        async with self.cafe() as cafe:
            await _tell(cafe, "C2", PHONE, EMAIL, merged_from=("C1",))
            await _tell(cafe, "C2", PHONE, EMAIL, deleted=True)
            assert await _known(cafe, "C1") == KnownCustomer(ids=("C2", "C1"))

    async def test_customer_books_of_providers_and_tenants_are_kept_apart(self) -> None:
        async with self.cafe() as cafe:
            await _tell(cafe, "C3", PHONE, merged_from=("C1",))
            await _tell(cafe, "C1", None, EMAIL, provider="clover")
            await _tell(cafe, "C2", merged_from=("C1",), provider="clover")
            assert await _known(cafe, "C1") == KnownCustomer(ids=("C3", "C1"), phone=PHONE)
            assert await _known(cafe.at(BAKERY), "C1") is None
            async with cafe.begin() as work:
                book = await work.people.customers([("square", "C1"), ("clover", "C1")])
                assert {key: known.ids for key, known in book.items()} == {
                    ("square", "C1"): ("C3", "C1"),
                    ("clover", "C1"): ("C2", "C1"),
                }


async def _prove(shop: Shop, *proofs: Proof) -> None:
    async with shop.begin(alone=True) as work:
        await work.people.prove(proofs)


async def _owner(shop: Shop, evidence: Evidence) -> ConsumerId:
    async with shop.begin() as work:
        return (await work.people.proofs([evidence]))[evidence].consumer


async def _known(shop: Shop, id_: str) -> KnownCustomer | None:
    async with shop.begin() as work:
        return (await work.people.customers([("square", id_)])).get(("square", id_))


async def _tell(
    shop: Shop,
    id_: str,
    phone: str | None = None,
    email: str | None = None,
    *,
    merged_from: tuple[str, ...] = (),
    deleted: bool = False,
    provider: str = "square",
) -> None:
    news = CustomerNews(
        merchant="M1", id=id_, phone=phone, email=email, merged_from=merged_from, deleted=deleted
    )
    async with shop.begin() as work:
        await work.people.tell_customer(provider, news)
