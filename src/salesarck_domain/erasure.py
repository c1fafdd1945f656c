"""Erasure: a person goes, and the books stay, under ids that are nobody's any more."""

from dataclasses import dataclass
from datetime import datetime

from salesarck_domain.ids import ActId, ConsumerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Somebody was erased, with the accounts that had become one with theirs.

    It names ids alone. `reason` is an admin's; who erases themselves gives none.
    """

    id: ActId
    people: tuple[ConsumerId, ...]
    at: datetime
    actor: str
    reason: str = ""
    finished_at: datetime | None = None
