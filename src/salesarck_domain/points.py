"""Points: what a consumer earns, holds and spends."""

from dataclasses import dataclass
from typing import Self

POINTS_MAX = 10**15
"""More than this in one movement is a mistake somewhere, and would not fit the books."""


@dataclass(frozen=True, order=True, slots=True)
class Points:
    """A whole number of points, never negative.

    Direction is a word on the ledger entry (earn, redeem), not a minus sign on the amount.

    >>> Points(100) - Points(30)
    Points(count=70)
    >>> Points(30) - Points(100)
    Traceback (most recent call last):
    ValueError: can't take 100 pts from 30 pts
    """

    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= POINTS_MAX:
            raise ValueError(f"points lie between 0 and {POINTS_MAX:,}, got {self.count}")

    def __add__(self, other: Self) -> Self:
        return type(self)(self.count + other.count)

    def __sub__(self, other: Self) -> Self:
        if other > self:
            raise ValueError(f"can't take {other} from {self}")
        return type(self)(self.count - other.count)

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        return f"{self.count:,} pts"
