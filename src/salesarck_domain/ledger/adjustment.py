"""Adjustments: points that an admin moves by hand, alone up to a limit, beyond it with a second."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal

from salesarck_domain.errors import Conflict, Forbidden, Refused
from salesarck_domain.ids import ActId, ConsumerId

REQUEST_LIFETIME = timedelta(hours=72)

Direction = Literal["grant", "deduct"]


class AdjustmentState(StrEnum):
    """Where an adjustment is in its life: made at once, or requested and then decided."""

    MADE = "made"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(eq=False)
class OwnWallet(Forbidden):
    """Nobody who works here moves points of their own wallet by hand."""

    code: ClassVar[str] = "own_wallet"

    def __str__(self) -> str:
        return "nobody who works here gives points to their own wallet; ask a colleague"


@dataclass(eq=False)
class OwnRequest(Forbidden):
    """Who requested an adjustment does not decide it."""

    code: ClassVar[str] = "own_request"

    def __str__(self) -> str:
        return "a second admin decides this; nobody decides their own request"


@dataclass(eq=False)
class AdjustmentDecided(Conflict):
    """Somebody has decided a request already."""

    state: AdjustmentState
    code: ClassVar[str] = "adjustment_decided"

    def __str__(self) -> str:
        return f"this adjustment is {self.state}; there is nothing left to decide"


@dataclass(eq=False)
class AdjustmentExpired(Refused):
    """A request waited too long for its second admin."""

    at: datetime
    code: ClassVar[str] = "adjustment_expired"

    def __str__(self) -> str:
        return f"this request ran out at {self.at:%Y-%m-%d %H:%M} UTC; make a new one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Points moved by hand, or a request to. `id` names its audit row and its ledger entry."""

    id: ActId
    consumer: ConsumerId
    kind: Direction
    points: int
    reason: str
    state: AdjustmentState
    requested_by: str
    requested_at: datetime
    expires_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.requested_by == f"person:{self.consumer}":
            raise OwnWallet

    def decide(self, state: AdjustmentState, by: str, at: datetime) -> "Adjustment":
        """Approve or reject it, as somebody else than who requested it and whom it is for.

        Raises:
            AdjustmentDecided: it was decided before.
            AdjustmentExpired: it waited too long.
            OwnRequest: they requested it.
            OwnWallet: it is for them.
        """
        if self.state is not AdjustmentState.PENDING:
            raise AdjustmentDecided(self.state)
        if by == self.requested_by:
            raise OwnRequest
        if by == f"person:{self.consumer}":
            raise OwnWallet
        if self.expires_at and self.expires_at <= at:
            raise AdjustmentExpired(self.expires_at)
        return replace(self, state=state, decided_by=by, decided_at=at)
