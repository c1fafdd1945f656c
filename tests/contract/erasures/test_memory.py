from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.testing.erasures import ErasuresContract


class TestMemoryErasures(ErasuresContract):
    def new_store(self) -> AbstractAsyncContextManager[MemoryStore]:
        return nullcontext(MemoryStore())
