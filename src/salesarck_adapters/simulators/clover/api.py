"""Clover's REST interface, as far as a loyalty service asks it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, TypeVar

import msgspec
from litestar import Response, Router, get
from litestar.connection import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from msgspec import Meta, Struct

from salesarck_adapters.simulators.clover.expand import (
    CUSTOMER_FIELDS,
    ORDER_FIELDS,
    PAYMENT_FIELDS,
    Expander,
    expand_of,
)
from salesarck_adapters.simulators.clover.faults import (
    CloverFault,
    bad_request,
    fault_answer,
    not_found,
)
from salesarck_adapters.simulators.clover.filters import Filters
from salesarck_adapters.simulators.clover.limits import limit_calls
from salesarck_adapters.simulators.clover.wire import (
    Customer,
    Listing,
    Merchant,
    Order,
    Payment,
    Refund,
    millis,
)
from salesarck_adapters.simulators.clover.world import CloverWorld, Shop

T = TypeVar("T")
Asking = Request[None, None, State]
World = NamedDependency[CloverWorld]
Owner = NamedDependency[Shop]

PAYMENTS: Filters[Payment] = Filters(
    {
        "modifiedTime": lambda one: [one.modified_time],
        "createdTime": lambda one: [one.created_time],
        "clientCreatedTime": lambda one: [one.client_created_time],
        "device.id": lambda one: [one.device.id],
        "result": lambda one: [one.result],
        "offline": lambda one: [str(one.offline).lower()],
        "externalPaymentId": lambda one: [one.external_payment_id],
        "voided": lambda one: [str(one.result == "VOIDED").lower()],
        "id": lambda one: [one.id],
        "tender.id": lambda one: [one.tender.id],
        "employee.id": lambda one: [one.employee.id],
        "amount": lambda one: [one.amount],
    }
)
ORDERS: Filters[Order] = Filters(
    {
        "modifiedTime": lambda one: [one.modified_time],
        "createdTime": lambda one: [one.created_time],
        "clientCreatedTime": lambda one: [one.client_created_time],
        "id": lambda one: [one.id],
        "total": lambda one: [one.total],
        "state": lambda one: [one.state],
        "payType": lambda one: [one.pay_type],
        "testMode": lambda one: [str(one.test_mode).lower()],
        "device.id": lambda one: [one.device.id],
        "employee.id": lambda one: [one.employee.id],
    }
)
# Asked for by one of these, orders older than 90 days are left out.
SHORT_SIGHTED = ("createdTime", "total", "payType", "state")
SIGHT = timedelta(days=90)
CUSTOMERS: Filters[Customer] = Filters(
    {
        "id": lambda one: [one.id],
        "phoneNumber": lambda one: (
            [each.phone_number for each in one.phone_numbers.elements] if one.phone_numbers else []
        ),
        "emailAddress": lambda one: (
            [each.email_address for each in one.email_addresses.elements]
            if one.email_addresses
            else []
        ),
        "fullName": lambda one: [f"{one.first_name} {one.last_name}"],
        "customerSince": lambda one: [one.customer_since],
    }
)
REFUNDS: Filters[Refund] = Filters(
    {
        "createdTime": lambda one: [one.created_time],
        "clientCreatedTime": lambda one: [one.client_created_time],
        "id": lambda one: [one.id],
        "amount": lambda one: [one.amount],
        "payment.id": lambda one: [one.payment.id],
        "employee.id": lambda one: [one.employee.id],
    }
)


class Paging(Struct, frozen=True):
    """How much, and from where."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    offset: Annotated[int, Meta(ge=0)] = 0


def clover_api(world: CloverWorld) -> Router:
    """All of it, behind a bearer token, and within the limits if there are any."""
    limits = world.limits
    return Router(
        "/v3/merchants/{merchant:str}",
        route_handlers=[
            get_merchant,
            list_payments,
            get_payment,
            list_orders,
            get_order,
            list_customers,
            get_customer,
            list_refunds,
            get_refund,
        ],
        dependencies={
            "world": Provide(lambda: world, sync_to_thread=False),
            "shop": Provide(find_shop, sync_to_thread=False),
        },
        middleware=[] if limits is None else [limit_calls(limits)],
        exception_handlers={CloverFault: fault_answer},
    )


