"""A team: who works for a tenant, and who is asked to."""

from dataclasses import replace
from uuid import UUID

from salesarck_domain.ids import derived
from salesarck_domain.people import Evidence, Invitation, Member, Role
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_EMAIL,
    ADAS_PHONE,
    BAKERY,
    CAFE,
    DAY,
    GRACE,
    GRACES_PHONE,
    MINUTE,
    NOON,
)
from salesarck_domain.testing.expect import expect
from salesarck_domain.testing.store.bench import Shop, StoreBench

OWNER = Member(ADA, Role.OWNER, CAFE.id)
CLERK = Member(GRACE, Role.CASHIER, CAFE.id)


class TeamContract(StoreBench):
    """What `Team` promises, and what the directory says of it before a tenant is known."""

    async def test_people_are_employed_and_dismissed(self) -> None:
        async with self.cafe() as cafe:
            assert await _team(cafe) == set()
            async with cafe.begin(alone=True) as work:
                for member in (OWNER, CLERK):
                    await work.team.employ(member)
                assert set(await work.team.members()) == {OWNER, CLERK}
            assert await _team(cafe) == {OWNER, CLERK}
            assert await _team(cafe.at(BAKERY)) == set()
            assert list(await cafe.store.directory.memberships(GRACE)) == [CLERK]
            manager = replace(CLERK, role=Role.MANAGER)
            async with cafe.begin(alone=True) as work:
                await work.team.employ(manager)
            assert list(await cafe.store.directory.memberships(GRACE)) == [manager]
            async with cafe.begin(alone=True) as work:
                await work.team.dismiss(GRACE)
            assert await _team(cafe) == {OWNER}
            assert list(await cafe.store.directory.memberships(GRACE)) == []
            async with cafe.begin(alone=True) as work:
                await work.team.employ(CLERK)
            assert await _team(cafe) == {OWNER, CLERK}

    async def test_whom_the_directory_knows_belongs_to_the_team(self) -> None:
        async with self.cafe() as cafe:
            await cafe.store.directory.add_member(OWNER)
            await cafe.store.directory.add_member(replace(OWNER, role=Role.CASHIER))
            await cafe.store.directory.add_member(replace(CLERK, tenant=BAKERY.id))
            assert await _team(cafe) == {OWNER}

    async def test_a_team_does_not_change_in_company(self) -> None:
        async with self.cafe() as cafe, cafe.begin() as work:
            with expect(ValueError):
                await work.team.employ(OWNER)
            with expect(ValueError):
                await work.team.dismiss(ADA)
            with expect(ValueError):
                await work.team.invite(invitation("one", ADAS_PHONE))
            with expect(ValueError):
                await work.team.close(derived(NOON, "?"))

    async def test_a_team_of_a_work_that_fails_stays_as_it_was(self) -> None:
        async with self.cafe() as cafe:
            await _invite(cafe, invitation("one", ADAS_PHONE))
            with expect(ZeroDivisionError):
                async with cafe.begin(alone=True) as work:
                    await work.team.employ(OWNER)
                    await work.team.close(invitation("one", ADAS_PHONE).id)
                    raise ZeroDivisionError
            assert await _team(cafe) == set()
            assert await _open(cafe) == {invitation("one", ADAS_PHONE).id}

    async def test_an_invitation_is_open_until_it_ends_or_is_closed(self) -> None:
        async with self.cafe() as cafe:
            first, second = invitation("one", ADAS_PHONE), invitation("two", ADAS_EMAIL, 1)
            await _invite(cafe, first, second)
            async with cafe.begin() as work:
                assert list(await work.team.invitations(NOON)) == [second, first]
                last = first.expires_at
                assert list(await work.team.invitations(last)) == [second]
            async with cafe.begin(alone=True) as work:
                await work.team.close(second.id)
            assert await _open(cafe) == {first.id}
            assert await _open(cafe.at(BAKERY)) == set()

    async def test_a_new_invitation_takes_the_place_of_the_last(self) -> None:
        async with self.cafe() as cafe:
            first, second = invitation("one", ADAS_PHONE), invitation("two", ADAS_PHONE, 1)
            await _invite(cafe, first)
            await _invite(cafe, replace(second, role=Role.MANAGER))
            assert await _open(cafe) == {second.id}
            found = await cafe.store.directory.invitations([ADAS_PHONE], NOON)
            assert [each.role for each in found] == [Role.MANAGER]

    async def test_invitations_are_found_by_what_somebody_proved(self) -> None:
        async with self.cafe() as cafe:
            find = cafe.store.directory.invitations
            here = invitation("one", ADAS_PHONE)
            there = replace(invitation("two", ADAS_EMAIL, 1), tenant=BAKERY.id)
            await _invite(cafe, here, invitation("other", GRACES_PHONE))
            await _invite(cafe.at(BAKERY), there)
            assert list(await find([ADAS_PHONE, ADAS_EMAIL], NOON)) == [there, here]
            assert list(await find([ADAS_PHONE], NOON)) == [here]
            assert list(await find([ADAS_PHONE], here.expires_at)) == []
            assert list(await find([], NOON)) == []

    async def test_invitations_that_ran_out_are_forgotten(self) -> None:
        async with self.cafe() as cafe:
            forget = cafe.store.directory.forget_invitations
            first, second = invitation("one", ADAS_PHONE), invitation("two", ADAS_EMAIL, 1)
            await _invite(cafe, first, second)
            assert await forget(first.expires_at - MINUTE) == 0
            assert await forget(first.expires_at) == 1
            assert await forget(first.expires_at) == 0
            assert await _open(cafe) == {second.id}


def invitation(name: str, evidence: Evidence, minutes: int = 0) -> Invitation:
    """One to the Café, for a week from noon."""
    at = NOON + minutes * MINUTE
    return Invitation(
        id=derived(at, "invitation", name),
        tenant=CAFE.id,
        evidence=evidence,
        role=Role.CASHIER,
        invited_by="person:1",
        expires_at=at + 7 * DAY,
    )


async def _invite(shop: Shop, *invitations: Invitation) -> None:
    async with shop.begin(alone=True) as work:
        for each in invitations:
            await work.team.invite(each)


async def _team(shop: Shop) -> set[Member]:
    async with shop.begin() as work:
        return set(await work.team.members())


async def _open(shop: Shop) -> set[UUID]:
    async with shop.begin() as work:
        return {each.id for each in await work.team.invitations(NOON)}
