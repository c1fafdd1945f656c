"""Revocations: what ends before a token's own time. Signatures alone would let it through.

A revocation says of a session, a person or a tenant: what was issued before this moment stands no
longer. A session's moment never comes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from salesarck_domain.ids import ConsumerId, TenantId

KEPT = timedelta(days=30)
"""Longer than any token lives, and than a session is refreshed that the identity failed to end."""

NEVER_AGAIN = datetime(9999, 12, 31, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Ended(StrEnum):
    """What can be ended."""

    SESSION = "session"
    PERSON = "person"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Revocation:
    """Nothing of it stands that was issued before this moment. `kept_until` then it is forgotten.

    Tokens tell their moment in whole seconds, so the whole second counts as before.
    """

    kind: Ended
    id: UUID
    before: datetime
    kept_until: datetime

    @classmethod
    def of_session(cls, session: UUID, at: datetime) -> "Revocation":
        """End one session, whatever it is refreshed to."""
        return cls(Ended.SESSION, session, NEVER_AGAIN, at + KEPT)

    @classmethod
    def of_person(cls, person: ConsumerId, at: datetime) -> "Revocation":
        """End all of a person's sessions up to now: they are shut out, or signed out everywhere."""
        return cls(Ended.PERSON, person, _next_second(at), at + KEPT)

    @classmethod
    def of_tenant(cls, tenant: TenantId, at: datetime) -> "Revocation":
        """Let nobody's tokens of up to now be good at one tenant; who gets new ones goes on."""
        return cls(Ended.TENANT, tenant, _next_second(at), at + KEPT)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a genuine token shows, whose it is, and the tenant it is used at, if any.

    A person's sessions end for good, so it counts when they signed in: a token that somebody
    refreshes, here or at the identity itself, brings nothing back. At a tenant a new token will do.
    """

    session: UUID
    person: ConsumerId
    tenant: TenantId | None
    signed_in_at: datetime
    issued_at: datetime

    @property
    def parts(self) -> list[tuple[Ended, UUID, datetime]]:
        """All that may have been ended, and the moment by which it counts as before."""
        found: list[tuple[Ended, UUID, datetime]] = [
            (Ended.SESSION, self.session, self.issued_at),
            (Ended.PERSON, self.person, self.signed_in_at),
        ]
        return [*found, (Ended.TENANT, self.tenant, self.issued_at)] if self.tenant else found


class Revocations(Protocol):
    """All revocations, for all processes. What is written holds for the very next question."""

    async def revoke(self, revocation: Revocation) -> None:
        """Write it down. An earlier moment never replaces a later one.

        Raises:
            StoreUnavailable: it is not certain that it holds; ask again.
        """
        ...

    async def stands(self, shown: Shown) -> bool:
        """Whether nothing has ended it, in one look-up.

        Raises:
            StoreUnavailable: nobody can say.
        """
        ...

    async def forget(self, now: datetime) -> int:
        """Forget what is kept no longer; say how many."""
        ...


def _next_second(at: datetime) -> datetime:
    return at.replace(microsecond=0) + SECOND
