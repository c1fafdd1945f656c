"""A tenant or a person that is suspended is so everywhere, in the middle of a request too."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import psycopg
import pytest

from salesarck_domain.audit import Act
from salesarck_domain.ids import ActId
from salesarck_domain.people import MAY, Role
from salesarck_domain.testing.examples import CAFE
from salesarck_domain.use_cases.tenants import TenantDesk
from tests.postgres import Database
from tests.service.callers import ROLES, World
from tests.service.desk import ADA, ADMIN, Desk
from tests.service.serving import serving
from tests.service.test_authorisation import ON_POSTGRES, ROUTES, Route, Street, named

ONLY_SAYS_WHAT_WOULD_BE = {
    "POST /v1/consumer/wallets/{tenant}/preview",
    "POST /v1/merchant/tenants/{tenant}/rules/preview",
}
WRITES = [
    route
    for route in ROUTES
    if route.names_tenant
    and route.method != "GET"
    and route.permission not in MAY[Role.ADMIN]
    and str(route) not in ONLY_SAYS_WHAT_WOULD_BE
]
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def strongest(route: Route) -> str:
    """Whoever may do most of those who may do this."""
    may = [who for who, role in ROLES.items() if who and role and route.permission in MAY[role]]
    return may[-1]


@asynccontextmanager
async def suspending(desk: Desk, dsn: str) -> AsyncGenerator[asyncio.Task[object]]:
    """Suspend the café in a moment: somebody's work is open, and what comes now queues behind."""
    act = Act(id=ActId(uuid4()), actor="person:admin", reason="fraud")
    async with desk.store.begin(CAFE.id):
        task = asyncio.create_task(TenantDesk(desk.store, desk.clock).suspend(CAFE.id, act))
        await queued(dsn, 1)
        yield task
    await task


async def queued(dsn: str, count: int) -> None:
    """Wait until so many wait for their turn."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        for _ in range(2_000):
            row = await (await connection.execute(WAITS)).fetchone()
            if row and row[0] >= count:
                return
            await asyncio.sleep(0.01)
    raise AssertionError(f"fewer than {count} wait")


@ON_POSTGRES
@pytest.mark.parametrize("route", WRITES, ids=str)
async def test_suspended_after_somebody_was_let_in_a_tenant_refuses_them_all_the_same(
    route: Route, desk: Desk, database: Database
) -> None:
    world = await World.open(desk)
    async with serving(desk.app) as at, httpx.AsyncClient(base_url=at.url) as client:
        street = Street(world, client)
        async with suspending(desk, database.dsn()):
            asking = street.ask(route, strongest(route), "own", named(world.own))
            asked = asyncio.create_task(asking)
            await queued(database.dsn(), 2)
        answer = await asked
    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_suspended")


@ON_POSTGRES
async def test_what_a_suspension_refused_is_done_when_it_ends(
    desk: Desk, database: Database
) -> None:
    await desk.give(10)
    codes = f"/v1/consumer/wallets/{CAFE.id}/codes"
    async with suspending(desk, database.dsn()):
        asking = desk.ask("POST", codes, ADA, json={"points": 1}, key="one")
        asked = asyncio.create_task(asking)
        await queued(database.dsn(), 2)
    assert (await asked).status_code == 403
    path = f"/v1/admin/tenants/{CAFE.id}/reinstate"
    assert (await desk.ask("POST", path, ADMIN, json={"reason": "ok"}, key="r")).status_code == 200
    again = await desk.ask("POST", codes, ADA, json={"points": 1}, key="one")
    assert again.status_code == 201


@ON_POSTGRES
async def test_a_suspended_person_is_let_in_nowhere(desk: Desk) -> None:
    world = await World.open(desk)
    phones = [who for who, role in ROLES.items() if who and role]
    for phone in phones:
        note = Act(id=ActId(uuid4()), actor="person:other", reason="fraud").note("x", "", desk.now)
        await desk.store.directory.suspend(desk.people[phone], note, suspended=True)
    let_in = list[str]()
    async with serving(desk.app) as at, httpx.AsyncClient(base_url=at.url) as client:
        street = Street(world, client)
        for route in ROUTES:
            for phone in phones:
                place = "own" if route.names_tenant else None
                answer = await street.ask(route, phone, place, named(world.own))
                if (answer.status_code, answer.json()["code"]) != (403, "person_suspended"):
                    let_in.append(f"{ROLES[phone]} {route}")
    assert let_in == []