def find_shop(request: Asking, world: World, merchant: FromPath[str]) -> Shop:
    """The merchant, if the token is its own and it has our app.

    Raises:
        CloverFault: it isn't, or it hasn't.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    shop = world.shops.get(merchant)
    if shop is None or scheme.lower() != "bearer" or token != shop.token or not shop.is_installed:
        raise CloverFault(401, "401 Unauthorized")
    return shop


@get()
async def get_merchant(shop: Owner) -> Merchant:
    return shop.profile


@get("/payments")
async def list_payments(request: Asking, world: World, shop: Owner) -> Response[Listing[Payment]]:
    """Newest first, so that an offset drifts while more is rung up."""
    show = _expander(request, world, PAYMENT_FIELDS).payment
    rows = _owned(world, shop, world.payments)
    newest_first = sorted(rows, key=lambda one: (one.created_time, one.id), reverse=True)
    return _listing(request, PAYMENTS, newest_first, show)


@get("/payments/{name:str}")
async def get_payment(request: Asking, name: FromPath[str], world: World, shop: Owner) -> Payment:
    show = _expander(request, world, PAYMENT_FIELDS).payment
    return show(_one(world, shop, world.payments, "Payment", name))


@get("/orders")
async def list_orders(request: Asking, world: World, shop: Owner) -> Response[Listing[Order]]:
    """Most filters reach back 90 days only; that on modifiedTime reaches all."""
    show = _expander(request, world, ORDER_FIELDS).order
    rows = _owned(world, shop, world.orders)
    if any(text.startswith(SHORT_SIGHTED) for text in _filters(request)):
        horizon = millis(world.clock() - SIGHT)
        rows = [one for one in rows if one.created_time >= horizon]
    newest_first = sorted(rows, key=lambda one: (one.created_time, one.id), reverse=True)
    return _listing(request, ORDERS, newest_first, show)


@get("/orders/{name:str}")
async def get_order(request: Asking, name: FromPath[str], world: World, shop: Owner) -> Order:
    show = _expander(request, world, ORDER_FIELDS).order
    return show(_one(world, shop, world.orders, "Order", name))


@get("/customers")
async def list_customers(request: Asking, world: World, shop: Owner) -> Response[Listing[Customer]]:
    """A number is found as it was typed, digit for digit and bracket for bracket."""
    show = _expander(request, world, CUSTOMER_FIELDS).customer
    return _listing(request, CUSTOMERS, _owned(world, shop, world.customers), show)


@get("/customers/{name:str}")
async def get_customer(request: Asking, name: FromPath[str], world: World, shop: Owner) -> Customer:
    show = _expander(request, world, CUSTOMER_FIELDS).customer
    return show(_one(world, shop, world.customers, "Customer", name))


@get("/refunds")
async def list_refunds(request: Asking, world: World, shop: Owner) -> Response[Listing[Refund]]:
    return _listing(request, REFUNDS, _owned(world, shop, world.refunds), lambda one: one)


@get("/refunds/{name:str}")
async def get_refund(name: FromPath[str], world: World, shop: Owner) -> Refund:
    return _one(world, shop, world.refunds, "Refund", name)


def _owned(world: CloverWorld, shop: Shop, things: Mapping[str, T]) -> Sequence[T]:
    return [one for name, one in things.items() if world.owners[name] == shop.profile.id]


def _one(world: CloverWorld, shop: Shop, things: Mapping[str, T], what: str, name: str) -> T:
    """One of the merchant's things; what is somebody else's isn't there."""
    if name not in things or world.owners[name] != shop.profile.id:
        raise not_found(what)
    return things[name]


def _expander(request: Asking, world: CloverWorld, allowed: frozenset[str]) -> Expander:
    return Expander(world, expand_of(request.query_params.get("expand"), allowed))


def _filters(request: Asking) -> Sequence[str]:
    return request.query_params.getall("filter", [])


def _listing(
    request: Asking, filters: Filters[T], rows: Sequence[T], show: Callable[[T], T]
) -> Response[Listing[T]]:
    """A page of what the filters leave. An empty one is an answer like any other.

    Raises:
        CloverFault: the limit is over 1000, or a filter isn't one.
    """
    try:
        paging = msgspec.convert(dict(request.query_params), Paging, strict=False)
    except msgspec.ValidationError as mismatch:
        raise bad_request(str(mismatch)) from mismatch
    left = filters.apply(rows, _filters(request))
    page = left[paging.offset : paging.offset + paging.limit]
    listing = Listing([show(one) for one in page], str(request.url))
    return Response(listing, headers=dict(filters.headers))
