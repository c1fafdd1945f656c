"""Group commit: many requests, one commit, and nobody is told what isn't certain."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from salesarck_adapters.queue.inline import InlineDoorbell
from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.ports.inbox import Arrival
from salesarck_domain.testing.examples import MINUTE, NOON
from salesarck_domain.testing.store.bench import arrival
from salesarck_service.ingest import Ingest, TooBusy


@dataclass
class Slow:
    """An inbox that takes its time, and fails when told to."""

    inbox: MemoryStore = field(default_factory=MemoryStore)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[list[str]] = field(default_factory=list[list[str]])
    spoiled: str = ""
    away: bool = False

    async def store(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        self.calls.append([arrival.key for arrival in arrivals])
        await self.go.wait()
        if self.away:
            raise StoreUnavailable("it is being restarted")
        if any(arrival.key == self.spoiled for arrival in arrivals):
            raise ValueError("a text with a NUL")
        return await self.inbox.inbox.store(arrivals)

    async def kept(self) -> list[str]:
        return sorted(row.key for row in await self.inbox.inbox.rows("waiting", limit=999))


@pytest.fixture
def slow() -> Slow:
    return Slow()


def ingest_of(slow: Slow, **terms: float) -> Ingest:
    return Ingest(slow.store, InlineDoorbell(), **terms)  # type: ignore[arg-type]  # numbers of several kinds


async def test_those_who_come_together_share_a_commit(slow: Slow) -> None:
    slow.go.set()
    ingest = ingest_of(slow)
    keys = [f"{number:02}" for number in range(50)]
    stored = await asyncio.gather(*(ingest([arrival(key)]) for key in keys))
    assert slow.calls == [keys]
    assert stored == [[True]] * 50
    assert await ingest.bell.heard(1)  # type: ignore[attr-defined]  # it is the inline doorbell


async def test_each_is_told_about_its_own(slow: Slow) -> None:
    slow.go.set()
    ingest = ingest_of(slow)
    await ingest([arrival("one")])
    stored = await asyncio.gather(
        ingest([arrival("one"), arrival("two")]),
        ingest([arrival("three")]),
        ingest([arrival("two")]),
    )
    assert stored == [[False, True], [True], [False]]


async def test_a_group_has_a_limit(slow: Slow) -> None:
    slow.go.set()
    ingest = ingest_of(slow, group_max=20)
    await asyncio.gather(*(ingest([arrival(f"{number}")]) for number in range(50)))
    assert [len(call) for call in slow.calls] == [20, 20, 10]


async def test_nobody_hears_anything_before_the_commit(slow: Slow) -> None:
    ingest = ingest_of(slow)
    asking = asyncio.ensure_future(ingest([arrival("one")]))
    await asyncio.sleep(0.05)
    assert not asking.done()
    slow.go.set()
    assert await asking == [True]


async def test_who_goes_away_takes_nobodys_commit_along(slow: Slow) -> None:
    ingest = ingest_of(slow)
    tasks = [asyncio.ensure_future(ingest([arrival(key)])) for key in ("one", "two", "three")]
    await asyncio.sleep(0.02)
    tasks[0].cancel()
    await asyncio.sleep(0.01)
    tasks[2].cancel()
    slow.go.set()
    assert await tasks[1] == [True]
    assert await slow.kept() == ["one", "three", "two"]


async def test_an_unsure_commit_is_told_to_all_and_the_next_goes_on(slow: Slow) -> None:
    slow.go.set()
    slow.away = True
    ingest = ingest_of(slow)
    ends = await asyncio.gather(
        *(ingest([arrival(key)]) for key in ("one", "two")), return_exceptions=True
    )
    assert [type(end) for end in ends] == [StoreUnavailable] * 2
    assert not await ingest.bell.heard(0.01)  # type: ignore[attr-defined]  # it is the inline doorbell
    slow.away = False
    assert await ingest([arrival("one")]) == [True]


async def test_one_that_cannot_be_stored_fails_alone(slow: Slow) -> None:
    slow.go.set()
    slow.spoiled = "bad"
    ingest = ingest_of(slow)
    ends = await asyncio.gather(
        *(ingest([arrival(key)]) for key in ("one", "bad", "two")), return_exceptions=True
    )
    assert [ends[0], type(ends[1]), ends[2]] == [[True], ValueError, [True]]
    assert await slow.kept() == ["one", "two"]


async def test_with_too_many_waiting_the_next_is_refused(slow: Slow) -> None:
    ingest = ingest_of(slow, waiting_max=3)
    tasks = [asyncio.ensure_future(ingest([arrival("first")]))]
    await asyncio.sleep(0.02)
    tasks += [asyncio.ensure_future(ingest([arrival(f"{number}")])) for number in range(3)]
    await asyncio.sleep(0.02)
    with pytest.raises(TooBusy):
        await ingest([arrival("late")])
    slow.go.set()
    assert await asyncio.gather(*tasks) == [[True]] * 4
    assert await ingest([arrival("later")]) == [True]


async def test_who_waits_too_long_is_told_that_nothing_is_certain(slow: Slow) -> None:
    ingest = ingest_of(slow, patience_seconds=0.05)
    with pytest.raises(StoreUnavailable):
        await ingest([arrival("one", at=NOON + MINUTE)])
    slow.go.set()
    await ingest.close()
    assert await slow.kept() == ["one"]


async def test_closing_waits_for_what_came(slow: Slow) -> None:
    ingest = ingest_of(slow)
    asking = asyncio.ensure_future(ingest([arrival("one")]))
    await asyncio.sleep(0.02)
    closing = asyncio.ensure_future(ingest.close())
    await asyncio.sleep(0.02)
    assert not closing.done()
    slow.go.set()
    await closing
    assert await asking == [True]
