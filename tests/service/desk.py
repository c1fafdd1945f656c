"""The web application over any store, with Ada, a café and its staff."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import httpx
from litestar.types import ASGIApp

from salesarck_adapters.identity.limited import LimitedIdentity
from salesarck_adapters.phones import address, e164
from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import Member, Role
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.testing.examples import BAKERY, CAFE, NOON
from salesarck_domain.use_cases.deliveries import TakeDelivery
from salesarck_service.app import Parts, create_app
from salesarck_service.contacts import Contacts
from salesarck_service.container.identity import signing_in_here
from salesarck_service.container.memory import HERE
from salesarck_service.container.shared import request_limits
from salesarck_service.routes.webhooks import Reception
from salesarck_service.settings import Settings
from salesarck_service.telemetry.metrics import Metrics

ADA, CLERK, OWNER, ADMIN, STRANGER = (f"+1212555010{number}" for number in range(5))

GENEROUS = Settings(
    database_url="", peppers={}, caller_limit=60_000, address_limit=60_000, sign_in_limit=60_000
)
"""So that tests about other things never meet a limit."""


@dataclass
class Desk:
    """Everything that a test of the service talks to."""

    store: MemoryStore | PostgresStore
    codes: dict[str, str] = field(default_factory=dict[str, str])
    now: datetime = NOON
    people: dict[str, ConsumerId] = field(default_factory=dict[str, ConsumerId])
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    push: MemoryPush = field(default_factory=MemoryPush)
    parts: Parts = field(init=False)
    app: ASGIApp = field(init=False)

    def __post_init__(self) -> None:
        self.parts = _parts(self)
        self.app = create_app(self.parts)

    def clock(self) -> datetime:
        return self.now

    @classmethod
    async def open(cls, store: MemoryStore | PostgresStore) -> "Desk":
        desk = cls(store)
        for tenant in (CAFE, BAKERY):
            await desk.store.directory.add_tenant(tenant)
        for phone in (ADA, CLERK, OWNER, ADMIN, STRANGER):
            await desk.sign_in(phone)
        await desk.employ(CLERK, Role.CASHIER, CAFE.id)
        await desk.employ(OWNER, Role.OWNER, CAFE.id)
        await desk.employ(STRANGER, Role.OWNER, BAKERY.id)
        await desk.employ(ADMIN, Role.ADMIN, None)
        return desk

    async def employ(self, phone: str, role: Role, tenant: TenantId | None) -> None:
        await self.store.directory.add_member(Member(self.people[phone], role, tenant))

    async def sign_in(self, phone: str) -> None:
        sent = await self.ask("POST", "/v1/sign-in/codes", json={"phone": phone})
        assert sent.status_code == 202, sent.text
        typed = {"phone": phone, "code": self.codes[phone]}
        session = await self.ask("POST", "/v1/sign-in/sessions", json=typed)
        assert session.status_code == 201, session.text
        self.tokens[phone] = session.json()["access_token"]
        self.people[phone] = ConsumerId(UUID(session.json()["person"]))

    async def ask(
        self,
        method: str,
        path: str,
        phone: str | None = None,
        *,
        json: object = None,
        content: str | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Ask as somebody, or as nobody."""
        headers: Mapping[str, str] = {
            **({"Authorization": f"Bearer {self.tokens[phone]}"} if phone else {}),
            **({"Idempotency-Key": key} if key else {}),
        }
        transport = httpx.ASGITransport(self.app)  # type: ignore[arg-type] # Litestar's own words
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, json=json, content=content, headers=headers)

    async def give(
        self, points: int, phone: str = ADA, tenant: TenantId = CAFE.id
    ) -> httpx.Response:
        """Let the admin give somebody points: Ada, at the café."""
        path = f"/v1/admin/tenants/{tenant}/consumers/{self.people[phone]}/adjustments"
        told = {"kind": "grant", "points": points, "reason": "welcome"}
        return await self.ask("POST", path, ADMIN, json=told, key=str(uuid4()))


def _parts(desk: Desk) -> Parts:
    store = desk.store
    signing_in = signing_in_here(desk.codes.__setitem__, desk.clock)
    metrics, peppers = Metrics(), Peppers({1: b"p" * 32})
    take = TakeDelivery(lambda _: _never(), store.inbox, ())
    return Parts(
        store=store,
        directory=store.directory,
        inbox=store.inbox,
        answers=store.answers,
        profiles=store.profiles,
        erasures=store.erasures,
        identity=LimitedIdentity(signing_in.identity, store.limits, peppers, GENEROUS.code_limit),
        verifier=signing_in.verifier,
        revocations=store.revocations,
        limits=request_limits(GENEROUS, store.limits, peppers),
        clock=desk.clock,
        real_clock=desk.clock,
        randomness=secrets.token_bytes,
        peppers=peppers,
        push=desk.push,
        contacts=Contacts(e164, address),
        reception=Reception(take, {}, {}, desk.clock, metrics),
        checks={"database": store.directory.tenants},
        metrics=metrics,
        front=HERE,
    )


async def _never() -> list[bool]:
    raise AssertionError("no delivery comes in these tests")
