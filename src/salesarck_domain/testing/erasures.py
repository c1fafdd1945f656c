"""What every keeper of erasures promises, as tests that come with the promise."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from salesarck_domain.audit import Act
from salesarck_domain.deeds import TellNews
from salesarck_domain.erasure import Erasure
from salesarck_domain.ids import ActId, derived
from salesarck_domain.news import TillCustomer
from salesarck_domain.people import AccountMerge, Invitation, Proof, Role
from salesarck_domain.profile import Profile
from salesarck_domain.sales.sale import Sale
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_EMAIL,
    ADAS_PHONE,
    BAKERY,
    CAFE,
    GRACE,
    GRACES_PHONE,
    NOON,
    paid,
)
from salesarck_domain.testing.store.adjustments import pending
from salesarck_domain.testing.store.bench import StoreBench, applied, gift

ACT = ActId(derived(NOON, "erasure"))
ERASURE = Erasure(id=ACT, people=(ADA,), at=NOON, actor="admin", reason="she asked")
LATER = NOON + timedelta(hours=1)
MERGE = AccountMerge(id=ActId(derived(NOON, "merge")), absorbed=GRACE, survivor=ADA, at=NOON)


class ErasuresContract(StoreBench):
    """Subclass it, say how to open an empty store, and inherit the tests."""

    async def test_an_erasure_is_begun_once(self) -> None:
        async with self.new_store() as store:
            assert await store.erasures.find(ACT) is None
            for told in (ERASURE, replace(ERASURE, people=(GRACE,))):
                await store.erasures.begin(told, ["m1"])
                assert await store.erasures.find(ACT) == ERASURE

    async def test_whoever_is_just_going_lifts_no_mark(self) -> None:
        async with self.cafe() as cafe:
            await cafe.store.erasures.begin(ERASURE, ["m1"])
            await cafe.store.directory.lift(ADA, ["m1"])
            async with cafe.begin() as work:
                assert set(await work.people.erased(["m1"])) == {"m1"}
            await cafe.store.directory.lift(GRACE, ["m1"])
            async with cafe.begin() as work:
                assert set(await work.people.erased(["m1"])) == set()

    async def test_tenants_that_hold_or_name_anything_of_them_are_found(
        self,
    ) -> None:
        async with self.cafe() as cafe:
            erasures = cafe.store.erasures
            await cafe.change(gift(3, "one"))
            assert await erasures.tenants_that_know([ADA], []) == [CAFE.id]
            assert await erasures.tenants_that_know([GRACE], [GRACES_PHONE]) == []
            news = paid("P1", 5, customer=TillCustomer(phone=GRACES_PHONE.value))
            async with cafe.at(BAKERY).begin() as work:
                await work.apply([applied("told", TellNews(provider="square", news=news))])
            found = await erasures.tenants_that_know([ADA], [GRACES_PHONE])
            assert found == sorted([CAFE.id, BAKERY.id])
            async with cafe.at(BAKERY).begin() as work:
                await work.adjustments.add(replace(pending("one"), consumer=GRACE))
            assert await erasures.tenants_that_know([GRACE], []) == [BAKERY.id]

            def wait(sale: Sale) -> None:
                sale.waits_for = (ADAS_EMAIL,)

            await cafe.at(BAKERY).tell(news, wait)
            assert await erasures.tenants_that_know([], [ADAS_EMAIL]) == [BAKERY.id]

    async def test_at_its_end_nothing_of_its_people_is_left_on_the_platform(self) -> None:
        async with self.new_store() as store:
            for proof in (Proof(ADAS_PHONE, ADA, NOON), Proof(GRACES_PHONE, GRACE, NOON)):
                await store.directory.prove([proof])
            for number, who in enumerate((ADA, GRACE)):
                await store.profiles.keep_profile(who, Profile(name="somebody"))
                await store.erasures.note_sign_in(who, UUID(int=number))
            await store.erasures.begin(ERASURE, [])
            await store.erasures.end(ACT, LATER)
            await store.erasures.end(ACT, LATER + timedelta(hours=1))
            assert await store.erasures.find(ACT) == replace(ERASURE, finished_at=LATER)
            assert await store.directory.evidence_of(ADA) == []
            assert await store.profiles.profile(ADA) == Profile()
            assert await store.erasures.subjects([ADA, GRACE]) == [UUID(int=1)]
            assert await store.directory.whose(GRACES_PHONE) == GRACE
            assert await store.profiles.profile(GRACE) == Profile(name="somebody")

    async def test_at_its_end_nobody_asks_them_to_join_and_reasons_about_them_go(self) -> None:
        async with self.cafe() as cafe:
            directory, erasures = cafe.store.directory, cafe.store.erasures
            asked = [
                Invitation(
                    id=derived(NOON, "invitation", evidence.value),
                    tenant=CAFE.id,
                    evidence=evidence,
                    role=Role.CASHIER,
                    invited_by="person:1",
                    expires_at=LATER,
                )
                for evidence in (ADAS_PHONE, ADAS_EMAIL, GRACES_PHONE)
            ]
            async with cafe.begin(alone=True) as work:
                for invitation in asked:
                    await work.team.invite(invitation)
            for who in (ADA, GRACE):
                act = Act(id=ActId(derived(NOON, "act", who)), actor="person:1", reason="a call")
                await directory.note(act.note("look_up", f"person:{who}", NOON))
            for proof in (Proof(ADAS_PHONE, ADA, NOON), Proof(GRACES_PHONE, GRACE, NOON)):
                await directory.prove([proof])
            await erasures.begin(ERASURE, [])
            await erasures.end(ACT, LATER)
            async with cafe.begin() as work:
                left = {it.evidence for it in await work.team.invitations(NOON)}
            assert left == {ADAS_EMAIL, GRACES_PHONE}
            for who, reason in ((ADA, ""), (GRACE, "a call")):
                (note,) = await directory.notes(target=f"person:{who}")
                assert (note.action, note.reason) == ("look_up", reason)

    async def test_a_sign_in_is_the_last_persons(self) -> None:
        async with self.new_store() as store:
            for who in (GRACE, ADA, ADA):
                await store.erasures.note_sign_in(who, UUID(int=7))
            assert await store.erasures.subjects([ADA]) == [UUID(int=7)]
            assert await store.erasures.subjects([GRACE]) == []

    async def test_merges_that_stand_are_found_from_both_sides(self) -> None:
        async with self.new_store() as store:
            await store.directory.merge_accounts(MERGE)
            assert await store.erasures.merges_of(ADA) == [MERGE]
            assert await store.erasures.merges_of(GRACE) == [MERGE]
            await store.directory.part_accounts(MERGE.id, LATER)
            assert await store.erasures.merges_of(ADA) == []
