"""The inbox: deliveries kept before work. It is the queue of record; everything else only rings."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Protocol
from uuid import UUID

from salesarck_domain.errors import Conflict
from salesarck_domain.ids import TenantId
from salesarck_domain.phone import E164
from salesarck_domain.ports.pos import Answer

ATTEMPTS_MAX = 5


class RowState(StrEnum):
    """Where an inbox row is.

    waiting (due at a moment) → leased → done, parked, or waiting again; unlinked rows wait for
    somebody to link their merchant.
    """

    WAITING = "waiting"
    LEASED = "leased"
    UNLINKED = "unlinked"
    DONE = "done"
    PARKED = "parked"


OUTCOMES = (
    "applied",
    "nothing",
    "nothing_to_fetch",
    "unclaimed",
    "other_currency",
    "test_sale",
    "link_ended",
)
"""What can have become of a row that is done. Where several hold, the last of this list."""


@dataclass(eq=False)
class LeaseLost(Conflict):
    """Another worker has taken over a row: this one was too slow."""

    row: UUID
    code: ClassVar[str] = "lease_lost"

    def __str__(self) -> str:
        return f"the lease of inbox row {self.row} ended before its work did"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One delivery for one merchant (None where the body names none), as it came.

    Unique by (provider, merchant, key, body): the same again is counted on the row that is
    there; the same key with another body is a row of its own, and counted as told differently.
    """

    provider: str
    merchant: str | None
    key: str
    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    correlation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A row as a worker or an operator sees it."""

    id: UUID
    provider: str
    merchant: str | None
    key: str
    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    correlation: str
    state: RowState
    attempts: int
    token: UUID | None
    tenant: TenantId | None
    outcome: str | None
    error: str | None
    deliveries: int
    due_at: datetime
    answers: Sequence[Answer] = ()


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How many rows are in each state, have each outcome, and were told differently."""

    states: Mapping[str, int]
    outcomes: Mapping[str, int]
    told_differently: int
    clock_ahead: int


@dataclass(frozen=True, slots=True)
class OpenRows:
    """How many rows are in each state but done, and when the first of those to work on is due."""

    states: Mapping[str, int]
    due_at: datetime | None


PHONE_DIGITS = 8
"""By so many of its last digits a phone is found, however a till wrote it."""


@dataclass(frozen=True, slots=True)
class Needle:
    """What to look for in a delivery: a text in small letters, or a phone's last digits."""

    text: str
    is_phone: bool


def needle_of(text: str) -> Needle:
    """Say how a contact is looked for.

    >>> needle_of("+15555550100")
    Needle(text='55550100', is_phone=True)
    """
    if E164.fullmatch(text):
        return Needle(text[-PHONE_DIGITS:], is_phone=True)
    return Needle(text.lower(), is_phone=False)


class Inbox(Protocol):
    """Deliveries of all tenants: their tenant is found later. Each call is its own transaction."""

    async def store(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        """Store deliveries in one commit; say for each whether it is new.

        One that is there already is written too (a count, the moment).

        Raises:
            StoreUnavailable: it is not certain that they are stored.
        """
        ...

    async def claim(self, limit: int, now: datetime, lease: timedelta) -> Sequence[InboxRow]:
        """Lease due rows: attempts + 1, a token, an end. Oldest first, merchants in turn.

        Rows whose lease ended are due. A merchant without a link makes its rows `unlinked`,
        without an attempt. Rows of one merchant are leased in the order of their arrival, and
        while one of them is leased no later one is.
        """
        ...

    async def answered(
        self, row: UUID, token: UUID, answers: Sequence[Answer], lease_ends_at: datetime
    ) -> None:
        """Keep a provider's answers beside the row they explain, and the lease until then.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        ...

    async def finish(self, row: UUID, token: UUID, outcome: str) -> None:
        """Mark a row done that changes no ledger.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        ...

    async def retry(self, row: UUID, token: UUID, due_at: datetime, error: str) -> None:
        """Let a row wait, keeping its attempts.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        ...

    async def put_off(self, row: UUID, token: UUID, due_at: datetime, error: str) -> None:
        """Let a row wait that nobody has tried: the attempt that its claim counted is undone.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        ...

    async def park(self, row: UUID, token: UUID, error: str) -> None:
        """Set a row aside for a person.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        ...

    async def release(self, provider: str, merchant: str, now: datetime) -> int:
        """Make a merchant's unlinked rows due; say how many."""
        ...

    async def counts(self, tenant: TenantId | None = None) -> InboxCounts:
        """Count rows."""
        ...

    async def rows(
        self, state: str, before: UUID | None = None, limit: int = 50
    ) -> Sequence[InboxRow]:
        """Read rows in a state, or with an outcome, latest first."""
        ...

    async def unfinished(self, now: datetime) -> int:
        """Count rows that are due or leased: zero means quiet."""
        ...

    async def open_rows(self) -> OpenRows:
        """Look at what is not done. Cheap: whatever is done costs nothing."""
        ...

    async def erase(self, rows: Iterable[UUID], texts: Collection[str]) -> int:
        """Empty what was delivered and fetched of these rows, once they are done; say how many.

        And of all others that are done and hold one of these texts (see `needle_of`).
        """
        ...

    async def erase_old(self, before: datetime, limit: int) -> int:
        """Empty what was delivered and fetched of rows done before a moment; say how many."""
        ...

    async def forget_handshakes(self, before: datetime) -> int:
        """Forget handshakes of before a moment; say how many."""
        ...

    async def keep_handshake(self, provider: str, code: str, at: datetime) -> None:
        """Keep the last five codes that a provider wants copied into its dashboard."""
        ...

    async def handshakes(self, provider: str) -> Sequence[tuple[datetime, str]]:
        """Read them, latest first."""
        ...
