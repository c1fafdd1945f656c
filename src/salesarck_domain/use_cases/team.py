"""What can be done with a team: invite, join, change a role, leave.

Every change is a work that is alone with its tenant: two owners who demote each other at once do
it one after the other, and the second is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from salesarck_domain.audit import Act
from salesarck_domain.errors import Forbidden, Missing, Refused
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import MAY_INVITE, STAFF, Evidence, Invitation, Member, Role
from salesarck_domain.ports.answers import Receipt, no_receipt
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.store import BeginWork, Work

INVITATION_LIFETIME = timedelta(days=7)
INVITATIONS_MAX = 50


@dataclass(eq=False)
class MemberMissing(Missing):
    """Nobody of that id works here."""

    code: ClassVar[str] = "member_unknown"

    def __str__(self) -> str:
        return "nobody of that id works here"


@dataclass(eq=False)
class InvitationMissing(Missing):
    """There is no such invitation: it ran out, was settled or taken back, or is somebody else's."""

    code: ClassVar[str] = "invitation_unknown"

    def __str__(self) -> str:
        return "there is no such invitation; ask for a new one"


@dataclass(eq=False)
class LastOwner(Refused):
    """A tenant would be left without an owner."""

    code: ClassVar[str] = "last_owner"

    def __str__(self) -> str:
        return "a business keeps at least one owner; make somebody else one first"


@dataclass(eq=False)
class RoleTooHigh(Forbidden):
    """A manager invites cashiers, and nobody above."""

    code: ClassVar[str] = "role_too_high"

    def __str__(self) -> str:
        return "a manager invites cashiers; ask an owner for other roles"


@dataclass(eq=False)
class TooManyInvitations(Refused):
    """A tenant has as many open invitations as it may."""

    code: ClassVar[str] = "too_many_invitations"

    def __str__(self) -> str:
        return f"{INVITATIONS_MAX} invitations are open; take some back, or wait for answers"


