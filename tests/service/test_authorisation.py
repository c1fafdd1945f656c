"""Every route, asked by everybody, everywhere: whoever adds a route has added it here."""

import json
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from uuid import uuid4

import httpx
import pytest
from litestar.routes import HTTPRoute

from salesarck_domain.people import MAY, Permission, Role
from salesarck_domain.testing.examples import POINT_PER_DOLLAR
from salesarck_service.app import litestar_app
from salesarck_service.container.memory import memory_parts
from salesarck_service.security.guards import is_public, permission_of
from tests.service.callers import PLACES, ROLES, Ids, World, refusal
from tests.service.desk import Desk
from tests.service.serving import serving

PUBLIC_ROOMS = re.compile(
    r"/(health/.*|v1/sign-in/.*|\.well-known/jwks\.json|webhooks/.*|schema.*)?"
)
"""Where a route may ask nobody who they are."""

WITH_BODY = {"POST", "PUT", "PATCH"}
SHOWN = {"phone": "+12125550198", "code": "000000"}
BODIES: dict[str, object] = {
    "PATCH /v1/consumer/profile": {"name": "Ada"},
    "POST /v1/consumer/profile/contacts": {"old": SHOWN, "new": SHOWN},
    "POST /v1/consumer/erasure": SHOWN,
    "POST /v1/admin/consumers/{consumer}/erasure": {"reason": "they asked"},
    "POST /v1/consumer/merges": {"mine": SHOWN, "other": SHOWN},
    "POST /v1/consumer/wallets/{tenant}/preview": {"minor_units": 1000},
    "POST /v1/consumer/wallets/{tenant}/codes": {"points": 1},
    "POST /v1/merchant/tenants/{tenant}/redemptions": {"code": "2222-2222", "till": "T1"},
    "POST /v1/merchant/tenants/{tenant}/redemptions/{code}/undo": {"till": "T1"},
    "POST /v1/merchant/tenants/{tenant}/rules": {"rules": list(POINT_PER_DOLLAR)},
    "POST /v1/merchant/tenants/{tenant}/rules/preview": {"spend": 1250},
    "POST /v1/merchant/tenants/{tenant}/rules/retire": {"force": True},
    "POST /v1/admin/tenants/{tenant}/consumers/{consumer}/adjustments": {
        "kind": "grant",
        "points": 1,
        "reason": "welcome",
    },
}
BODIES |= {
    "POST /v1/consumer/tenants": {
        "name": "Bookshop",
        "currency": "GBP",
        "country": "GB",
        "time_zone": "Europe/London",
    },
    "POST /v1/consumer/tenants/{tenant}/invitations/{invitation}/accept": None,
    "POST /v1/consumer/tenants/{tenant}/invitations/{invitation}/decline": None,
    "PATCH /v1/merchant/tenants/{tenant}/terms": {"points_min": 1},
    "POST /v1/merchant/tenants/{tenant}/team/invitations": {
        "role": "cashier",
        "phone": "+12125550198",
    },
    "POST /v1/merchant/tenants/{tenant}/team/leave": None,
    "PATCH /v1/merchant/tenants/{tenant}/team/members/{person}": {"role": "cashier"},
    "POST /v1/admin/look-ups": {"phone": "+12125550100"},
    "POST /v1/admin/tenants/{tenant}/adjustments/{adjustment}/approve": None,
    **{
        f"POST /v1/admin/{act}": {"reason": "it has to be"}
        for act in (
            "people/{person}/suspend",
            "people/{person}/reinstate",
            "tenants/{tenant}/approve",
            "tenants/{tenant}/suspend",
            "tenants/{tenant}/reinstate",
            "tenants/{tenant}/consumers/{consumer}/freeze",
            "tenants/{tenant}/consumers/{consumer}/unfreeze",
            "tenants/{tenant}/adjustments/{adjustment}/reject",
        )
    },
}
"""What a route needs beside its address."""


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked, by its method and address, and the permission it takes."""

    method: str
    path: str
    permission: Permission

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names_tenant(self) -> bool:
        return "{tenant}" in self.path

    @property
    def places(self) -> Sequence[str | None]:
        return list(PLACES) if self.names_tenant else [None]

    def address(self, place: str | None, ids: Mapping[str, object]) -> str:
        """Fill the address in; what nobody has an example for is a fault of this test."""
        given = {**ids, "tenant": PLACES[place]} if place else ids
        return self.path.format_map(given)

    @property
    def body(self) -> object:
        if self.method in WITH_BODY and str(self) not in BODIES:
            raise LookupError(f"give {self} an example in BODIES")
        return BODIES.get(str(self))


def routes() -> Sequence[Route]:
    """Walk the application's own routes, in an order that is the same in every process."""
    found = [
        Route(method, route.path_format, permission)
        for route in litestar_app(memory_parts()).routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if not is_public(handler) and (permission := permission_of(handler))
        for method in handler.http_methods
    ]
    return sorted(found, key=str)


