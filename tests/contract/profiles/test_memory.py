from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.testing.profiles import ProfilesContract


class TestMemoryProfiles(ProfilesContract):
    def new_store(self) -> AbstractAsyncContextManager[MemoryStore]:
        return nullcontext(MemoryStore())
