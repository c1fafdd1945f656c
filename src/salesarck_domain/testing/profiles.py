"""What every keeper of profiles promises, as tests that come with the promise."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from salesarck_domain.ports.profiles import Profiles
from salesarck_domain.profile import Birthday, Profile
from salesarck_domain.testing.examples import ADA, GRACE
from salesarck_domain.testing.store.bench import StoreBench

FULL = Profile(name="Ada Ørsted 愛", birthday=Birthday(2, 29, 2004), language="pt-BR")


class ProfilesContract(StoreBench):
    """Subclass it, say how to open an empty store, and inherit the tests."""

    @asynccontextmanager
    async def profiles(self) -> AsyncGenerator[Profiles]:
        async with self.new_store() as store:
            yield store.profiles

    async def test_who_told_nothing_has_an_empty_profile(self) -> None:
        async with self.profiles() as profiles:
            assert await profiles.profile(ADA) == Profile()

    async def test_a_profile_is_kept_whole(self) -> None:
        async with self.profiles() as profiles:
            await profiles.keep_profile(ADA, FULL)
            assert await profiles.profile(ADA) == FULL
            assert await profiles.profile(GRACE) == Profile()

    async def test_what_is_told_now_stands_in_place_of_what_was_told_before(self) -> None:
        async with self.profiles() as profiles:
            await profiles.keep_profile(ADA, FULL)
            for told in (Profile(birthday=Birthday(12, 31)), Profile(name="Ada"), Profile()):
                await profiles.keep_profile(ADA, told)
                assert await profiles.profile(ADA) == told
