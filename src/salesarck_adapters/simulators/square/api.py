"""Square's REST interface, as far as a loyalty service asks it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from litestar import Router, get, post
from litestar.connection import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from msgspec.structs import replace

from salesarck_adapters.simulators.square.faults import (
    SquareFault,
    bad_request,
    fault_answer,
    not_found,
)
from salesarck_adapters.simulators.square.paging import Asked, Page
from salesarck_adapters.simulators.square.questions import (
    ListPayments,
    ListRefunds,
    RetrieveOrders,
    SearchCustomers,
    SearchOrders,
    TimeRange,
    body_of,
    query_of,
)
from salesarck_adapters.simulators.square.wire import (
    Customer,
    Location,
    Merchant,
    Order,
    Payment,
    Refund,
)
from salesarck_adapters.simulators.square.world import Seller, SquareWorld

PAGE_MAX = 100
T = TypeVar("T")
Asking = Request[None, None, State]
World = NamedDependency[SquareWorld]
Caller = NamedDependency[Seller]


def square_api(world: SquareWorld) -> Router:
    """All of it, behind a bearer token."""
    return Router(
        "/v2",
        route_handlers=[
            list_payments,
            get_payment,
            list_refunds,
            get_refund,
            get_order,
            search_orders,
            retrieve_orders,
            get_customer,
            search_customers,
            list_locations,
            get_merchant,
        ],
        dependencies={
            "world": Provide(lambda: world, sync_to_thread=False),
            "caller": Provide(find_caller, sync_to_thread=False),
        },
        exception_handlers={SquareFault: fault_answer},
    )


def find_caller(request: Asking, world: World) -> Seller:
    """The seller whose token this is.

    Raises:
        SquareFault: the token is unknown, expired or revoked, or it asks too often.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = [one for one in world.sellers.values() if one.token == token]
    if scheme.lower() != "bearer" or not known:
        raise SquareFault(401, "UNAUTHORIZED", "This request could not be authorized.")
    seller = known[0]
    if seller.permission == "expired":
        raise SquareFault(401, "ACCESS_TOKEN_EXPIRED", "The access token has expired.")
    if seller.permission == "revoked":
        raise SquareFault(401, "ACCESS_TOKEN_REVOKED", "The access token was revoked.")
    if world.window is not None and not world.window.admits(token):
        raise SquareFault(429, "RATE_LIMITED", "The number of requests is over the limit.")
    return seller


@get("/payments")
async def list_payments(
    request: Asking, world: World, caller: Caller
) -> dict[str, Sequence[Payment] | str]:
    """Without a location, the main one's only. A limit over 100 counts as 100."""
    query = query_of(request, ListPayments)
    place = query.location_id or caller.profile.main_location_id
    begin = query.begin_time or world.clock() - timedelta(days=365)
    rows = [
        one
        for one in _owned(world, caller, world.payments)
        if one.location_id == place
        and _within(one.created_at, begin, query.end_time)
        and _within(one.updated_at, query.updated_at_begin_time, query.updated_at_end_time)
        and query.total in {None, one.total_money.amount}
        and _has_card(one, query)
        and query.is_offline_payment in {None, bool(one.is_offline_payment)}
    ]
    sorted_by: Mapping[str, Callable[[Payment], str]] = {
        "CREATED_AT": lambda one: one.created_at,
        "UPDATED_AT": lambda one: one.updated_at,
        "OFFLINE_CREATED_AT": _offline_moment,
    }
    key = sorted_by[query.sort_field]
    page = _asked(query, world).page(rows, lambda one: (key(one), one.id))
    return _listed("payments", page)


@get("/payments/{payment_id:str}")
async def get_payment(
    payment_id: FromPath[str], world: World, caller: Caller
) -> dict[str, Payment]:
    return {"payment": _one(world, caller, world.payments, "Payment", payment_id)}


@get("/refunds")
async def list_refunds(
    request: Asking, world: World, caller: Caller
) -> dict[str, Sequence[Refund] | str]:
    """Without a location, all of them: other than with payments."""
    query = query_of(request, ListRefunds)
    begin = query.begin_time or world.clock() - timedelta(days=365)
    rows = [
        one
        for one in _owned(world, caller, world.refunds)
        if query.location_id in {None, one.location_id}
        and query.status in {None, one.status}
        and _within(one.created_at, begin, query.end_time)
        and _within(one.updated_at, query.updated_at_begin_time, query.updated_at_end_time)
    ]
    is_by_update = query.sort_field == "UPDATED_AT"
    page = _asked(query, world).page(
        rows, lambda one: (one.updated_at if is_by_update else one.created_at, one.id)
    )
    return _listed("refunds", page)


@get("/refunds/{refund_id:str}")
async def get_refund(refund_id: FromPath[str], world: World, caller: Caller) -> dict[str, Refund]:
    return {"refund": _one(world, caller, world.refunds, "Refund", refund_id)}


@get("/orders/{order_id:str}")
async def get_order(order_id: FromPath[str], world: World, caller: Caller) -> dict[str, Order]:
    return {"order": _one(world, caller, world.orders, "Order", order_id)}


