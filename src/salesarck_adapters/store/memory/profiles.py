"""Profiles in memory."""

from dataclasses import dataclass

from salesarck_adapters.store.memory.answers import MemoryAnswers
from salesarck_adapters.store.memory.shelf import Room
from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.answers import Answered
from salesarck_domain.profile import Profile


@dataclass(frozen=True, slots=True)
class MemoryProfiles:
    """What people told of themselves."""

    room: Room
    answers: MemoryAnswers

    async def profile(self, consumer: ConsumerId) -> Profile:
        """Read one; an empty one if there is none."""
        return self.room.profiles.get(consumer, Profile())

    async def keep_profile(
        self, consumer: ConsumerId, profile: Profile, answered: Answered | None = None
    ) -> None:
        """Put it in its place.

        Raises:
            CommandLost: somebody else holds the command that this answers.
        """
        if answered:
            self.answers.check(answered)
            self.answers.write(answered)
        self.room.profiles[consumer] = profile
