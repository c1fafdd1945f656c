"""Everybody who may knock, everywhere they may knock, and what each should hear."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from salesarck_domain.audit import Act
from salesarck_domain.deeds import GrantPoints, TellNews
from salesarck_domain.ids import ActId, CodeId, ConsumerId, SaleId, TenantId
from salesarck_domain.people import MAY, WHILE_PENDING, Evidence, Permission, Role
from salesarck_domain.tenants import TenantState
from salesarck_domain.testing.examples import BAKERY, CAFE, NOON, PEPPERS, POINT_PER_DOLLAR, paid
from salesarck_domain.use_cases.adjustments import AdjustmentDesk
from salesarck_domain.use_cases.rules import Publish
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_domain.use_cases.team import TeamDesk
from tests.service.desk import ADA, ADMIN, CLERK, OWNER, STRANGER, Desk

MANAGER, FORGER, LEAVER = "+12125550105", "a forger", "a leaver"
MILL = replace(CAFE, id=TenantId(uuid4()), name="Mill", state=TenantState.SUSPENDED)
QUARRY = replace(CAFE, id=TenantId(uuid4()), name="Quarry", state=TenantState.SUSPENDED)
DAIRY = replace(CAFE, id=TenantId(uuid4()), name="Dairy", state=TenantState.PENDING)
NOWHERE = TenantId(uuid4())

ROLES: Mapping[str | None, Role | None] = {
    ADA: Role.CONSUMER,
    CLERK: Role.CASHIER,
    MANAGER: Role.MANAGER,
    OWNER: Role.OWNER,
    ADMIN: Role.ADMIN,
    FORGER: None,
    LEAVER: None,
    None: None,
}
"""The café's, the mill's and the dairy's people, and three who are nobody: one was, and left."""

PLACES: Mapping[str, TenantId] = {
    "own": CAFE.id,
    "others": BAKERY.id,
    "nowhere": NOWHERE,
    "suspended": MILL.id,
    "pending": DAIRY.id,
    "others, suspended": QUARRY.id,
}
STAFF = frozenset({Role.CASHIER, Role.MANAGER, Role.OWNER})

Refusal = tuple[int, str]
NOBODY: Refusal = (401, "token_not_accepted")
NOT_ALLOWED: Refusal = (403, "not_allowed")
SUSPENDED: Refusal = (403, "tenant_suspended")
PENDING: Refusal = (403, "tenant_pending")
NO_TENANT: Refusal = (404, "tenant_unknown")


def refusal(permission: Permission, role: Role | None, place: str | None) -> Refusal | None:
    """What the page says: deny is the default, and others' tenants are not there at all."""
    if role is None:
        return NOBODY
    if permission in MAY[Role.CONSUMER]:
        waits = None if permission in WHILE_PENDING else NO_TENANT
        elsewhere = {
            "suspended": SUSPENDED,
            "others, suspended": SUSPENDED,
            "pending": waits,
            "nowhere": NO_TENANT,
        }
        return elsewhere.get(place or "")
    if permission in MAY[Role.ADMIN]:
        here = NO_TENANT if place == "nowhere" else None
        return here if role is Role.ADMIN else NOT_ALLOWED
    if role not in STAFF or place not in {"own", "suspended", "pending"}:
        return NO_TENANT
    late = {"suspended": SUSPENDED, "pending": None if permission in WHILE_PENDING else PENDING}
    return late.get(place or "") if permission in MAY[role] else NOT_ALLOWED


@dataclass(frozen=True, slots=True)
class Ids:
    """What a route's address may name: of the café and Ada, and of the bakery and a stranger."""

    consumer: ConsumerId
    code: CodeId
    sale: SaleId
    number: int
    adjustment: ActId
    invitation: UUID
    person: ConsumerId


@dataclass(frozen=True, slots=True)
class World:
    """A desk where everybody has something to lose."""

    desk: Desk
    own: Ids
    others: Ids

    @classmethod
    async def open(cls, desk: Desk) -> "World":
        await desk.sign_in(MANAGER)
        for tenant in (MILL, QUARRY, DAIRY):
            await desk.store.directory.add_tenant(tenant)
        await desk.employ(MANAGER, Role.MANAGER, CAFE.id)
        for phone in (CLERK, MANAGER, OWNER):
            for tenant in (MILL, DAIRY):
                await desk.employ(phone, ROLES[phone] or Role.CASHIER, tenant.id)
        desk.tokens[FORGER] = _forged(desk.tokens[OWNER])
        desk.tokens[LEAVER] = desk.tokens[OWNER]
        await desk.sign_in(OWNER)
        left = await desk.ask("DELETE", "/v1/sign-in/sessions", LEAVER)
        assert left.status_code == 204
        own = await _something(desk, CAFE.id, ADA, 1)
        return cls(desk, own, await _something(desk, BAKERY.id, STRANGER, 2))


def _forged(token: str) -> str:
    """Sign what a token says with another key, under the same name."""
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid})


async def _something(desk: Desk, tenant: TenantId, phone: str, versions: int) -> Ids:
    """Rules, a sale, a wallet and a code."""
    begin, person = desk.store.begin, desk.people[phone]
    for number in range(versions):
        at = NOON + timedelta(seconds=number)
        await Publish(begin, lambda at=at: at)(tenant, POINT_PER_DOLLAR, "x", uuid4())  # type: ignore[misc] # a clock
    record = RecordNews(begin, desk.clock, desk.push, PEPPERS)
    await record(tenant, [TellNews(provider="square", news=paid("P1", 5))])
    (sale,) = await desk.store.books.sales_of(tenant, limit=1)
    assert (await desk.give(500, phone, tenant)).status_code == 201
    path = f"/v1/consumer/wallets/{tenant}/codes"
    code = await desk.ask("POST", path, phone, json={"points": 100}, key=str(uuid4()))
    adjustment, invitation = await _something_to_decide(desk, tenant, person)
    return Ids(
        consumer=person,
        code=CodeId(UUID(code.json()["id"])),
        sale=sale.id,
        number=versions,
        adjustment=adjustment,
        invitation=invitation,
        person=person,
    )


async def _something_to_decide(
    desk: Desk, tenant: TenantId, person: ConsumerId
) -> tuple[ActId, UUID]:
    """A request for an adjustment, and an invitation."""
    act = ActId(uuid4())
    deed = GrantPoints(consumer=person, points=5, id=act)
    asked = Act(id=act, actor="person:another", reason="a spilt coffee")
    adjusting = AdjustmentDesk(desk.store.begin, desk.store.directory, desk.clock, desk.push)
    await adjusting.request(tenant, deed, asked)
    team = TeamDesk(desk.store.begin, desk.store.directory, desk.clock)
    evidence = Evidence.phone("+12125550199")
    asked = Act(id=ActId(uuid4()), actor="person:another")
    made = await team.invite(tenant, evidence, Role.CASHIER, Role.OWNER, asked)
    return act, made.id
