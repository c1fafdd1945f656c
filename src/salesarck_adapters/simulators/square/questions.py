"""What can be asked of Square, in its names: queries and bodies. Unknown names are ignored."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar.connection import Request
from litestar.datastructures import State
from msgspec import Meta, Struct

from salesarck_adapters.simulators.square.faults import bad_request

Moment = Annotated[datetime, Meta(tz=True)]
T = TypeVar("T")


class ListPayments(Struct, frozen=True, kw_only=True):
    """GET /v2/payments."""

    begin_time: Moment | None = None
    end_time: Moment | None = None
    updated_at_begin_time: Moment | None = None
    updated_at_end_time: Moment | None = None
    sort_field: Literal["CREATED_AT", "UPDATED_AT", "OFFLINE_CREATED_AT"] = "CREATED_AT"
    sort_order: Literal["ASC", "DESC"] = "DESC"
    cursor: str | None = None
    location_id: str | None = None
    total: int | None = None
    last_4: str | None = None
    card_brand: str | None = None
    is_offline_payment: bool | None = None
    limit: Annotated[int, Meta(ge=1)] = 100


class ListRefunds(Struct, frozen=True, kw_only=True):
    """GET /v2/refunds."""

    begin_time: Moment | None = None
    end_time: Moment | None = None
    updated_at_begin_time: Moment | None = None
    updated_at_end_time: Moment | None = None
    sort_field: Literal["CREATED_AT", "UPDATED_AT"] = "CREATED_AT"
    sort_order: Literal["ASC", "DESC"] = "DESC"
    cursor: str | None = None
    location_id: str | None = None
    status: str | None = None
    limit: Annotated[int, Meta(ge=1)] = 100


class TimeRange(Struct, frozen=True):
    """From, and up to but not including."""

    start_at: Moment | None = None
    end_at: Moment | None = None


class DateTimeFilter(Struct, frozen=True):
    """Only the one that is sorted by may be asked for."""

    created_at: TimeRange | None = None
    updated_at: TimeRange | None = None
    closed_at: TimeRange | None = None


class StateFilter(Struct, frozen=True):
    """Orders in any of these states."""

    states: list[str]


class CustomerFilter(Struct, frozen=True):
    """Orders of any of these customers."""

    customer_ids: Annotated[list[str], Meta(max_length=10)]


class OrderFilter(Struct, frozen=True):
    """All of these have to hold."""

    date_time_filter: DateTimeFilter = DateTimeFilter()
    state_filter: StateFilter | None = None
    customer_filter: CustomerFilter | None = None


class OrderSort(Struct, frozen=True):
    """By what, and which way."""

    sort_field: Literal["CREATED_AT", "UPDATED_AT", "CLOSED_AT"] = "CREATED_AT"
    sort_order: Literal["ASC", "DESC"] = "DESC"


class OrderQuery(Struct, frozen=True):
    """Which orders, in which order."""

    filter: OrderFilter = OrderFilter()
    sort: OrderSort = OrderSort()


class SearchOrders(Struct, frozen=True, kw_only=True):
    """POST /v2/orders/search."""

    location_ids: Annotated[list[str], Meta(min_length=1, max_length=10)]
    query: OrderQuery = OrderQuery()
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 500


class RetrieveOrders(Struct, frozen=True, kw_only=True):
    """POST /v2/orders/batch-retrieve."""

    order_ids: Annotated[list[str], Meta(min_length=1, max_length=100)]
    location_id: str | None = None


class Exact(Struct, frozen=True):
    """The same, letter for letter."""

    exact: str


class CustomerSearchFilter(Struct, frozen=True):
    """All of these have to hold."""

    phone_number: Exact | None = None
    email_address: Exact | None = None


class CustomerQuery(Struct, frozen=True):
    """Which customers."""

    filter: CustomerSearchFilter = CustomerSearchFilter()


class SearchCustomers(Struct, frozen=True, kw_only=True):
    """POST /v2/customers/search."""

    query: CustomerQuery = CustomerQuery()
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 100


def query_of(request: Request[None, None, State], kind: type[T]) -> T:
    """Read a query string.

    Raises:
        SquareFault: it isn't one of Square's.
    """
    try:
        return msgspec.convert(dict[str, Any](request.query_params), kind, strict=False)
    except msgspec.ValidationError as mismatch:
        raise bad_request(str(mismatch)) from mismatch


async def body_of(request: Request[None, None, State], kind: type[T]) -> T:
    """Read a body.

    Raises:
        SquareFault: it isn't one of Square's.
    """
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as mismatch:
        raise bad_request(str(mismatch)) from mismatch
