"""The web's door for tills over any store, as the program builds it."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp

from salesarck_adapters.queue.inline import InlineDoorbell
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.testing.examples import NOON
from salesarck_domain.use_cases.deliveries import Store, TakeDelivery
from salesarck_service.container.line import KEPT_HEADERS, checkouts, readers
from salesarck_service.ingest import Ingest
from salesarck_service.problems import answer_problem
from salesarck_service.routes.webhooks import Reception, webhooks_router
from salesarck_service.security.front import Front
from salesarck_service.security.gate import BODY_SECONDS, Gate
from salesarck_service.settings import Settings
from salesarck_service.telemetry.edge import Edge
from salesarck_service.telemetry.metrics import Metrics

URL = "https://hooks.example.test"
SQUARE_KEY = "a key that Square knows too"
CLOVER_CODE = "a code that Clover sends along"
CHECKOUT_SECRET = "a secret of one merchant"

SETTINGS = Settings(
    environment="development",
    database_url="postgresql://nobody@127.0.0.1/nothing",
    peppers={1: "0123456789abcdef0123456789abcdef"},
    public_url=URL,
    square_keys=(SQUARE_KEY,),
    clover_auth_codes=(CLOVER_CODE,),
    clover_checkout_secrets={"M1": (CHECKOUT_SECRET,)},
)


@dataclass
class Door:
    """The webhooks' addresses, over an inbox."""

    inbox: Inbox
    now: datetime = NOON
    store: Store | None = None
    metrics: Metrics = field(default_factory=Metrics)
    bell: InlineDoorbell = field(default_factory=InlineDoorbell)
    body_seconds: float = BODY_SECONDS

    def __post_init__(self) -> None:
        self.ingest = Ingest(self.store or self.inbox.store, self.bell)

    def app(self) -> ASGIApp:
        take = TakeDelivery(self.ingest, self.inbox, KEPT_HEADERS)
        reception = Reception(
            take, readers(SETTINGS), checkouts(SETTINGS), lambda: self.now, self.metrics
        )
        app = Litestar(
            [webhooks_router()],
            dependencies={"reception": Provide(lambda: reception, sync_to_thread=False)},
            exception_handlers={Exception: answer_problem},
            logging_config=None,
            openapi_config=None,
        )
        gate = Gate(app, Front(address=URL), self.body_seconds)
        return Edge(gate, lambda: self.now, secrets.token_bytes, self.metrics)

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app())  # type: ignore[arg-type]  # Litestar's own words for ASGI
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            yield client
        await self.ingest.close()

    def counted(self, provider: str, answer: str) -> float:
        labels = {"provider": provider, "answer": answer}
        found = self.metrics.registry.get_sample_value("salesarck_deliveries_total", labels)
        return found or 0


def square_body(event: str = "E1", merchant: str = "M1", kind: str = "nothing.happened") -> bytes:
    told = {"merchant_id": merchant, "type": kind, "event_id": event, "data": {}}
    return json.dumps(told).encode()


def square_headers(body: bytes) -> dict[str, str]:
    """Sign as Square does, without asking the adapter how."""
    message = f"{URL}/webhooks/square".encode() + body
    signature = base64.b64encode(hmac.digest(SQUARE_KEY.encode(), message, hashlib.sha256))
    return {
        "content-type": "application/json",
        "x-square-hmacsha256-signature": signature.decode(),
        "square-environment": "Production",
    }


def checkout_headers(body: bytes, at: datetime = NOON) -> dict[str, str]:
    """Sign as a Hosted Checkout does."""
    moment = str(int(at.timestamp()))
    message = f"{moment}.".encode() + body
    signature = hmac.digest(CHECKOUT_SECRET.encode(), message, "sha256").hex()
    return {"clover-signature": f"t={moment},v1={signature}"}