@post("/orders/search", status_code=200)
async def search_orders(
    request: Asking, world: World, caller: Caller
) -> dict[str, Sequence[Order] | str]:
    """A filter by time has to be on the field that is sorted by."""
    asked = await body_of(request, SearchOrders)
    wanted, sort = asked.query.filter, asked.query.sort
    times = wanted.date_time_filter
    ranges = {
        "CREATED_AT": times.created_at,
        "UPDATED_AT": times.updated_at,
        "CLOSED_AT": times.closed_at,
    }
    if any(spec is not None and name != sort.sort_field for name, spec in ranges.items()):
        raise bad_request("The date_time_filter must match the sort_field.", "query.sort")
    span = ranges[sort.sort_field] or TimeRange()
    rows = [
        one
        for one in _owned(world, caller, world.orders)
        if one.location_id in asked.location_ids
        and (wanted.state_filter is None or one.state in wanted.state_filter.states)
        and (
            wanted.customer_filter is None or one.customer_id in wanted.customer_filter.customer_ids
        )
        and (sort.sort_field != "CLOSED_AT" or one.closed_at is not None)
        and _within(_order_moment(one, sort.sort_field), span.start_at, span.end_at)
    ]
    page = Asked(
        question=replace(asked, cursor=None),
        cursor=asked.cursor,
        limit=asked.limit,
        is_newest_first=sort.sort_order == "DESC",
        now=world.clock(),
    ).page(rows, lambda one: (_order_moment(one, sort.sort_field), one.id))
    return _listed("orders", page)


@post("/orders/batch-retrieve", status_code=200)
async def retrieve_orders(
    request: Asking, world: World, caller: Caller
) -> dict[str, Sequence[Order] | str]:
    """Ids it doesn't know are left out without a word."""
    asked = await body_of(request, RetrieveOrders)
    rows = [one for one in _owned(world, caller, world.orders) if one.id in asked.order_ids]
    return _listed("orders", Page(rows, None))


@get("/customers/{customer_id:str}")
async def get_customer(
    customer_id: FromPath[str], world: World, caller: Caller
) -> dict[str, Customer]:
    """The id of a customer that was merged finds the new one, under the new id."""
    while customer_id in world.merged:
        customer_id = world.merged[customer_id]
    return {"customer": _one(world, caller, world.customers, "Customer", customer_id)}


@post("/customers/search", status_code=200)
async def search_customers(
    request: Asking, world: World, caller: Caller
) -> dict[str, Sequence[Customer] | str]:
    asked = await body_of(request, SearchCustomers)
    phone, email = asked.query.filter.phone_number, asked.query.filter.email_address
    rows = [
        one
        for one in _owned(world, caller, world.customers)
        if (phone is None or one.phone_number == phone.exact)
        and (email is None or (one.email_address or "").lower() == email.exact.lower())
    ]
    page = Asked(
        question=replace(asked, cursor=None),
        cursor=asked.cursor,
        limit=asked.limit,
        is_newest_first=False,
        now=world.clock(),
    ).page(rows, lambda one: (one.created_at, one.id))
    return _listed("customers", page)


@get("/locations")
async def list_locations(caller: Caller) -> dict[str, Sequence[Location]]:
    return {"locations": caller.locations}


@get("/merchants/{merchant_id:str}")
async def get_merchant(merchant_id: FromPath[str], caller: Caller) -> dict[str, Merchant]:
    """Asked for `me`, or by its own id."""
    if merchant_id not in {"me", caller.profile.id}:
        raise not_found("Merchant", merchant_id)
    return {"merchant": caller.profile}


def _owned(world: SquareWorld, caller: Seller, things: Mapping[str, T]) -> Sequence[T]:
    return [one for name, one in things.items() if world.owners[name] == caller.profile.id]


def _one(world: SquareWorld, caller: Seller, things: Mapping[str, T], what: str, name: str) -> T:
    """One of the caller's things; what is somebody else's isn't there."""
    if name not in things or world.owners[name] != caller.profile.id:
        raise not_found(what, name)
    return things[name]


def _within(moment: str, begin: datetime | None, end: datetime | None) -> bool:
    at = datetime.fromisoformat(moment)
    return (begin is None or at >= begin) and (end is None or at < end)


def _has_card(payment: Payment, query: ListPayments) -> bool:
    card = payment.card_details.card if payment.card_details else None
    return query.last_4 in {None, card and card.last_4} and query.card_brand in {
        None,
        card and card.card_brand,
    }


def _offline_moment(payment: Payment) -> str:
    offline = payment.offline_payment_details
    return offline.client_created_at if offline else payment.created_at


def _order_moment(order: Order, field: str) -> str:
    closed_at = order.closed_at or order.updated_at
    moments = {"UPDATED_AT": order.updated_at, "CLOSED_AT": closed_at}
    return moments.get(field, order.created_at)


def _asked(query: ListPayments | ListRefunds, world: SquareWorld) -> Asked:
    return Asked(
        question=replace(query, cursor=None),
        cursor=query.cursor,
        limit=min(query.limit, PAGE_MAX),
        is_newest_first=query.sort_order == "DESC",
        now=world.clock(),
    )


def _listed(name: str, page: Page[T]) -> dict[str, Sequence[T] | str]:
    """Square leaves an empty list out, and the cursor of the last page."""
    listed: dict[str, Sequence[T] | str] = {}
    if page.rows:
        listed[name] = page.rows
    if page.cursor is not None:
        listed["cursor"] = page.cursor
    return listed
