"""What can be done with profiles: say something about oneself."""

from dataclasses import dataclass

from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.answers import Receipt, no_receipt
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.profiles import Profiles
from salesarck_domain.profile import Profile, ProfileInvalid


@dataclass(frozen=True, slots=True)
class ChangeProfile:
    """Keep what a person tells of themselves."""

    profiles: Profiles
    clock: Clock

    async def __call__(
        self, consumer: ConsumerId, profile: Profile, receipt: Receipt[Profile] = no_receipt
    ) -> Profile:
        """Keep a profile.

        Raises:
            ProfileInvalid: a birthday is still to come.
        """
        if profile.birthday and profile.birthday.is_after(self.clock().date()):
            raise ProfileInvalid("a birthday with its year lies in the past")
        await self.profiles.keep_profile(consumer, profile, receipt(profile))
        return profile
