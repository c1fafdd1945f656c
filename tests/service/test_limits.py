"""Whoever asks too often is told so and when to come again, and each answer says what is left."""

import re
import time
from dataclasses import replace

import httpx
import pytest

from salesarck_adapters.bounded_redis import open_redis
from salesarck_adapters.limits.redis import RedisLimits
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.testing.examples import CAFE
from salesarck_service.app import create_app
from salesarck_service.container.memory import memory_parts
from salesarck_service.container.shared import request_limits
from salesarck_service.security.limits import ADVANCE
from salesarck_service.settings import Settings
from tests.service.desk import ADA, GENEROUS, OWNER, Desk
from tests.service.serving import serving
from tests.valkey import Valkey

CODES, SESSIONS, PROFILE = "/v1/sign-in/codes", "/v1/sign-in/sessions", "/v1/consumer/profile"
WALLETS = "/v1/consumer/wallets"
NOBODY = "+12125550190"


def limit(desk: Desk, **most: int) -> None:
    """Put tighter limits before the desk."""
    settings = Settings(database_url="", peppers={}, **most)  # type: ignore[arg-type] # counts
    limits = request_limits(settings, desk.store.limits, desk.parts.peppers)
    desk.parts = replace(desk.parts, limits=limits)
    desk.app = create_app(desk.parts)


def fields(answer: httpx.Response, name: str) -> dict[str, dict[str, int]]:
    """Read a list of strings with parameters (RFC 9651)."""
    found = dict[str, dict[str, int]]()
    for item in answer.headers[name].split(", "):
        parsed = re.fullmatch(r'"([a-z-]+)"((?:;[a-z]=\d+)+)', item)
        assert parsed, item
        pairs = (pair.split("=") for pair in parsed[2].strip(";").split(";"))
        found[parsed[1]] = {key: int(value) for key, value in pairs}
    return found


async def test_each_answer_says_what_is_left(desk: Desk) -> None:
    limit(desk, caller_limit=10, address_limit=100)
    first, second = [await desk.ask("GET", PROFILE, ADA) for _ in range(2)]
    policies = {"caller": {"q": 10, "w": 60}, "address": {"q": 100, "w": 60}}
    assert fields(first, "ratelimit-policy") == policies
    assert fields(first, "ratelimit")["caller"]["r"] == 5
    assert fields(second, "ratelimit")["caller"]["r"] == 4
    assert 0 < fields(second, "ratelimit")["caller"]["t"] <= 24
    public = await desk.ask("GET", "/.well-known/jwks.json")
    assert fields(public, "ratelimit-policy") == {"address": {"q": 100, "w": 60}}


async def test_who_asks_too_often_hears_when_to_come_again(desk: Desk) -> None:
    limit(desk, caller_limit=4)
    told = [await desk.ask("GET", PROFILE, ADA) for _ in range(4)]
    assert [each.status_code for each in told] == [200, 200, 200, 429]
    problem = told[-1].json()
    assert problem["code"] == "too_many_requests"
    assert told[-1].headers["content-type"].startswith("application/problem+json")
    assert 0 < int(told[-1].headers["retry-after"]) <= 30
    assert fields(told[-1], "ratelimit")["caller"]["r"] == 0
    assert (await desk.ask("GET", PROFILE, OWNER)).status_code == 200


async def test_an_address_is_limited_whoever_asks_and_with_whatever_token(desk: Desk) -> None:
    limit(desk, address_limit=8)
    desk.tokens["a forger"] = "x.y.z"
    told = [
        (await desk.ask("GET", PROFILE, who)).status_code
        for who in (ADA, "a forger", None, OWNER, "a forger", None, OWNER)
    ]
    assert told == [200, 401, 401, 200, 401, 429, 429]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/", "address"),
        ("GET", "/schema/openapi.json", "address"),
        ("GET", "/.well-known/jwks.json", "address"),
        ("POST", CODES, "sign-in"),
        ("POST", SESSIONS, "sign-in"),
        ("POST", "/v1/sign-in/refresh", "address"),
        ("DELETE", SESSIONS, "address"),
        ("POST", "/webhooks/square", "webhooks"),
        ("POST", "/webhooks/clover", "webhooks"),
        ("POST", "/webhooks/clover/checkout/x", "webhooks"),
        ("GET", "/health/live", "probes"),
        ("GET", "/health/ready", "probes"),
    ],
)
async def test_every_public_address_is_limited(method: str, path: str, kind: str) -> None:
    parts = memory_parts()
    transport = httpx.ASGITransport(create_app(parts))  # type: ignore[arg-type] # Litestar's own words
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.request(method, path, json={})
    assert set(fields(answer, "ratelimit")) == {kind}


async def test_tills_are_counted_by_the_hundred(desk: Desk) -> None:
    limit(desk, webhook_limit=3 * ADVANCE)
    told = [await desk.ask("POST", "/webhooks/square", json={}) for _ in range(200)]
    assert {each.status_code for each in told[:150]} == {404}
    assert told[-1].status_code == 429


async def test_an_address_of_ipv6_is_a_network(desk: Desk) -> None:
    limit(desk, address_limit=2)
    transports = [
        httpx.ASGITransport(desk.app, client=(host, 1))  # type: ignore[arg-type] # Litestar's own words
        for host in ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1")
    ]
    told = list[int]()
    for transport in transports:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            told.append((await client.get("/.well-known/jwks.json")).status_code)
    assert told == [200, 200, 429, 200]


