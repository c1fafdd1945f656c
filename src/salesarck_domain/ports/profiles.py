"""Profiles: what people say about themselves, apart from everything that moves points."""

from typing import Protocol

from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.answers import Answered
from salesarck_domain.profile import Profile


class Profiles(Protocol):
    """Profiles of all consumers. Each call is its own transaction."""

    async def profile(self, consumer: ConsumerId) -> Profile:
        """Read what a person told; an empty profile if nothing."""
        ...

    async def keep_profile(
        self, consumer: ConsumerId, profile: Profile, answered: Answered | None = None
    ) -> None:
        """Write what a person tells now in place of what they told before.

        Raises:
            CommandLost: somebody else holds the command that this answers; nothing is written.
        """
        ...
