from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.testing.directory import DirectoryContract


class TestMemoryDirectory(DirectoryContract):
    def new_store(self) -> AbstractAsyncContextManager[MemoryStore]:
        return nullcontext(MemoryStore())
