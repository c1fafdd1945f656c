"""Clover's no."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from litestar import Response
from litestar.connection import Request
from litestar.datastructures import State
from msgspec import Struct


@dataclass(eq=False)
class CloverFault(Exception):
    """An answer that isn't one."""

    status: int
    message: str
    details: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class FaultBody(Struct, frozen=True, omit_defaults=True):
    """Clover's word on what went wrong. That of a 401 isn't published; this is a guess."""

    message: str
    details: str | None = None


def fault_answer(_: Request[None, None, State], fault: CloverFault) -> Response[FaultBody]:
    """Say it as Clover does."""
    body = FaultBody(fault.message, fault.details)
    return Response(body, status_code=fault.status, headers=dict(fault.headers))


def not_found(what: str) -> CloverFault:
    return CloverFault(404, "Not Found", f"{what} not found")


def bad_request(details: str, **headers: str) -> CloverFault:
    return CloverFault(400, "Bad Request", details, headers)
