"""A merchant's sales: whose they are, what they earned, and why they earned nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from salesarck_domain.ids import ConsumerId, SaleId, TenantId
from salesarck_domain.people import Permission
from salesarck_domain.ports.store import Books
from salesarck_domain.sales.sale import Sale
from salesarck_service.caller import NotFound
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.routes.paging import LIMIT, Cursor, Limit, cursor_after, read_id
from salesarck_service.routes.views import AwardView
from salesarck_service.security.guards import asks

Owner = Annotated[UUID | None, QueryParameter(description="Only the sales of this consumer.")]
Unclaimed = Annotated[bool, QueryParameter(description="Only those that nobody has claimed.")]


class SaleView(Struct):
    """One sale, who has it, what it is worth now, and how that came about."""

    id: UUID
    provider: str
    merchant: str
    name: str
    happened_at: datetime | None
    consumer: UUID | None
    worth: int
    unclaimed: bool
    award: AwardView | None

    @classmethod
    def of(cls, sale: Sale) -> Self:
        return cls(
            id=sale.id,
            provider=sale.key.provider,
            merchant=sale.key.merchant,
            name=sale.key.name,
            happened_at=sale.happened_at,
            consumer=sale.consumer,
            worth=sale.worth,
            unclaimed=sale.is_unclaimed,
            award=AwardView.read(sale.award) if sale.award else None,
        )


class SalesView(Struct):
    """A page of sales, latest first. `next` is the cursor of the page after, if there is one."""

    sales: Sequence[SaleView]
    next: str | None


class SalesController(Controller):
    """Sales of a tenant."""

    path = "/v1/merchant/tenants/{tenant:uuid}/sales"
    tags = ("merchant",)
    opt = asks(Permission.READ_SALES)

    @get("/", summary="Sales", responses=problems(400, 401, 403, 404, 503))
    async def all(
        self,
        tenant: FromPath[UUID],
        books: Given[Books],
        owner: Owner = None,
        *,
        unclaimed: Unclaimed = False,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> SalesView:
        """List sales; of one consumer, or those that nobody has claimed."""
        before = read_id(cursor)
        found = await books.sales_of(
            TenantId(tenant),
            consumer=ConsumerId(owner) if owner else None,
            unclaimed=unclaimed,
            before=SaleId(before) if before else None,
            limit=limit + 1,
        )
        page = found[:limit]
        more = len(found) > limit
        return SalesView(
            sales=[SaleView.of(sale) for sale in page],
            next=cursor_after(page[-1].id) if more else None,
        )

    @get("/{sale:uuid}", summary="One sale", responses=problems(401, 403, 404, 503))
    async def one(
        self, tenant: FromPath[UUID], sale: FromPath[UUID], books: Given[Books]
    ) -> SaleView:
        """Read one sale with every rule that was considered."""
        found = await books.sale(TenantId(tenant), SaleId(sale))
        if found is None:
            raise NotFound("sale")
        return SaleView.of(found)
