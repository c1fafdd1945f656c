from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

from salesarck_adapters.push.memory import HELD_MAX, MemoryPush
from salesarck_domain.ports.push import Balance
from salesarck_domain.testing.examples import ADA, CAFE
from salesarck_domain.testing.push import PushContract


class TestMemoryPush(PushContract):
    def new_push(self) -> AbstractAsyncContextManager[MemoryPush]:
        return nullcontext(MemoryPush())

    async def test_a_watcher_that_does_not_read_loses_the_oldest(self) -> None:
        push, balance = MemoryPush(), Balance(CAFE.id, ADA, 0, 0, 0)
        async with push.watch(ADA) as heard:
            for seq in range(HELD_MAX + 2):
                await push.publish(replace(balance, seq=seq))
            assert (await anext(heard)).seq == 2
