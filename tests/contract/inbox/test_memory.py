from contextlib import AbstractAsyncContextManager, nullcontext

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.testing.inbox import InboxContract
from salesarck_domain.testing.retention import RetentionContract


class TestMemoryInbox(InboxContract, RetentionContract):
    def new_store(self) -> AbstractAsyncContextManager[MemoryStore]:
        return nullcontext(MemoryStore())
