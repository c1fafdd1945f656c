"""What all keepers of revocations promise: what was ended stays ended, and nothing else is."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from salesarck_domain.ids import TenantId, derived
from salesarck_domain.ports.revocations import KEPT, Revocation, Revocations, Shown
from salesarck_domain.testing.examples import ADA, BAKERY, CAFE, DAY, GRACE, MINUTE, NOON

SECOND = timedelta(seconds=1)
SESSION, OTHER_SESSION = derived(NOON, "session", 1), derived(NOON, "session", 2)
SHOWN = Shown(SESSION, ADA, CAFE.id, NOON, NOON)


def signed_in(at: datetime, session: UUID = SESSION) -> Shown:
    """A first token of a session."""
    return replace(SHOWN, session=session, signed_in_at=at, issued_at=at)


class RevocationsContract:
    """Subclass it, say how to open an empty keeper, and inherit the tests."""

    def new_revocations(self) -> AbstractAsyncContextManager[Revocations]:
        """Open one in which nothing was ended; called once a test."""
        raise NotImplementedError

    async def test_what_nobody_ended_stands(self) -> None:
        async with self.new_revocations() as revocations:
            assert await revocations.stands(SHOWN)
            assert await revocations.stands(replace(SHOWN, tenant=None))

    async def test_a_session_ends_alone_and_for_good(self) -> None:
        async with self.new_revocations() as revocations:
            await revocations.revoke(Revocation.of_session(SESSION, NOON))
            assert not await revocations.stands(SHOWN)
            assert not await revocations.stands(replace(SHOWN, tenant=None))
            assert not await revocations.stands(replace(SHOWN, issued_at=NOON + DAY))
            assert await revocations.stands(replace(SHOWN, session=OTHER_SESSION))

    async def test_a_person_s_sessions_end_and_new_ones_begin(self) -> None:
        async with self.new_revocations() as revocations:
            await revocations.revoke(Revocation.of_person(ADA, NOON))
            for session in (SESSION, OTHER_SESSION):
                for before in (NOON - MINUTE, NOON):
                    shown = signed_in(before, session)
                    assert not await revocations.stands(shown)
                    assert not await revocations.stands(replace(shown, issued_at=NOON + DAY))
                assert await revocations.stands(signed_in(NOON + SECOND, session))
            assert await revocations.stands(replace(signed_in(NOON - MINUTE), person=GRACE))

    async def test_the_second_in_which_it_ends_counts_as_before(self) -> None:
        async with self.new_revocations() as revocations:
            within = NOON + timedelta(milliseconds=1)
            await revocations.revoke(Revocation.of_person(ADA, within))
            assert not await revocations.stands(SHOWN)
            assert await revocations.stands(signed_in(NOON + SECOND))

    async def test_what_ends_at_a_tenant_stands_at_others(self) -> None:
        async with self.new_revocations() as revocations:
            await revocations.revoke(Revocation.of_tenant(CAFE.id, NOON))
            for person in (ADA, GRACE):
                assert not await revocations.stands(replace(SHOWN, person=person))
            assert await revocations.stands(replace(SHOWN, tenant=BAKERY.id))
            assert await revocations.stands(replace(SHOWN, tenant=None))
            assert await revocations.stands(replace(SHOWN, issued_at=NOON + SECOND))

    async def test_an_id_of_one_kind_is_none_of_another(self) -> None:
        async with self.new_revocations() as revocations:
            await revocations.revoke(Revocation.of_tenant(TenantId(SESSION), NOON + DAY))
            await revocations.revoke(Revocation.of_session(CAFE.id, NOON + DAY))
            assert await revocations.stands(SHOWN)

    async def test_what_is_told_late_brings_nothing_back(self) -> None:
        async with self.new_revocations() as revocations:
            for at in (NOON + MINUTE, NOON, NOON - MINUTE):
                await revocations.revoke(Revocation.of_person(ADA, at))
            assert not await revocations.stands(signed_in(NOON + MINUTE))

    async def test_many_at_once_all_hold(self) -> None:
        async with self.new_revocations() as revocations:
            ended = [derived(NOON, "many", number) for number in range(20)]
            await asyncio.gather(
                *(revocations.revoke(Revocation.of_session(each, NOON)) for each in ended)
            )
            stand = [await revocations.stands(replace(SHOWN, session=each)) for each in ended]
            assert stand == [False] * 20

    async def test_it_is_forgotten_when_nothing_can_show_it_any_more(self) -> None:
        async with self.new_revocations() as revocations:
            await revocations.revoke(Revocation.of_session(SESSION, NOON))
            await revocations.revoke(Revocation.of_person(ADA, NOON + MINUTE))
            assert await revocations.forget(NOON + KEPT - SECOND) == 0
            assert await revocations.forget(NOON + KEPT) == 1
            assert await revocations.forget(NOON + KEPT + MINUTE) == 1
            assert await revocations.forget(NOON + KEPT + MINUTE) == 0

    async def test_what_is_ended_again_is_kept_longer(self) -> None:
        async with self.new_revocations() as revocations:
            for at in (NOON, NOON + MINUTE, NOON):
                await revocations.revoke(Revocation.of_session(SESSION, at))
            assert await revocations.forget(NOON + KEPT) == 0
            assert not await revocations.stands(SHOWN)