@dataclass(frozen=True, slots=True)
class TeamDesk:
    """Everything people do with a team, each with an audit row in the same work."""

    begin: BeginWork
    directory: Directory
    clock: Clock

    async def members(self, tenant: TenantId) -> Sequence[Member]:
        """Read who works here."""
        async with self.begin(tenant) as work:
            return await work.team.members()

    async def invitations(self, tenant: TenantId) -> Sequence[Invitation]:
        """Read the invitations that are open."""
        async with self.begin(tenant) as work:
            return await work.team.invitations(self.clock())

    async def invite(
        self,
        tenant: TenantId,
        evidence: Evidence,
        role: Role,
        by: Role,
        act: Act,
        receipt: Receipt[Invitation] = no_receipt,
    ) -> Invitation:
        """Ask whoever has this phone or e-mail to work here, whether we know them or not.

        A new invitation stands in the place of an earlier one.

        Raises:
            RoleTooHigh: the inviter's role doesn't stretch to it.
            TooManyInvitations: as many are open as may be.
        """
        now = self.clock()
        async with self.begin(tenant, alone=True) as work:
            there = await work.team.invitations(now)
            earlier = next((it for it in there if it.evidence == evidence), None)
            _check_may_invite(by, role)
            if earlier:
                _check_may_invite(by, earlier.role)
            if not earlier and len(there) >= INVITATIONS_MAX:
                raise TooManyInvitations
            new = Invitation(
                id=act.id,
                tenant=tenant,
                evidence=evidence,
                role=role,
                invited_by=act.actor,
                expires_at=now + INVITATION_LIFETIME,
            )
            await work.team.invite(new)
            after = {"role": role.value}
            await work.note(act.note("invite", f"invitation:{act.id}", now, after=after))
            await work.answer(receipt(new))
        return new

    async def revoke(
        self,
        tenant: TenantId,
        invitation: UUID,
        by: Role,
        act: Act,
        receipt: Receipt[Invitation] = no_receipt,
    ) -> Invitation:
        """Take an invitation back.

        Raises:
            InvitationMissing: it isn't open.
            RoleTooHigh: it is for a role that theirs doesn't stretch to.
        """
        now = self.clock()
        async with self.begin(tenant, alone=True) as work:
            found = await _open(work, invitation, now)
            _check_may_invite(by, found.role)
            await work.team.close(invitation)
            before = {"role": found.role.value}
            target = f"invitation:{invitation}"
            await work.note(act.note("revoke_invitation", target, now, before))
            await work.answer(receipt(found))
        return found

    async def answer(
        self,
        tenant: TenantId,
        invitation: UUID,
        person: ConsumerId,
        act: Act,
        *,
        accept: bool,
        receipt: Receipt[Member | None] = no_receipt,
    ) -> Member | None:
        """Accept an invitation or turn it down, as whoever has its phone or e-mail.

        An invitation never takes a role away that is more than it offers.

        Raises:
            InvitationMissing: it isn't open, or not for them.
        """
        now = self.clock()
        theirs = {proof.evidence for proof in await self.directory.evidence_of(person)}
        async with self.begin(tenant, alone=True) as work:
            there = await _member(work, person)
            found = await _open(work, invitation, now)
            if found.evidence not in theirs:
                raise InvitationMissing
            await work.team.close(invitation)
            held = {"role": there.role.value} if there else None
            if not accept:
                target = f"invitation:{invitation}"
                await work.note(act.note("decline_invitation", target, now, held))
                await work.answer(receipt(there))
                return there
            if there is None or STAFF.index(found.role) > STAFF.index(there.role):
                there = Member(person, found.role, tenant)
                await work.team.employ(there)
            after = {"role": there.role.value, "invitation": str(invitation)}
            await work.note(act.note("join_team", f"person:{person}", now, held, after))
            await work.answer(receipt(there))
        return there

    async def change(
        self,
        tenant: TenantId,
        person: ConsumerId,
        role: Role,
        act: Act,
        receipt: Receipt[Member] = no_receipt,
    ) -> Member:
        """Give a person of the team another role, in force on their next request.

        Raises:
            MemberMissing: they don't work here.
            LastOwner: nobody else owns it.
        """
        new = Member(person, role, tenant)
        async with self.begin(tenant, alone=True) as work:
            there = await _member(work, person)
            if there is None:
                raise MemberMissing
            if role is not Role.OWNER:
                await _check_not_last(work, there)
            await work.team.employ(new)
            before, after = {"role": there.role.value}, {"role": role.value}
            note = act.note("change_role", f"person:{person}", self.clock(), before, after)
            await work.note(note)
            await work.answer(receipt(new))
        return new

    async def remove(
        self,
        tenant: TenantId,
        person: ConsumerId,
        act: Act,
        receipt: Receipt[Member] = no_receipt,
    ) -> Member:
        """Take a person out of the team, or let them leave; in force on their next request.

        Raises:
            MemberMissing: they don't work here.
            LastOwner: nobody else owns it.
        """
        async with self.begin(tenant, alone=True) as work:
            there = await _member(work, person)
            if there is None:
                raise MemberMissing
            await _check_not_last(work, there)
            await work.team.dismiss(person)
            before = {"role": there.role.value}
            note = act.note("leave_team", f"person:{person}", self.clock(), before)
            await work.note(note)
            await work.answer(receipt(there))
        return there


def _check_may_invite(by: Role, role: Role) -> None:
    if role not in MAY_INVITE.get(by, frozenset()):
        raise RoleTooHigh


async def _member(work: Work, person: ConsumerId) -> Member | None:
    return next((it for it in await work.team.members() if it.person == person), None)


async def _open(work: Work, invitation: UUID, now: datetime) -> Invitation:
    found = next((it for it in await work.team.invitations(now) if it.id == invitation), None)
    if found is None:
        raise InvitationMissing
    return found


async def _check_not_last(work: Work, member: Member) -> None:
    owners = {it.person for it in await work.team.members() if it.role is Role.OWNER}
    if owners == {member.person}:
        raise LastOwner
