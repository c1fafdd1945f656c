"""Profiles in memory."""

from dataclasses import dataclass

from salesarck_adapters.store.memory.shelf import Room
from salesarck_domain.ids import ConsumerId
from salesarck_domain.profile import Profile


@dataclass(frozen=True, slots=True)
class MemoryProfiles:
    """What people told of themselves."""

    room: Room

    async def profile(self, consumer: ConsumerId) -> Profile:
        """Read one; an empty one if there is none."""
        return self.room.profiles.get(consumer, Profile())

    async def keep_profile(self, consumer: ConsumerId, profile: Profile) -> None:
        """Put it in its place."""
        self.room.profiles[consumer] = profile
