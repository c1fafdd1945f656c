from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.push.memory import MemoryPush
from salesarck_domain.testing.push import PushContract


class TestMemoryPush(PushContract):
    def new_push(self) -> AbstractAsyncContextManager[MemoryPush]:
        return nullcontext(MemoryPush())
