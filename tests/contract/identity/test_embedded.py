"""The embedded server as anybody's client sees it, and what only it must keep."""

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from salesarck_adapters.embedded.identity import (
    DevelopmentOnly,
    KeyRing,
    Limits,
    create_identity,
)
from tests.contract.identity.server import KEY, Embedded, embedded

ADA = {"phone": "+15555550100"}
OLD, NEW = {}, {"x-supabase-api-version": "2024-01-01"}


@pytest.fixture
def server() -> Generator[Embedded]:
    with embedded() as here:
        yield here


@pytest.fixture
async def client(server: Embedded) -> AsyncGenerator[httpx.AsyncClient]:
    base, headers = f"{server.url}/auth/v1", {"apikey": KEY}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=20) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, server: Embedded, phone: str) -> dict[str, Any]:
    (await client.post("/otp", json={"phone": phone})).raise_for_status()
    typed = {"type": "sms", "phone": phone, "token": server.shown[phone]}
    answer = await client.post("/verify", json=typed)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def bearer(session: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {session['access_token']}"}


@pytest.mark.parametrize("environment", ["production", "staging", "", "Development"])
def test_it_starts_in_development_alone(environment: str) -> None:
    with pytest.raises(DevelopmentOnly, match="won't start in"):
        create_identity(
            environment,
            url="http://localhost",
            key=KEY,
            show=lambda _contact, _code: None,
            keys=KeyRing.generate(),
            clock=lambda: datetime(2026, 3, 2, tzinfo=UTC),
        )


async def test_a_no_has_the_shape_that_was_asked_for(client: httpx.AsyncClient) -> None:
    typed = {"type": "sms", "token": "123456", **ADA}
    old = await client.post("/verify", json=typed, headers=OLD)
    new = await client.post("/verify", json=typed, headers=NEW)
    message = "Token has expired or is invalid"
    assert old.json() == {"code": 403, "error_code": "otp_expired", "msg": message}
    assert new.json() == {"code": "otp_expired", "message": message}
    assert new.headers["x-supabase-api-version"] == "2024-01-01"
    assert old.headers["x-sb-error-code"] == "otp_expired"
    empty = await client.post("/token?grant_type=refresh_token", json={})
    assert (empty.status_code, empty.json()["error"]) == (400, "invalid_request")
    other = await client.post("/token?grant_type=password", json={})
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/otp", {}, 400, "validation_failed"),
        ("/otp", {**ADA, "email": "a@b.test"}, 400, "validation_failed"),
        ("/otp", {"phone": "5550100x"}, 400, "validation_failed"),
        ("/otp", {"email": "nobody"}, 400, "validation_failed"),
        ("/otp", {"phone": 7}, 400, "validation_failed"),
        ("/otp", {**ADA, "create_user": False}, 422, "otp_disabled"),
        ("/verify", {"type": "email", "token": "1", **ADA}, 400, "validation_failed"),
        ("/verify", {"token": "1", **ADA}, 400, "validation_failed"),
        ("/admin/users/x", None, 404, "validation_failed"),
        ("/admin/users?page=x", None, 400, "validation_failed"),
        ("/logout", {}, 401, "no_authorization"),
        ("/user", None, 401, "no_authorization"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: httpx.AsyncClient, path: str, body: object, status: int, code: str
) -> None:
    method = "GET" if body is None else "POST"
    answer = await client.request(method, path, json=body, headers=NEW)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/otp", content=b"{", headers=NEW)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


async def test_nobody_comes_in_without_the_key(client: httpx.AsyncClient, server: Embedded) -> None:
    for key in ("", "wrong", KEY[:-1]):
        answer = await client.post("/otp", json=ADA, headers={"apikey": key})
        assert answer.status_code == 401
        assert "code" not in answer.json()
    assert not server.shown
    async with httpx.AsyncClient(base_url=f"{server.url}/auth/v1") as stranger:
        assert (await stranger.get("/health")).status_code == 200
        assert (await stranger.get("/.well-known/jwks.json")).status_code == 200
        assert (await stranger.get("/admin/users")).status_code == 401


async def test_a_persons_token_is_no_admins(client: httpx.AsyncClient, server: Embedded) -> None:
    session = await sign_in(client, server, "+15555550100")
    path = f"/admin/users/{session['user']['id']}"
    for method in ("GET", "PUT", "DELETE"):
        answer = await client.request(method, path, headers={**bearer(session), **NEW})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_admin")
    as_admin = await client.get(path, headers={"authorization": f"Bearer {KEY}"})
    assert as_admin.json()["phone"] == "15555550100"


async def test_an_address_may_ask_so_often_and_no_more(
    client: httpx.AsyncClient, server: Embedded
) -> None:
    for number in range(30):
        (await client.post("/otp", json={"phone": f"+155555501{number:02}"})).raise_for_status()
    refused = await client.post("/otp", json={"phone": "+15555550199"}, headers=NEW)
    assert (refused.status_code, refused.json()["code"]) == (429, "over_request_rate_limit")
    other = {"sb-forwarded-for": "203.0.113.7"}
    elsewhere = await client.post("/otp", json={"phone": "+15555550199"}, headers=other)
    assert elsewhere.status_code == 200
    server.now += timedelta(seconds=10)
    assert (await client.post("/otp", json={"phone": "+15555550198"})).status_code == 200
    assert (await client.post("/otp", json={"phone": "+15555550197"})).status_code == 429
    typed = {"type": "sms", "token": "0", **ADA}
    wrong = [(await client.post("/verify", json=typed)).status_code for _ in range(31)]
    assert wrong == [403] * 30 + [429]


async def test_the_key_to_come_is_published_before_it_signs(
    client: httpx.AsyncClient, server: Embedded
) -> None:
    answer = await client.get("/.well-known/jwks.json")
    names = {key["kid"] for key in answer.json()["keys"]}
    assert names == {server.keys.in_use.public["kid"], server.keys.standby.public["kid"]}
    assert answer.headers["cache-control"] == "public, max-age=600"
    assert not any("d" in key for key in answer.json()["keys"])
    session = await sign_in(client, server, "+15555550100")
    server.keys.rotate()
    assert (await client.get("/user", headers=bearer(session))).status_code == 200
    server.keys.revoke_previous()
    gone = await client.get("/user", headers={**bearer(session), **NEW})
    assert (gone.status_code, gone.json()["code"]) == (403, "bad_jwt")


async def test_whose_session_has_ended_is_told_online(
    client: httpx.AsyncClient, server: Embedded
) -> None:
    session = await sign_in(client, server, "+15555550100")
    (await client.post("/logout?scope=local", headers=bearer(session))).raise_for_status()
    told = await client.get("/user", headers={**bearer(session), **NEW})
    assert (told.status_code, told.json()["code"]) == (403, "session_not_found")


async def test_the_others_of_a_person_can_be_ended(
    client: httpx.AsyncClient, server: Embedded
) -> None:
    there = await sign_in(client, server, "+15555550100")
    server.now += timedelta(minutes=2)
    here = await sign_in(client, server, "+15555550100")
    bad = await client.post("/logout?scope=some", headers={**bearer(here), **NEW})
    assert (bad.status_code, bad.json()["code"]) == (400, "validation_failed")
    ended = await client.post("/logout?scope=others", headers=bearer(here))
    assert ended.status_code == 204
    for session, status in ((there, 403), (here, 200)):
        assert (await client.get("/user", headers=bearer(session))).status_code == status


@pytest.mark.parametrize(
    ("duration", "banned_for"),
    [("1h", 3600), ("1h30m", 5400), ("90s", 90), ("none", 0), ("9999999h", 10**9)],
)
async def test_a_ban_lasts_as_long_as_it_says(
    client: httpx.AsyncClient, server: Embedded, duration: str, banned_for: int
) -> None:
    session = await sign_in(client, server, "+15555550100")
    path = f"/admin/users/{session['user']['id']}"
    (await client.put(path, json={"ban_duration": duration})).raise_for_status()
    shown = {"refresh_token": session["refresh_token"]}
    answer = await client.post("/token?grant_type=refresh_token", json=shown, headers=NEW)
    assert (answer.status_code == 200) == (banned_for == 0)
    server.now += timedelta(seconds=min(banned_for, 7200))
    again = await client.post("/token?grant_type=refresh_token", json=shown)
    assert (again.status_code == 200) == (banned_for <= 7200)


async def test_users_are_listed_a_page_at_a_time(
    client: httpx.AsyncClient, server: Embedded
) -> None:
    for number in range(5):
        await sign_in(client, server, f"+1555555010{number}")
    pages = [
        (await client.get(f"/admin/users?page={page}&per_page=2")).json()["users"]
        for page in (1, 2, 3, 4)
    ]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    wrong = await client.put(
        f"/admin/users/{pages[0][0]['id']}", json={"ban_duration": "1 day"}, headers=NEW
    )
    assert wrong.status_code == 400


async def test_who_develops_may_be_sent_one_code_after_another() -> None:
    with embedded(Limits(resend=timedelta(0))) as server:
        base, headers = f"{server.url}/auth/v1", {"apikey": KEY}
        async with httpx.AsyncClient(base_url=base, headers=headers) as client:
            for _ in range(3):
                assert (await client.post("/otp", json=ADA)).status_code == 200
