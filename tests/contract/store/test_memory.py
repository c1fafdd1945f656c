from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.testing.store import StoreContract


class TestMemoryStore(StoreContract):
    def new_store(self) -> AbstractAsyncContextManager[MemoryStore]:
        return nullcontext(MemoryStore())
