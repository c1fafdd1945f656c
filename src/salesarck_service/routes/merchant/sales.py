"""A merchant's sales: whose they are, what they earned, and why they earned nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter
from msgspec import Meta, Struct

from salesarck_domain.ids import ConsumerId, SaleId, TenantId
from salesarck_domain.news import RefundNews, SaleNews, TenderKind, TenderState
from salesarck_domain.people import Permission
from salesarck_domain.ports.store import Books
from salesarck_domain.sales.sale import Bill, Sale, Tender, furthest
from salesarck_service.caller import Caller, NotFound
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.routes.paging import LIMIT, Cursor, Limit, cursor_after, read_id
from salesarck_service.routes.views import AwardView, MoneyView
from salesarck_service.security.guards import asks

Reference = Annotated[str, Meta(description="As the provider calls it.")]
Owner = Annotated[UUID | None, QueryParameter(description="Only the sales of this consumer.")]
Unclaimed = Annotated[bool, QueryParameter(description="Only those that nobody has claimed.")]


class RefundView(Struct):
    """Something that was given back on a tender, in its newest state."""

    reference: Reference
    state: TenderState
    amount: MoneyView
    happened_at: datetime

    @classmethod
    def of(cls, refund: RefundNews) -> Self:
        return cls(
            reference=refund.reference,
            state=refund.state,
            amount=MoneyView(refund.amount, refund.currency),
            happened_at=refund.happened_at,
        )


class TenderView(Struct):
    """One payment in its newest state. `spend` is without the tip; `tax` is null if untold.

    `refunded` is what of the spend was given back. `test` payments earn nothing.
    """

    reference: Reference
    kind: TenderKind
    state: TenderState
    spend: MoneyView
    tip: MoneyView
    tax: MoneyView | None
    refunded: MoneyView
    happened_at: datetime
    test: bool
    refunds: Sequence[RefundView]

    @classmethod
    def of(cls, tender: Tender, state: SaleNews) -> Self:
        refunds = sorted(tender.refunds.values(), key=lambda found: found.happened_at)
        return cls(
            reference=state.reference,
            kind=state.tender,
            state=state.state,
            spend=MoneyView(state.spend, state.currency),
            tip=MoneyView(state.tip, state.currency),
            tax=None if state.tax is None else MoneyView(state.tax, state.currency),
            refunded=MoneyView(tender.refunded, state.currency),
            happened_at=state.happened_at,
            test=state.test,
            refunds=[RefundView.of(refund) for refund in refunds],
        )


class SaleView(Struct):
    """One sale: what was paid, who has it, what it is worth now, and how that came about.

    `state` is that of the tender that has come furthest, null for one that moved to its order.
    `gross` and `net` (less refunds) are what counts, in the tenant's currency; so are `tax` and
    `tip`. `reason` says why it earns nothing, and is null if it earns something.
    """

    id: UUID
    provider: str
    merchant: str
    name: str
    state: TenderState | None
    happened_at: datetime | None
    gross: MoneyView
    net: MoneyView
    tax: MoneyView
    tax_unknown: bool
    tip: MoneyView
    tenders: Sequence[TenderView]
    consumer: UUID | None
    worth: int
    unclaimed: bool
    reason: str | None
    award: AwardView | None

    @classmethod
    def of(cls, sale: Sale, currency: str) -> Self:
        bill, states = Bill.of(sale, currency), sale.states()
        award = AwardView.read(sale.award) if sale.award else None
        return cls(
            id=sale.id,
            provider=sale.key.provider,
            merchant=sale.key.merchant,
            name=sale.key.name,
            state=furthest(states),
            happened_at=sale.happened_at or sale.first_happened(),
            gross=MoneyView(bill.gross, currency),
            net=MoneyView(bill.net, currency),
            tax=MoneyView(bill.tax, currency),
            tax_unknown=bill.tax_unknown,
            tip=MoneyView(bill.tip, currency),
            tenders=[TenderView.of(sale.tenders[state.reference], state) for state in states],
            consumer=sale.consumer,
            worth=sale.worth,
            unclaimed=sale.is_unclaimed,
            reason=award.reason if award else bill.reason,
            award=award,
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
        caller: Given[Caller],
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
            sales=[SaleView.of(sale, caller.here.currency) for sale in page],
            next=cursor_after(page[-1].id) if more else None,
        )

    @get("/{sale:uuid}", summary="One sale", responses=problems(401, 403, 404, 503))
    async def one(
        self,
        tenant: FromPath[UUID],
        sale: FromPath[UUID],
        caller: Given[Caller],
        books: Given[Books],
    ) -> SaleView:
        """Read one sale with every rule that was considered."""
        found = await books.sale(TenantId(tenant), SaleId(sale))
        if found is None:
            raise NotFound("sale")
        return SaleView.of(found, caller.here.currency)
