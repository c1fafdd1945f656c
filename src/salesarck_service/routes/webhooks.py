"""Webhooks: a delivery is believed, kept and answered. Nothing else happens in the request."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar import Request, Router, post
from litestar.params import FromPath

from salesarck_domain.errors import Unavailable, Untrusted
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.pos import Delivery, WebhookReader
from salesarck_domain.use_cases.deliveries import TakeDelivery
from salesarck_service.caller import NotFound
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.security.guards import PUBLIC
from salesarck_service.security.limits import Traffic, is_traffic
from salesarck_service.telemetry.metrics import Metrics

BODY_MAX = 1024 * 1024

ANSWERS = problems(401, 404, 408, 413, 503)


@dataclass(frozen=True, slots=True)
class Reception:
    """Everything that stands between a till and the inbox.

    `readers` has one a provider; `checkouts` one a merchant with a Hosted Checkout of its own.
    """

    take: TakeDelivery
    readers: Mapping[str, WebhookReader]
    checkouts: Mapping[str, WebhookReader]
    clock: Clock
    metrics: Metrics

    async def receive(self, reader: WebhookReader | None, request: Request[Any, Any, Any]) -> None:
        """Take one delivery.

        Raises:
            NotFound: nobody reads at this address.
            ForgedDelivery: the provider didn't sign it.
            StoreUnavailable: it is not certain that it is kept.
            TooBusy: too many came at once.
        """
        if reader is None:
            raise NotFound("webhook")
        body = await request.body()
        headers = {name.lower(): text for name, text in request.headers.items()}
        delivery = Delivery(body, headers, self.clock())
        end = "failed"
        try:
            end = await self.take(reader, delivery, str(request.scope["state"]["correlation"]))
        except Untrusted:
            end = "forged"
            raise
        except Unavailable:
            end = "unavailable"
            raise
        finally:
            self.metrics.deliveries.labels(reader.provider, end).inc()


@post(
    "/{provider:str}",
    summary="Receive a delivery from a provider",
    status_code=HTTPStatus.OK,
    responses=ANSWERS,
)
async def receive(
    provider: FromPath[str],
    request: Request[Any, Any, Any],
    reception: Given[Reception],
) -> None:
    """Answer 200 once it is kept, and not before. Whoever hears anything else sends it again."""
    await reception.receive(reception.readers.get(provider), request)


@post(
    "/clover",
    summary="Receive a delivery from Clover",
    status_code=HTTPStatus.OK,
    responses=ANSWERS,
)
async def receive_clover(
    request: Request[Any, Any, Any],
    reception: Given[Reception],
) -> None:
    """As above: the router never looks for `{provider}` where an address begins with a word."""
    await reception.receive(reception.readers.get("clover"), request)


@post(
    "/clover/checkout/{link:str}",
    summary="Receive a delivery from a Hosted Checkout",
    status_code=HTTPStatus.OK,
    responses=ANSWERS,
)
async def receive_checkout(
    link: FromPath[str],
    request: Request[Any, Any, Any],
    reception: Given[Reception],
) -> None:
    """The secret is the merchant's own, so the address names whose it is."""
    await reception.receive(reception.checkouts.get(link), request)


def webhooks_router() -> Router:
    """The addresses that tills post to. They ask for a signature, not for a caller."""
    return Router(
        "/webhooks",
        route_handlers=[receive, receive_clover, receive_checkout],
        opt=PUBLIC | is_traffic(Traffic.WEBHOOKS),
        tags=("webhooks",),
        request_max_body_size=BODY_MAX,
    )
