"""What a till hears, and what is in the inbox then."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import httpx
import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.ports.inbox import Arrival, InboxRow
from salesarck_domain.testing.examples import MINUTE, NOON
from tests.line.reception import (
    CLOVER_CODE,
    Door,
    checkout_headers,
    square_body,
    square_headers,
)

BODY_MAX = 1024 * 1024


@pytest.fixture
def door() -> Door:
    return Door(MemoryStore().inbox)


@pytest.fixture
async def till(door: Door) -> AsyncGenerator[httpx.AsyncClient]:
    async with door.client() as client:
        yield client


async def post(till: httpx.AsyncClient, body: bytes, **more: str) -> httpx.Response:
    """Post as Square does."""
    headers = {**square_headers(body), **more}
    return await till.post("/webhooks/square", content=body, headers=headers)


async def kept(door: Door) -> Sequence[InboxRow]:
    return await door.inbox.rows("waiting")


class TestSquare:
    async def test_what_it_signed_is_kept_as_it_came_and_then_answered(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        body = square_body()
        answer = await post(till, body)
        assert answer.status_code == 200
        (row,) = await kept(door)
        assert (row.provider, row.merchant, row.key, row.body) == ("square", "M1", "E1", body)
        assert (row.received_at, row.deliveries) == (NOON, 1)
        assert row.correlation == answer.headers["request-id"]
        assert await door.bell.heard(1)

    async def test_of_its_headers_only_those_that_matter_are_kept(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        body = square_body()
        await post(till, body, **{"cookie": "c", "authorization": "a", "square-retry-number": "1"})
        (row,) = await kept(door)
        assert dict(row.headers) == {**square_headers(body), "square-retry-number": "1"}

    async def test_what_nobody_signed_is_refused_and_counted_and_not_kept(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        body = square_body()
        forged = {**square_headers(body), "x-square-hmacsha256-signature": "Zm9yZ2Vk"}
        for headers in ({}, forged, square_headers(body + b" ")):
            answer = await till.post("/webhooks/square", content=body, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["code"] == "delivery_forged"
        assert not await kept(door)
        assert door.counted("square", "forged") == 3

    async def test_fifty_copies_at_once_are_one_row(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        body = square_body()
        answers = await asyncio.gather(*(post(till, body) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        (row,) = await kept(door)
        assert row.deliveries == 50
        assert door.counted("square", "new") == 1
        assert door.counted("square", "again") == 49

    async def test_one_event_told_differently_is_two_rows(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        for kind in ("one.kind", "another.kind"):
            assert (await post(till, square_body(kind=kind))).status_code == 200
        assert len(await kept(door)) == 2
        assert (await door.inbox.counts()).told_differently == 1

    async def test_what_is_signed_and_cannot_be_read_is_kept_without_a_merchant(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        for body in (b"", b"\xff\x00", b"[1, 2", b'{"merchant_id": 7}'):
            assert (await post(till, body)).status_code == 200
        rows = await kept(door)
        assert {row.merchant for row in rows} == {None}
        assert len(rows) == 4


class TestClover:
    async def test_one_post_is_a_row_for_each_merchant_without_the_secret(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        update = {"objectId": "P:P1", "type": "CREATE", "ts": 1_772_452_800_000}
        body = json.dumps({"appId": "A", "merchants": {"M1": [update], "M2": [update]}}).encode()
        headers = {"x-clover-auth": CLOVER_CODE}
        answer = await till.post("/webhooks/clover", content=body, headers=headers)
        assert answer.status_code == 200
        rows = await kept(door)
        assert sorted(str(row.merchant) for row in rows) == ["M1", "M2"]
        assert {row.body for row in rows} == {body}
        assert not any(CLOVER_CODE in value for row in rows for value in row.headers.values())

    async def test_a_wrong_secret_is_a_forgery(self, till: httpx.AsyncClient, door: Door) -> None:
        body = b'{"appId": "A", "merchants": {}}'
        answer = await till.post("/webhooks/clover", content=body, headers={"x-clover-auth": "x"})
        assert answer.status_code == 401
        assert not await kept(door)

    async def test_the_last_five_handshakes_are_kept_for_an_operator_and_are_no_rows(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        for number in range(7):
            told = {"verificationCode": f"code {number}"}
            assert (await till.post("/webhooks/clover", json=told)).status_code == 200
            door.now += MINUTE
        found = await door.inbox.handshakes("clover")
        assert [code for _, code in found] == [f"code {number}" for number in (6, 5, 4, 3, 2)]
        assert not await kept(door)
        more = {"verificationCode": "code", "merchants": {}}
        assert (await till.post("/webhooks/clover", json=more)).status_code == 401

    async def test_a_hosted_checkout_signs_with_a_secret_of_its_own(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        body = json.dumps({"merchantId": "M1", "id": "P1", "type": "PAYMENT"}).encode()
        for link, headers, status in (
            ("M1", checkout_headers(body), 200),
            ("M1", checkout_headers(body, NOON - 6 * MINUTE), 401),
            ("M1", {}, 401),
            ("M2", checkout_headers(body), 404),
        ):
            path = f"/webhooks/clover/checkout/{link}"
            answer = await till.post(path, content=body, headers=headers)
            assert answer.status_code == status
        (row,) = await kept(door)
        assert (row.provider, row.merchant) == ("clover", "M1")
        assert "clover-signature" in row.headers


class TestRefusing:
    async def test_a_provider_that_nobody_knows_is_not_there(self, till: httpx.AsyncClient) -> None:
        assert (await till.post("/webhooks/toast", content=b"{}")).status_code == 404

    async def test_a_body_of_a_megabyte_is_taken_and_not_one_byte_more(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        assert (await post(till, b" " * BODY_MAX)).status_code == 200
        answer = await post(till, b" " * (BODY_MAX + 1))
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert len(await kept(door)) == 1

    async def test_a_body_without_a_length_is_measured_as_it_comes(
        self, till: httpx.AsyncClient, door: Door
    ) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(100_000):
                yield b" " * 65_536

        answer = await till.post("/webhooks/square", content=endless())
        assert answer.status_code == 413
        assert not await kept(door)

    async def test_a_body_that_dawdles_is_cut_off(self) -> None:
        async def slow() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.sleep(5)

        async with Door(MemoryStore().inbox, body_seconds=0.05).client() as till:
            answer = await till.post("/webhooks/square", content=slow())
        assert (answer.status_code, answer.json()["code"]) == (408, "request_too_slow")

    async def test_without_a_database_it_says_when_to_come_back(self) -> None:
        async def store(_: Sequence[Arrival]) -> Sequence[bool]:
            raise StoreUnavailable("it is being restarted")

        door = Door(MemoryStore().inbox, store=store)
        async with door.client() as till:
            answer = await post(till, square_body())
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert door.counted("square", "unavailable") == 1
        assert not await door.bell.heard(0.01)

    async def test_nothing_is_answered_before_it_is_kept(self) -> None:
        inbox, go = MemoryStore().inbox, asyncio.Event()

        async def store(arrivals: Sequence[Arrival]) -> Sequence[bool]:
            await go.wait()
            return await inbox.store(arrivals)

        door = Door(inbox, store=store)
        async with door.client() as till:
            posting = asyncio.ensure_future(post(till, square_body()))
            await asyncio.sleep(0.05)
            assert not posting.done()
            go.set()
            assert (await posting).status_code == 200
