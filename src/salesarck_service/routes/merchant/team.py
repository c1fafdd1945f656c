"""A tenant's team: who works here, and who is asked to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import Evidence, EvidenceKind, Invitation, Member, Permission, Role
from salesarck_domain.phone import Phone
from salesarck_domain.ports.directory import Directory
from salesarck_domain.use_cases.team import TeamDesk
from salesarck_service.caller import Caller
from salesarck_service.contacts import Contacts
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.security.guards import asks

Staff = Literal["cashier", "manager", "owner"]
Typed = Annotated[str, Meta(min_length=1, max_length=254)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166; else the tenant's.")]


class Invite(Struct, forbid_unknown_fields=True):
    """Whom to ask, by a phone in any spelling or an e-mail address, and as what."""

    role: Staff
    phone: Typed | None = None
    email: Typed | None = None
    country: Country | None = None


class RoleGiven(Struct, forbid_unknown_fields=True):
    """A role."""

    role: Staff


class InvitedView(Struct):
    """An open invitation. Whether anybody is known by this contact is not said."""

    id: UUID
    contact: str
    role: Role
    expires_at: datetime

    @classmethod
    def of(cls, invitation: Invitation) -> Self:
        contact = masked(invitation.evidence)
        return cls(invitation.id, contact, invitation.role, invitation.expires_at)


class MemberView(Struct):
    """Somebody who works here, and what their phone or e-mail looks like."""

    person: UUID
    role: Role
    contacts: Sequence[str]

    @classmethod
    def of(cls, member: Member, contacts: Sequence[str] = ()) -> Self:
        return cls(member.person, member.role, contacts)


class TeamView(Struct):
    """Everybody who works here, and everybody who is asked to."""

    members: Sequence[MemberView]
    invitations: Sequence[InvitedView]


class RemovedView(Struct):
    """What is not there any more: somebody's role, or an invitation."""

    removed: UUID

    @classmethod
    def of(cls, gone: Member | Invitation) -> Self:
        return cls(gone.person if isinstance(gone, Member) else gone.id)


def masked(evidence: Evidence) -> str:
    """Say as much of a contact as somebody needs who knows it."""
    if evidence.kind is EvidenceKind.EMAIL:
        name, _, place = evidence.value.rpartition("@")
        return f"{name[:1]}…@{place}"
    return f"…{evidence.value[-4:]}"


class TeamController(Controller):
    """The team. An owner changes it; a manager may invite cashiers; everybody may leave."""

    path = "/v1/merchant/tenants/{tenant:uuid}/team"
    tags = ("merchant",)

    @get(
        "/",
        opt=asks(Permission.READ_TEAM),
        summary="The team",
        responses=problems(401, 403, 404, 503),
    )
    async def all(
        self, tenant: FromPath[UUID], team_desk: Given[TeamDesk], directory: Given[Directory]
    ) -> TeamView:
        """List who works here, and open invitations. Contacts are masked."""
        here = TenantId(tenant)
        members = [
            MemberView.of(
                member,
                [masked(proof.evidence) for proof in await directory.evidence_of(member.person)],
            )
            for member in await team_desk.members(here)
        ]
        invited = [InvitedView.of(each) for each in await team_desk.invitations(here)]
        return TeamView(members, invited)

    @post(
        "/invitations",
        opt=asks(Permission.INVITE_STAFF),
        summary="Invite somebody",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def invite(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[Invite],
        caller: Given[Caller],
        once: Given[Once],
        contacts: Given[Contacts],
        team_desk: Given[TeamDesk],
    ) -> InvitedView:
        """Ask whoever has a phone or an e-mail to work here, for seven days."""
        country = data.country or caller.here.country
        contact = contacts.read(data.phone, data.email, country)
        known = Evidence.phone if isinstance(contact, Phone) else Evidence.email
        here, evidence, role = TenantId(tenant), known(str(contact)), Role(data.role)

        async def do(attempt: Attempt[InvitedView]) -> Invitation:
            act, receipt = caller.act(attempt.id("invitation")), attempt.receipt(InvitedView.of)
            return await team_desk.invite(here, evidence, role, caller.role, act, receipt)

        return await once(InvitedView, do)

    @delete(
        "/invitations/{invitation:uuid}",
        status_code=200,
        opt=asks(Permission.INVITE_STAFF),
        summary="Take an invitation back",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def revoke(
        self,
        tenant: FromPath[UUID],
        invitation: FromPath[UUID],
        caller: Given[Caller],
        once: Given[Once],
        team_desk: Given[TeamDesk],
    ) -> RemovedView:
        """Take an invitation back before it is accepted."""

        async def do(attempt: Attempt[RemovedView]) -> Invitation:
            act, receipt = caller.act(attempt.id("revoke")), attempt.receipt(RemovedView.of)
            return await team_desk.revoke(TenantId(tenant), invitation, caller.role, act, receipt)

        return await once(RemovedView, do)

    @post(
        "/leave",
        status_code=200,
        opt=asks(Permission.LEAVE_TEAM),
        summary="Leave",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def leave(
        self,
        tenant: FromPath[UUID],
        caller: Given[Caller],
        once: Given[Once],
        team_desk: Given[TeamDesk],
    ) -> RemovedView:
        """Leave the team. The last owner stays."""
        return await _remove(once, team_desk, TenantId(tenant), caller.person, caller)

    @patch(
        "/members/{person:uuid}",
        opt=asks(Permission.CHANGE_TEAM),
        summary="Change a role",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def change(
        self,
        tenant: FromPath[UUID],
        person: FromPath[UUID],
        data: JSONBody[RoleGiven],
        caller: Given[Caller],
        once: Given[Once],
        team_desk: Given[TeamDesk],
    ) -> MemberView:
        """Give somebody of the team another role, in force on their next request."""
        here, who, role = TenantId(tenant), ConsumerId(person), Role(data.role)

        async def do(attempt: Attempt[MemberView]) -> Member:
            act, receipt = caller.act(attempt.id("role")), attempt.receipt(MemberView.of)
            return await team_desk.change(here, who, role, act, receipt)

        return await once(MemberView, do)

    @delete(
        "/members/{person:uuid}",
        status_code=200,
        opt=asks(Permission.CHANGE_TEAM),
        summary="Remove somebody",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def remove(
        self,
        tenant: FromPath[UUID],
        person: FromPath[UUID],
        caller: Given[Caller],
        once: Given[Once],
        team_desk: Given[TeamDesk],
    ) -> RemovedView:
        """Take somebody's role away, from their next request on. The last owner stays."""
        return await _remove(once, team_desk, TenantId(tenant), ConsumerId(person), caller)


async def _remove(
    once: Once, team_desk: TeamDesk, tenant: TenantId, person: ConsumerId, caller: Caller
) -> RemovedView:
    async def do(attempt: Attempt[RemovedView]) -> Member:
        act, receipt = caller.act(attempt.id("remove")), attempt.receipt(RemovedView.of)
        return await team_desk.remove(tenant, person, act, receipt)

    return await once(RemovedView, do)
