"""Ledger entries: one movement of points, written once, chained to the one before."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar

from salesarck_domain.errors import Conflict
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.points import POINTS_MAX

FIRST = ""
"""What stands before a wallet's first entry, in place of a hash."""


class EntryKind(StrEnum):
    """What moved points, and so which way."""

    EARN = "earn"
    BONUS = "bonus"
    GRANT = "grant"
    RELEASE = "release"
    REDEEM = "redeem"
    CLAWBACK = "clawback"
    EXPIRE = "expire"
    DEDUCT = "deduct"
    REPAY = "repay"


INCOMING = frozenset({EntryKind.EARN, EntryKind.BONUS, EntryKind.GRANT, EntryKind.RELEASE})


@dataclass(eq=False)
class ToldDifferently(Conflict):
    """A reference was told before, with another content."""

    reference: str
    code: ClassVar[str] = "told_differently"

    def __str__(self) -> str:
        return f"{self.reference} is recorded with another content"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One movement of a consumer's points with a tenant.

    `points` has no sign, the kind gives the direction; `owed_change` is what a clawback could not
    take (positive) or a repay paid back (negative). `happened_at` is when the cause happened,
    `recorded_at` when it was written. `correlation` follows one delivery or request through
    everything and stands outside the hash.
    """

    tenant: TenantId
    consumer: ConsumerId
    seq: int
    kind: EntryKind
    points: int
    owed_change: int
    balance_after: int
    owed_after: int
    reference: str
    rule_version: int | None
    actor: str
    happened_at: datetime
    recorded_at: datetime
    previous_hash: str
    correlation: str = ""

    def __post_init__(self) -> None:
        if min(self.balance_after, self.owed_after) < 0:
            raise ValueError("a wallet never goes below zero, and owes at least nothing")
        if not 0 <= self.points <= POINTS_MAX:
            raise ValueError(f"an entry moves 0 to {POINTS_MAX:,} points, got {self.points}")
        if self.points == 0 and not (self.kind is EntryKind.CLAWBACK and self.owed_change > 0):
            raise ValueError(f"a {self.kind} of nothing is no entry")
        allowed = {EntryKind.CLAWBACK: self.owed_change >= 0, EntryKind.REPAY: self.pays_back}
        if not allowed.get(self.kind, self.owed_change == 0):
            raise ValueError(f"a {self.kind} can't change what is owed by {self.owed_change}")

    @classmethod
    def as_recorded(cls, **fields: object) -> "LedgerEntry":
        """Take an entry as it stands somewhere, right or wrong: verification will say."""
        entry = cls.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(entry, name, value)
        return entry

    @property
    def pays_back(self) -> bool:
        """Whether what is owed falls by exactly its points."""
        return self.owed_change == -self.points

    @property
    def delta(self) -> int:
        """The change of the balance, with its sign."""
        return self.points if self.kind in INCOMING else -self.points

    @property
    def hash(self) -> str:
        """SHA-256, in hex, over the entry's content and the hash before it.

        The content is every field but `correlation`, in the order of their declaration, each as
        text (moments in UTC with microseconds, nothing as an empty text) with its length before
        it, so that no two contents are written alike.
        """
        content = (
            self.tenant,
            self.consumer,
            self.seq,
            self.kind.value,
            self.points,
            self.owed_change,
            self.balance_after,
            self.owed_after,
            self.reference,
            "" if self.rule_version is None else self.rule_version,
            self.actor,
            _moment(self.happened_at),
            _moment(self.recorded_at),
            self.previous_hash,
        )
        text = "".join(f"{len(part)}:{part}" for part in map(str, content))
        return hashlib.sha256(text.encode()).hexdigest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
