"""Asking Clover again: its webhooks only say that something changed.

A payment knows its amounts and refunds; its currency, its customer and whether it was a rehearsal
stand on the order; a phone number stands on the customer. So one question is up to three requests,
none of which expands more than the three fields that Clover allows.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

import httpx

from salesarck_adapters.http import asked_to_wait
from salesarck_adapters.pos.clover.news import listed, news_of_payment, till_customer
from salesarck_adapters.pos.clover.shapes import Customer, Order, Payment, Reference
from salesarck_adapters.wire import read_json
from salesarck_domain.news import CustomerNews, News, TillCustomer
from salesarck_domain.ports.pos import (
    Answer,
    Fetched,
    LinkRefused,
    ProviderUnavailable,
    Question,
    UnreadableDelivery,
)

PROVIDER = "clover"
TRY_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}

Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class CloverFetcher:
    """Asks Clover's REST API at `base_url` with the token of the merchant in question."""

    client: httpx.AsyncClient
    base_url: str
    token: Callable[[str], str] = field(repr=False)
    provider: str = PROVIDER

    async def fetch(self, question: Question, country: str) -> Fetched:
        """Ask for a payment, an order or a customer, and all that belongs to it.

        Raises:
            LinkRefused: Clover refuses our token.
            ProviderUnavailable: it isn't answering, or says to wait.
            UnreadableDelivery: it answers in a shape we don't know.
        """
        visit = _Visit(self, question.merchant, country)
        news = await visit.asked[question.object](question.id)
        return Fetched(news, tuple(visit.answers))


@dataclass(slots=True)
class _Visit:
    """One question at one merchant, and the answers so far."""

    fetcher: CloverFetcher
    merchant: str
    country: str
    answers: list[Answer] = field(default_factory=list[Answer])

    @property
    def asked(self) -> Mapping[str, Callable[[str], Awaitable[Sequence[News]]]]:
        return {"payment": self.payment, "order": self.order, "customer": self.customer}

    async def payment(self, id_: str) -> Sequence[News]:
        payment = await self._payment(id_)
        if payment is None:
            return ()
        order = await self._order(payment.order.id) if payment.order else None
        if order is None:
            raise UnreadableDelivery(PROVIDER, f"payment {payment.id} of no order, so no currency")
        return news_of_payment(self.merchant, payment, order, await self._buyer(order))

    async def order(self, id_: str) -> Sequence[News]:
        order = await self._order(id_)
        if order is None:
            return ()
        buyer = await self._buyer(order)
        news: list[News] = []
        for told in listed(order.payments):
            named = read_json(PROVIDER, bytes(told), Reference)
            # An order may tell of a payment that can't be asked for yet.
            payment = await self._payment(named.id) or read_json(PROVIDER, bytes(told), Payment)
            news += news_of_payment(self.merchant, payment, order, buyer)
        return news

    async def customer(self, id_: str) -> Sequence[News]:
        customer = await self._customer(id_)
        if customer is None:
            return ()
        told = till_customer(customer, self.country)
        return (
            CustomerNews(
                merchant=self.merchant, id=customer.id, phone=told.phone, email=told.email
            ),
        )

    async def _buyer(self, order: Order) -> TillCustomer | None:
        """The customer hangs on the order; whom the book has lost keeps at least an id."""
        named = next(iter(listed(order.customers)), None)
        if named is None:
            return None
        customer = await self._customer(named.id)
        return till_customer(customer, self.country) if customer else TillCustomer(id=named.id)

    async def _payment(self, id_: str) -> Payment | None:
        return await self._get("payments", id_, "refunds,tender", Payment)

    async def _order(self, id_: str) -> Order | None:
        return await self._get("orders", id_, "customers,payments,refunds", Order)

    async def _customer(self, id_: str) -> Customer | None:
        return await self._get("customers", id_, "phoneNumbers,emailAddresses", Customer)

    async def _get(self, kind: str, id_: str, expand: str, shape: type[Shape]) -> Shape | None:
        path = f"/v3/merchants/{_segment(self.merchant)}/{kind}/{_segment(id_)}"
        response = await self._send(path, expand)
        self.answers.append(
            Answer("GET", path, response.status_code, response.content.decode(errors="replace"))
        )
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        if response.status_code != HTTPStatus.OK:
            raise UnreadableDelivery(PROVIDER, f"status {response.status_code} for {path}")
        return read_json(PROVIDER, response.content, shape)

    async def _send(self, path: str, expand: str) -> httpx.Response:
        try:
            response = await self.fetcher.client.get(
                f"{self.fetcher.base_url.rstrip('/')}{path}",
                params={"expand": expand},
                headers={"authorization": f"Bearer {self.fetcher.token(self.merchant)}"},
            )
        except httpx.HTTPError as error:
            raise ProviderUnavailable(PROVIDER, type(error).__name__) from error
        if response.status_code in REFUSED:
            raise LinkRefused(PROVIDER, self.merchant)
        if response.status_code in TRY_LATER or response.is_server_error:
            raise ProviderUnavailable(
                PROVIDER, f"status {response.status_code}", asked_to_wait(response)
            )
        return response


def _segment(id_: str) -> str:
    """Write an id so that it stays one step of a path, whoever invented it."""
    if not id_.strip("."):
        raise UnreadableDelivery(PROVIDER, f"an id that is no id: {id_!r}")
    return quote(id_, safe="")
