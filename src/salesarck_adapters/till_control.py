"""A simulated till by HTTP: rings up what it is told, and posts what its vendor would post.

GET /till shows the merchants and how the post stands. POST /till/{sales, completions, tips,
voids, refunds, settlements, customers, edits, deletions, attachments, merges, unlinks} do what
the methods of `Till` do, with the same names. Every body takes `duplicate` (so many copies more
of each webhook) and `shuffle` (a seed for their order) beside its own fields, and every answer
says how many webhooks were posted and taken. What wasn't taken is posted again in the
background, with the vendor's patience. It has no lock: keep it on a loopback address.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from litestar import Litestar, Response, Router, get, post
from litestar.connection import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from msgspec import Struct
from msgspec.structs import replace

from salesarck_adapters.simulation import (
    Carried,
    Courier,
    NewCustomer,
    NotAtThisTill,
    Purchase,
    RefundOutcome,
    Till,
    TillRefused,
)


class Ordered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How badly the post should behave this once."""

    duplicate: int = 0
    shuffle: int | None = None


class SaleAsked(Purchase, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A purchase to ring up."""

    duplicate: int = 0
    shuffle: int | None = None


class CustomerAsked(NewCustomer, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer to write down."""

    duplicate: int = 0
    shuffle: int | None = None


class PaymentAsked(Ordered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payment to complete or to void."""

    payment: str


class TipAsked(PaymentAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tip in the place of the one so far."""

    amount: int


class RefundAsked(PaymentAsked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to give back: all that is left, unless it says how much."""

    amount: int | None = None
    outcome: RefundOutcome = "completed"


class SettlementAsked(Ordered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pending refund to decide."""

    refund: str
    outcome: RefundOutcome


class EditAsked(Ordered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer's new number or address."""

    customer: str
    phone: str | None = None
    email: str | None = None


class DeletionAsked(Ordered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer to strike out."""

    customer: str


class AttachmentAsked(Ordered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The buyer of a payment or an order, named afterwards."""

    to: str
    customer: str


class MergeAsked(Ordered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Customers who turn out to be one."""

    customers: tuple[str, ...]


class UnlinkAsked(Ordered, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merchant who takes our permission back."""

    merchant: str


class Done(Struct, frozen=True, omit_defaults=True):
    """The ids of what came of it, and what the post did at the first try."""

    posted: int
    taken: int
    order: str | None = None
    payments: tuple[str, ...] = ()
    refund: str | None = None
    customer: str | None = None


class Standing(Struct, frozen=True):
    """The merchants, and the post since the start. `waiting` is tried again."""

    merchants: Mapping[str, str]
    posted: int
    taken: int
    waiting: int
    given_up: int


@dataclass(slots=True)
class PostOffice:
    """Posts at once what a deed queued, and again in the background what wasn't taken."""

    courier: Courier
    client: httpx.AsyncClient
    posted: int = 0
    taken: int = 0
    given_up: int = 0
    retries: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def post(self, duplicate: int, shuffle: int | None) -> Done:
        sent = await self.courier.try_once(self.client, duplicate=duplicate, shuffle=shuffle)
        refused = [carried for carried in sent if not carried.delivered]
        self.posted += len(sent)
        self.taken += len(sent) - len(refused)
        if refused:
            task = asyncio.create_task(self._persist(refused))
            self.retries.add(task)
            task.add_done_callback(self.retries.discard)
        return Done(len(sent), len(sent) - len(refused))

    async def close(self) -> None:
        for task in self.retries:
            task.cancel()
        await asyncio.gather(*self.retries, return_exceptions=True)

    async def _persist(self, refused: Sequence[Carried]) -> None:
        await self.courier.persist(self.client, refused)
        delivered = sum(carried.delivered for carried in refused)
        self.taken += delivered
        self.given_up += len(refused) - delivered


TillAtHand = NamedDependency[Till]
Post = NamedDependency[PostOffice]


def open_shop(
    api: Router, till: Till, courier: Courier, client: httpx.AsyncClient | None
) -> Litestar:
    """A vendor's interface and a till as one server. A client that is given stays open."""
    office = PostOffice(courier, client or httpx.AsyncClient())

    @asynccontextmanager
    async def posting(_: Litestar) -> AsyncGenerator[None]:
        yield
        await office.close()
        if client is None:
            await office.client.aclose()

    return Litestar([api, _till_control(till, office)], lifespan=[posting], openapi_config=None)


def _till_control(till: Till, office: PostOffice) -> Router:
    return Router(
        "/till",
        route_handlers=[
            show,
            ring_up,
            complete,
            tip,
            void,
            refund,
            settle,
            add_customer,
            edit_customer,
            delete_customer,
            attach_customer,
            merge_customers,
            unlink,
        ],
        dependencies={
            "till": Provide(lambda: till, sync_to_thread=False),
            "office": Provide(lambda: office, sync_to_thread=False),
        },
        exception_handlers={NotAtThisTill: _missing, TillRefused: _refused},
    )


@get()
async def show(till: TillAtHand, office: Post) -> Standing:
    waiting = office.posted - office.taken - office.given_up
    return Standing(till.merchants(), office.posted, office.taken, waiting, office.given_up)


@post("/sales")
async def ring_up(data: JSONBody[SaleAsked], till: TillAtHand, office: Post) -> Done:
    rung = till.ring_up(data)
    done = await office.post(data.duplicate, data.shuffle)
    return replace(done, order=rung.order, payments=rung.payments)


@post("/completions")
async def complete(data: JSONBody[PaymentAsked], till: TillAtHand, office: Post) -> Done:
    till.complete(data.payment)
    return await office.post(data.duplicate, data.shuffle)


@post("/tips")
async def tip(data: JSONBody[TipAsked], till: TillAtHand, office: Post) -> Done:
    till.tip(data.payment, data.amount)
    return await office.post(data.duplicate, data.shuffle)


@post("/voids")
async def void(data: JSONBody[PaymentAsked], till: TillAtHand, office: Post) -> Done:
    till.void(data.payment)
    return await office.post(data.duplicate, data.shuffle)


@post("/refunds")
async def refund(data: JSONBody[RefundAsked], till: TillAtHand, office: Post) -> Done:
    made = till.refund(data.payment, data.amount, data.outcome)
    return replace(await office.post(data.duplicate, data.shuffle), refund=made)


@post("/settlements")
async def settle(data: JSONBody[SettlementAsked], till: TillAtHand, office: Post) -> Done:
    till.settle(data.refund, data.outcome)
    return await office.post(data.duplicate, data.shuffle)


@post("/customers")
async def add_customer(data: JSONBody[CustomerAsked], till: TillAtHand, office: Post) -> Done:
    added = till.add_customer(data)
    return replace(await office.post(data.duplicate, data.shuffle), customer=added)


@post("/edits")
async def edit_customer(data: JSONBody[EditAsked], till: TillAtHand, office: Post) -> Done:
    till.edit_customer(data.customer, phone=data.phone, email=data.email)
    return await office.post(data.duplicate, data.shuffle)


@post("/deletions")
async def delete_customer(data: JSONBody[DeletionAsked], till: TillAtHand, office: Post) -> Done:
    till.delete_customer(data.customer)
    return await office.post(data.duplicate, data.shuffle)


@post("/attachments")
async def attach_customer(data: JSONBody[AttachmentAsked], till: TillAtHand, office: Post) -> Done:
    till.attach_customer(data.to, data.customer)
    return await office.post(data.duplicate, data.shuffle)


@post("/merges")
async def merge_customers(data: JSONBody[MergeAsked], till: TillAtHand, office: Post) -> Done:
    stays = till.merge_customers(data.customers)
    return replace(await office.post(data.duplicate, data.shuffle), customer=stays)


@post("/unlinks")
async def unlink(data: JSONBody[UnlinkAsked], till: TillAtHand, office: Post) -> Done:
    till.unlink(data.merchant)
    return await office.post(data.duplicate, data.shuffle)


class Refusal(Struct, frozen=True):
    """Why not."""

    detail: str


def _missing(_: Request[None, None, State], error: NotAtThisTill) -> Response[Refusal]:
    return Response(Refusal(str(error)), status_code=404)


def _refused(_: Request[None, None, State], error: TillRefused) -> Response[Refusal]:
    return Response(Refusal(str(error)), status_code=409)
