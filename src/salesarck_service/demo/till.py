"""The tills of a simulated provider, as somebody who stands behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import httpx
import msgspec
from msgspec import Struct

from salesarck_domain.errors import Refused
from salesarck_service.demo.api import NotAnswering


@dataclass(eq=False)
class TillSaidNo(Refused):
    """The simulated till wouldn't do it, as its vendor's wouldn't."""

    detail: str
    code: ClassVar[str] = "demo_till_said_no"

    def __str__(self) -> str:
        return self.detail


class Done(Struct, frozen=True):
    """What came of a deed: ids, and how many webhooks were posted and taken."""

    posted: int
    taken: int
    order: str | None = None
    payments: tuple[str, ...] = ()
    refund: str | None = None
    customer: str | None = None


class Why(Struct, frozen=True):
    """Why not."""

    detail: str


@dataclass(slots=True)
class TillControl:
    """One provider's tills. It counts what was posted, and what our web took."""

    client: httpx.AsyncClient
    url: str
    posted: int = 0
    taken: int = 0

    async def do(self, deed: str, **told: object) -> Done:
        """Do something at a till: `sales`, `refunds`, `voids` and so on.

        Raises:
            TillSaidNo: it can't be done there.
            NotAnswering: nobody is there.
        """
        try:
            answer = await self.client.post(f"{self.url}/till/{deed}", json=told)
        except httpx.TransportError as error:
            raise NotAnswering("till") from error
        if answer.is_error:
            raise TillSaidNo(msgspec.json.decode(answer.content, type=Why).detail)
        done = msgspec.json.decode(answer.content, type=Done)
        self.posted += done.posted
        self.taken += done.taken
        return done

    async def sell(self, merchant: str, amount: int, **told: object) -> Done:
        """Ring up a sale."""
        return await self.do("sales", merchant=merchant, amount=amount, **told)

    async def add_customer(self, merchant: str, name: str, phone: str | None = None) -> str:
        """Write somebody into the customer book of a merchant; give their id there."""
        done = await self.do("customers", merchant=merchant, given_name=name, phone=phone)
        return done.customer or ""

    async def merge(self, customers: Sequence[str], **told: object) -> str:
        """Find that customers are one person; give the id that stays."""
        done = await self.do("merges", customers=list(customers), **told)
        return done.customer or ""
