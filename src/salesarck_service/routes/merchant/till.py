"""A cashier's screen: honour a code, and take that back."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from salesarck_domain.ids import ActId, CodeId, TenantId
from salesarck_domain.people import Permission
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.redemption.terms import worth
from salesarck_domain.tenants import Tenant
from salesarck_domain.use_cases.codes import CodeDesk
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.views import MoneyView
from salesarck_service.security.guards import asks

Till = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9._:-]{1,64}$",
        description="The till's own name, as staff call it.",
        examples=["till-1"],
    ),
]


class CodeTyped(Struct, forbid_unknown_fields=True):
    """What a customer showed, as the cashier typed it: any case, with or without the hyphen."""

    code: Annotated[str, Meta(min_length=1, max_length=32, examples=["BYUN-B5JM"])]
    till: Till


class TillNamed(Struct, forbid_unknown_fields=True):
    """The till that redeemed the code."""

    till: Till


class RedemptionView(Struct):
    """What to take off the bill."""

    id: UUID
    state: CodeState
    points: int
    value: MoneyView
    till: str | None
    settled_at: datetime | None

    @classmethod
    def of(cls, code: RedemptionCode, tenant: Tenant) -> Self:
        return cls(
            id=code.id,
            state=code.state,
            points=code.points,
            value=MoneyView.of(worth(code.points, tenant.currency, tenant.terms)),
            till=code.till,
            settled_at=code.settled_at,
        )


class TillController(Controller):
    """Codes at a till."""

    path = "/v1/merchant/tenants/{tenant:uuid}/redemptions"
    tags = ("merchant",)
    opt = asks(Permission.TAKE_CODES)

    @post("/", summary="Honour a code", responses=problems(400, 401, 403, 404, 409, 422, 429, 503))
    async def redeem(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[CodeTyped],
        caller: Given[Caller],
        once: Given[Once],
        code_desk: Given[CodeDesk],
    ) -> RedemptionView:
        """Honour a code once. Five wrong ones within a quarter of an hour lock the till."""
        here = TenantId(tenant)

        async def do(attempt: Attempt[RedemptionView]) -> RedemptionCode:
            return await code_desk.redeem(
                here,
                data.code,
                data.till,
                caller.actor,
                caller.correlation,
                act=ActId(attempt.id("redeem")),
                receipt=attempt.receipt(_shown_at(caller.here)),
            )

        return await once(RedemptionView, do)

    @post(
        "/{code:uuid}/undo",
        status_code=200,
        summary="Take it back",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def undo(
        self,
        tenant: FromPath[UUID],
        code: FromPath[UUID],
        data: JSONBody[TillNamed],
        caller: Given[Caller],
        once: Given[Once],
        code_desk: Given[CodeDesk],
    ) -> RedemptionView:
        """Undo a redemption of the same till within two minutes; the points return."""
        here, id_ = TenantId(tenant), CodeId(code)

        async def do(attempt: Attempt[RedemptionView]) -> RedemptionCode:
            return await code_desk.undo(
                here,
                id_,
                data.till,
                caller.actor,
                caller.correlation,
                act=ActId(attempt.id("undo")),
                receipt=attempt.receipt(_shown_at(caller.here)),
            )

        return await once(RedemptionView, do)


def _shown_at(tenant: Tenant) -> Callable[[RedemptionCode], RedemptionView]:
    return lambda code: RedemptionView.of(code, tenant)
