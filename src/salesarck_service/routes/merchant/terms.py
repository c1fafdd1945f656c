"""A tenant's terms: what its points are worth, and when they end."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, patch
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType, to_builtins

from salesarck_domain.ids import TenantId
from salesarck_domain.people import Permission
from salesarck_domain.points import POINTS_MAX
from salesarck_domain.tenants import Tenant
from salesarck_domain.use_cases.tenants import TenantDesk
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems, request_invalid
from salesarck_service.routes.consumer.tenants import Country, Currency, Name, Zone
from salesarck_service.routes.views import TermsView
from salesarck_service.security.guards import asks

DAY = 86_400
Points = Annotated[int, Meta(ge=0, le=POINTS_MAX)]
Long = Annotated[int, Meta(ge=0, le=3650 * DAY)]


class RewardTold(Struct, forbid_unknown_fields=True):
    """Something to give for points."""

    name: Name
    points: Annotated[int, Meta(ge=1, le=POINTS_MAX)]


class TermsChanged(Struct, forbid_unknown_fields=True):
    """The terms to change; what isn't named stays. Lengths of time are in seconds."""

    name: Name | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    country: Country | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    code_lifetime: Annotated[int, Meta(ge=60, le=DAY)] | UnsetType = UNSET
    claim_window: Long | UnsetType = UNSET
    grace: Long | UnsetType = UNSET
    adjustment_limit: Points | UnsetType = UNSET
    points_per_unit: Annotated[int, Meta(ge=1, le=10**9)] | UnsetType = UNSET
    points_min: Points | UnsetType = UNSET
    bill_percent_max: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    catalogue: Annotated[Sequence[RewardTold], Meta(max_length=100)] | UnsetType = UNSET


class TermsController(Controller):
    """Terms of a tenant."""

    path = "/v1/merchant/tenants/{tenant:uuid}/terms"
    tags = ("merchant",)

    @get(
        "/",
        opt=asks(Permission.READ_TERMS),
        summary="The terms",
        responses=problems(401, 403, 404, 503),
    )
    async def one(self, tenant: FromPath[UUID], caller: Given[Caller]) -> TermsView:  # noqa: ARG002 - the address names it
        """Read the terms, and whether the tenant takes part."""
        return TermsView.of(caller.here)

    @patch(
        "/",
        opt=asks(Permission.CHANGE_TERMS),
        summary="Change terms",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def change(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[TermsChanged],
        caller: Given[Caller],
        once: Given[Once],
        tenant_desk: Given[TenantDesk],
    ) -> TermsView:
        """Change terms from now on; what was judged stays. Currency and zone stay with sales."""
        changes = to_builtins(data)
        if not changes:
            raise request_invalid("body", "name at least one term to change")

        async def do(attempt: Attempt[TermsView]) -> Tenant:
            act, receipt = caller.act(attempt.id("terms")), attempt.receipt(TermsView.of)
            return await tenant_desk.change_terms(TenantId(tenant), changes, act, receipt)

        return await once(TermsView, do)
