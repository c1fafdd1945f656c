"""What never becomes a request: slow, endless or senseless, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from salesarck_service.app import create_app
from salesarck_service.container.memory import memory_parts
from salesarck_service.protocol import MESSAGE_BYTES_MAX, BoundedProtocol
from salesarck_service.security.gate import HEAD_BYTES_MAX
from salesarck_service.security.headers import SECURITY_HEADERS
from tests.service.serving import serving

SOON = 10.0
HELLO = b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n"
POST = b"POST /v1/sign-in/codes HTTP/1.1\r\nHost: test\r\n"


class Wire:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, said: bytes) -> None:
        self.writer.write(said)
        await self.writer.drain()

    async def drip(self, said: bytes, times: int, pause: float = 0.05) -> None:
        """Speak slowly, for as long as somebody listens."""
        try:
            for _ in range(times):
                await self.say(said)
                await asyncio.sleep(pause)
        except ConnectionError:
            pass

    async def rest(self) -> bytes:
        """Hear what is said until the other side hangs up."""
        heard = b""
        async with asyncio.timeout(SOON):
            try:
                while some := await self.reader.read(65_536):
                    heard += some
            except ConnectionError:
                pass
        return heard

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Hear one answer that says how long it is."""
        async with asyncio.timeout(SOON):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            status, headers = parsed(head)
            return status, headers, await self.reader.readexactly(int(headers["content-length"]))


def parsed(head: str) -> tuple[int, dict[str, str]]:
    first, *lines = head.strip().split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    headers = {name.lower(): value for name, value in pairs}
    assert len(headers) == len(pairs), "no header comes twice"
    return int(first.split()[1]), headers


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(create_app(memory_parts())) as at:
        yield at.port


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same protocol with less patience."""
    monkeypatch.setattr(BoundedProtocol, "wait_seconds", 0.4)


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: test\r\nBad Header: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: test\r\nX: a\x00b\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: test\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00",
    ],
    ids=str,
)
async def test_what_is_no_http_is_a_problem_with_all_headers(port: int, said: bytes) -> None:
    async with wire(port) as line:
        await line.say(said)
        status, headers, body = await line.answer()
        assert status == 400
        assert headers.items() >= SECURITY_HEADERS.items()
        assert "server" not in headers
        problem = json.loads(body)
        assert (problem["code"], problem["correlation"]) == ("http_invalid", headers["request-id"])
        assert await line.rest() == b""


async def test_a_head_that_never_ends_is_cut(port: int) -> None:
    async with wire(port) as line:
        await line.say(b"GET / HTTP/1.1\r\nHost: test\r\nX: ")
        await line.drip(b"y" * 4096, HEAD_BYTES_MAX // 4096, pause=0.01)
        heard = await line.rest()
        assert heard.startswith(b"HTTP/1.1 431 ")
        assert b'"headers_too_large"' in heard


@pytest.mark.usefixtures("hurried")
async def test_a_slow_head_is_cut_and_others_are_served_meanwhile(port: int) -> None:
    async with wire(port) as slow, wire(port) as silent, wire(port) as quick:
        await slow.say(b"GET / HTTP/1.1\r\n")
        dripping = asyncio.ensure_future(slow.drip(b"X: y\r\n", 100))
        await quick.say(HELLO)
        assert (await quick.answer())[0] == 200
        heard = await slow.rest()
        assert heard.startswith(b"HTTP/1.1 408 ")
        assert b'"request_too_slow"' in heard
        assert await silent.rest() == b""
        await dripping


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("between", [b"\r\n", b"G"])
async def test_a_connection_that_was_used_once_is_cut_like_a_new_one(
    port: int, between: bytes
) -> None:
    async with wire(port) as line:
        await line.say(HELLO)
        assert (await line.answer())[0] == 200
        began = asyncio.get_running_loop().time()
        await line.drip(between, 1)
        await asyncio.gather(line.drip(b"\r\n" if between == b"\r\n" else b"E", 100), line.rest())
        assert asyncio.get_running_loop().time() - began < SOON


@pytest.mark.usefixtures("hurried")
async def test_a_body_that_nobody_reads_is_cut(port: int) -> None:
    async with wire(port) as line:
        await line.say(b"GET /health/live HTTP/1.1\r\nHost: test\r\nContent-Length: 9999\r\n\r\n")
        assert (await line.answer())[0] == 200
        dripping = asyncio.ensure_future(line.drip(b"x", 200))
        assert await line.rest() == b""
        await dripping


async def test_a_body_without_an_end_is_cut(port: int) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    async with wire(port) as line:
        await line.say(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        await line.drip(chunk, MESSAGE_BYTES_MAX // 65_536 + 2, pause=0)
        assert (await line.rest()).startswith(b"HTTP/1.1 413 ")


async def test_what_follows_a_body_is_no_header(port: int) -> None:
    async with wire(port) as line:
        await line.say(
            b"POST /v1/sign-in/codes HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\n{}\r\n0\r\nHost: test\r\n\r\n"
        )
        status, _, body = await line.answer()
        assert (status, json.loads(body)["code"]) == (400, "host_invalid")


async def test_many_requests_on_one_connection_are_answered_in_order(port: int) -> None:
    async with wire(port) as line:
        body = b'{"phone": "+12125550100"}'
        post = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
        await line.say(HELLO + post + HELLO)
        assert [(await line.answer())[0] for _ in range(3)] == [200, 202, 200]


async def test_nobody_switches_to_another_protocol(port: int) -> None:
    async with wire(port) as line:
        await line.say(HELLO[:-2] + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await line.answer())[0] == 200
