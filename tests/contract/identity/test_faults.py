"""What the adapter makes of every answer, and what it sends: one person's call is nobody else's."""

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from salesarck_adapters.http import polite_client
from salesarck_adapters.identity.supabase import SupabaseIdentity
from salesarck_domain.errors import SalesArckError
from salesarck_domain.phone import Email, Phone
from salesarck_domain.ports.identity import (
    CodeNotAccepted,
    CodeNotSent,
    IdentityBusy,
    IdentityUnavailable,
    SessionEnded,
    SubjectUnknown,
    TokenNotAccepted,
)

URL = "https://project.test/auth/v1"
KEY = "sb_secret_0123456789abcdef"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA, GRACE = Phone("+15555550100"), Email("grace@example.test")
VERSION = {"x-supabase-api-version": "2024-01-01"}
WHO = uuid4()


def identity(
    answer: Callable[[httpx.Request], httpx.Response],
) -> SupabaseIdentity:
    return SupabaseIdentity(polite_client(httpx.MockTransport(answer)), URL, KEY, lambda: NOON)


def deeds(asked: SupabaseIdentity) -> dict[str, Callable[[], Awaitable[object]]]:
    return {
        "send": lambda: asked.send_code(ADA),
        "verify": lambda: asked.verify_code(ADA, "123456"),
        "refresh": lambda: asked.refresh("refresh-token"),
        "sign out": lambda: asked.sign_out("a.b.c"),
        "look up": lambda: asked.look_up(WHO),
        "shut out": lambda: asked.shut_out(WHO),
        "let in": lambda: asked.let_in(WHO),
        "delete": lambda: asked.delete(WHO),
    }


DEEDS = sorted(deeds(identity(lambda _: httpx.Response(500))))


def shapes(status: int, code: str, message: str = "no") -> list[httpx.Response]:
    """The same no, in every shape that it comes in."""
    return [
        httpx.Response(status, json={"code": code, "message": message}, headers=VERSION),
        httpx.Response(status, json={"code": code, "message": message}),
        httpx.Response(status, json={"code": status, "error_code": code, "msg": message}),
        httpx.Response(status, json={"error": code, "error_description": message}),
    ]


@pytest.mark.parametrize(
    ("deed", "status", "code", "error"),
    [
        ("send", 400, "validation_failed", CodeNotSent),
        ("send", 422, "sms_send_failed", CodeNotSent),
        ("verify", 403, "otp_expired", CodeNotAccepted),
        ("verify", 403, "user_banned", CodeNotAccepted),
        ("verify", 400, "validation_failed", CodeNotAccepted),
        ("verify", 403, "a_code_of_tomorrow", CodeNotAccepted),
        ("refresh", 400, "refresh_token_not_found", SessionEnded),
        ("refresh", 400, "refresh_token_already_used", SessionEnded),
        ("refresh", 400, "session_expired", SessionEnded),
        ("refresh", 400, "user_banned", SessionEnded),
        ("refresh", 400, "invalid_request", SessionEnded),
        ("sign out", 403, "bad_jwt", TokenNotAccepted),
        ("sign out", 401, "no_authorization", TokenNotAccepted),
        ("look up", 404, "user_not_found", SubjectUnknown),
        ("shut out", 404, "user_not_found", SubjectUnknown),
        ("let in", 404, "user_not_found", SubjectUnknown),
        ("send", 400, "phone_provider_disabled", IdentityUnavailable),
        ("send", 400, "captcha_failed", IdentityUnavailable),
        ("verify", 422, "hook_timeout", IdentityUnavailable),
        ("refresh", 409, "conflict", IdentityUnavailable),
        ("look up", 403, "not_admin", IdentityUnavailable),
        ("delete", 403, "not_admin", IdentityUnavailable),
        ("verify", 401, "invalid_api_key", IdentityUnavailable),
        ("sign out", 401, "invalid_api_key", IdentityUnavailable),
    ],
)
async def test_a_no_is_one_of_ours_in_whatever_shape_it_comes(
    deed: str, status: int, code: str, error: type[SalesArckError]
) -> None:
    for shape in shapes(status, code, "ada@example.test +15555550100 123456"):
        with pytest.raises(error) as raised:
            await deeds(identity(lambda _, shape=shape: shape))[deed]()
        assert not {"ada@", "5550100", "123456"} & set(str(raised.value).split())
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__


@pytest.mark.parametrize("code", ["otp_disabled", "signup_disabled", "user_banned"])
async def test_whether_a_code_went_out_does_not_say_who_is_registered(code: str) -> None:
    for shape in shapes(422, code):
        await identity(lambda _, shape=shape: shape).send_code(ADA)


@pytest.mark.parametrize("code", ["session_not_found", "user_not_found", "user_banned"])
async def test_who_is_out_already_is_out(code: str) -> None:
    for shape in shapes(403, code):
        await identity(lambda _, shape=shape: shape).sign_out("a.b.c")


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (httpx.Response(429, json={"message": "Request rate limit reached"}), 60),
        (httpx.Response(429, json={"code": 429, "msg": "only request this after 42 seconds."}), 42),
        (httpx.Response(429, headers={"retry-after": "17"}, content=b"<html>"), 17),
        (httpx.Response(429), 60),
    ],
    ids=["unsaid", "in words", "in a header", "empty"],
)
async def test_too_often_says_when_to_come_again(
    deed: str, answer: httpx.Response, seconds: int
) -> None:
    with pytest.raises(IdentityBusy) as busy:
        await deeds(identity(lambda _: answer))[deed]()
    assert busy.value.retry_after == seconds


