"""The OpenAPI document is true: what it allows is answered as it says, and never with a 500."""

import asyncio
import re
from dataclasses import replace
from http import HTTPStatus
from uuid import uuid4

import httpx
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from salesarck_adapters.store.memory.limits import MemoryLimits
from salesarck_domain.people import Member, Proof, Role
from salesarck_domain.testing.examples import ADA, ADAS_PHONE, CAFE, NOON
from salesarck_service.app import Parts, create_app, litestar_app
from salesarck_service.container.memory import memory_parts
from salesarck_service.container.shared import request_limits
from tests.service.desk import GENEROUS
from tests.service.test_answers import Ids, commands

PHONE = ADAS_PHONE.value
CODES: dict[str, str] = {}
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


async def open_cafe(parts: Parts) -> None:
    """A café in which Ada is everything, so that no route is closed to her."""
    await parts.directory.add_tenant(CAFE)
    await parts.directory.prove([Proof(ADAS_PHONE, ADA, NOON)])
    await parts.directory.add_member(Member(ADA, Role.OWNER, CAFE.id))
    await parts.directory.add_member(Member(ADA, Role.ADMIN))


async def sign_in(phone: str) -> str:
    transport = httpx.ASGITransport(APP)  # type: ignore[arg-type]  # Litestar's own words
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.post("/v1/sign-in/codes", json={"phone": phone})
        told = {"phone": phone, "code": CODES[phone]}
        session = await client.post("/v1/sign-in/sessions", json=told)
        return str(session.json()["access_token"])


MADE = memory_parts(CODES.__setitem__)
PARTS = replace(MADE, limits=request_limits(GENEROUS, MemoryLimits(), MADE.peppers))
APP = create_app(PARTS)
asyncio.run(open_cafe(PARTS))
TOKEN, LEAVING = (asyncio.run(sign_in(phone)) for phone in (PHONE, "+12125550177"))
DOCUMENT = litestar_app(PARTS).openapi_schema.to_schema()
API = schemathesis.openapi.from_asgi("/schema/openapi.json", APP).exclude(
    path_regex="events$"  # a stream that does not end
)


@API.auth()
class AsAda:
    def get(self, _case: schemathesis.Case, _context: schemathesis.AuthContext) -> str:
        return TOKEN

    def set(self, case: schemathesis.Case, data: str, _context: schemathesis.AuthContext) -> None:
        # Signing out is done by somebody else, or nobody would let Ada in for the rest.
        leaves = case.method == "DELETE" and case.path == "/v1/sign-in/sessions"
        case.headers["Authorization"] = f"Bearer {LEAVING if leaves else data}"
        case.headers.setdefault("Idempotency-Key", str(uuid4()))


@API.parametrize()
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_every_route_answers_as_it_says(case: schemathesis.Case) -> None:
    answer = case.call_and_validate(checks=CHECKS)
    if answer.request.headers.get("Authorization") == f"Bearer {TOKEN}":
        public = ("/v1/sign-in", "/webhooks")
        assert answer.status_code != HTTPStatus.UNAUTHORIZED or case.path.startswith(public)


ONCE_BY_ITSELF = (
    "/.well-known/",
    "/schema",
    "/v1/consumer/profile/contacts",  # one-time codes
    "/v1/sign-in/",  # one-time codes, and tokens that work once
    "/webhooks/",  # a delivery has a key of its own
)
WRITES_NOTHING = ("/preview",)
MOVES_NO_POINTS = {"PATCH /v1/consumer/profile"}
STEP_BY_STEP = {
    "POST /v1/consumer/merges",
    "DELETE /v1/consumer/merges/{merge}",
    "POST /v1/consumer/erasure",
    "POST /v1/admin/consumers/{consumer}/erasure",
}
"""What takes several transactions, each of which finds itself done."""


def test_every_write_takes_a_key_and_needs_one_where_points_move() -> None:
    """Whoever adds a write decides here what it is."""
    wanted = _writes()
    assert wanted
    assert wanted == {write: write not in MOVES_NO_POINTS for write in wanted}
    assert set(wanted) >= MOVES_NO_POINTS


def test_every_write_is_tried_with_commits_that_break() -> None:
    tried = [f"{command.method} {command.path}" for command in commands(Ids()).values()]
    patterns = {write: re.sub(r"\{[^}]*\}", "[^/]+", write) for write in _writes()}
    left = {
        write
        for write, pattern in patterns.items()
        if not any(re.fullmatch(pattern, each) for each in tried)
    }
    assert left == STEP_BY_STEP


def _writes() -> dict[str, bool | None]:
    """Every write, and whether it needs a key; None for one that takes none."""
    writes: dict[str, bool | None] = {}
    for path, methods in DOCUMENT["paths"].items():
        if path.startswith(ONCE_BY_ITSELF) or path.endswith(WRITES_NOTHING):
            continue
        for method, told in methods.items():
            if method in {"post", "put", "patch", "delete"}:
                keys = [it for it in told.get("parameters", ()) if it["name"] == "Idempotency-Key"]
                writes[f"{method.upper()} {path}"] = keys[0]["required"] if keys else None
    return writes
