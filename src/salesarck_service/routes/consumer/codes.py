"""A consumer's codes: points on their way to a till."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import segno
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from salesarck_domain.ids import CodeId, TenantId
from salesarck_domain.people import Permission
from salesarck_domain.points import POINTS_MAX
from salesarck_domain.ports.store import Books
from salesarck_domain.redemption.alphabet import show
from salesarck_domain.redemption.code import CodeUnknown, RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.redemption.terms import worth
from salesarck_domain.tenants import Tenant
from salesarck_domain.use_cases.codes import CodeDesk, CodeTaken, Shown
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.views import MoneyView
from salesarck_service.security.guards import asks

TEXTS_MAX = 5
"""How many texts are tried before somebody is asked to come again."""


class CodeAsked(Struct, forbid_unknown_fields=True):
    """How many points to turn into a code."""

    points: Annotated[int, Meta(ge=1, le=POINTS_MAX, examples=[100])]


class CodeKept(Struct):
    """What a code is, without what it reads: this may be kept."""

    id: UUID
    points: int
    pepper: int
    issued_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, code: RedemptionCode) -> Self:
        return cls(code.id, code.points, code.pepper, code.issued_at, code.expires_at)


class CodeView(Struct):
    """A code to show at the till, as text and as a picture (SVG in a data URI)."""

    id: UUID
    code: str
    qr: str
    points: int
    value: MoneyView
    issued_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, kept: CodeKept, text: str, tenant: Tenant) -> Self:
        shown = show(text)
        return cls(
            id=kept.id,
            code=shown,
            qr=segno.make_qr(shown).svg_data_uri(scale=4),
            points=kept.points,
            value=MoneyView.of(worth(kept.points, tenant.currency, tenant.terms)),
            issued_at=kept.issued_at,
            expires_at=kept.expires_at,
        )


class CodeStateView(Struct):
    """Where a code is in its life. `shown` is there while it can be used."""

    id: UUID
    state: CodeState
    points: int
    issued_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    shown: CodeView | None

    @classmethod
    def of(cls, code: RedemptionCode, shown: CodeView | None = None) -> Self:
        return cls(
            id=code.id,
            state=code.state,
            points=code.points,
            issued_at=code.issued_at,
            expires_at=code.expires_at,
            settled_at=code.settled_at,
            shown=shown,
        )


class CodesController(Controller):
    """Turning points into codes, and back."""

    path = "/v1/consumer/wallets/{tenant:uuid}/codes"
    tags = ("consumer",)
    opt = asks(Permission.OWN_WALLET)

    @post(
        "/", summary="Swap points for a code", responses=problems(400, 401, 403, 404, 409, 422, 503)
    )
    async def issue(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[CodeAsked],
        caller: Given[Caller],
        once: Given[Once],
        code_desk: Given[CodeDesk],
    ) -> CodeView:
        """The points leave the wallet at once, and come back if the code runs out unused."""
        here = TenantId(tenant)

        async def do(attempt: Attempt[CodeKept]) -> Shown:
            receipt = attempt.receipt(_kept)
            for number in range(TEXTS_MAX):
                id_ = CodeId(attempt.id("code", number))
                with suppress(CodeTaken):
                    return await code_desk.issue(
                        here, caller.person, data.points, id_, caller.correlation, receipt
                    )
            raise CodeTaken

        kept = await once(CodeKept, do)
        text = code_desk.peppers.text(CodeId(kept.id), kept.pepper)
        return CodeView.of(kept, text, caller.here)

    @get("/{code:uuid}", summary="Show a code again", responses=problems(401, 403, 404, 503))
    async def show(
        self,
        tenant: FromPath[UUID],
        code: FromPath[UUID],
        caller: Given[Caller],
        code_desk: Given[CodeDesk],
        books: Given[Books],
    ) -> CodeStateView:
        """Read where a code of yours is in its life, with its text while it can be used."""
        found = await _own(books, TenantId(tenant), caller, CodeId(code))
        if found.state is not CodeState.ISSUED:
            return CodeStateView.of(found)
        text = code_desk.show(found).text
        return CodeStateView.of(found, CodeView.of(CodeKept.of(found), text, caller.here))

    @delete(
        "/{code:uuid}",
        status_code=200,
        summary="Take a code back",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def cancel(
        self,
        tenant: FromPath[UUID],
        code: FromPath[UUID],
        caller: Given[Caller],
        once: Given[Once],
        code_desk: Given[CodeDesk],
    ) -> CodeStateView:
        """The points return to the wallet, once."""
        here, id_ = TenantId(tenant), CodeId(code)

        async def do(attempt: Attempt[CodeStateView]) -> RedemptionCode:
            receipt = attempt.receipt(CodeStateView.of)
            return await code_desk.cancel(here, caller.person, id_, caller.correlation, receipt)

        return await once(CodeStateView, do)


async def _own(books: Books, tenant: TenantId, caller: Caller, code: CodeId) -> RedemptionCode:
    found = await books.code(tenant, code)
    if found is None or found.consumer != caller.person:
        raise CodeUnknown
    return found


def _kept(shown: Shown) -> CodeKept:
    return CodeKept.of(shown.code)
