"""Lots: points earned together, which run out together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from salesarck_domain.ids import LotId, SaleId


@dataclass(slots=True, kw_only=True)
class Lot:
    """Points of one cause. `opened_by` is the seq of the entry that brought them.

    `remaining` are those still there, `run_out` those that ended unspent. `ends_at` is None for
    never. `sale` names the sale they came from, None for a gift.
    """

    id: LotId
    opened_by: int
    points: int
    remaining: int
    ends_at: datetime | None
    sale: SaleId | None = None
    run_out: int = 0

    def is_over(self, at: datetime) -> bool:
        """Whether its points have run out by that moment, the very moment included."""
        return self.ends_at is not None and self.ends_at <= at


@dataclass(frozen=True, slots=True)
class Taking:
    """An entry took so many points from a lot or, for what comes in, put them there."""

    seq: int
    lot: LotId
    points: int


def age(lot: Lot) -> tuple[int, str]:
    """Sort lots from the oldest to the youngest."""
    return (lot.opened_by, str(lot.id))


def soonest_first(lots: Iterable[Lot], own: SaleId | None = None) -> list[Lot]:
    """Sort lots as debits take them: what ends soonest, then the oldest; without an end last.

    A clawback takes the lots of its `own` sale before any other.
    """

    def rank(lot: Lot) -> tuple[bool, bool, float, tuple[int, str]]:
        foreign = own is None or lot.sale != own
        ends = lot.ends_at.timestamp() if lot.ends_at else 0.0
        return (foreign, lot.ends_at is None, ends, age(lot))

    return sorted(lots, key=rank)
