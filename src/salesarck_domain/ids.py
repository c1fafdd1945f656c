"""Ids: UUIDs of version 7, so that they sort by their moment and indexes only ever append.

Most are *derived*: the same moment and the same natural key give the same id, so that a command
told twice, or a history applied again, names things alike (RFC 9562, section 5.7: the bits that
are not time may come from anywhere).
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
ConsumerId = NewType("ConsumerId", UUID)
SaleId = NewType("SaleId", UUID)
LotId = NewType("LotId", UUID)
CodeId = NewType("CodeId", UUID)
ActId = NewType("ActId", UUID)
"""One deed of a person: a grant, a deduction. Names its audit row and its ledger entry."""

Randomness = Callable[[int], bytes]
"""A port of one function: so many unpredictable bytes."""


def uuid7(at: datetime, bits: bytes) -> UUID:
    """Build a UUIDv7 from a moment (milliseconds) and at least ten bytes of anything else."""
    value = (int(at.timestamp() * 1000) & (1 << 48) - 1) << 80 | int.from_bytes(bits[:10], "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return UUID(int=value)


def derived(at: datetime, *parts: object) -> UUID:
    r"""Build the id that this moment and this natural key always have.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> derived(noon, "sale", "square", "M1", "O1") == derived(noon, "sale", "square", "M1", "O1")
    True
    >>> derived(noon, "sale", "ab", "c") == derived(noon, "sale", "a", "bc")
    False
    """
    text = "".join(f"{len(part)}:{part}" for part in map(str, parts))
    return uuid7(at, hashlib.sha256(text.encode()).digest())