@pytest.mark.parametrize("desk", ["postgres"], indirect=True)
async def test_without_a_redis_codes_wait_and_everything_else_goes_on(
    desk: Desk, listening: Valkey
) -> None:
    async with open_redis(listening.url) as redis:
        shared = RedisLimits(redis)
        limits = request_limits(GENEROUS, shared, desk.parts.peppers)
        desk.parts = replace(desk.parts, limits=limits)
        desk.app = create_app(desk.parts)
        listening.hang()
        try:
            asked = await desk.ask("POST", CODES, json={"phone": ADA})
            tried = await desk.ask("POST", SESSIONS, json={"phone": ADA, "code": "123456"})
            for refused in (asked, tried):
                assert (refused.status_code, refused.json()["code"]) == (503, "limits_unavailable")
                assert refused.headers["retry-after"] == "5"
            for method, path, status in (
                ("GET", PROFILE, 200),
                ("GET", f"{WALLETS}/{CAFE.id}", 200),
                ("DELETE", SESSIONS, 204),
            ):
                assert (await desk.ask(method, path, ADA)).status_code == status
        finally:
            listening.go_on()


async def test_a_redis_that_hangs_costs_a_request_no_more_than_a_moment(
    listening: Valkey,
) -> None:
    parts = memory_parts()
    async with open_redis(listening.url) as redis:
        limits = request_limits(GENEROUS, RedisLimits(redis), parts.peppers)
        app = create_app(replace(parts, limits=limits))
        async with serving(app) as at, httpx.AsyncClient(base_url=at.url) as client:
            path = "/.well-known/jwks.json"
            usual = [await seconds_of(client, path) for _ in range(20)]
            listening.hang()
            try:
                hung = [await seconds_of(client, path) for _ in range(3)]
            finally:
                listening.go_on()
    assert max(hung) - max(usual) < 0.06, (usual, hung)
    assert hung[0] > 0.03, "it was not asked at all"


async def seconds_of(client: httpx.AsyncClient, path: str) -> float:
    began = time.monotonic()
    assert (await client.get(path)).status_code == 200
    return time.monotonic() - began


async def test_a_code_is_tried_five_times_and_no_more(desk: Desk) -> None:
    await desk.ask("POST", CODES, json={"phone": ADA})
    right = desk.codes[ADA]
    told = [await attempt(desk, ADA, wrong_of(right)) for _ in range(5)]
    told.append(await attempt(desk, ADA, right))
    assert {each.status_code for each in told} == {401}
    assert len({said(each) for each in told}) == 1
    await desk.ask("POST", CODES, json={"phone": ADA})
    for _ in range(4):
        assert (await attempt(desk, ADA, wrong_of(desk.codes[ADA]))).status_code == 401
    assert (await attempt(desk, ADA, desk.codes[ADA])).status_code == 201


async def test_a_phone_is_sent_five_codes_an_hour_however_it_is_written(desk: Desk) -> None:
    spellings = [ADA, "+1 (212) 555-0100", "011 1 212 555 0100", "212.555.0100", "1-212-555-0100"]
    told = [
        await desk.ask("POST", CODES, json={"phone": each, "country": "US"}) for each in spellings
    ]
    told.append(await desk.ask("POST", CODES, json={"phone": "2125550100", "tenant": str(CAFE.id)}))
    assert [each.status_code for each in told] == [202, 202, 202, 202, 429, 429]  # one by `open`
    assert told[-1].json()["code"] == "too_many_requests"
    assert 3500 < int(told[-1].headers["retry-after"]) <= 3600
    assert (await desk.ask("POST", CODES, json={"phone": OWNER})).status_code == 202


async def test_strangers_are_told_the_same_as_friends(desk: Desk) -> None:
    """Also at the limits, and also after a wrong code."""
    for phone in (ADA, NOBODY):
        for number in range(7):
            sent = await desk.ask("POST", CODES, json={"phone": phone})
            tried = await attempt(desk, phone, wrong_of(desk.codes[phone]))
            wanted = 202 if number < (4 if phone == ADA else 5) else 429
            assert (sent.status_code, tried.status_code) == (wanted, 401)
    answers = [
        (
            said(await desk.ask("POST", CODES, json={"phone": phone})),
            said(await attempt(desk, phone, wrong_of(desk.codes[phone]))),
        )
        for phone in (ADA, NOBODY)
    ]
    assert answers[0] == answers[1]


async def test_the_tenant_s_country_completes_a_phone(desk: Desk) -> None:
    typed = {"phone": "(212) 555-0190", "tenant": str(CAFE.id)}
    sent = await desk.ask("POST", CODES, json=typed)
    assert (sent.status_code, sent.json()) == (202, {"sent_to": NOBODY})
    signed_in = await desk.ask("POST", SESSIONS, json={**typed, "code": desk.codes[NOBODY]})
    assert signed_in.status_code == 201
    nowhere = {**typed, "tenant": "00000000-0000-7000-8000-000000000000"}
    assert (await desk.ask("POST", CODES, json=nowhere)).status_code == 404


@pytest.mark.parametrize("desk", ["postgres"], indirect=True)
async def test_what_is_kept_of_a_phone_tells_nothing_of_it(desk: Desk) -> None:
    await desk.ask("POST", CODES, json={"phone": ADA})
    assert isinstance(desk.store, PostgresStore)
    async with desk.store.limits.engine.connect() as connection:
        kept = (await connection.exec_driver_sql("SELECT name FROM allowance")).scalars().all()
    assert any(name.startswith("codes sent:") for name in kept)
    assert not any(ADA[1:] in name for name in kept)
    assert not any("127.0.0.1" in name for name in kept)


async def attempt(desk: Desk, phone: str, code: str) -> httpx.Response:
    return await desk.ask("POST", SESSIONS, json={"phone": phone, "code": code})


def wrong_of(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def said(answer: httpx.Response) -> tuple[int, str]:
    document = answer.json()
    document.pop("correlation", None)
    return answer.status_code, re.sub(r"in \d+ seconds", "in some seconds", str(document))
