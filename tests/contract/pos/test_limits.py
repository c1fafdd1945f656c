"""Manners towards providers: the pace, the breaker, and that nothing else changes."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from salesarck_adapters.http import polite_client
from salesarck_adapters.pos.limits import Breaker, GuardedFetcher, Pace, PacedTransport, paced
from salesarck_domain.ports.pos import (
    Answer,
    Fetched,
    LinkRefused,
    LinkResting,
    ProviderUnavailable,
    Question,
    UnreadableDelivery,
)

QUESTION = Question("M1", "payment", "P1")
AWAY = ProviderUnavailable("clover", "status 500")


@dataclass
class Clock:
    """Real seconds, as far as the pace and the breaker know."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list[float])

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Moody:
    """A provider in one mood or another."""

    mood: BaseException | None = None
    asked: int = 0
    provider: str = "clover"
    until: asyncio.Event | None = None

    async def fetch(self, question: Question, country: str) -> Fetched:
        self.asked += 1
        if self.until:
            await self.until.wait()
        if self.mood:
            raise self.mood
        return Fetched((), [Answer("GET", f"/{country}/{question.id}", 200, "{}")])


@dataclass
class Guarded:
    """A moody provider behind a breaker, at a clock that is moved by hand."""

    moody: Moody = field(default_factory=Moody)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.fetcher = GuardedFetcher(self.moody, tick=self.clock)

    async def ask(self, merchant: str = "M1", mood: BaseException | None = None) -> str:
        self.moody.mood = mood
        try:
            await self.fetcher.fetch(Question(merchant, "payment", "P1"), "US")
        except (ProviderUnavailable, LinkResting, LinkRefused, UnreadableDelivery) as error:
            return type(error).__name__
        return "answered"

    async def ask_often(self, moods: Sequence[BaseException | None]) -> None:
        for mood in moods:
            await self.ask(mood=mood)


class TestBreaker:
    async def test_ten_questions_of_which_half_fail_let_a_link_rest(self) -> None:
        it = Guarded()
        await it.ask_often([AWAY, None] * 5)
        assert await it.ask() == "LinkResting"
        assert it.moody.asked == 10

    async def test_fewer_or_fewer_failures_do_not(self) -> None:
        it = Guarded()
        await it.ask_often([AWAY] * 9)
        assert await it.ask() == "answered"
        it = Guarded()
        await it.ask_often([None] * 6 + [AWAY] * 4)
        assert await it.ask() == "answered"

    async def test_what_happened_over_a_minute_ago_is_forgotten(self) -> None:
        it = Guarded()
        await it.ask_often([AWAY] * 9)
        it.clock.now += 60
        await it.ask(mood=AWAY)
        assert await it.ask() == "answered"

    async def test_other_merchants_are_still_asked_about(self) -> None:
        it = Guarded()
        await it.ask_often([AWAY] * 10)
        assert await it.ask("M2") == "answered"

    async def test_it_says_how_long_the_link_rests(self) -> None:
        it = Guarded()
        await it.ask_often([AWAY] * 10)
        it.clock.now += 10
        with pytest.raises(LinkResting) as resting:
            await it.fetcher.fetch(QUESTION, "US")
        assert resting.value.seconds == 20

    async def test_one_question_finds_out_whether_it_is_over(self) -> None:
        it = Guarded()
        await it.ask_often([AWAY] * 10)
        it.clock.now += 30
        it.moody.until = asyncio.Event()
        probe = asyncio.ensure_future(it.ask())
        await asyncio.sleep(0)
        assert await it.ask() == "LinkResting"
        it.moody.until.set()
        assert await probe == "answered"
        assert await it.ask(mood=AWAY) == "ProviderUnavailable"
        assert await it.ask() == "answered"

    async def test_it_rests_longer_each_time_but_never_over_a_quarter_of_an_hour(self) -> None:
        it = Guarded()
        await it.ask_often([AWAY] * 10)
        rests = list[float]()
        for _ in range(7):
            with pytest.raises(LinkResting) as resting:
                await it.fetcher.fetch(QUESTION, "US")
            rests.append(resting.value.seconds)
            it.clock.now += resting.value.seconds
            assert await it.ask(mood=AWAY) == "ProviderUnavailable"
        assert rests == [30, 60, 120, 240, 480, 900, 900]

    async def test_a_probe_that_is_called_off_lets_another_try(self) -> None:
        it = Guarded()
        await it.ask_often([AWAY] * 10)
        it.clock.now += 30
        it.moody.until = asyncio.Event()
        probe = asyncio.ensure_future(it.ask())
        await asyncio.sleep(0)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        it.moody.until = None
        assert await it.ask() == "answered"

    async def test_an_answer_that_we_do_not_like_is_an_answer(self) -> None:
        it = Guarded()
        await it.ask_often([UnreadableDelivery("clover", "new"), LinkRefused("clover", "M1")] * 9)
        assert await it.ask() == "answered"

    def test_it_is_named_for_whom_it_asks(self) -> None:
        assert GuardedFetcher(Moody(), Breaker).provider == "clover"


