"""The post is as unreliable as it is asked to be, and no more; and a till works by HTTP."""

import asyncio
import json

import httpx
import pytest

from salesarck_adapters.simulation import (
    NewCustomer,
    Part,
    Purchase,
    SignedDelivery,
    TillRefused,
    disordered,
)
from salesarck_adapters.simulators.clover.till import CloverTill
from salesarck_adapters.simulators.clover.webhooks import clover_courier
from salesarck_adapters.simulators.clover.world import CloverWorld
from salesarck_adapters.simulators.square.app import create_square
from salesarck_adapters.simulators.square.till import SquareTill
from salesarck_adapters.simulators.square.webhooks import square_courier
from salesarck_adapters.simulators.square.world import SquareWorld


class TestDisorder:
    letters = tuple(SignedDelivery("https://x.test", {}, bytes([n])) for n in range(20))

    def test_each_comes_so_many_times_more(self) -> None:
        assert disordered(self.letters) == list(self.letters)
        assert len(disordered(self.letters, duplicate=2)) == 60

    def test_a_seed_draws_one_order_and_loses_nothing(self) -> None:
        drawn = disordered(self.letters, duplicate=1, shuffle=7)
        assert drawn == disordered(self.letters, duplicate=1, shuffle=7)
        assert drawn != disordered(self.letters, duplicate=1, shuffle=8)
        assert drawn != disordered(self.letters, duplicate=1)
        assert sorted(one.body for one in drawn) == sorted(one.body * 1 for one in self.letters * 2)


class TestRetries:
    async def test_square_tries_again_and_says_why(self, square_world: SquareWorld) -> None:
        seen: list[httpx.Request] = []
        answers = [httpx.Response(500), httpx.ReadTimeout("slow"), httpx.ConnectError("gone")]
        slept: list[float] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            given = answers.pop(0) if answers else httpx.Response(202)
            if isinstance(given, Exception):
                raise given
            return given

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        SquareTill(square_world).add_customer(NewCustomer(merchant="CAFE"))
        courier = square_courier(
            square_world, webhook_url="https://x.test", signature_key="key", sleep=sleep
        )
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            (sent,) = await courier.send(client)
        assert sent.delivered
        assert sent.answers == ["500", "timeout", "no answer", "202"]
        assert slept == [60, 120, 240]
        told = [
            (one.headers.get("square-retry-number"), one.headers.get("square-retry-reason"))
            for one in seen
        ]
        assert told == [
            (None, None),
            ("1", "http_error"),
            ("2", "http_timeout"),
            ("3", "other_error"),
        ]
        first = "square-initial-delivery-timestamp"
        assert len({one.headers[first] for one in seen}) == 1
        assert len({one.content for one in seen}) == 1

    async def test_square_gives_up_after_eleven_retries(self, square_world: SquareWorld) -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        SquareTill(square_world).add_customer(NewCustomer(merchant="CAFE"))
        courier = square_courier(
            square_world, webhook_url="https://x.test", signature_key="key", sleep=sleep
        )
        redirect = httpx.MockTransport(
            lambda _: httpx.Response(302, headers={"location": "https://y.test"})
        )
        async with httpx.AsyncClient(transport=redirect) as client:
            (sent,) = await courier.send(client)
        assert not sent.delivered
        assert sent.answers == ["302"] * 12
        assert sum(slept) == (1 + 2 + 4 + 8 + 16 + 32 + 60 + 120 + 240 + 480 + 480) * 60

    async def test_clover_takes_nothing_but_200(self, clover_world: CloverWorld) -> None:
        statuses = [202, 200]

        async def sleep(_: float) -> None:
            return

        CloverTill(clover_world).add_customer(NewCustomer(merchant="CAFE"))
        courier = clover_courier(
            clover_world, webhook_url="https://x.test", auth_code="code", sleep=sleep
        )
        transport = httpx.MockTransport(lambda _: httpx.Response(statuses.pop(0)))
        async with httpx.AsyncClient(transport=transport) as client:
            (sent,) = await courier.send(client, duplicate=0)
        assert (sent.answers, sent.delivered) == (["202", "200"], True)


class TestPurchase:
    @pytest.mark.parametrize(
        "purchase",
        [
            Purchase(merchant="M", amount=-1),
            Purchase(merchant="M", amount=1, tip=-1),
            Purchase(merchant="M", amount=1, tax=2),
            Purchase(merchant="M", amount=1, tax=-1),
            Purchase(merchant="M", amount=3, split=(Part(1), Part(1))),
            Purchase(merchant="M", amount=2, split=(Part(1), Part(1)), tip=1),
        ],
    )
    def test_an_impossible_bill_is_refused(self, purchase: Purchase) -> None:
        with pytest.raises(TillRefused):
            purchase.parts()


