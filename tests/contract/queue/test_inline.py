from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field

from salesarck_adapters.queue.inline import InlineDoorbell
from salesarck_domain.testing.queue import DoorbellContract


@dataclass
class Beside:
    bell: InlineDoorbell = field(default_factory=InlineDoorbell)

    async def heard(self, seconds: float) -> bool:
        return await self.bell.heard(seconds)


class TestInlineDoorbell(DoorbellContract):
    def new_bell(self) -> AbstractAsyncContextManager[Beside]:
        return nullcontext(Beside())