class TestPace:
    async def test_no_second_has_more_than_was_agreed(self) -> None:
        clock = Clock()
        pace = Pace(14, 4, burst=2, tick=clock, sleep=clock.sleep)
        moments = list[float]()
        for _ in range(60):
            async with pace:
                moments.append(clock.now)
        busiest = max(sum(at <= other < at + 1 for other in moments) for at in moments)
        assert busiest <= 16
        assert moments[-1] - moments[0] < 60 / 14

    async def test_after_a_pause_a_few_may_go_at_once(self) -> None:
        clock = Clock()
        pace = Pace(10, 4, burst=2, tick=clock, sleep=clock.sleep)
        for _ in range(2):
            async with pace:
                pass
        assert clock.slept == []

    async def test_no_more_are_under_way_than_was_agreed(self) -> None:
        go, under_way = asyncio.Event(), list[int]()
        pace = Pace(1_000, 3, burst=100)

        async def one() -> None:
            async with pace:
                under_way.append(1)
                await go.wait()

        tasks = [asyncio.ensure_future(one()) for _ in range(5)]
        await asyncio.sleep(0.02)
        tasks[0].cancel()
        await asyncio.sleep(0.02)
        assert len(under_way) == 4
        go.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(under_way) == 5

    async def test_who_gives_up_waiting_leaves_the_place_free(self) -> None:
        pace = Pace(0.5, 1, burst=1)
        async with pace:
            pass
        waiting = asyncio.ensure_future(pace.__aenter__())
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        entering = asyncio.ensure_future(pace.__aenter__())
        await asyncio.sleep(0.02)
        assert not entering.done()  # it waits for the time, not for the place
        entering.cancel()
        await asyncio.gather(entering, return_exceptions=True)


class TestTransport:
    async def test_each_token_has_a_pace_of_its_own_under_that_of_the_app(self) -> None:
        seen = list[tuple[str, float]]()
        began = time.monotonic()

        def answer(request: httpx.Request) -> httpx.Response:
            token = request.headers["authorization"]
            seen.append((token, time.monotonic() - began))
            return httpx.Response(200)

        transport = PacedTransport(
            httpx.MockTransport(answer), Pace(1000, 50, burst=1), lambda: Pace(10, 5, burst=1)
        )
        async with polite_client(transport) as client:
            await asyncio.gather(
                *(
                    client.get("https://clover.invalid", headers={"authorization": token})
                    for token in ("a", "a", "a", "b")
                )
            )
        last = {token: at for token, at in seen}  # noqa: C416 - the last one wins
        assert last["a"] >= 0.19
        assert last["b"] < 0.15

    async def test_what_it_carries_arrives_as_it_was(self) -> None:
        transport = paced(
            httpx.MockTransport(lambda request: httpx.Response(200, text=str(request.url)))
        )
        async with polite_client(transport) as client:
            answer = await client.get("https://clover.invalid/x?y=1")
        assert answer.text == "https://clover.invalid/x?y=1"
