from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.memory.revocations import MemoryRevocations
from salesarck_domain.testing.revocations import RevocationsContract


class TestMemoryRevocations(RevocationsContract):
    def new_revocations(self) -> AbstractAsyncContextManager[MemoryRevocations]:
        return nullcontext(MemoryStore().revocations)