def _hangs(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("nobody answers")


def _is_away(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there")


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(
    "answer",
    [
        _hangs,
        _is_away,
        lambda _: httpx.Response(500, json={"code": 500, "error_code": "unexpected_failure"}),
        lambda _: httpx.Response(502, content=b"<html>bad gateway</html>"),
        lambda _: httpx.Response(503, headers={"retry-after": "5"}),
        lambda _: httpx.Response(522),
        lambda _: httpx.Response(403, content=b"<html>a wall</html>"),
        lambda _: httpx.Response(404, json={"message": "no Route matched with those values"}),
        lambda _: httpx.Response(401, json={"message": "Invalid API key"}),
        lambda _: httpx.Response(302, headers={"location": "https://elsewhere.test"}),
    ],
    ids=["hangs", "away", "500", "502", "503", "522", "wall", "no route", "our key", "elsewhere"],
)
async def test_what_is_no_answer_is_nobodys_fault(
    deed: str, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    with pytest.raises(IdentityUnavailable) as away:
        await deeds(identity(answer))[deed]()
    assert away.value.retry_after == 5


@pytest.mark.parametrize("deed", ["verify", "refresh", "look up"])
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"<html>", b'{"access_token": "secret"}'])
async def test_an_answer_that_makes_no_sense_is_none_and_is_quoted_nowhere(
    deed: str, content: bytes
) -> None:
    with pytest.raises(IdentityUnavailable) as away:
        await deeds(identity(lambda _: httpx.Response(200, content=content)))[deed]()
    assert "secret" not in repr(away.value)
    assert away.value.__suppress_context__


def session_of(person: str) -> dict[str, Any]:
    at = NOON.isoformat()
    user = {"id": str(uuid4()), "aud": "authenticated", "created_at": at}
    return {
        "access_token": f"token-of-{person}",
        "refresh_token": f"refresh-of-{person}",
        "token_type": "bearer",
        "expires_in": 3600,
        "expires_at": int(NOON.timestamp()) + 3600,
        "user": {**user, "app_metadata": {}, "user_metadata": {}},
    }


async def test_nobody_is_taken_for_whoever_signed_in_last() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        path = request.url.path
        if path.endswith(("/verify", "/token")):
            return httpx.Response(200, json=session_of("ada"))
        return httpx.Response(204 if path.endswith("/logout") else 200, json={})

    asked = identity(answer)
    await asked.verify_code(ADA, "123456", "203.0.113.7")
    await asked.refresh("refresh-of-ada", "203.0.113.7")
    await asked.send_code(GRACE, "2001:db8::7")
    await asked.verify_code(GRACE, "123456")
    await asked.sign_out("token-of-grace")
    await asked.sign_out("token-of-grace", everywhere=True)
    told = [
        (
            request.url.path.removeprefix("/auth/v1"),
            request.headers.get("authorization"),
            request.headers.get("sb-forwarded-for"),
        )
        for request in seen
    ]
    assert told == [
        ("/verify", None, "203.0.113.7"),
        ("/token", None, "203.0.113.7"),
        ("/otp", None, "2001:db8::7"),
        ("/verify", None, None),
        ("/logout", "Bearer token-of-grace", None),
        ("/logout", "Bearer token-of-grace", None),
    ]
    assert [dict(request.url.params) for request in seen[-2:]] == [
        {"scope": "local"},
        {"scope": "global"},
    ]
    assert {request.headers["apikey"] for request in seen} == {KEY}
    assert {request.headers["x-supabase-api-version"] for request in seen} == {"2024-01-01"}
    assert not any("cookie" in request.headers for request in seen)


async def test_a_phone_loses_its_plus_sign_and_secrets_stay_out_of_addresses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=session_of("ada") if "verify" in request.url.path else {})

    caplog.set_level(logging.DEBUG)
    asked = identity(answer)
    await asked.send_code(ADA, "no address")
    await asked.verify_code(ADA, "123456")
    sent, verified = (json.loads(request.content) for request in seen)
    assert (sent["phone"], sent["create_user"]) == ("15555550100", True)
    assert (verified["phone"], verified["type"], verified["token"]) == (
        "15555550100",
        "sms",
        "123456",
    )
    assert "sb-forwarded-for" not in seen[0].headers
    written = caplog.text + "".join(str(request.url) for request in seen)
    assert not any(secret in written for secret in ("5550100", "123456", "token-of", KEY))


async def test_the_admins_key_goes_with_admins_calls_alone() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        user = {**session_of("ada")["user"], "phone": "15555550100", "email": ""}
        return httpx.Response(200, json={**user, "banned_until": "2126-01-01T00:00:00Z"})

    asked = identity(answer)
    known = await asked.look_up(WHO)
    await asked.shut_out(WHO)
    await asked.let_in(WHO)
    await asked.delete(WHO)
    assert (known.phone, known.email, known.is_shut_out) == (ADA, None, True)
    assert {request.headers["authorization"] for request in seen} == {f"Bearer {KEY}"}
    assert {request.url.path for request in seen} == {f"/auth/v1/admin/users/{WHO}"}
    assert [request.method for request in seen] == ["GET", "PUT", "PUT", "DELETE"]
    bodies = [json.loads(request.content) for request in seen[1:]]
    assert bodies == [
        {"ban_duration": "876000h"},
        {"ban_duration": "none"},
        {"should_soft_delete": False},
    ]
