"""Becoming a merchant: sign a business up, or join the team of one."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from salesarck_domain.ids import TenantId
from salesarck_domain.people import Invitation, Member, Permission, Role
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.tenants import Tenant, TenantState
from salesarck_domain.use_cases.team import TeamDesk
from salesarck_domain.use_cases.tenants import SignUpTenant
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.views import PLAIN, TermsView
from salesarck_service.security.guards import asks

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=PLAIN, examples=["Corner Bakery"])]
Currency = Annotated[
    str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217, like USD.", examples=["USD"])
]
Country = Annotated[
    str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166, like US.", examples=["US"])
]
Zone = Annotated[
    str,
    Meta(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$", examples=["America/New_York"]),
]


class SignUp(Struct, forbid_unknown_fields=True):
    """A business: what it is called, what it is paid in, where it is, when its days begin."""

    name: Name
    currency: Currency
    country: Country
    time_zone: Zone


class InvitationView(Struct):
    """A business that asks you to work there, as what, and until when."""

    id: UUID
    tenant: UUID
    tenant_name: str
    role: Role
    expires_at: datetime

    @classmethod
    def of(cls, invitation: Invitation, tenant: Tenant) -> Self:
        return cls(invitation.id, tenant.id, tenant.name, invitation.role, invitation.expires_at)


class JoinedView(Struct):
    """Your role at a business after your answer, if you have one there."""

    tenant: UUID
    role: Role | None

    @classmethod
    def of(cls, tenant: TenantId, member: Member | None) -> Self:
        return cls(tenant, member.role if member else None)


class OnboardingController(Controller):
    """For whoever is signed in."""

    path = "/v1/consumer"
    tags = ("consumer",)

    @post(
        "/tenants",
        opt=asks(Permission.SIGN_UP_TENANTS),
        summary="Sign a business up",
        responses=problems(400, 401, 403, 409, 422, 503),
    )
    async def sign_up(
        self,
        data: JSONBody[SignUp],
        caller: Given[Caller],
        once: Given[Once],
        sign_up_tenant: Given[SignUpTenant],
    ) -> TermsView:
        """Make a business that you own. It may have to wait for approval; set it up meanwhile."""
        terms = {name: getattr(data, name) for name in SignUp.__struct_fields__}

        async def do(attempt: Attempt[TermsView]) -> Tenant:
            tenant = TenantId(attempt.id("tenant"))
            act = caller.act(attempt.id("sign_up"))
            return await sign_up_tenant(tenant, terms, act, attempt.receipt(TermsView.of))

        return await once(TermsView, do)

    @get(
        "/invitations",
        opt=asks(Permission.ANSWER_INVITATIONS),
        summary="Who asks me to work there?",
        responses=problems(401, 403, 503),
    )
    async def invitations(
        self, caller: Given[Caller], directory: Given[Directory], clock: Given[Clock]
    ) -> Sequence[InvitationView]:
        """List the open invitations to a phone or an e-mail that you proved to be yours."""
        theirs = [proof.evidence for proof in await directory.evidence_of(caller.person)]
        found = await directory.invitations(theirs, clock())
        views = [(each, await directory.tenant(each.tenant)) for each in found]
        return [
            InvitationView.of(each, tenant)
            for each, tenant in views
            if tenant.state is not TenantState.SUSPENDED
        ]

    @post(
        "/tenants/{tenant:uuid}/invitations/{invitation:uuid}/accept",
        status_code=200,
        opt=asks(Permission.ANSWER_INVITATIONS),
        summary="Join a team",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def accept(
        self,
        tenant: FromPath[UUID],
        invitation: FromPath[UUID],
        caller: Given[Caller],
        once: Given[Once],
        team_desk: Given[TeamDesk],
    ) -> JoinedView:
        """Accept an invitation; the role is in force on your next request."""
        return await _answer(once, team_desk, TenantId(tenant), invitation, caller, accept=True)

    @post(
        "/tenants/{tenant:uuid}/invitations/{invitation:uuid}/decline",
        status_code=200,
        opt=asks(Permission.ANSWER_INVITATIONS),
        summary="Turn an invitation down",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def decline(
        self,
        tenant: FromPath[UUID],
        invitation: FromPath[UUID],
        caller: Given[Caller],
        once: Given[Once],
        team_desk: Given[TeamDesk],
    ) -> JoinedView:
        """Turn an invitation down; what role you have there stays."""
        return await _answer(once, team_desk, TenantId(tenant), invitation, caller, accept=False)


async def _answer(
    once: Once,
    team_desk: TeamDesk,
    tenant: TenantId,
    invitation: UUID,
    caller: Caller,
    *,
    accept: bool,
) -> JoinedView:
    async def do(attempt: Attempt[JoinedView]) -> Member | None:
        act = caller.act(attempt.id("answer"))
        receipt = attempt.receipt(partial(JoinedView.of, tenant))
        return await team_desk.answer(
            tenant, invitation, caller.person, act, accept=accept, receipt=receipt
        )

    return await once(JoinedView, do)
