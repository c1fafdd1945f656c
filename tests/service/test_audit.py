"""Whatever staff and admins do leaves an audit row: who adds a route has added it here."""

from collections.abc import Mapping
from dataclasses import fields
from uuid import uuid4

import pytest

from salesarck_domain.audit import AuditNote
from salesarck_domain.people import MAY, STAFF, Role
from salesarck_domain.testing.examples import CAFE
from tests.service.callers import PLACES, World
from tests.service.desk import ADA, ADMIN, Desk
from tests.service.test_authorisation import ROUTES, Route, named
from tests.service.test_standing import ONLY_SAYS_WHAT_WOULD_BE, strongest

ACTS = [
    route
    for route in ROUTES
    if route.method != "GET"
    and route.permission not in MAY[Role.CONSUMER]
    and str(route) not in ONLY_SAYS_WHAT_WOULD_BE
]
REDEEM = "POST /v1/merchant/tenants/{tenant}/redemptions"
BEFORE = {
    f"{REDEEM}/{{code}}/undo": REDEEM,
    "POST /v1/admin/people/{person}/reinstate": "POST /v1/admin/people/{person}/suspend",
    "POST /v1/admin/tenants/{tenant}/consumers/{consumer}/unfreeze": (
        "POST /v1/admin/tenants/{tenant}/consumers/{consumer}/freeze"
    ),
}
"""What has to be done before it can be undone."""

ELSEWHERE = {
    "POST /v1/admin/tenants/{tenant}/approve": "pending",
    "POST /v1/admin/tenants/{tenant}/reinstate": "suspended",
}
"""Where something can be done that can't be at the café."""

FIELDS = {field.name for field in fields(AuditNote)}
WITH_REASON = ("adjust", "approve", "freeze", "reinstate", "reject", "suspend", "unfreeze")
"""Actions that begin so are done with a reason."""


@pytest.mark.parametrize("desk", ["memory"], indirect=True)
@pytest.mark.parametrize("route", ACTS, ids=str)
async def test_every_act_is_kept_with_who_for_whom_and_under_which_request(
    route: Route, desk: Desk
) -> None:
    world = await World.open(desk)
    await desk.employ(ADMIN, Role.OWNER, CAFE.id)  # so that the owner may leave
    if "{person}" in route.path:
        await desk.employ(ADA, Role.MANAGER, CAFE.id)
    if first := BEFORE.get(str(route)):
        await done(world, next(it for it in ROUTES if str(it) == first))
    found = await done(world, route)
    assert all(found[name] for name in ("id", "action", "target", "at"))
    assert set(found) == FIELDS
    who = strongest(route)
    assert found["actor"] == f"person:{desk.people[who]}"
    if route.permission in {each for role in STAFF for each in MAY[role]}:
        assert found["on_behalf_of"] == f"tenant:{CAFE.id}"
    if str(found["action"]).startswith(WITH_REASON):
        assert found["reason"]


async def done(world: World, route: Route) -> Mapping[str, object]:
    """Do it, and find the audit row of this very request."""
    desk, who = world.desk, strongest(route)
    place = ELSEWHERE.get(str(route), "own") if route.names_tenant else None
    body = typed(world) if str(route) == REDEEM else route.body
    path = route.address(place, named(world.own))
    answer = await desk.ask(route.method, path, who, json=body, key=str(uuid4()))
    assert answer.is_success, answer.text
    about = f"/v1/admin/tenants/{PLACES[place]}/audit" if place else "/v1/admin/audit"
    await desk.sign_in(ADMIN)
    kept = (await desk.ask("GET", about, ADMIN)).json()["notes"]
    (found,) = [note for note in kept if note["correlation"] == answer.headers["request-id"]]
    return found


def typed(world: World) -> object:
    """What a cashier types who was shown Ada's code."""
    return {"code": world.desk.parts.peppers.text(world.own.code, 1), "till": "T1"}
