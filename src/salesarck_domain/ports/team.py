"""A tenant's team: who works for it, and who is asked to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from salesarck_domain.ids import ConsumerId
from salesarck_domain.people import Invitation, Member


class Team(Protocol):
    """The team of one tenant. It changes only in a work that is alone, so one change at a time."""

    async def members(self) -> Sequence[Member]:
        """Read everybody's role, by person."""
        ...

    async def employ(self, member: Member) -> None:
        """Give a person a role, in the place of the one they had."""
        ...

    async def dismiss(self, person: ConsumerId) -> None:
        """Take a person's role away."""
        ...

    async def invitations(self, now: datetime) -> Sequence[Invitation]:
        """Read the invitations that are open, latest id first."""
        ...

    async def invite(self, invitation: Invitation) -> None:
        """Keep an invitation, in the place of an earlier one of the same phone or e-mail."""
        ...

    async def close(self, invitation: UUID) -> None:
        """Forget an invitation: it was accepted, turned down or taken back."""
        ...
