"""Which tenants take part: an admin approves, suspends and reinstates them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from salesarck_domain.audit import Act
from salesarck_domain.ids import TenantId
from salesarck_domain.people import Permission
from salesarck_domain.ports.answers import Receipt
from salesarck_domain.ports.directory import Directory
from salesarck_domain.tenants import Tenant, TenantState
from salesarck_domain.use_cases.tenants import TenantDesk
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.views import Because, TermsView
from salesarck_service.security.guards import asks

State = Annotated[
    TenantState | None, QueryParameter(name="state", description="Only those in this state.")
]
Move = Callable[[TenantId, Act, Receipt[Tenant]], Awaitable[Tenant]]


class TenantsController(Controller):
    """Tenants, as the platform sees them."""

    path = "/v1/admin/tenants"
    tags = ("admin",)
    opt = asks(Permission.CHANGE_TENANTS)

    @get("/", summary="All tenants", responses=problems(400, 401, 403, 503))
    async def all(self, directory: Given[Directory], where: State = None) -> Sequence[TermsView]:
        """List tenants by name; those that wait for approval, say."""
        found = await directory.tenants()
        return [TermsView.of(tenant) for tenant in found if where in {None, tenant.state}]

    @post(
        "/{tenant:uuid}/approve",
        status_code=200,
        summary="Let a new tenant take part",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def approve(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[Because],
        caller: Given[Caller],
        once: Given[Once],
        tenant_desk: Given[TenantDesk],
    ) -> TermsView:
        """Approve a pending tenant: its kept sales are judged from now on."""
        return await _moved(once, tenant_desk.approve, TenantId(tenant), caller, data)

    @post(
        "/{tenant:uuid}/suspend",
        status_code=200,
        summary="Stop everything with a tenant",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def suspend(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[Because],
        caller: Given[Caller],
        once: Given[Once],
        tenant_desk: Given[TenantDesk],
    ) -> TermsView:
        """Suspend a tenant from the next request on. What its tills tell is kept for later."""
        return await _moved(once, tenant_desk.suspend, TenantId(tenant), caller, data)

    @post(
        "/{tenant:uuid}/reinstate",
        status_code=200,
        summary="Let it take part again",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def reinstate(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[Because],
        caller: Given[Caller],
        once: Given[Once],
        tenant_desk: Given[TenantDesk],
    ) -> TermsView:
        """End a suspension: what was kept meanwhile is judged."""
        return await _moved(once, tenant_desk.reinstate, TenantId(tenant), caller, data)


async def _moved(
    once: Once, move: Move, tenant: TenantId, caller: Caller, data: Because
) -> TermsView:
    async def do(attempt: Attempt[TermsView]) -> Tenant:
        act = caller.act(attempt.id("tenant"), data.reason)
        return await move(tenant, act, attempt.receipt(TermsView.of))

    return await once(TermsView, do)