ROUTES = routes()
LONG = pytest.mark.long
ON_POSTGRES = pytest.mark.parametrize("desk", ["postgres"], indirect=True)
OF_STAFF = [
    route
    for route in ROUTES
    if route.names_tenant and route.permission not in MAY[Role.CONSUMER] | MAY[Role.ADMIN]
]
WITH_IDS = [
    route
    for route in ROUTES
    if re.search(r"\{(code|sale|number|adjustment|invitation)\}", route.path)
]


@dataclass(frozen=True, slots=True)
class Street:
    """Asks over a socket, as everybody in turn."""

    world: World
    client: httpx.AsyncClient

    async def ask(
        self, route: Route, who: str | None, place: str | None, ids: Mapping[str, object]
    ) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4())}
        if who:
            headers["Authorization"] = f"Bearer {self.world.desk.tokens[who]}"
        asked = self.client.build_request(
            route.method, route.address(place, ids), json=route.body, headers=headers
        )
        answer = await self.client.send(asked, stream=True)
        is_endless = answer.headers.get("content-type", "").startswith("text/event-stream")
        await (answer.aclose() if is_endless else answer.aread())
        return answer


@asynccontextmanager
async def street(world: World) -> AsyncGenerator[Street]:
    async with serving(world.desk.app) as at, httpx.AsyncClient(base_url=at.url) as client:
        yield Street(world, client)


def product_of_all() -> Iterator[tuple[Route, tuple[str | None, Role | None], str | None]]:
    """Everybody, everywhere, at every route."""
    for route in ROUTES:
        for who, place in product(ROLES.items(), route.places):
            yield route, who, place


def named(ids: Ids) -> dict[str, object]:
    return {"merge": uuid4()} | {name: getattr(ids, name) for name in Ids.__dataclass_fields__}


def told(answer: httpx.Response, *ids: object) -> tuple[object, ...]:
    """Everything that an answer tells, but for the ids that were given in."""
    text = answer.text
    for number, each in enumerate(ids):
        text = text.replace(str(each), f"<id {number}>")
    document = json.loads(text)
    del document["correlation"]
    names = sorted(set(answer.headers) - {"content-length"})
    return answer.status_code, document, names, answer.headers["content-type"]


@ON_POSTGRES
async def test_no_route_answers_those_who_may_not(desk: Desk) -> None:
    world = await World.open(desk)
    async with street(world) as asking:
        for route, (who, role), place in product_of_all():
            if expected := refusal(route.permission, role, place):
                answer = await asking.ask(route, who, place, named(world.own))
                heard = f"{route} {role} {place}: {answer.status_code}"
                assert (answer.status_code, answer.json()["code"]) == expected, heard
                kind = answer.headers["content-type"]
                assert kind.startswith("application/problem+json"), heard


@pytest.mark.parametrize("desk", ["memory", pytest.param("postgres", marks=LONG)], indirect=True)
@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_a_route_answers_those_who_may(route: Route, desk: Desk) -> None:
    world = await World.open(desk)
    async with street(world) as asking:
        for who, role in ROLES.items():
            for place in route.places:
                if refusal(route.permission, role, place):
                    continue
                answer = await asking.ask(route, who, place, named(world.own))
                heard = f"{role} {place}: {answer.status_code}"
                assert answer.status_code not in {400, 401, 403, 405, 415, 422}, heard
                assert answer.status_code < 500, heard
                if answer.status_code == 404:
                    assert answer.json()["code"] != "tenant_unknown", heard


@ON_POSTGRES
async def test_a_tenant_of_others_answers_exactly_like_none(desk: Desk) -> None:
    world = await World.open(desk)
    async with street(world) as asking:
        for route, (who, role) in product(OF_STAFF, ROLES.items()):
            answers = [
                told(await asking.ask(route, who, place, named(ids)), PLACES[place])
                for place in ("nowhere", "others", "others, suspended")
                for ids in (world.own, world.others)
            ]
            assert answers == [answers[0]] * len(answers), f"{route} {role}"


@ON_POSTGRES
async def test_a_thing_of_others_answers_exactly_like_none(desk: Desk) -> None:
    world = await World.open(desk)
    own, others = named(world.own), named(world.others)
    names = ("code", "sale", "adjustment", "invitation")
    nothing = {**own, "number": 99, **{name: uuid4() for name in names}}
    async with street(world) as asking:
        for route, (who, role) in product(WITH_IDS, ROLES.items()):
            answers = [
                told(await asking.ask(route, who, "own", ids), *(ids[name] for name in names))
                for ids in (nothing, others)
            ]
            assert answers[0] == answers[1], f"{route} {role}"
            assert answers[0][0] in {401, 403, 404}, f"{route} {role}"


def test_only_a_few_rooms_ask_nobody_who_they_are() -> None:
    app = litestar_app(memory_parts())
    public = [
        route.path_format
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get("public") is True
    ]
    assert [path for path in public if not PUBLIC_ROOMS.fullmatch(path)] == []
    asked = {str(route) for route in ROUTES}
    assert sorted(set(BODIES) - asked) == []
