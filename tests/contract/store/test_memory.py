from contextlib import AbstractAsyncContextManager, nullcontext

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.rules.version import Retirement
from salesarck_domain.testing.examples import NOON
from salesarck_domain.testing.store import StoreContract


class TestMemoryStore(StoreContract):
    """Works of one tenant take turns here, so it does not claim to run them side by side."""

    def new_store(self) -> AbstractAsyncContextManager[MemoryStore]:
        return nullcontext(MemoryStore())

    async def test_rules_do_not_change_in_company(self) -> None:
        async with self.cafe() as cafe, cafe.begin() as work:
            with pytest.raises(ValueError, match="alone"):
                await work.retire(Retirement(NOON, 0))
