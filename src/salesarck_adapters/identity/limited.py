"""Limits of one-time codes: our own, beside those of whoever sends them.

The identity counts by address alone: it would let a crowd of addresses try all codes there are.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from salesarck_domain.errors import Unavailable
from salesarck_domain.ports.identity import (
    CodeNotAccepted,
    Contact,
    Identity,
    Registered,
    Session,
)
from salesarck_domain.ports.limits import Count, Limit, LimitReached, Limits
from salesarck_domain.redemption.code import Peppers

HOUR = timedelta(hours=1)
TRIED = Limit("codes tried", most=5, within=timedelta(days=1), at_once=5)
"""A day is longer than any code lives, so no try comes back to one that is still good."""


@dataclass(frozen=True, slots=True)
class LimitedIdentity:
    """Sends and tries codes through another identity, not too often for one phone or address.

    It counts before it knows whether there is anybody, and says of a code that was tried too often
    what is said of a wrong one.
    """

    identity: Identity
    limits: Limits
    peppers: Peppers
    codes_an_hour: int

    async def send_code(self, contact: Contact, address: str = "") -> None:
        """Send a code, and let it be tried afresh.

        Raises:
            LimitReached: too many were sent there lately.
        """
        many = self.codes_an_hour
        sent = self._count(Limit("codes sent", many, HOUR, at_once=many), contact)
        (left,) = await self.limits.take([sent])
        if not left.granted:
            raise LimitReached(left.retry_after)
        try:
            await self.identity.send_code(contact, address)
        except Unavailable:
            await self.limits.give_back([sent])
            raise
        await self.limits.give_back([self._count(TRIED, contact, TRIED.most)])

    async def verify_code(self, contact: Contact, code: str, address: str = "") -> Session:
        """Try a code."""
        (left,) = await self.limits.take([self._count(TRIED, contact)])
        if not left.granted:
            raise CodeNotAccepted
        return await self.identity.verify_code(contact, code, address)

    async def refresh(self, refresh_token: str, address: str = "") -> Session:
        return await self.identity.refresh(refresh_token, address)

    async def sign_out(self, access_token: str, *, everywhere: bool = False) -> None:
        await self.identity.sign_out(access_token, everywhere=everywhere)

    async def look_up(self, subject: UUID) -> Registered:
        return await self.identity.look_up(subject)

    async def shut_out(self, subject: UUID) -> None:
        await self.identity.shut_out(subject)

    async def let_in(self, subject: UUID) -> None:
        await self.identity.let_in(subject)

    async def delete(self, subject: UUID) -> None:
        await self.identity.delete(subject)

    def _count(self, limit: Limit, contact: Contact, many: int = 1) -> Count:
        return Count(limit, self.peppers.pseudonym(str(contact)), many)
