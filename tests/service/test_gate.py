"""What is turned away at the gate, and what every answer carries, whoever gives it."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from ipaddress import ip_network

import httpx
import pytest
import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from salesarck_service.app import create_app
from salesarck_service.container.memory import memory_parts
from salesarck_service.security.front import Front
from salesarck_service.security.gate import HEAD_BYTES_MAX, HEADERS_MAX, Gate
from salesarck_service.security.headers import SECURITY_HEADERS
from salesarck_service.security.proxies import Proxies
from salesarck_service.telemetry.edge import Edge
from salesarck_service.telemetry.logs import configure_logs

OURS = Front(address="https://points.example.test")
Pairs = list[tuple[str, str]]


def app_of(front: Front = OURS) -> ASGIApp:
    return create_app(replace(memory_parts(), front=front))


async def ask(
    app: ASGIApp,
    path: str = "/",
    headers: Pairs | Mapping[str, str] | None = None,
    method: str = "GET",
    **more: object,
) -> httpx.Response:
    client = ("10.0.0.9", 1)
    transport = httpx.ASGITransport(app, client=client)  # type: ignore[arg-type] # Litestar's own words
    async with httpx.AsyncClient(transport=transport, base_url=OURS.address) as asking:
        return await asking.request(method, path, headers=headers, **more)  # type: ignore[arg-type] # httpx' words


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [
        ("points.example.test", 200, None),
        ("POINTS.Example.Test:8443", 200, None),
        ("evil.test", 421, "host_unknown"),
        ("points.example.test.evil.test", 421, "host_unknown"),
        ("xpoints.example.test", 421, "host_unknown"),
        ("127.0.0.1:8000", 421, "host_unknown"),
        ("[::1]:8000", 421, "host_unknown"),
        ("", 400, "host_invalid"),
        ("points.example.test@evil.test", 400, "host_invalid"),
        ("points.example.test, evil.test", 400, "host_invalid"),
        ("points.example.test:x", 400, "host_invalid"),
    ],
)
async def test_we_answer_to_our_names(host: str, status: int, code: str | None) -> None:
    answer = await ask(app_of(), headers={"host": host, "x-forwarded-host": "points.example.test"})
    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "[fd00::7]:8000", "web-7", ""])
async def test_a_probe_knows_no_name_of_ours(host: str) -> None:
    assert (await ask(app_of(), "/health/live", {"host": host})).status_code == 200
    assert (await ask(app_of(), "/health", {"host": host})).status_code in {400, 421}


async def test_other_names_are_ours_when_we_are_told() -> None:
    app = app_of(replace(OURS, hosts=("a.example.test", "b.example.test")))
    heard = [
        (await ask(app, headers={"host": f"{name}.example.test"})).status_code
        for name in ("a", "b", "points")
    ]
    assert heard == [200, 200, 421]


@pytest.mark.parametrize("hosts", [[], ["points.example.test", "points.example.test"]], ids=len)
async def test_a_host_is_named_once(hosts: list[str]) -> None:
    heard: list[int] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        heard.append(message.get("status", 0))

    async def receive() -> object:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b""}
    more = {
        "client": None,
        "scheme": "http",
        "headers": [(b"host", each.encode()) for each in hosts],
    }
    await app_of()({**scope, **more}, receive, send)  # type: ignore[arg-type] # a plain scope
    assert heard[0] == 400


async def test_a_head_has_a_size() -> None:
    app = app_of()
    fits = {f"x-{number}": "y" for number in range(HEADERS_MAX - 10)}
    assert (await ask(app, headers=fits)).status_code == 200
    many = {f"x-{number}": "y" for number in range(HEADERS_MAX + 1)}
    long = {"x": "y" * HEAD_BYTES_MAX}
    for headers in (many, long):
        answer = await ask(app, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")
    answer = await ask(app, f"/?q={'a' * HEAD_BYTES_MAX}")
    assert answer.status_code == 431


async def test_a_body_has_a_time_and_a_size() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    parts = replace(memory_parts(), front=OURS)
    inner = create_app(parts)
    assert isinstance(inner, Edge)
    assert isinstance(inner.app, Gate)
    app = replace(inner, app=replace(inner.app, body_seconds=0.05))
    answer = await ask(app, "/v1/sign-in/codes", method="POST", content=slow())
    assert (answer.status_code, answer.json()["code"]) == (408, "request_too_slow")
    assert answer.headers["connection"] == "close"
    answer = await ask(inner, "/v1/sign-in/codes", method="POST", content=b" " * 65_537)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


ANSWERS: Mapping[str, tuple[str, str, dict[str, str]]] = {
    "200": ("GET", "/health/live", {}),
    "400": ("GET", "/", {"host": "a@b"}),
    "401": ("GET", "/v1/consumer/profile", {}),
    "404": ("GET", "/nowhere", {}),
    "405": ("PUT", "/health/live", {}),
    "413": ("POST", "/v1/sign-in/codes", {"content-length": "999999"}),
    "421": ("GET", "/", {"host": "evil.test"}),
    "431": ("GET", "/", {"x": "y" * HEAD_BYTES_MAX}),
}


@pytest.mark.parametrize("status", sorted(ANSWERS))
async def test_every_answer_carries_what_protects(status: str) -> None:
    method, path, headers = ANSWERS[status]
    answer = await ask(app_of(), path, headers, method)
    assert answer.status_code == int(status)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get_list(name) == [value]
    assert len(answer.headers["request-id"]) == 36
    if int(status) >= 400:
        assert answer.json()["correlation"] == answer.headers["request-id"]


async def test_whoever_looks_later_finds_the_true_address_and_scheme() -> None:
    seen: list[tuple[object, object]] = []

    async def look(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append((scope["client"], scope["scheme"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    parts, told = memory_parts(), {"x-forwarded-for": "198.51.100.8", "x-forwarded-proto": "http"}
    for proxies in (Proxies(), Proxies((ip_network("10.0.0.0/24"),))):
        app = Edge(look, parts.real_clock, parts.randomness, parts.metrics, proxies)
        await ask(app, headers=told)
    assert seen == [(("10.0.0.9", 0), "https"), (("198.51.100.8", 0), "http")]


async def test_what_breaks_before_litestar_is_a_problem_too() -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise KeyError("secret of somebody")

    parts = memory_parts()
    app = Edge(broken, parts.real_clock, parts.randomness, parts.metrics)
    answer = await ask(app)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_page_may_load_what_is_ours_and_nothing_may_frame_it() -> None:
    policy = (await ask(app_of())).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization",
}


@pytest.mark.parametrize("path", ["/v1/consumer/wallets", "/nowhere"])
async def test_pages_of_others_may_ask_nothing_unless_they_are_named(path: str) -> None:
    closed, open_ = app_of(), app_of(replace(OURS, origins=("https://shop.example.test",)))
    for app, origin, may in (
        (closed, "https://shop.example.test", False),
        (closed, "null", False),
        (open_, "https://evil.test", False),
        (open_, "https://shop.example.test.evil.test", False),
        (open_, "http://shop.example.test", False),
        (open_, "null", False),
        (open_, "https://shop.example.test", True),
    ):
        for method, headers in (("OPTIONS", PREFLIGHT), ("GET", {})):
            answer = await ask(app, path, {**headers, "origin": origin}, method)
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (origin if may else None)
            assert "access-control-allow-credentials" not in answer.headers
            told = [name for name in answer.headers if name.startswith("access-control-")]
            assert not told or app is open_


async def test_the_log_says_from_where_and_believes_proxies_alone() -> None:
    root = logging.getLogger()
    before, level, out = list(root.handlers), root.level, io.StringIO()
    configure_logs("info", out)
    told = {"x-forwarded-for": "203.0.113.77, 198.51.100.8"}
    try:
        await ask(app_of(), headers=told)
        proxies = Proxies((ip_network("10.0.0.0/24"),))
        await ask(app_of(replace(OURS, proxies=proxies)), headers=told)
    finally:
        root.handlers, root.level = before, level
        structlog.reset_defaults()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["network"] for line in lines] == ["10.0.0.0/24", "198.51.100.0/24"]
    assert "198.51.100.8" not in out.getvalue()
