"""Erasures: what has to go when a person goes, and what keeps them from being brought back."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from salesarck_domain.erasure import Erasure
from salesarck_domain.ids import ActId, ConsumerId, SaleId, TenantId
from salesarck_domain.people import AccountMerge, Evidence


class Forgetting(Protocol):
    """What a tenant's work takes away of a person. But for `erased`, only in one that is alone."""

    async def erased(self, marks: Iterable[str]) -> Collection[str]:
        """Say which of these marks are those of somebody who was erased."""
        ...

    async def keep_out(self, marks: Iterable[str], at: datetime) -> None:
        """Keep marks, so that what a till tells of their contacts is nobody's."""
        ...

    async def said_of(
        self, consumer: ConsumerId, evidence: Collection[Evidence]
    ) -> Collection[Evidence]:
        """Find what the tenant's tills say of a person, good for a proof or not.

        Till customers linked to them; whomever their sales name; and what the customer books say
        of any of these, or of `evidence`, with the ids that are one customer there.
        """
        ...

    async def forget(self, consumer: ConsumerId, evidence: Collection[Evidence]) -> None:
        """Take a person out of a tenant's tenders, customer books, proofs and stand-ins.

        Adjustments of theirs and audit rows about them lose their reason. Sales of theirs lose
        whom their tills named, others only this evidence. What sales wait for is not touched.
        When it happens in the work is the store's own affair.
        """
        ...

    async def rows_about(self, sales: Iterable[SaleId]) -> Sequence[UUID]:
        """Find the inbox rows that told of these sales."""
        ...


class Erasures(Protocol):
    """All erasures. Each call is its own transaction."""

    async def begin(self, erasure: Erasure, marks: Iterable[str]) -> None:
        """Note an erasure and keep the marks of its contacts, once."""
        ...

    async def find(self, id_: ActId) -> Erasure | None:
        """Find an erasure."""
        ...

    async def tenants_that_know(
        self, people: Collection[ConsumerId], evidence: Collection[Evidence]
    ) -> Sequence[TenantId]:
        """Find the tenants that know them, sorted.

        Those with a wallet or an adjustment of theirs, or with a word about this evidence.
        """
        ...

    async def end(self, id_: ActId, at: datetime) -> None:
        """Forget its people's proofs, profiles, sign-ins, answers, and invitations of theirs.

        What admins wrote about them loses its reason. Then note that it is done.
        """
        ...

    async def merges_of(self, consumer: ConsumerId) -> Sequence[AccountMerge]:
        """Read the merges that stand in which this account was absorbed or survived."""
        ...

    async def note_sign_in(self, consumer: ConsumerId, subject: UUID) -> None:
        """Note as whom the identity knows a person."""
        ...

    async def subjects(self, people: Collection[ConsumerId]) -> Sequence[UUID]:
        """Read as whom the identity knows them, sorted."""
        ...
