from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.store.memory.limits import MemoryLimits
from salesarck_domain.testing.limits import LimitsContract


class TestMemoryLimits(LimitsContract):
    def new_limits(self) -> AbstractAsyncContextManager[MemoryLimits]:
        return nullcontext(MemoryLimits())
