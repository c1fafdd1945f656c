"""The OpenAPI document is true: what it allows is answered as it says, and never with a 500."""

import asyncio
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

from salesarck_domain.people import Member, Proof, Role
from salesarck_domain.testing.examples import ADA, ADAS_PHONE, CAFE, NOON
from salesarck_service.app import Parts, create_app
from salesarck_service.container.memory import memory_parts

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


async def sign_in() -> str:
    transport = httpx.ASGITransport(APP)  # type: ignore[arg-type]  # Litestar's own words
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.post("/v1/sign-in/codes", json={"phone": PHONE})
        told = {"phone": PHONE, "code": CODES[PHONE]}
        session = await client.post("/v1/sign-in/sessions", json=told)
        return str(session.json()["access_token"])


PARTS = memory_parts(CODES.__setitem__)
APP = create_app(PARTS)
asyncio.run(open_cafe(PARTS))
TOKEN = asyncio.run(sign_in())
API = schemathesis.openapi.from_asgi("/schema/openapi.json", APP).exclude(
    path_regex="events$"  # a stream that does not end
)


@API.auth()
class AsAda:
    def get(self, _case: schemathesis.Case, _context: schemathesis.AuthContext) -> str:
        return TOKEN

    def set(self, case: schemathesis.Case, data: str, _context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
        case.headers.setdefault("Idempotency-Key", str(uuid4()))


@API.parametrize()
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_every_route_answers_as_it_says(case: schemathesis.Case) -> None:
    answer = case.call_and_validate(checks=CHECKS)
    if answer.request.headers.get("Authorization") == f"Bearer {TOKEN}":
        public = ("/v1/sign-in", "/webhooks")
        assert answer.status_code != HTTPStatus.UNAUTHORIZED or case.path.startswith(public)
