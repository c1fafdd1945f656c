"""Signing in over HTTP: one problem for every no, and a word on when to come again."""

from dataclasses import replace

import httpx
import pytest
from litestar.types import ASGIApp

from salesarck_adapters.http import polite_client
from salesarck_service.app import create_app
from salesarck_service.container.identity import signing_in_at
from salesarck_service.container.line import real_clock
from salesarck_service.container.memory import memory_parts
from tests.service.desk import ADA, Desk

CODES, SESSIONS, REFRESH = (f"/v1/sign-in/{name}" for name in ("codes", "sessions", "refresh"))
ASKED = (
    (CODES, {"phone": ADA}),
    (SESSIONS, {"phone": ADA, "code": "123456"}),
    (REFRESH, {"refresh_token": "x"}),
)


def app_with(answer: httpx.Response | Exception) -> ASGIApp:
    """The application, with a Supabase Auth that has one answer to everything."""

    def give(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = polite_client(httpx.MockTransport(give))
    signing_in = signing_in_at(client, "https://project.test", "k" * 40, real_clock)
    parts = replace(memory_parts(), identity=signing_in.identity, verifier=signing_in.verifier)
    return create_app(parts)


async def ask(app: ASGIApp, path: str, body: object) -> httpx.Response:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # Litestar's own words
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post(path, json=body)


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[path for path, _ in ASKED])
@pytest.mark.parametrize(
    ("answer", "status", "code", "wait"),
    [
        (httpx.Response(429, headers={"retry-after": "17"}), 429, "identity_busy", "17"),
        (httpx.Response(503), 503, "identity_unavailable", "5"),
        (httpx.ConnectError("nobody is there"), 503, "identity_unavailable", "5"),
    ],
    ids=["busy", "ill", "away"],
)
async def test_when_to_come_again_is_said(
    path: str,
    body: object,
    answer: httpx.Response | Exception,
    status: int,
    code: str,
    wait: str,
) -> None:
    told = await ask(app_with(answer), path, body)
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert told.headers["retry-after"] == wait
    assert told.headers["content-type"].startswith("application/problem+json")


async def test_where_no_code_can_be_sent_is_said() -> None:
    no = httpx.Response(422, json={"code": "sms_send_failed", "message": "no"})
    told = await ask(app_with(no), CODES, {"phone": ADA})
    assert (told.status_code, told.json()["code"]) == (422, "sign_in_code_not_sent")
    assert ADA not in told.text


async def test_a_caller_waits_while_there_are_no_keys_and_is_not_signed_out() -> None:
    app = app_with(httpx.ConnectError("nobody is there"))
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # Litestar's own words
    headers = {"authorization": f"Bearer {GENUINE_LOOKING}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        told = await client.get("/v1/consumer/profile", headers=headers)
    assert (told.status_code, told.json()["code"]) == (503, "identity_unavailable")
    assert told.headers["retry-after"] == "5"


GENUINE_LOOKING = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEiLCJ0eXAiOiJKV1QifQ.e30.AAAA"


async def test_signing_out_everywhere_ends_the_other_session_too(desk: Desk) -> None:
    sessions = [await _session(desk) for _ in range(2)]
    desk.tokens[ADA] = sessions[0]["access_token"]
    ended = await desk.ask("DELETE", f"{SESSIONS}?everywhere=true", ADA)
    assert ended.status_code == 204
    for session in sessions:
        refreshed = await desk.ask(
            "POST", REFRESH, json={"refresh_token": session["refresh_token"]}
        )
        assert (refreshed.status_code, refreshed.json()["code"]) == (401, "session_ended")


async def _session(desk: Desk) -> dict[str, str]:
    await desk.ask("POST", CODES, json={"phone": ADA})
    typed = {"phone": ADA, "code": desk.codes[ADA]}
    session: dict[str, str] = (await desk.ask("POST", SESSIONS, json=typed)).json()
    return session
