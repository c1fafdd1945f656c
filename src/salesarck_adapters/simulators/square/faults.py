"""Square's no: one body shape for all of them."""

from dataclasses import dataclass

from litestar import Response
from litestar.connection import Request
from litestar.datastructures import State
from msgspec import Struct

CATEGORIES = {
    "UNAUTHORIZED": "AUTHENTICATION_ERROR",
    "ACCESS_TOKEN_EXPIRED": "AUTHENTICATION_ERROR",
    "ACCESS_TOKEN_REVOKED": "AUTHENTICATION_ERROR",
    "RATE_LIMITED": "RATE_LIMIT_ERROR",
}


@dataclass(eq=False)
class SquareFault(Exception):
    """An answer that isn't one."""

    status: int
    code: str
    detail: str
    field: str | None = None


class FaultItem(Struct, frozen=True, omit_defaults=True):
    """One entry of Square's list of errors."""

    category: str
    code: str
    detail: str
    field: str | None = None


class FaultBody(Struct, frozen=True):
    """Square's list of errors."""

    errors: list[FaultItem]


def fault_answer(_: Request[None, None, State], fault: SquareFault) -> Response[FaultBody]:
    """Say it as Square does."""
    category = CATEGORIES.get(fault.code, "INVALID_REQUEST_ERROR")
    item = FaultItem(category, fault.code, fault.detail, fault.field)
    return Response(FaultBody([item]), status_code=fault.status)


def not_found(what: str, name: str) -> SquareFault:
    return SquareFault(404, "NOT_FOUND", f"{what} {name} not found.")


def bad_request(detail: str, field: str | None = None) -> SquareFault:
    return SquareFault(400, "BAD_REQUEST", detail, field)
