"""Cursors: where a list goes on. They hold a place, not a moment, so they don't expire."""

import base64
import binascii
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from salesarck_service.problems import ProblemError

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=200, description="The `next` of the page before; opaque."),
]

LIMIT = 50
NUMBER_MAX = 2**63 - 1

Place = TypeVar("Place", int, UUID)


def cursor_after(place: int | UUID) -> str:
    """Name the place after which a list goes on."""
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def read_number(cursor: str | None) -> int | None:
    """Read a cursor that is a number.

    Raises:
        ProblemError: it is none of ours.
    """
    number = None if cursor is None else _read(cursor, int)
    if number is not None and not 0 < number <= NUMBER_MAX:
        raise _none_of_ours()
    return number


def read_id(cursor: str | None) -> UUID | None:
    """Read a cursor that is an id.

    Raises:
        ProblemError: it is none of ours.
    """
    return None if cursor is None else _read(cursor, UUID)


def _read(cursor: str, kind: type[Place]) -> Place:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return msgspec.convert(text, kind, strict=False)
    except (binascii.Error, ValueError) as error:
        raise _none_of_ours() from error


def _none_of_ours() -> ProblemError:
    return ProblemError(400, "cursor_invalid", "this cursor is none of ours; begin the list again")
