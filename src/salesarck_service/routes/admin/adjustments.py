"""Adjustments: points moved by hand, by one admin up to a limit and by two beyond it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from salesarck_domain.deeds import DeductPoints, GrantPoints
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.ledger.adjustment import Adjustment, AdjustmentState, Direction
from salesarck_domain.people import Permission
from salesarck_domain.points import POINTS_MAX
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.store import Books
from salesarck_domain.use_cases.adjustments import AdjustmentDesk
from salesarck_domain.use_cases.wallets import Adjusted
from salesarck_service.caller import Caller, NotFound
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.paging import LIMIT, Cursor, Limit, cursor_after, read_id
from salesarck_service.routes.views import Because, Reason
from salesarck_service.security.guards import asks

State = Annotated[
    AdjustmentState | None, QueryParameter(name="state", description="Only those in this state.")
]


class Adjust(Struct, forbid_unknown_fields=True):
    """Points to give or take by hand, and why."""

    kind: Literal["grant", "deduct"]
    points: Annotated[int, Meta(ge=1, le=POINTS_MAX, examples=[50])]
    reason: Reason


class AdjustedView(Struct):
    """What became of it: made, with what the wallet holds after it; or pending, and nothing moved.

    A pending one waits for a second admin until `expires_at`.
    """

    act: UUID
    state: AdjustmentState
    balance: int | None = None
    owed: int | None = None
    seq: int | None = None
    expires_at: datetime | None = None

    @classmethod
    def of(cls, adjusted: Adjusted) -> Self:
        made = adjusted.adjustment
        view = cls(made.id, made.state, expires_at=made.expires_at)
        if after := adjusted.balance:
            view.balance, view.owed, view.seq = after.balance, after.owed, after.seq
        return view


class AdjustmentView(Struct):
    """Points moved by hand, or a request to, and who decided it."""

    id: UUID
    consumer: UUID
    kind: Direction
    points: int
    reason: str
    state: AdjustmentState
    requested_by: str
    requested_at: datetime
    expires_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, adjustment: Adjustment) -> Self:
        return cls(**{name: getattr(adjustment, name) for name in cls.__struct_fields__})


class AdjustmentsView(Struct):
    """A page of adjustments, latest first. `next` is the cursor of the page after."""

    adjustments: Sequence[AdjustmentView]
    next: str | None


class AdjustmentsController(Controller):
    """Adjusting wallets."""

    path = "/v1/admin/tenants/{tenant:uuid}"
    tags = ("admin",)
    opt = asks(Permission.ADJUST_WALLETS)

    @post(
        "/consumers/{consumer:uuid}/adjustments",
        summary="Give or take points",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def adjust(
        self,
        tenant: FromPath[UUID],
        consumer: FromPath[UUID],
        data: JSONBody[Adjust],
        caller: Given[Caller],
        once: Given[Once],
        adjustment_desk: Given[AdjustmentDesk],
        directory: Given[Directory],
    ) -> AdjustedView:
        """Move points by hand, or request it where it takes a second admin. The reason is kept."""
        who = ConsumerId(consumer)
        if not await directory.evidence_of(who):
            raise NotFound("consumer")

        async def do(attempt: Attempt[AdjustedView]) -> Adjusted:
            kind = GrantPoints if data.kind == "grant" else DeductPoints
            deed = kind(consumer=who, points=data.points, id=ActId(attempt.id("act")))
            act, receipt = caller.act(deed.id, data.reason), attempt.receipt(AdjustedView.of)
            return await adjustment_desk.adjust(TenantId(tenant), deed, act, receipt)

        return await once(AdjustedView, do)

    @get("/adjustments", summary="Adjustments", responses=problems(400, 401, 403, 404, 503))
    async def all(
        self,
        tenant: FromPath[UUID],
        books: Given[Books],
        where: State = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> AdjustmentsView:
        """List adjustments, latest first; those that wait for a second admin, say."""
        place = read_id(cursor)
        found = await books.adjustments(
            TenantId(tenant), state=where, before=ActId(place) if place else None, limit=limit + 1
        )
        page = found[:limit]
        return AdjustmentsView(
            adjustments=[AdjustmentView.of(each) for each in page],
            next=cursor_after(page[-1].id) if len(found) > limit else None,
        )

    @post(
        "/adjustments/{adjustment:uuid}/approve",
        status_code=200,
        summary="Approve a request",
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def approve(
        self,
        tenant: FromPath[UUID],
        adjustment: FromPath[UUID],
        caller: Given[Caller],
        once: Given[Once],
        adjustment_desk: Given[AdjustmentDesk],
    ) -> AdjustmentView:
        """Make what another admin requested. Nobody approves their own request."""
        here, id_ = TenantId(tenant), ActId(adjustment)

        async def do(attempt: Attempt[AdjustmentView]) -> Adjustment:
            act, receipt = caller.act(attempt.id("decision")), attempt.receipt(AdjustmentView.of)
            return await adjustment_desk.approve(here, id_, act, receipt)

        return await once(AdjustmentView, do)

    @post(
        "/adjustments/{adjustment:uuid}/reject",
        status_code=200,
        summary="Turn a request down",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def reject(
        self,
        tenant: FromPath[UUID],
        adjustment: FromPath[UUID],
        data: JSONBody[Because],
        caller: Given[Caller],
        once: Given[Once],
        adjustment_desk: Given[AdjustmentDesk],
    ) -> AdjustmentView:
        """Turn down what another admin requested; nothing moves."""
        here, id_ = TenantId(tenant), ActId(adjustment)

        async def do(attempt: Attempt[AdjustmentView]) -> Adjustment:
            act = caller.act(attempt.id("decision"), data.reason)
            return await adjustment_desk.reject(here, id_, act, attempt.receipt(AdjustmentView.of))

        return await once(AdjustmentView, do)
