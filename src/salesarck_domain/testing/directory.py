"""What every directory promises: look-ups that come before a tenant is known."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from salesarck_domain.audit import AuditNote
from salesarck_domain.ids import ActId, TenantId, derived
from salesarck_domain.people import AccountMerge, Evidence, Member, Proof, Role
from salesarck_domain.ports.directory import Directory, Link, LinkTaken, TenantMissing
from salesarck_domain.sales.sale import Sale
from salesarck_domain.tenants import RedemptionTerms, Reward, Tenant, TenantState
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_EMAIL,
    ADAS_PHONE,
    BAKERY,
    CAFE,
    GRACE,
    GRACES_PHONE,
    MINUTE,
    NOON,
    paid,
)
from salesarck_domain.testing.expect import expect
from salesarck_domain.testing.store.bench import Shop, StoreBench, all_of

TILL = Evidence.till("square", "C1")
LINK = Link(tenant=CAFE.id, provider="square", merchant="M1", name="Café, Broadway", linked_at=NOON)
SPECIAL = Tenant(
    id=TenantId(derived(NOON, "tenant", "special")),
    name="Ærø",
    currency="KWD",
    country="KW",
    time_zone="Asia/Kuwait",
    code_lifetime=timedelta(seconds=90),
    claim_window=timedelta(days=1),
    grace=timedelta(0),
    terms=RedemptionTerms(7, 50, 30, (Reward("tea", 3), Reward("coffee", 5))),
    adjustment_limit=7,
    state=TenantState.SUSPENDED,
)


class DirectoryContract(StoreBench):
    """Subclass it, say how to open an empty store, and inherit the tests."""

    @asynccontextmanager
    async def directory(self) -> AsyncGenerator[Directory]:
        async with self.cafe() as cafe:
            yield cafe.store.directory

    async def test_a_tenant_is_kept_with_all_its_terms(self) -> None:
        async with self.directory() as directory:
            await directory.add_tenant(SPECIAL)
            assert await directory.tenant(SPECIAL.id) == SPECIAL
            assert await directory.tenant(CAFE.id) == CAFE

    async def test_terms_can_be_written_anew(self) -> None:
        async with self.directory() as directory:
            changed = replace(SPECIAL, id=CAFE.id)
            await directory.add_tenant(changed)
            assert await directory.tenant(CAFE.id) == changed
            assert len(await directory.tenants()) == 2

    async def test_a_tenant_that_is_not_there_is_missing(self) -> None:
        async with self.directory() as directory:
            with expect(TenantMissing):
                await directory.tenant(SPECIAL.id)

    async def test_tenants_are_read_by_name(self) -> None:
        async with self.directory() as directory:
            await directory.add_tenant(replace(SPECIAL, name="aardvark"))
            names = [tenant.name for tenant in await directory.tenants()]
            assert names == ["Bakery", "Café", "aardvark"]

    async def test_a_merchant_is_linked_to_one_tenant(self) -> None:
        async with self.directory() as directory:
            assert await directory.link("square", "M1") is None
            await directory.add_link(LINK)
            with expect(LinkTaken):
                await directory.add_link(replace(LINK, tenant=BAKERY.id))
            assert await directory.link("square", "M1") == LINK
            assert await directory.link("clover", "M1") is None
            assert await directory.link("square", "m1") is None

    async def test_of_two_who_link_one_merchant_at_once_one_has_it(self) -> None:
        async with self.directory() as directory:
            links = [replace(LINK, tenant=tenant.id) for tenant in (CAFE, BAKERY) * 4]
            ends = await all_of(*map(directory.add_link, links))
            assert (
                sorted(type(end).__name__ for end in ends) == ["LinkTaken"] * 4 + ["NoneType"] * 4
            )

    async def test_a_link_that_ended_is_taken_up_again_by_its_tenant_alone(self) -> None:
        async with self.directory() as directory:
            await directory.add_link(LINK)
            await directory.end_link("square", "M1", "revoked")
            ended = await directory.link("square", "M1")
            assert ended == replace(LINK, state="revoked")
            with expect(LinkTaken):
                await directory.add_link(replace(LINK, tenant=BAKERY.id))
            await directory.add_link(replace(LINK, name="Café, 2nd Street"))
            again = await directory.link("square", "M1")
            assert again
            assert (again.tenant, again.state, again.name) == (
                CAFE.id,
                "active",
                "Café, 2nd Street",
            )

    async def test_ending_a_link_that_is_not_there_changes_nothing(self) -> None:
        async with self.directory() as directory:
            await directory.end_link("square", "M1", "revoked")
            assert list(await directory.links()) == []

    async def test_links_are_read_by_tenant(self) -> None:
        async with self.directory() as directory:
            others = [replace(LINK, provider="clover"), replace(LINK, merchant="M2")]
            foreign = replace(LINK, merchant="M3", tenant=BAKERY.id)
            for link in (LINK, *others, foreign):
                await directory.add_link(link)
            assert _merchants(await directory.links(CAFE.id)) == {
                ("square", "M1"),
                ("clover", "M1"),
                ("square", "M2"),
            }
            assert list(await directory.links(BAKERY.id)) == [foreign]
            assert len(await directory.links()) == 4

    async def test_a_phone_belongs_to_whom_proved_it_first(self) -> None:
        async with self.directory() as directory:
            await directory.prove([Proof(ADAS_PHONE, ADA, NOON), Proof(ADAS_EMAIL, ADA, NOON)])
            late = [Proof(ADAS_PHONE, GRACE, NOON - MINUTE), Proof(GRACES_PHONE, GRACE, NOON)]
            await directory.prove(late)
            assert await directory.whose(ADAS_PHONE) == ADA
            assert await directory.whose(GRACES_PHONE) == GRACE
            assert await directory.whose(Evidence.email("nobody@example.test")) is None
            assert set(await directory.evidence_of(ADA)) == {
                Proof(ADAS_PHONE, ADA, NOON),
                Proof(ADAS_EMAIL, ADA, NOON),
            }
            await directory.prove([])

    async def test_of_two_who_prove_one_phone_at_once_one_has_it(self) -> None:
        async with self.directory() as directory:
            both = [[Proof(ADAS_PHONE, who, NOON)] for who in (ADA, GRACE) * 4]
            assert await all_of(*map(directory.prove, both)) == [None] * 8
            found = [*await directory.evidence_of(ADA), *await directory.evidence_of(GRACE)]
            assert len(found) == 1

    async def test_what_somebody_lets_go_of_is_proved_by_whoever_comes_next(self) -> None:
        async with self.cafe() as cafe:
            directory = cafe.store.directory
            await directory.prove([Proof(ADAS_PHONE, ADA, NOON), Proof(ADAS_EMAIL, ADA, NOON)])
            await directory.let_go(GRACE, [ADAS_PHONE, ADAS_EMAIL])
            assert await directory.whose(ADAS_PHONE) == ADA
            await directory.let_go(ADA, [ADAS_PHONE, GRACES_PHONE])
            assert await directory.whose(ADAS_PHONE) is None
            assert await directory.whose(ADAS_EMAIL) == ADA
            hers = Proof(ADAS_PHONE, GRACE, NOON + MINUTE)
            await directory.prove([hers])
            async with cafe.begin() as work:
                assert await work.people.proofs([ADAS_PHONE]) == {ADAS_PHONE: hers}

    async def test_what_proved_an_absorbed_account_proves_the_survivor_until_they_part(
        self,
    ) -> None:
        async with self.directory() as directory:
            await directory.prove([Proof(ADAS_PHONE, ADA, NOON), Proof(GRACES_PHONE, GRACE, NOON)])
            await directory.prove([Proof(ADAS_EMAIL, GRACE, NOON)])
            act = ActId(derived(NOON, "merge"))
            merge = AccountMerge(id=act, absorbed=GRACE, survivor=ADA, at=NOON)
            assert await directory.account_merge(act) is None
            await directory.merge_accounts(merge)
            await directory.merge_accounts(replace(merge, at=NOON + MINUTE))
            assert await directory.account_merge(act) == merge
            assert len(await directory.evidence_of(ADA)) == 3
            assert list(await directory.evidence_of(GRACE)) == []
            await directory.let_go(ADA, [ADAS_EMAIL])
            await directory.part_accounts(act, NOON + MINUTE)
            await directory.part_accounts(act, NOON + 2 * MINUTE)
            assert await directory.account_merge(act) == replace(merge, undone_at=NOON + MINUTE)
            assert list(await directory.evidence_of(GRACE)) == [Proof(GRACES_PHONE, GRACE, NOON)]
            assert list(await directory.evidence_of(ADA)) == [Proof(ADAS_PHONE, ADA, NOON)]

    async def test_tenants_with_sales_that_wait_are_found_by_evidence(self) -> None:
        async with self.cafe() as cafe:
            find = cafe.store.directory.tenants_waiting_for
            assert list(await find([ADAS_PHONE])) == []
            await _keep(cafe, "P1", ADAS_PHONE)
            await _keep(cafe, "P2", ADAS_PHONE)
            await _keep(cafe.at(BAKERY), "P1", GRACES_PHONE)
            assert list(await find([ADAS_PHONE])) == [CAFE.id]
            assert set(await find([ADAS_PHONE, GRACES_PHONE])) == {CAFE.id, BAKERY.id}
            assert list(await find([ADAS_EMAIL])) == []
            assert list(await find([])) == []
            for payment in ("P1", "P2"):
                await _keep(cafe, payment, taken=True)
            assert list(await find([ADAS_PHONE])) == []

    async def test_what_a_proof_and_a_delivery_at_once_left_behind_is_claimable(self) -> None:
        async with self.cafe() as cafe:
            directory = cafe.store.directory
            proof = Proof(ADAS_PHONE, ADA, NOON)
            await _keep(cafe, "P1", ADAS_PHONE, ADAS_EMAIL)
            await _keep(cafe, "P2", ADAS_PHONE)
            await _keep(cafe.at(BAKERY), "P1", GRACES_PHONE, TILL)
            assert list(await directory.claimable(9)) == []
            await directory.prove([proof])
            assert list(await directory.claimable(9)) == [(CAFE.id, proof)]
            till = Proof(TILL, GRACE, NOON)
            async with cafe.at(BAKERY).begin(alone=True) as work:
                await work.people.prove([till])
            found = await directory.claimable(9)
            assert set(found) == {(CAFE.id, proof), (BAKERY.id, till)}
            assert len(found) == 2
            assert len(await directory.claimable(1)) == 1
            for payment in ("P1", "P2"):
                await _keep(cafe, payment, taken=True)
            assert list(await directory.claimable(9)) == [(BAKERY.id, till)]

    async def test_what_waits_at_a_tenant_waits_until_it_is_active(self) -> None:
        async with self.cafe() as cafe:
            directory = cafe.store.directory
            await _keep(cafe, "P1", ADAS_PHONE)
            await directory.prove([proof := Proof(ADAS_PHONE, ADA, NOON)])
            for state in (TenantState.PENDING, TenantState.SUSPENDED):
                await directory.add_tenant(replace(CAFE, state=state))
                assert list(await directory.tenants_waiting_for([ADAS_PHONE])) == []
                assert list(await directory.claimable(9)) == []
            await directory.add_tenant(CAFE)
            assert list(await directory.tenants_waiting_for([ADAS_PHONE])) == [CAFE.id]
            assert list(await directory.claimable(9)) == [(CAFE.id, proof)]

    async def test_a_till_customer_proved_to_one_tenant_claims_nothing_at_another(self) -> None:
        async with self.cafe() as cafe:
            await _keep(cafe, "P1", TILL)
            async with cafe.at(BAKERY).begin(alone=True) as work:
                await work.people.prove([Proof(TILL, GRACE, NOON)])
            assert list(await cafe.store.directory.claimable(9)) == []

    async def test_nothing_is_claimable_once_the_claim_window_has_passed(self) -> None:
        async with self.cafe() as cafe:
            directory = cafe.store.directory
            end = NOON + CAFE.claim_window
            await directory.prove([Proof(ADAS_PHONE, ADA, end), Proof(GRACES_PHONE, GRACE, end)])
            await _keep(cafe, "P1", GRACES_PHONE, at=NOON - timedelta(microseconds=1))
            assert list(await directory.claimable(9)) == []
            await _keep(cafe, "P2", ADAS_PHONE, at=NOON)
            assert list(await directory.claimable(9)) == [(CAFE.id, Proof(ADAS_PHONE, ADA, end))]

    async def test_a_sale_that_earned_its_owner_nothing_is_not_claimable_for_ever(self) -> None:
        async with self.cafe() as cafe:
            await cafe.store.directory.prove([Proof(ADAS_PHONE, ADA, NOON)])
            for reason in ("below_minimum", "void", "claim_window_passed"):
                await _keep(cafe, reason, ADAS_PHONE, reason=reason)
            assert list(await cafe.store.directory.claimable(9)) == []

    async def test_a_person_has_roles_at_tenants_and_on_the_platform(self) -> None:
        async with self.directory() as directory:
            hers = [
                Member(ADA, Role.OWNER, CAFE.id),
                Member(ADA, Role.CASHIER, BAKERY.id),
                Member(ADA, Role.ADMIN),
            ]
            for member in (*hers, *hers, Member(GRACE, Role.CASHIER, CAFE.id)):
                await directory.add_member(member)
            await directory.add_member(Member(ADA, Role.OWNER, BAKERY.id))
            found = await directory.memberships(ADA)
            assert set(found) == set(hers)
            assert len(found) == 3
            assert list(await directory.memberships(GRACE)) == [
                Member(GRACE, Role.CASHIER, CAFE.id)
            ]

    async def test_a_person_is_suspended_and_reinstated_with_a_note(self) -> None:
        async with self.directory() as directory:
            suspend = directory.suspend
            assert not await directory.is_suspended(ADA)
            assert not await suspend(ADA, _note("idle", 0), suspended=False)
            assert await suspend(ADA, _note("one", 1), suspended=True)
            assert not await suspend(ADA, _note("again", 2), suspended=True)
            assert (await directory.is_suspended(ADA), await directory.is_suspended(GRACE)) == (
                True,
                False,
            )
            assert await suspend(ADA, _note("two", 3), suspended=False)
            assert not await directory.is_suspended(ADA)
            assert list(await directory.notes()) == [_note("two", 3), _note("one", 1)]

    async def test_of_many_who_suspend_a_person_at_once_one_does(self) -> None:
        async with self.directory() as directory:
            ends = await all_of(
                *(directory.suspend(ADA, _note(str(it), it), suspended=True) for it in range(8))
            )
            assert sorted(map(bool, ends)) == [False] * 7 + [True]
            assert len(await directory.notes()) == 1

    async def test_the_platform_keeps_an_audit_of_its_own(self) -> None:
        async with self.directory() as directory:
            early, late, other = _note("early", 1), _note("late", 2), _note("other", 0, "grace")
            for note in (late, early, other, early):
                await directory.note(note)
            assert list(await directory.notes()) == [late, early, other]
            assert list(await directory.notes(target="ada")) == [late, early]
            assert list(await directory.notes(before=late.id, limit=1)) == [early]


def _merchants(links: Sequence[Link]) -> set[tuple[str, str]]:
    return {(link.provider, link.merchant) for link in links}


async def _keep(
    shop: Shop,
    payment: str,
    *evidence: Evidence,
    at: datetime = NOON,
    reason: str = "unclaimed",
    taken: bool = False,
) -> None:
    """Keep a sale that waits for evidence, or one that somebody has."""

    def judge(sale: Sale) -> None:
        sale.happened_at, sale.waits_for = at, evidence
        sale.consumer = ADA if taken else None
        sale.award = {"points": 0, "reason": reason}

    await shop.tell(paid(payment, 5, at=at), judge)


def _note(name: str, minutes: int, target: str = "ada") -> AuditNote:
    at = NOON + minutes * MINUTE
    return AuditNote(
        id=derived(at, "note", name),
        actor="person:1",
        action="look_up",
        target=target,
        reason="she called",
        at=at,
        before={"suspended": True},
        after={"suspended": False},
        correlation="request-1",
        on_behalf_of="person:2",
    )
