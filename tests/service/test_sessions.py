"""What is ended is over at once, here, whatever the identity says or does."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from salesarck_adapters.embedded.identity import KeyRing, create_identity
from salesarck_adapters.http import polite_client
from salesarck_domain.ports.revocations import Revocation
from salesarck_domain.tenants import TenantState
from salesarck_domain.testing.examples import CAFE
from salesarck_service.app import create_app
from salesarck_service.container.identity import PLAYFUL, signing_in_at
from tests.service.desk import ADA, CLERK, OWNER, Desk

SESSIONS, REFRESH, PROFILE = "/v1/sign-in/sessions", "/v1/sign-in/refresh", "/v1/consumer/profile"
SALES = f"/v1/merchant/tenants/{CAFE.id}/sales"
KEY, URL = "k" * 40, "http://identity.test"


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """The way to an identity, which can be cut for sessions that end."""

    server: httpx.AsyncBaseTransport
    is_cut: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_cut and request.url.path.endswith("/logout"):
            raise httpx.ConnectError("nobody is there")
        return await self.server.handle_async_request(request)


def wired(desk: Desk) -> Wire:
    """Give the desk an identity of its own behind a wire."""
    app: Any = create_identity(
        "development",
        url=URL,
        key=KEY,
        show=desk.codes.__setitem__,
        keys=KeyRing.generate(),
        clock=desk.clock,
        limits=PLAYFUL,
    )
    wire = Wire(httpx.ASGITransport(app))
    signing_in = signing_in_at(polite_client(wire), URL, KEY, desk.clock)
    parts = replace(desk.parts, identity=signing_in.identity, verifier=signing_in.verifier)
    desk.app = create_app(parts)
    return wire


async def session(desk: Desk, phone: str = ADA) -> dict[str, str]:
    await desk.ask("POST", "/v1/sign-in/codes", json={"phone": phone})
    typed = {"phone": phone, "code": desk.codes[phone]}
    found: dict[str, str] = (await desk.ask("POST", SESSIONS, json=typed)).json()
    desk.tokens[phone] = found["access_token"]
    return found


async def refresh(desk: Desk, found: dict[str, str]) -> httpx.Response:
    return await desk.ask("POST", REFRESH, json={"refresh_token": found["refresh_token"]})


async def status(desk: Desk, token: str) -> int:
    desk.tokens["somebody"] = token
    return (await desk.ask("GET", PROFILE, "somebody")).status_code


@pytest.mark.parametrize("is_cut", [False, True])
async def test_who_signs_out_is_out_at_once(desk: Desk, *, is_cut: bool) -> None:
    wire = wired(desk)
    other, mine = await session(desk), await session(desk)
    wire.is_cut = is_cut
    assert (await desk.ask("DELETE", SESSIONS, ADA)).status_code == 204
    refused = await desk.ask("GET", PROFILE, ADA)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_not_accepted")
    assert (await desk.ask("DELETE", SESSIONS, ADA)).status_code == 204  # and again
    refused = await refresh(desk, mine)
    assert (refused.status_code, refused.json()["code"]) == (401, "session_ended")
    assert await status(desk, other["access_token"]) == 200
    assert (await refresh(desk, other)).status_code == 201


@pytest.mark.parametrize("is_cut", [False, True])
async def test_who_signs_out_everywhere_is_out_everywhere(desk: Desk, *, is_cut: bool) -> None:
    wire = wired(desk)
    found = [await session(desk) for _ in range(2)]
    wire.is_cut = is_cut
    assert (await desk.ask("DELETE", f"{SESSIONS}?everywhere=true", ADA)).status_code == 204
    desk.now += timedelta(minutes=1)
    for each in found:
        assert await status(desk, each["access_token"]) == 401
        assert (await refresh(desk, each)).status_code == 401
    again = await session(desk)
    assert await status(desk, again["access_token"]) == 200
    assert (await refresh(desk, again)).status_code == 201


async def test_what_the_identity_missed_it_is_told_when_somebody_goes_on(desk: Desk) -> None:
    """It would go on for ever with a session that only we know to be over."""
    wire = wired(desk)
    mine = await session(desk)
    wire.is_cut = True
    await desk.ask("DELETE", SESSIONS, ADA)
    wire.is_cut = False
    assert (await refresh(desk, mine)).status_code == 401
    answer = await polite_client(wire).post(
        f"{URL}/auth/v1/token?grant_type=refresh_token",
        headers={"apikey": KEY},
        json={"refresh_token": mine["refresh_token"]},
    )
    assert answer.status_code == 400


async def test_a_person_and_a_tenant_end_where_they_are_and_nowhere_else(desk: Desk) -> None:
    async def heard() -> list[int]:
        asked = [(PROFILE, OWNER), (SALES, OWNER), (PROFILE, CLERK)]
        return [(await desk.ask("GET", path, who)).status_code for path, who in asked]

    revocations = desk.store.revocations
    assert await heard() == [200, 200, 200]
    await revocations.revoke(Revocation.of_tenant(CAFE.id, desk.now))
    assert await heard() == [200, 401, 200]
    await revocations.revoke(Revocation.of_person(desk.people[OWNER], desk.now))
    assert await heard() == [401, 401, 200]
    desk.now += timedelta(minutes=1)
    await desk.sign_in(OWNER)
    assert await heard() == [200, 200, 200]


async def test_at_a_suspended_tenant_everybody_is_told_that_and_not_to_sign_in_again(
    desk: Desk,
) -> None:
    await desk.store.directory.add_tenant(replace(CAFE, state=TenantState.SUSPENDED))
    await desk.store.revocations.revoke(Revocation.of_tenant(CAFE.id, desk.now))
    told = await desk.ask("GET", SALES, OWNER)
    assert (told.status_code, told.json()["code"]) == (403, "tenant_suspended")