class TestByHttp:
    @pytest.fixture(params=["square", "clover"])
    def till(self, request: pytest.FixtureRequest) -> str:
        return request.param

    @pytest.fixture
    def client(
        self, till: str, square: httpx.AsyncClient, clover: httpx.AsyncClient
    ) -> httpx.AsyncClient:
        return {"square": square, "clover": clover}[till]

    async def test_a_day_at_a_till(self, client: httpx.AsyncClient) -> None:
        async def do(deed: str, **asked: object) -> dict[str, object]:
            answer = await client.post(f"/till/{deed}", json=asked)
            assert answer.status_code == 201, answer.text
            return answer.json()

        ada = (await do("customers", merchant="CAFE", phone="555-0100"))["customer"]
        grace = (await do("customers", merchant="CAFE", email="g@x.test"))["customer"]
        sale = await do("sales", merchant="CAFE", amount=1000, outcome="approved", customer=ada)
        await do("tips", payment=sale["payments"][0], amount=100)
        await do("completions", payment=sale["payments"][0])
        given = await do("refunds", payment=sale["payments"][0], amount=100, outcome="pending")
        await do("settlements", refund=given["refund"], outcome="completed")
        other = await do("sales", merchant="CAFE", amount=1, outcome="approved")
        await do("voids", payment=other["payments"][0])
        await do("attachments", to=other["order"], customer=grace)
        await do("edits", customer=grace, phone="555-0101")
        stays = (await do("merges", customers=[ada, grace]))["customer"]
        await do("deletions", customer=stays)
        await do("unlinks", merchant="CAFE")
        standing = (await client.get("/till")).json()
        assert standing["merchants"] == {"CAFE": "Café", "BAKERY": "Bakery"}
        assert standing["posted"] == standing["taken"] >= 14
        assert (standing["waiting"], standing["given_up"]) == (0, 0)

    async def test_webhooks_come_twice_and_in_any_order_when_asked(
        self, client: httpx.AsyncClient, hook: object
    ) -> None:
        asked = {"merchant": "CAFE", "amount": 1000, "duplicate": 1, "shuffle": 3}
        done = (await client.post("/till/sales", json=asked)).json()
        bodies = [request.content for request in hook.seen]
        assert done["posted"] == done["taken"] == len(bodies)
        assert len(bodies) == 2 * len(set(bodies))

    async def test_what_was_not_taken_is_posted_again(
        self, client: httpx.AsyncClient, hook: object
    ) -> None:
        hook.statuses = [503]
        done = (await client.post("/till/customers", json={"merchant": "CAFE"})).json()
        assert (done["posted"], done["taken"]) == (1, 0)
        for _ in range(100):
            standing = (await client.get("/till")).json()
        assert (standing["taken"], standing["waiting"]) == (1, 0)
        assert len(hook.slept) == 1

    async def test_a_till_says_why_not(self, client: httpx.AsyncClient) -> None:
        asked = {"payment": "nothing"}
        answer = await client.post("/till/voids", json=asked)
        assert answer.status_code == 404
        assert answer.json() == {"detail": "this till has no payment 'nothing'"}
        sale = {"merchant": "CAFE", "amount": 1, "tax": 2}
        assert (await client.post("/till/sales", json=sale)).status_code == 409
        answer = await client.post("/till/sales", json={**sale, "colour": "red"})
        assert answer.status_code == 400
        assert "colour" in json.dumps(answer.json())

    async def test_closing_forgets_what_was_still_to_be_posted(
        self, square_world: SquareWorld
    ) -> None:
        async def sleep(_: float) -> None:
            await asyncio.Event().wait()

        app = create_square(
            square_world, webhook_url="http://127.0.0.1:9/", signature_key="key", sleep=sleep
        )
        transport = httpx.ASGITransport(app)
        tasks = asyncio.all_tasks()
        async with httpx.AsyncClient(transport=transport, base_url="http://square.test") as client:
            async with app.lifespan():
                done = (await client.post("/till/customers", json={"merchant": "CAFE"})).json()
                assert (done["posted"], done["taken"]) == (1, 0)
                assert (await client.get("/till")).json()["waiting"] == 1
            assert asyncio.all_tasks() == tasks
