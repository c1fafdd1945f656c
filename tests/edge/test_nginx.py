"""What the shipped nginx lets through, cuts, bounds, counts and adds."""

import asyncio
import io
import json
import logging
import ssl
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import structlog

from salesarck_service.security.headers import SECURITY_HEADERS
from salesarck_service.telemetry.logs import configure_logs
from tests.edge.conftest import NAME, Edge, certify, running
from tests.line.processes import free_port
from tests.service.desk import ADA

OURS = (
    "strict-transport-security content-security-policy x-content-type-options referrer-policy "
    "cache-control request-id"
).split()
ANYTHING = "ALL:@SECLEVEL=0"
"""What a client of long ago would offer."""


@pytest.fixture
def lines() -> Generator[io.StringIO]:
    """What the service logs."""
    root = logging.getLogger()
    before, level, out = list(root.handlers), root.level, io.StringIO()
    configure_logs("info", out)
    yield out
    root.handlers, root.level = before, level
    structlog.reset_defaults()


class Here(httpx.AsyncHTTPTransport):
    """Finds our name on this machine, and comes from any address of its loopback."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": NAME}
        request.url = request.url.copy_with(host="127.0.0.1")
        return await super().handle_async_request(request)


@asynccontextmanager
async def client(edge: Edge, address: str = "127.0.0.1") -> AsyncGenerator[httpx.AsyncClient]:
    there = Here(verify=edge.nginx.trust(), local_address=address)
    async with httpx.AsyncClient(transport=there, base_url=edge.nginx.url) as asking:
        yield asking


async def connect(
    port: int, context: ssl.SSLContext | None, name: str | None = NAME
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    named = name if context else None
    return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=named)


def offering(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that speaks one version alone, and believes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(ANYTHING)
    context.minimum_version = context.maximum_version = version
    return context


async def speaks(port: int, version: ssl.TLSVersion) -> bool:
    try:
        _, writer = await connect(port, offering(version))
    except (ssl.SSLError, ConnectionError):
        return False
    writer.close()
    return True


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.*:DeprecationWarning")
async def test_old_tls_is_refused_and_new_is_spoken(edge: Edge, tmp_path: Path) -> None:
    old, new = (
        [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1],
        [
            ssl.TLSVersion.TLSv1_2,
            ssl.TLSVersion.TLSv1_3,
        ],
    )
    assert [await speaks(edge.nginx.port, each) for each in (*old, *new)] == [False] * 2 + [
        True
    ] * 2
    certify(tmp_path)
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    careless.set_ciphers(ANYTHING)
    careless.minimum_version = ssl.TLSVersion.TLSv1
    careless.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    port = free_port()
    server = await asyncio.start_server(lambda _, writer: writer.close(), port=port, ssl=careless)
    async with server:
        assert [await speaks(port, each) for each in old] == [True] * 2, "they are really offered"


async def test_another_name_is_shown_no_certificate(edge: Edge) -> None:
    with pytest.raises(ssl.SSLError):
        await connect(edge.nginx.port, offering(ssl.TLSVersion.TLSv1_3), "evil.test")


async def test_plain_text_is_sent_on_or_refused(edge: Edge) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.nginx.plain_port}") as plain:
        page, api = await plain.get("/about"), await plain.get("/v1/consumer/profile")
    assert (page.status_code, page.headers["location"]) == (308, f"https://{NAME}/about")
    assert (api.status_code, api.json()["code"]) == (403, "https_needed")


async def test_a_slow_head_is_cut_and_others_are_served_meanwhile(edge: Edge) -> None:
    async def dawdle() -> float:
        began = time.monotonic()
        reader, writer = await connect(edge.nginx.port, edge.nginx.trust())
        writer.write(f"GET / HTTP/1.1\r\nHost: {NAME}\r\n".encode())
        reading = asyncio.ensure_future(reader.read())
        while not reading.done() and time.monotonic() < began + 20:
            writer.write(b"X: y\r\n")
            await asyncio.wait({reading}, timeout=0.5)
        reading.cancel()
        writer.close()
        return time.monotonic() - began

    slow = [asyncio.ensure_future(dawdle()) for _ in range(40)]
    async with client(edge) as quick:
        answers = [(await quick.get("/health/live")).status_code for _ in range(20)]
    assert answers == [200] * 20
    assert max(await asyncio.gather(*slow)) < 13


async def test_guessing_is_counted_by_address_whatever_is_written_and_however(edge: Edge) -> None:
    paths = ["/v1/sign-in/codes", "/v1//sign-in/codes", "/v1/sign-in/%63odes", "/v1/sign-in/codes/"]
    async with client(edge) as asking, client(edge, "127.0.0.2") as other:
        heard = [
            await asking.post(
                paths[number % len(paths)],
                json={"phone": "1"},
                headers={"x-forwarded-for": f"203.0.113.{number}", "forwarded": "for=1.2.3.4"},
            )
            for number in range(20)
        ]
        elsewhere = await other.post(paths[0], json={"phone": "1"})
    refused = [answer for answer in heard if answer.status_code == 429]
    assert 13 <= len(refused) <= 15
    assert refused[0].json()["code"] == "too_many"
    assert refused[0].headers["retry-after"] == "10"
    assert [refused[0].headers.get_list(name) for name in OURS if name != "request-id"] == [
        [SECURITY_HEADERS[name]] for name in OURS if name != "request-id"
    ]
    assert elsewhere.status_code != 429


async def test_a_body_has_a_bound_of_its_own_at_each_address(edge: Edge) -> None:
    async with client(edge) as asking:
        for path, size in (("/v1/sign-in/refresh", 64 * 1024), ("/webhooks/square", 1024 * 1024)):
            fits = await asking.post(path, content=b" " * size)
            assert fits.status_code in {400, 401, 404}
            large = await asking.post(path, content=b" " * (size + 1))
            assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
        long = await asking.get("/", headers={"x": "y" * 20_000})
        assert (long.status_code, long.json()["code"]) == (400, "request_invalid")


async def test_every_header_comes_once_whoever_answers(edge: Edge) -> None:
    async with client(edge) as asking:
        answers = [
            await asking.get("/health/live"),
            await asking.get("/nowhere"),
            await asking.get("/v1/consumer/profile"),
            await asking.get("/.well-known/jwks.json"),
            await asking.post("/v1/sign-in/codes", content=b" " * 65_537),
        ]
    assert [answer.status_code for answer in answers] == [200, 404, 401, 200, 413]
    for answer in answers:
        assert [len(answer.headers.get_list(name)) for name in OURS] == [1] * len(OURS)
        assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
        assert "nginx/" not in answer.headers["server"]
    assert answers[3].headers["cache-control"] == "max-age=600, public"


async def test_without_the_service_it_says_when_to_come_again(edge: Edge) -> None:
    dead = edge.nginx.folder / "dead"
    dead.mkdir()
    with running(dead, free_port()) as nginx:
        async with client(Edge(nginx, edge.desk)) as asking:
            answer = await asking.get("/v1/consumer/profile", headers={"request-id": "a-call-1"})
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["request-id"] == answer.json()["correlation"] == "a-call-1"
    assert [len(answer.headers.get_list(name)) for name in OURS] == [1] * len(OURS)


async def test_a_request_keeps_its_id_and_its_true_address(edge: Edge, lines: io.StringIO) -> None:
    forged = {
        "x-forwarded-for": "203.0.113.9",
        "forwarded": "for=203.0.113.9",
        "x-real-ip": "203.0.113.9",
        "x-forwarded-host": "evil.test",
    }
    async with client(edge, "127.0.5.2") as asking:
        named = await asking.get("/", headers={**forged, "request-id": "a-call-of-mine"})
        nameless = await asking.get("/", headers={**forged, "request-id": "a call; of mine"})
    assert (named.status_code, named.headers["request-id"]) == (200, "a-call-of-mine")
    assert len(nameless.headers["request-id"]) == 32
    told = [json.loads(line) for line in lines.getvalue().splitlines() if "network" in line]
    assert [line["network"] for line in told] == ["127.0.5.0/24"] * 2
    assert told[0]["correlation"] == "a-call-of-mine"


async def test_balances_flow_at_once(edge: Edge) -> None:
    headers = {"authorization": f"Bearer {edge.desk.tokens[ADA]}"}
    assert (await edge.desk.give(10)).status_code == 201
    async with (
        client(edge) as asking,
        asyncio.timeout(10),
        asking.stream("GET", "/v1/consumer/events", headers=headers) as stream,
    ):
        heard = (line async for line in stream.aiter_lines() if line.startswith("data:"))
        assert json.loads((await anext(heard))[5:])["balance"] == 10
        assert (await edge.desk.give(5)).status_code == 201
        assert json.loads((await anext(heard))[5:])["balance"] == 15
