"""A tenant's team in memory. The work's turn is the lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from salesarck_adapters.store.memory.shelf import Shelf
from salesarck_domain.ids import ConsumerId
from salesarck_domain.people import Invitation, Member


def check_alone(*, alone: bool) -> None:
    """See to it that what everything rests on changes while nobody else works."""
    if not alone:
        raise ValueError("rules, terms and teams change only in a work that is alone")


@dataclass(frozen=True, slots=True)
class MemoryTeam:
    """The team of a draft."""

    shelf: Shelf
    alone: bool

    async def members(self) -> Sequence[Member]:
        """Read everybody's role."""
        return self.shelf.team()

    async def employ(self, member: Member) -> None:
        """Put a role in its place."""
        check_alone(alone=self.alone)
        self.shelf.members[member.person] = member

    async def dismiss(self, person: ConsumerId) -> None:
        """Leave an empty place."""
        check_alone(alone=self.alone)
        self.shelf.members[person] = None

    async def invitations(self, now: datetime) -> Sequence[Invitation]:
        """Read the invitations that are open."""
        return self.shelf.open_invitations(now)

    async def invite(self, invitation: Invitation) -> None:
        """Put an invitation in its place, and earlier ones out of it."""
        check_alone(alone=self.alone)
        for id_, there in list(self.shelf.invitations.items()):
            if there and there.evidence == invitation.evidence:
                self.shelf.invitations[id_] = None
        self.shelf.invitations[invitation.id] = invitation

    async def close(self, invitation: UUID) -> None:
        """Leave an empty place."""
        check_alone(alone=self.alone)
        self.shelf.invitations[invitation] = None
